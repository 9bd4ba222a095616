-- name: insert_token :one
-- A token that is issued now, and when that is.
-- Reads: -   Writes: tenancy.tokens   Key: id
insert into tenancy.tokens (id, user_id, purpose, issued_by, expires_at)
values (%(id)s, %(user_id)s, %(purpose)s, %(issued_by)s, now() + make_interval(secs => %(seconds)s))
returning issued_at;

-- name: list_tokens :many
-- Tokens of the users of an org, newest first; without those that no longer serve, or with them. What
-- ended before the user came to the org belongs to the log of another one.
-- Reads: tenancy.tokens, tenancy.user_profiles   Writes: -   Key: id
select t.id, t.user_id, t.purpose, t.issued_by, t.issued_at, t.expires_at, t.ended_at, t.ended_how
from tenancy.tokens as t
join tenancy.user_profiles as u on u.user_id = t.user_id
where u.org_id = %(org_id)s
    and (t.issued_at >= u.created_at or t.ended_at is null)
    and (%(is_whole)s or (t.ended_at is null and t.expires_at > now()))
order by t.issued_at desc, t.id;

-- name: revoke_tokens :execrows
-- End tokens of the users of an org: those named, and all of a user. Servers whose clocks differ read
-- a token for some seconds after it expired.
-- Reads: tenancy.user_profiles   Writes: tenancy.tokens   Key: id
update tenancy.tokens as t set ended_at = now(), ended_how = 'revoked'
from tenancy.user_profiles as u
where u.user_id = t.user_id and u.org_id = %(org_id)s and t.ended_at is null
    and t.expires_at > now() - interval '10 seconds'
    and (t.id = any(%(ids)s::text[]) or t.user_id = %(user_id)s::text);

-- name: revoke_user :one
-- End what was issued to a user until now, listed or not; when that is.
-- Reads: -   Writes: tenancy.revocations   Key: (user_id, revoked_at)
insert into tenancy.revocations (user_id, org_id) values (%(user_id)s, %(org_id)s)
returning revoked_at;

-- name: list_sign_ins :many
-- The newest sign-ins of an org. Rows of an earlier release name none: those of a user who was of the
-- org then, and is, belong to it.
-- Reads: tenancy.sign_ins, tenancy.user_profiles   Writes: -   Key: id
select s.at, s.user_id, s.event, s.token_id, s.session_id, s.reason
from tenancy.sign_ins as s
where s.org_id = %(org_id)s or (s.org_id is null and exists (
    select from tenancy.user_profiles as u
    where u.user_id = s.user_id and u.org_id = %(org_id)s and u.created_at <= s.at))
order by s.at desc, s.id desc
limit %(limit)s;
