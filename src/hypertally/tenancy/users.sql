-- name: insert_user :execrows
-- A new user's org and role.
-- Reads: -   Writes: tenancy.user_profiles   Key: user_id
insert into tenancy.user_profiles (user_id, org_id, role)
values (%(user_id)s, %(org_id)s, %(role)s)
on conflict do nothing;

-- name: put_user :execrows
-- A user's org and role.
-- Reads: -   Writes: tenancy.user_profiles   Key: user_id
insert into tenancy.user_profiles (user_id, org_id, role)
values (%(user_id)s, %(org_id)s, %(role)s)
on conflict (user_id) do update set org_id = excluded.org_id, role = excluded.role;

-- name: list_users :many
-- The users of an org, by id.
-- Reads: tenancy.user_profiles, tenancy.orgs, tenancy.sign_ins   Writes: -   Key: user_id
select u.user_id, o.name as org, u.role, u.created_at, (
    select max(s.at) from tenancy.sign_ins as s
    where s.user_id = u.user_id and s.event = 'opened') as last_sign_in_at
from tenancy.user_profiles as u
join tenancy.orgs as o on o.id = u.org_id
where u.org_id = %(org_id)s
order by u.user_id;

-- name: delete_user :execrows
-- A user belongs to no org any more.
-- Reads: -   Writes: tenancy.user_profiles   Key: user_id
delete from tenancy.user_profiles where user_id = %(user_id)s;

-- name: end_tokens :execrows
-- End the tokens that were issued to a user here.
-- Reads: -   Writes: tenancy.tokens   Key: id
update tenancy.tokens set ended_at = now(), ended_how = 'revoked'
where user_id = %(user_id)s and ended_at is null;
