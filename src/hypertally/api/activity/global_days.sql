-- name: list_days_without_fills :one
-- The calendar days without a row, as a JSON array: `zero` is 0 if every wallet tracked that day is
-- proved to the end of the day (the current day: to within two hours of now), else null. As in rows
-- with fills, a wallet whose day was read once only counts as 0.999999, and the current day as far as
-- it is proved.
-- Reads: metrics.global_day_metrics, metrics.fill_gaps, tenancy.org_wallets, ops.hl_ingest_cursor,
--        facts.reject_windows, facts.decoded_rejects
with today as (
    select (now() at time zone 'UTC')::date as day
),
calendar as (
    select (%(first)s::date + n) as day
    from generate_series(0, %(last)s::date - %(first)s::date) as n
),
missing as (
    select
        c.day,
        c.day::timestamp at time zone 'UTC' as begins_at,
        least(
            (c.day + 1)::timestamp at time zone 'UTC',
            now() - make_interval(mins => %(proof_due_minutes)s::integer)
        ) as proof_due_at
    from calendar as c
    where not exists (
        select from metrics.global_day_metrics as g
        where g.org_id = %(org_id)s and g.day = c.day
    )
),
tracked as (
    select
        m.day,
        w.wallet_id,
        i.confirmed_ms
            >= extract(epoch from m.begins_at + interval '1 day') * 1000 as is_confirmed,
        extract(epoch from least(i.proven_until, m.begins_at + interval '1 day') - m.begins_at)
            / 86400 as proven_part,
        m.day <= t.day
            and i.proven_until >= m.proof_due_at
            and not exists (
                select from metrics.fill_gaps as f
                where f.wallet_id = w.wallet_id
                    and f.from_at < m.begins_at + interval '1 day'
                    and f.to_at > m.begins_at
            )
            -- A fill that could not be read may be one of this day.
            and not exists (
                select from facts.reject_windows as r
                where r.wallet_id = w.wallet_id
                    and r.from_at < m.begins_at + interval '1 day'
                    and r.to_at >= m.begins_at
                    and not exists (
                        select from facts.decoded_rejects as x where x.reject_id = r.reject_id
                    )
            ) as is_proved
    from missing as m
    cross join today as t
    left join tenancy.org_wallets as w
        on w.org_id = %(org_id)s
        and w.from_day <= m.day
        and (w.to_day is null or w.to_day > m.day)
    left join ops.hl_ingest_cursor as i on i.wallet_id = w.wallet_id
),
coverage as (
    select
        day,
        count(wallet_id) as wallets,
        count(*) filter (where is_proved) as proven,
        sum(greatest(0, least(proven_part, case when is_confirmed then 1 else 0.999999 end)))
            filter (where is_proved) as complete
    from tracked
    group by day
),
shown as (
    select
        day,
        wallets,
        case when proven = wallets then 0 end as zero,
        case when proven = wallets then '{}'::json end as nothing,
        case when wallets = 0 then 1 else trunc(coalesce(complete, 0) / wallets, 6) end
            as completeness
    from coverage
)
select coalesce(json_agg(shown), '[]')::text as body
from shown;

-- name: list_global_days :one
-- One entry for each calendar day from the first to the last, oldest first;
-- the days without fills are passed in.
-- Reads: metrics.global_day_metrics, metrics.restatements
with today as (
    select (now() at time zone 'UTC')::date as day
),
calendar as (
    select (%(first)s::date + n) as day
    from generate_series(0, %(last)s::date - %(first)s::date) as n
),
restated as (
    select day, count(*) as times
    from metrics.restatements
    where metric = 'global_day_metrics' and org_id = %(org_id)s
    group by day
),
shown as (
    select
        to_char(c.day, 'YYYY-MM-DD') as day,
        c.day = t.day as partial,
        coalesce(g.wallets, e.wallets) as wallets,
        coalesce(g.dau, e.zero) as dau,
        coalesce(g.fills, e.zero) as fills,
        coalesce(g.events, e.zero) as events,
        coalesce(g.forced_fills, e.zero) as forced_fills,
        coalesce(trim_scale(g.spot_volume_usd), e.zero)::text as spot_volume_usd,
        coalesce(trim_scale(g.perp_volume_usd), e.zero)::text as perp_volume_usd,
        coalesce(trim_scale(g.hip3_volume_usd), e.zero)::text as hip3_volume_usd,
        coalesce(trim_scale(g.outcome_volume_usd), e.zero)::text as outcome_volume_usd,
        coalesce(trim_scale(g.other_volume_usd), e.zero)::text as other_volume_usd,
        coalesce(trim_scale(g.taker_volume_usd), e.zero)::text as taker_volume_usd,
        coalesce(trim_scale(g.maker_volume_usd), e.zero)::text as maker_volume_usd,
        coalesce(trim_scale(g.legs_volume_usd), e.zero)::text as legs_volume_usd,
        coalesce(trim_scale(g.unique_volume_usd), e.zero)::text as unique_volume_usd,
        coalesce(trim_scale(g.internal_volume_usd), e.zero)::text as internal_volume_usd,
        trim_scale(g.average_volume_per_user_usd)::text as average_volume_per_user_usd,
        coalesce(g.volumes, e.nothing) as volumes,
        coalesce(trim_scale(g.gross_realised_pnl_usd), e.zero)::text as gross_realised_pnl_usd,
        coalesce(trim_scale(g.spot_closed_pnl_usd), e.zero)::text as spot_closed_pnl_usd,
        coalesce(trim_scale(g.outcome_closed_pnl_usd), e.zero)::text as outcome_closed_pnl_usd,
        coalesce(g.fees, e.nothing) as fees,
        coalesce(trim_scale(g.fees_usd), e.zero)::text as fees_usd,
        coalesce(g.builder_fees, e.nothing) as builder_fees,
        coalesce(trim_scale(g.builder_fees_usd), e.zero)::text as builder_fees_usd,
        coalesce(g.coins, e.zero) as coins,
        to_char(g.first_fill_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
            as first_fill_at,
        to_char(g.last_fill_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
            as last_fill_at,
        coalesce(g.unpriced, '[]'::jsonb) as unpriced,
        coalesce(g.intervals, '{}'::jsonb) as intervals,
        coalesce(g.closed, e.zero is not null and c.day < t.day) as closed,
        trim_scale(coalesce(g.completeness, e.completeness))::text as completeness,
        g.definition,
        g.digest,
        g.reference_digest,
        coalesce(r.times, 0) as restated
    from calendar as c
    cross join today as t
    left join metrics.global_day_metrics as g on g.org_id = %(org_id)s and g.day = c.day
    left join json_to_recordset(%(empty)s::json) as e (
        day date, wallets integer, zero integer, nothing jsonb, completeness numeric
    ) on e.day = c.day
    left join restated as r on r.day = c.day
)
select coalesce(json_agg(shown order by shown.day), '[]')::text as body
from shown;

-- name: read_as_of :one
-- When one of these days was last computed; null: never.
-- Reads: metrics.global_day_metrics, ops.computations
select to_char(max(c.computed_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as as_of
from metrics.global_day_metrics as g
join ops.computations as c
    on c.metric = 'global_day_metrics'
    and c.key = g.org_id || '/' || to_char(g.day, 'YYYY-MM-DD')
where g.org_id = %(org_id)s and g.day between %(first)s::date and %(last)s::date;
