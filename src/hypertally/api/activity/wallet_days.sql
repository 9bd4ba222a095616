-- name: list_wallet_days :one
-- The newest day metrics of one wallet as a JSON array: those before a day, up to a limit. No row for
-- another org's wallet.
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
    -- As rows, which only the key by wallet can look up: by day, each day is a search. `greatest` and
    -- `least` ignore null; with `coalesce` row security would not use the index.
    where m.wallet_id = (select id from wallet)
        and (m.wallet_id, m.day) >= ((select id from wallet), greatest(%(first)s::date, '-infinity'))
        and (m.wallet_id, m.day) <= ((select id from wallet), case
            when %(last)s::date is null then 'infinity'
            else least(%(last)s::date, (now() at time zone 'UTC')::date) end)
        and (m.wallet_id, m.day) < ((select id from wallet), least(%(before)s::date, 'infinity'))
    order by m.day desc
    limit %(limit)s
)
select (select coalesce(json_agg(shown order by shown.day desc), '[]') from shown)::text as body
from wallet;

-- name: read_wallet_range :one
-- The total of a wallet's days between the bounds, and when one of them was last computed; a figure
-- that is null on some days is null, and has an interval. A day that is not known at all counts as if
-- a gap were all of a day with fills. Where no day is known, no figure is. The completeness is the
-- mean of all days of the range, with fills or without: without a first day since the first fill;
-- without any, since the exchange began. Proofs count as late after so many minutes.
-- Reads: tenancy.wallets, metrics.wallet_day_metrics, ops.computations, ops.hl_ingest_cursor,
--        metrics.fill_gaps, facts.reject_windows, facts.decoded_rejects
with wallet as (
    select id from tenancy.wallets where address = %(address)s
),
clock as (
    select (now() at time zone 'UTC')::date as today
),
without_fills as materialized (
    select e.days, e.days_unknown, e.complete
    from wallet as w
    cross join clock as c
    cross join lateral metrics.list_days_without_fills(
        array[w.id],
        array[coalesce(%(first)s::date, (
            select least(coalesce(min(m.day), date '2023-01-01'), c.today)
            from metrics.wallet_day_metrics as m
            where m.wallet_id = w.id
        ))],
        array[least(%(last)s::date, c.today)],
        now() - make_interval(mins => %(proof_due_minutes)s::integer)
    ) as e
),
sums as (
    select
        count(*) as days,
        to_char(min(d.day), 'YYYY-MM-DD') as first_day,
        to_char(max(d.day), 'YYYY-MM-DD') as last_day,
        count(*) filter (where d.fills > d.events) as days_active,
        coalesce(sum(d.completeness), 0) as complete,
        jsonb_agg(to_jsonb(d)) filter (where num_nulls(
            d.spot_volume_usd, d.perp_volume_usd, d.hip3_volume_usd, d.outcome_volume_usd,
            d.other_volume_usd, d.taker_volume_usd, d.maker_volume_usd, d.gross_realised_pnl_usd,
            d.fees_usd, d.builder_fees_usd) > 0) as unpriced,
        jsonb_build_object(
            'fills', coalesce(sum(d.fills), 0),
            'events', coalesce(sum(d.events), 0),
            'spot_volume_usd', trim_scale(coalesce(sum(d.spot_volume_usd), 0))::text,
            'perp_volume_usd', trim_scale(coalesce(sum(d.perp_volume_usd), 0))::text,
            'hip3_volume_usd', trim_scale(coalesce(sum(d.hip3_volume_usd), 0))::text,
            'outcome_volume_usd', trim_scale(coalesce(sum(d.outcome_volume_usd), 0))::text,
            'other_volume_usd', trim_scale(coalesce(sum(d.other_volume_usd), 0))::text,
            'taker_volume_usd', trim_scale(coalesce(sum(d.taker_volume_usd), 0))::text,
            'maker_volume_usd', trim_scale(coalesce(sum(d.maker_volume_usd), 0))::text,
            'legs_volume_usd', trim_scale(
                coalesce(sum(d.taker_volume_usd), 0) + coalesce(sum(d.maker_volume_usd), 0))::text,
            'gross_realised_pnl_usd', trim_scale(coalesce(sum(d.gross_realised_pnl_usd), 0))::text,
            'fees_usd', trim_scale(coalesce(sum(d.fees_usd), 0))::text,
            'builder_fees_usd', trim_scale(coalesce(sum(d.builder_fees_usd), 0))::text,
            'intervals', '{}'::jsonb
        ) as priced,
        array_agg(d.wallet_id || '/' || to_char(d.day, 'YYYY-MM-DD')) as keys
    from (
        select m.wallet_id, m.day, m.fills, m.events, m.spot_volume_usd, m.perp_volume_usd,
            m.hip3_volume_usd, m.outcome_volume_usd, m.other_volume_usd, m.taker_volume_usd,
            m.maker_volume_usd, m.gross_realised_pnl_usd, m.fees_usd, m.builder_fees_usd,
            m.completeness, m.intervals
        from metrics.wallet_day_metrics as m
        where m.wallet_id = (select id from wallet)
            and (m.wallet_id, m.day)
                >= ((select id from wallet), greatest(%(first)s::date, '-infinity'))
            and (m.wallet_id, m.day) <= ((select id from wallet), case
                when %(last)s::date is null then 'infinity'
                else least(%(last)s::date, (now() at time zone 'UTC')::date) end)
    ) as d
)
select
    c.today,
    (
        -- The keys as one value: as a join, row security would read all computations to find these.
        select to_char(max(k.computed_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        from ops.computations as k
        where k.metric = 'wallet_day_metrics'
            and k.key = any(s.keys)
    ) as as_of,
    (case
        when s.unpriced is not null then metrics.with_unpriced(s.priced, s.unpriced)
        when s.days = 0 and e.days_unknown > 0 then metrics.with_unpriced(s.priced, '[{}]')
        else s.priced
    end || jsonb_build_object(
        'from', s.first_day,
        'to', s.last_day,
        'days', s.days,
        'days_unknown', coalesce(e.days_unknown, 0),
        'days_active', s.days_active,
        'completeness', trim_scale(trunc((s.complete + coalesce(e.complete, 0))
            / nullif(s.days + coalesce(e.days, 0), 0), 6))::text
    ))::text as total
from clock as c
cross join sums as s
left join without_fills as e on true;
