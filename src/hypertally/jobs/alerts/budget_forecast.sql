-- name: read_demand :one
-- The number of tracked wallets that last traded within the hour, within the day, and longer ago;
-- the weight per minute that is reserved for snapshots and the wallets that these watch; and the
-- wallets whose TWAPs are pulled at each pace: the priority of their job says which. A first pull of
-- TWAPs is as urgent where a slice is known, but is no pace.
-- Reads: tenancy.org_wallets, ops.hl_ingest_cursor, ops.weight_shares, ops.jobs, ops.twap_cursors,
--        ops.ingest_runs   Writes: -   Key: -
select
    count(*) filter (where t.idle < interval '1 hour')::integer as hot,
    count(*) filter (where t.idle >= interval '1 hour' and t.idle < interval '1 day')::integer
        as warm,
    count(*) filter (where t.idle >= interval '1 day')::integer as cold,
    count(*) filter (where t.first)::integer as first,
    (select count(*)::integer from ops.jobs as j
     where j.kind = 'ingest_twaps' and j.status in ('queued', 'running') and j.priority = 20
         and exists (
             select from ops.twap_cursors as c
             where j.dedupe_key = 'ingest_twaps:' || c.wallet_id and c.slices_until is not null))
        as running_twaps,
    (select count(*)::integer from ops.jobs as j
     where j.kind = 'ingest_twaps' and j.status in ('queued', 'running') and j.priority = 10)
        as recent_twaps,
    (select count(*)::integer from ops.jobs as j
     where j.kind = 'ingest_twaps' and j.status in ('queued', 'running') and j.priority < 10)
        as older_twaps,
    (select coalesce(max(i.wallets), 0) from ops.ingest_runs as i
     where i.minute > %(at)s::timestamptz - interval '10 minutes' and i.minute <= %(at)s)::integer
        as watched,
    (select coalesce(max(s.weight), 0) from ops.weight_shares as s
     where s.kept_until > %(at)s)::integer as kept
from (
    select %(at)s::timestamptz - to_timestamp(coalesce(c.cursor_ms, 0) / 1000.0) as idle,
        c.pulled_at is null as first
    from (select distinct wallet_id from tenancy.org_wallets where to_day is null) as w
    left join ops.hl_ingest_cursor as c using (wallet_id)
) as t;
