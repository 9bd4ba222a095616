-- name: hold_snapshot :exec
-- Let the whole transaction see the books of one moment.
-- Reads: -   Writes: -   Key: -
set transaction isolation level repeatable read;

-- name: make_scratch :exec
-- Create a schema beside the real schema, inside a transaction that is rolled back.
-- Reads: -   Writes: the schema   Key: -
create schema verify_scratch;

-- name: grant_scratch :exec
-- Let the metrics' role fill the twins.
-- Reads: -   Writes: the schema   Key: -
do $$ begin
    grant usage on schema verify_scratch to hypertally_metrics;
    grant select, insert, update, delete on all tables in schema verify_scratch
        to hypertally_metrics;
end $$;

-- name: act_as_metrics :exec
-- Switch to the role that computes metrics.
-- Reads: -   Writes: -   Key: -
set local role hypertally_worker;

-- name: read_names :one
-- The names of wallets and orgs; org 0 is all tracked wallets.
-- Reads: tenancy.wallets, tenancy.orgs   Writes: -   Key: id
select
    (select '0x' || encode(w.address, 'hex') from tenancy.wallets as w
     where w.id = %(wallet_id)s::integer) as wallet_id,
    case when %(org_id)s::integer = 0 then 'all tracked wallets'
        else (select o.name from tenancy.orgs as o where o.id = %(org_id)s::integer)
    end as org_id;
