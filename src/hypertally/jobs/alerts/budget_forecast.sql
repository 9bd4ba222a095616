-- name: read_demand :one
-- The number of tracked wallets that last traded within the hour, within the day, and longer ago;
-- and the weight per minute that is reserved for snapshots.
-- Reads: tenancy.org_wallets, ops.hl_ingest_cursor, ops.weight_shares   Writes: -   Key: -
select
    count(*) filter (where t.idle < interval '1 hour')::integer as hot,
    count(*) filter (where t.idle >= interval '1 hour' and t.idle < interval '1 day')::integer
        as warm,
    count(*) filter (where t.idle >= interval '1 day')::integer as cold,
    (select coalesce(max(s.weight), 0) from ops.weight_shares as s
     where s.kept_until > %(at)s)::integer as kept
from (
    select %(at)s::timestamptz - to_timestamp(coalesce(c.cursor_ms, 0) / 1000.0) as idle
    from (select distinct wallet_id from tenancy.org_wallets where to_day is null) as w
    left join ops.hl_ingest_cursor as c using (wallet_id)
) as t;
