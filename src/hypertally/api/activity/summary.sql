-- name: read_state :one
-- The state of the org's record: its tracked wallets, newest computation and newest day.
-- Reads: tenancy.org_wallets, ops.hl_ingest_cursor, ops.computations, metrics.global_day_metrics
with today as (
    select (now() at time zone 'UTC')::date as day
),
record as (
    select
        count(*) as wallets,
        count(*) filter (where ops.is_behind(i.cursor_ms, i.proven_until)) as behind,
        case when count(*) = count(i.proven_until) then min(i.proven_until) end as proven_until
    from tenancy.org_wallets as w
    cross join today as t
    left join ops.hl_ingest_cursor as i on i.wallet_id = w.wallet_id
    where w.org_id = %(org_id)s
        and w.from_day <= t.day
        and (w.to_day is null or w.to_day > t.day)
),
computed as (
    select max(c.computed_at) as as_of
    from metrics.global_day_metrics as g
    join ops.computations as c
        on c.metric = 'global_day_metrics'
        and c.key = g.org_id || '/' || to_char(g.day, 'YYYY-MM-DD')
    where g.org_id = %(org_id)s
)
select
    to_char(c.as_of at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as as_of,
    r.wallets as tracked_wallets,
    r.behind as wallets_behind,
    to_char(r.proven_until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as proven_until,
    (select max(day) from metrics.global_day_metrics where org_id = %(org_id)s) as newest_day
from record as r
cross join computed as c;
