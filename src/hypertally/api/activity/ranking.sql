-- name: rank_wallets :one
-- The org's wallets by one figure over days, both bounds inclusive; ties by address. A wallet counts
-- on the days it belongs to the org. A wallet whose figure is null is not ranked but comes after
-- the others, without a rank. Its completeness is the mean of all of these days.
-- Reads: metrics.wallet_day_metrics, tenancy.org_wallets, tenancy.wallets, tenancy.wallet_tags,
--        tenancy.wallet_groups, metrics.fill_gaps, facts.reject_windows,
--        facts.decoded_rejects, ops.hl_ingest_cursor
with figures as (
    select
        m.wallet_id,
        count(*) filter (where m.fills > m.events) as days_active,
        sum(m.fills) as fills,
        case when count(m.spot_volume_usd) = count(*) then sum(m.spot_volume_usd) end as spot_volume_usd,
        case when count(m.perp_volume_usd) = count(*) then sum(m.perp_volume_usd) end as perp_volume_usd,
        case when count(m.hip3_volume_usd) = count(*) then sum(m.hip3_volume_usd) end as hip3_volume_usd,
        case when count(m.outcome_volume_usd) = count(*) then sum(m.outcome_volume_usd) end as outcome_volume_usd,
        case when count(m.other_volume_usd) = count(*) then sum(m.other_volume_usd) end as other_volume_usd,
        case when count(m.taker_volume_usd) = count(*) then sum(m.taker_volume_usd) end as taker_volume_usd,
        case when count(m.maker_volume_usd) = count(*) then sum(m.maker_volume_usd) end as maker_volume_usd,
        case when count(m.gross_realised_pnl_usd) = count(*) then sum(m.gross_realised_pnl_usd) end as gross_realised_pnl_usd,
        case when count(m.fees_usd) = count(*) then sum(m.fees_usd) end as fees_usd,
        max(m.coins) as coins_max,
        max(m.last_fill_at) as last_fill_at,
        trunc((sum(m.completeness) + max(e.complete)) / (count(*) + max(e.days)), 6) as completeness
    from metrics.wallet_day_metrics as m
    join tenancy.org_wallets as w
        on w.wallet_id = m.wallet_id
        and w.from_day <= m.day
        and (w.to_day is null or w.to_day > m.day)
    join metrics.list_days_without_fills_of_org(
        %(org_id)s, %(first)s, least(%(last)s::date, (now() at time zone 'UTC')::date),
        now() - make_interval(mins => %(proof_due_minutes)s::integer)
    ) as e on e.wallet_id = m.wallet_id
    where m.day between %(first)s::date and %(last)s::date and w.org_id = %(org_id)s
        and (%(tag)s::text is null or m.wallet_id in (select t.wallet_id from tenancy.wallet_tags as t where t.tag = %(tag)s))
        and (%(group)s::text is null or m.wallet_id in (select g.wallet_id from tenancy.wallet_groups as g where g.name = %(group)s))
    group by m.wallet_id
),
valued as (
    select
        *,
        taker_volume_usd + maker_volume_usd as volume_usd,
        case %(by)s
            when 'volume' then taker_volume_usd + maker_volume_usd
            when 'perp_volume' then perp_volume_usd
            when 'spot_volume' then spot_volume_usd
            when 'hip3_volume' then hip3_volume_usd
            when 'fills' then fills
            when 'pnl' then gross_realised_pnl_usd
            when 'fees' then fees_usd
        end as value
    from figures
),
ranked as (
    select row_number() over (order by v.value desc, a.address) as rank, a.address, v.*
    from valued as v
    join tenancy.wallets as a on a.id = v.wallet_id
    where v.value is not null
    order by v.value desc, a.address
    limit %(limit)s
    offset %(rows_before)s
),
apart as (
    select null::bigint as rank, a.address, v.*
    from valued as v
    join tenancy.wallets as a on a.id = v.wallet_id
    where v.value is null
    order by v.fills desc, a.address
    limit %(limit)s
    offset %(rows_before)s
),
shown as (
    select
        rank,
        '0x' || encode(address, 'hex') as wallet,
        case when %(by)s = 'fills' then to_json(value) else to_json(trim_scale(value)::text) end
            as value,
        days_active,
        fills,
        trim_scale(spot_volume_usd)::text as spot_volume_usd,
        trim_scale(perp_volume_usd)::text as perp_volume_usd,
        trim_scale(hip3_volume_usd)::text as hip3_volume_usd,
        trim_scale(outcome_volume_usd)::text as outcome_volume_usd,
        trim_scale(other_volume_usd)::text as other_volume_usd,
        trim_scale(volume_usd)::text as volume_usd,
        trim_scale(taker_volume_usd)::text as taker_volume_usd,
        trim_scale(maker_volume_usd)::text as maker_volume_usd,
        trim_scale(gross_realised_pnl_usd)::text as gross_realised_pnl_usd,
        trim_scale(fees_usd)::text as fees_usd,
        coins_max,
        to_char(last_fill_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as last_fill_at,
        trim_scale(completeness)::text as completeness
    from (select * from ranked union all select * from apart) as listed
)
select
    (select count(value) from valued) as eligible,
    (select count(*) from valued where value is null) as unpriced,
    (
        select coalesce(json_agg(s order by s.rank, s.fills desc, s.wallet), '[]')::text
        from shown as s
    ) as body;

-- name: list_intervals :one
-- The intervals of the figures that are null, of these wallets, as a JSON object by wallet.
-- Reads: metrics.wallet_day_metrics, tenancy.org_wallets, tenancy.wallets
with sums as (
    select
        a.address,
        f.figure,
        metrics.with_priced(
            metrics.sum_intervals(coalesce(m.intervals -> f.summed, jsonb_build_object(
                'known', '0', 'lower', case when f.is_never_negative then '0' end, 'upper', null,
                'unpriced', '{}'::jsonb
            ))) filter (where to_jsonb(m) ->> f.summed is null),
            sum((to_jsonb(m) ->> f.summed)::numeric)
        ) as interval
    from tenancy.wallets as a
    join metrics.wallet_day_metrics as m
        on m.wallet_id = a.id and m.day between %(first)s::date and %(last)s::date
    join tenancy.org_wallets as w
        on w.wallet_id = m.wallet_id
        and w.from_day <= m.day
        and (w.to_day is null or w.to_day > m.day)
    cross join (
        values
            ('spot_volume_usd', 'spot_volume_usd', true),
            ('perp_volume_usd', 'perp_volume_usd', true),
            ('hip3_volume_usd', 'hip3_volume_usd', true),
            ('outcome_volume_usd', 'outcome_volume_usd', true),
            ('other_volume_usd', 'other_volume_usd', true),
            ('taker_volume_usd', 'taker_volume_usd', true),
            ('maker_volume_usd', 'maker_volume_usd', true),
            ('volume_usd', 'taker_volume_usd', true),
            ('volume_usd', 'maker_volume_usd', true),
            ('gross_realised_pnl_usd', 'gross_realised_pnl_usd', false),
            ('fees_usd', 'fees_usd', false)
    ) as f (figure, summed, is_never_negative)
    where a.address = any(%(addresses)s::bytea[]) and w.org_id = %(org_id)s
    group by a.address, f.figure
)
select coalesce(jsonb_object_agg('0x' || encode(address, 'hex'), intervals), '{}')::text as body
from (
    select address, jsonb_object_agg(figure, interval) as intervals
    from sums
    where interval is not null
    group by address
) as wallets;
