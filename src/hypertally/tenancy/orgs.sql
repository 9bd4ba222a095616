-- name: find_org :one
-- An org by its name.
-- Reads: tenancy.orgs   Writes: -   Key: name
select id from tenancy.orgs where name = %(name)s;

-- name: insert_org :execrows
-- Add an org.
-- Reads: -   Writes: tenancy.orgs   Key: name
insert into tenancy.orgs (name) values (%(name)s) on conflict do nothing;

-- name: list_orgs :many
-- Every org with how many wallets it tracks.
-- Reads: tenancy.orgs, tenancy.org_wallets   Writes: -   Key: name
select o.name, o.created_at, count(w.wallet_id)::integer as wallets
from tenancy.orgs as o
left join tenancy.org_wallets as w on w.org_id = o.id and w.to_day is null
group by o.id
order by o.name;
