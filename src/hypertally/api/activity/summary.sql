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

-- name: read_totals :one
-- Totals of the given days for each range that ends with the newest day. If one day of a range is
-- unknown, its total is unknown.
-- Reads: -
with shown as (
    select d.*, row_number() over (order by day desc) as place
    from json_to_recordset(%(days)s::json) as d (
        day date, dau numeric, fills bigint, events bigint, spot_volume_usd numeric,
        perp_volume_usd numeric, hip3_volume_usd numeric, outcome_volume_usd numeric,
        other_volume_usd numeric, taker_volume_usd numeric, maker_volume_usd numeric,
        legs_volume_usd numeric, unique_volume_usd numeric, internal_volume_usd numeric,
        gross_realised_pnl_usd numeric, fees_usd numeric, builder_fees_usd numeric,
        completeness numeric
    )
),
totals as (
    select
        size || 'd' as range,
        to_char(min(day), 'YYYY-MM-DD') as "from",
        to_char(max(day), 'YYYY-MM-DD') as "to",
        count(*) as days,
        case when count(dau) = count(*) then trim_scale(round(avg(dau), 2))::text end
            as dau_average,
        case when count(fills) = count(*) then sum(fills) end as fills,
        case when count(events) = count(*) then sum(events) end as events,
        case when count(spot_volume_usd) = count(*) then trim_scale(sum(spot_volume_usd))::text end as spot_volume_usd,
        case when count(perp_volume_usd) = count(*) then trim_scale(sum(perp_volume_usd))::text end as perp_volume_usd,
        case when count(hip3_volume_usd) = count(*) then trim_scale(sum(hip3_volume_usd))::text end as hip3_volume_usd,
        case when count(outcome_volume_usd) = count(*) then trim_scale(sum(outcome_volume_usd))::text end as outcome_volume_usd,
        case when count(other_volume_usd) = count(*) then trim_scale(sum(other_volume_usd))::text end as other_volume_usd,
        case when count(taker_volume_usd) = count(*) then trim_scale(sum(taker_volume_usd))::text end as taker_volume_usd,
        case when count(maker_volume_usd) = count(*) then trim_scale(sum(maker_volume_usd))::text end as maker_volume_usd,
        case when count(legs_volume_usd) = count(*) then trim_scale(sum(legs_volume_usd))::text end as legs_volume_usd,
        case when count(unique_volume_usd) = count(*) then trim_scale(sum(unique_volume_usd))::text end as unique_volume_usd,
        case when count(internal_volume_usd) = count(*) then trim_scale(sum(internal_volume_usd))::text end as internal_volume_usd,
        case when count(gross_realised_pnl_usd) = count(*) then trim_scale(sum(gross_realised_pnl_usd))::text end as gross_realised_pnl_usd,
        case when count(fees_usd) = count(*) then trim_scale(sum(fees_usd))::text end as fees_usd,
        case when count(builder_fees_usd) = count(*) then trim_scale(sum(builder_fees_usd))::text end as builder_fees_usd,
        trim_scale(trunc(avg(completeness), 6))::text as completeness
    from shown
    join unnest(%(sizes)s::integer[]) as size on place <= size
    group by size
)
select json_object_agg(range, to_jsonb(totals) - 'range')::text as body
from totals;
