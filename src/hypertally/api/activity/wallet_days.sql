-- name: list_wallet_days :one
-- The day metrics of one wallet as a JSON array, newest first; no row for another org's wallet.
-- Reads: tenancy.wallets, metrics.wallet_day_metrics, metrics.restatements
with wallet as (
    select id from tenancy.wallets where address = %(address)s
),
restated as (
    select day, count(*) as times
    from metrics.restatements
    where wallet_id = (select id from wallet)
        and metric = 'wallet_day_metrics'
    group by day
),
shown as (
    select
        to_char(m.day, 'YYYY-MM-DD') as day,
        m.fills,
        m.events,
        m.forced_fills,
        trim_scale(m.spot_volume_usd)::text as spot_volume_usd,
        trim_scale(m.perp_volume_usd)::text as perp_volume_usd,
        trim_scale(m.hip3_volume_usd)::text as hip3_volume_usd,
        trim_scale(m.outcome_volume_usd)::text as outcome_volume_usd,
        trim_scale(m.other_volume_usd)::text as other_volume_usd,
        trim_scale(m.taker_volume_usd)::text as taker_volume_usd,
        trim_scale(m.maker_volume_usd)::text as maker_volume_usd,
        m.volumes,
        trim_scale(m.gross_realised_pnl_usd)::text as gross_realised_pnl_usd,
        trim_scale(m.spot_closed_pnl_usd)::text as spot_closed_pnl_usd,
        trim_scale(m.outcome_closed_pnl_usd)::text as outcome_closed_pnl_usd,
        m.fees,
        trim_scale(m.fees_usd)::text as fees_usd,
        m.builder_fees,
        trim_scale(m.builder_fees_usd)::text as builder_fees_usd,
        m.coins,
        to_char(m.first_fill_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
            as first_fill_at,
        to_char(m.last_fill_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
            as last_fill_at,
        m.unpriced,
        m.intervals,
        m.closed,
        trim_scale(m.completeness)::text as completeness,
        (select coalesce(json_agg(r ->> 'kind' order by r ->> 'kind'), '[]')
         from jsonb_array_elements(m.reasons) as r) as reasons,
        m.definition,
        m.digest,
        m.reference_digest,
        coalesce(r.times, 0) as restated
    from metrics.wallet_day_metrics as m
    left join restated as r on r.day = m.day
    where m.wallet_id = (select id from wallet)
        and m.day >= coalesce(%(first)s::date, '-infinity')
        and m.day <= coalesce(%(last)s::date, 'infinity')
)
select (select coalesce(json_agg(shown order by shown.day desc), '[]') from shown)::text as body
from wallet;

-- name: read_range_state :one
-- When one of a wallet's days between the bounds was last computed, and its days without fills: how
-- many, how many of them may have some all the same (up to so many minutes ago), and the sum of their
-- completeness. Without a first day since the first fill; without any, since the exchange began.
-- Reads: tenancy.wallets, metrics.wallet_day_metrics, ops.computations, ops.hl_ingest_cursor,
--        metrics.fill_gaps, facts.reject_windows, facts.decoded_rejects
with wallet as (
    select id from tenancy.wallets where address = %(address)s
),
bounds as (
    select
        w.id as wallet_id,
        coalesce(%(first)s::date, (
            select least(coalesce(min(m.day), date '2023-01-01'), t.day)
            from metrics.wallet_day_metrics as m
            where m.wallet_id = w.id
        )) as first_day,
        least(%(last)s::date, t.day) as last_day,
        now() - make_interval(mins => %(proof_due_minutes)s::integer) as due_at
    from wallet as w
    cross join (select (now() at time zone 'UTC')::date as day) as t
)
select
    (
        -- The keys as one value: as a join, row security would read all computations to find these.
        select to_char(max(c.computed_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        from ops.computations as c
        where c.metric = 'wallet_day_metrics'
            and c.key = any(array(
                select m.wallet_id || '/' || to_char(m.day, 'YYYY-MM-DD')
                from metrics.wallet_day_metrics as m
                where m.wallet_id = b.wallet_id
                    and m.day between coalesce(%(first)s::date, '-infinity')
                        and coalesce(%(last)s::date, 'infinity')
            ))
    ) as as_of,
    coalesce(e.days, 0) as days_without_fills,
    coalesce(e.days_unknown, 0) as days_unknown,
    coalesce(e.complete, 0) as complete
from bounds as b
left join metrics.list_days_without_fills(
    array[b.wallet_id], array[b.first_day], array[b.last_day], b.due_at
) as e on true;
