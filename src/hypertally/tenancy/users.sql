-- name: insert_user :execrows
-- A new user's org and role.
-- Reads: -   Writes: tenancy.user_profiles   Key: user_id
insert into tenancy.user_profiles (user_id, org_id, role)
values (%(user_id)s, %(org_id)s, %(role)s)
on conflict do nothing;

-- name: forget_removal :execrows
-- A user may belong to an org again; what was issued before the removal stays ended, listed or not.
-- Reads: -   Writes: tenancy.removed_users, tenancy.revocations   Key: user_id
with removals as (
    delete from tenancy.removed_users where user_id = %(user_id)s
    returning user_id, org_id, removed_at
)
insert into tenancy.revocations (user_id, org_id, revoked_at)
select user_id, org_id, removed_at from removals
on conflict do nothing;

-- name: insert_local_user :execrows
-- The same for who runs a command here, unless the user was removed.
-- Reads: tenancy.removed_users   Writes: tenancy.user_profiles   Key: user_id
insert into tenancy.user_profiles (user_id, org_id, role)
select %(user_id)s, %(org_id)s, %(role)s
where not exists (select from tenancy.removed_users as r where r.user_id = %(user_id)s)
on conflict do nothing;

-- name: find_profile :one
-- The org and role of a user; null: the user was removed.
-- Reads: tenancy.user_profiles, tenancy.orgs   Writes: -   Key: user_id
select o.name as org, u.role
from (select) as always
left join tenancy.user_profiles as u on u.user_id = %(user_id)s
left join tenancy.orgs as o on o.id = u.org_id;

-- name: set_role :execrows
-- What a user of an org may see.
-- Reads: -   Writes: tenancy.user_profiles   Key: user_id
update tenancy.user_profiles set role = %(role)s
where user_id = %(user_id)s and org_id = %(org_id)s;

-- name: list_users :many
-- The users of an org, by id.
-- Reads: tenancy.user_profiles, tenancy.orgs, tenancy.sign_ins   Writes: -   Key: user_id
select u.user_id, o.name as org, u.role, u.created_at, (
    select max(s.at) from tenancy.sign_ins as s
    where s.user_id = u.user_id and s.event = 'opened'
        and (s.org_id = u.org_id or s.org_id is null and s.at >= u.created_at)
    ) as last_sign_in_at
from tenancy.user_profiles as u
join tenancy.orgs as o on o.id = u.org_id
where u.org_id = %(org_id)s
order by u.user_id;

-- name: delete_user :execrows
-- A user belongs to no org any more.
-- Reads: -   Writes: tenancy.user_profiles   Key: user_id
delete from tenancy.user_profiles where user_id = %(user_id)s;

-- name: insert_removal :execrows
-- A user belongs to no org until an operator adds the user again.
-- Reads: -   Writes: tenancy.removed_users   Key: user_id
insert into tenancy.removed_users (user_id, org_id) values (%(user_id)s, %(org_id)s)
on conflict do nothing;

-- name: end_tokens :execrows
-- End the tokens that were issued to a user here.
-- Reads: -   Writes: tenancy.tokens   Key: id
update tenancy.tokens set ended_at = now(), ended_how = 'revoked'
where user_id = %(user_id)s and ended_at is null;
