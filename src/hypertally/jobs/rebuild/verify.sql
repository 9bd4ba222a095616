-- name: hold_snapshot :exec
-- Let the whole transaction see the books of one moment.
-- Reads: -   Writes: -   Key: -
set transaction isolation level repeatable read;

-- name: give_memory :exec
-- Keep more of the twins in memory; only before the first temporary table of a session.
-- Reads: -   Writes: -   Key: -
select set_config('temp_buffers', '64MB', true)
where pg_my_temp_schema() = 0;

-- name: read_names :one
-- The names of wallets and orgs; org 0 is all tracked wallets.
-- Reads: tenancy.wallets, tenancy.orgs   Writes: -   Key: id
select
    (select '0x' || encode(w.address, 'hex') from tenancy.wallets as w
     where w.id = %(wallet_id)s::integer) as wallet_id,
    case when %(org_id)s::integer = 0 then 'all tracked wallets'
        else (select o.name from tenancy.orgs as o where o.id = %(org_id)s::integer)
    end as org_id;
