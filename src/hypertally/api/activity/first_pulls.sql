-- name: read_progress :one
-- How far the first pulls of the org's wallets are: of those added since the earliest that still waits.
-- Reads: tenancy.org_wallets, ops.hl_ingest_cursor, facts.pages
with tracked as (
    select
        o.wallet_id,
        o.tracked_at,
        i.pulled_at,
        i.pulled_at is null and i.last_error is not null as failing
    from tenancy.org_wallets as o
    left join ops.hl_ingest_cursor as i on i.wallet_id = o.wallet_id
    where o.org_id = %(org_id)s and o.to_day is null
),
batch as (
    select t.*
    from tracked as t
    where coalesce(t.tracked_at, '-infinity') >= (
        select min(coalesce(x.tracked_at, '-infinity')) from tracked as x
        where x.pulled_at is null and not x.failing
    )
),
shown as (
    -- From the wallet's own addition on: another org may have had it read long before.
    select sum(p.row_count) as rows, min(p.asked_at) as began_at
    from batch as b
    join facts.pages as p on p.wallet_id = b.wallet_id and p.asked_at >= b.tracked_at
    where p.source = 'info.userFillsByTime'
),
counted as (
    select
        count(*) as wallets,
        count(*) filter (where pulled_at is not null) as read,
        count(*) filter (where failing) as failing
    from batch
)
select
    c.wallets,
    c.read,
    c.failing,
    coalesce(s.rows, 0) as rows,
    to_char(s.began_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as began_at,
    case when c.read > 0 and s.began_at is not null then
        ceil(
            extract(epoch from greatest(now() - s.began_at, interval '0'))
            * (c.wallets - c.read - c.failing) / c.read
        )::bigint
    end as seconds_left
from counted as c
cross join shown as s;
