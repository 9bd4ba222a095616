-- name: set_identity :one
-- Set the user and the org for this transaction: row security then shows only their rows.
-- Reads: -
select
    set_config('hypertally.user_id', %(user_id)s, true),
    set_config('hypertally.org_id', %(org_id)s, true);

-- name: read_profile :one
-- The org and role of the user that is set, null where there is none, and whether the token ended
-- before it expired; row security hides all other users.
-- Reads: tenancy.user_profiles, tenancy.tokens, tenancy.revocations
select p.org_id, p.role,
    tenancy.is_ended(%(token_id)s, to_timestamp(%(issued_at)s)) as is_ended
from (select) as always
left join tenancy.user_profiles as p on p.user_id = %(user_id)s;

-- name: admit_member :one
-- Give the user that is set an org and a role, as a verified claim says; the reason if not.
-- Reads: tenancy.orgs, tenancy.removed_users   Writes: tenancy.user_profiles, tenancy.sign_ins
select tenancy.admit_member(%(org)s, %(role)s, %(fault)s, %(token_id)s) as refusal;

-- name: open_session :one
-- Come in with a token, a link once; false: it ended before; null: the user has no org.
-- Reads: -   Writes: tenancy.tokens, tenancy.sign_ins
select tenancy.open_session(
    %(token_id)s, %(purpose)s, to_timestamp(%(issued_at)s), to_timestamp(%(expires_at)s),
    %(session_id)s, to_timestamp(%(session_expires_at)s)
) as is_open;

-- name: close_session :one
-- End a token.
-- Reads: -   Writes: tenancy.tokens, tenancy.sign_ins
select tenancy.close_session(%(token_id)s, %(purpose)s, to_timestamp(%(expires_at)s));

-- name: read_org :one
-- The name of the org that is set, how often its wallets or their names changed (another number each
-- time while days still hold a wallet that it forgot), and whether it gave any of them a label or a tag.
-- Reads: tenancy.orgs, tenancy.org_revisions, tenancy.wallet_labels, tenancy.wallet_tags
select
    o.name,
    coalesce(r.revision, 0) + case
        when ops.is_forgetting(o.id) then (extract(epoch from clock_timestamp()) * 1e6)::bigint
        else 0 end as revision,
    exists (select from tenancy.wallet_labels as l where l.org_id = o.id)
        or exists (select from tenancy.wallet_tags as t where t.org_id = o.id) as names_wallets
from tenancy.orgs as o
left join tenancy.org_revisions as r on r.org_id = o.id
where o.id = %(org_id)s;
