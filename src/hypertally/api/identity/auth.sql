-- name: set_identity :one
-- Set the user and the org for this transaction: row security then shows only their rows.
-- Reads: -
select
    set_config('hypertally.user_id', %(user_id)s, true),
    set_config('hypertally.org_id', %(org_id)s, true);

-- name: read_profile :one
-- The org and role of the user that is set; row security hides all other users.
-- Reads: tenancy.user_profiles
select org_id, role
from tenancy.user_profiles
where user_id = %(user_id)s;

-- name: read_org_name :one
-- The name of the org that is set.
-- Reads: tenancy.orgs
select name
from tenancy.orgs
where id = %(org_id)s;
