-- name: read_pulls :one
-- The state of the pulls of the org's wallets.
-- Reads: tenancy.org_wallets, ops.hl_ingest_cursor
select
    count(*) as tracked,
    count(*) filter (where i.pulled_at is null) as never_pulled,
    count(*) filter (where ops.is_behind(i.cursor_ms, i.proven_until)) as behind,
    count(*) filter (where i.last_error is not null) as failing
from tenancy.org_wallets as w
left join ops.hl_ingest_cursor as i on i.wallet_id = w.wallet_id
where w.org_id = %(org_id)s and w.to_day is null;

-- name: list_failing :many
-- The wallets whose last pull failed, and why.
-- Reads: ops.hl_ingest_cursor, tenancy.wallets
select
    '0x' || encode(a.address, 'hex') as wallet,
    i.last_error,
    to_char(i.pulled_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as pulled_at
from ops.hl_ingest_cursor as i
join tenancy.wallets as a on a.id = i.wallet_id
where i.last_error is not null
order by i.pulled_at desc nulls last, a.address
limit %(limit)s;

-- name: read_database :one
-- The version of the server and of the schema.
-- Reads: ops.schema_migrations
select
    current_setting('server_version') as server_version,
    (select max(version) from ops.schema_migrations) as schema,
    to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as server_time;
