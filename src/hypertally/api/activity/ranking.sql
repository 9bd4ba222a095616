-- name: rank_wallets :one
-- The org's wallets by one figure over full days before the current one; ties by address.
-- A wallet counts on the days it belongs to the org; a null figure is counted, not ranked.
-- Reads: metrics.wallet_day_metrics, tenancy.org_wallets, tenancy.wallets
with bounds as (
    select today - %(days)s::integer as first, today - 1 as last
    from cast(now() at time zone 'UTC' as date) as today
),
figures as (
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
        trunc(avg(m.completeness), 6) as completeness
    from metrics.wallet_day_metrics as m
    cross join bounds as b
    join tenancy.org_wallets as w
        on w.wallet_id = m.wallet_id
        and w.from_day <= m.day
        and (w.to_day is null or w.to_day > m.day)
    where m.day between b.first and b.last and w.org_id = %(org_id)s
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
    from ranked
)
select
    to_char(b.first, 'YYYY-MM-DD') as first_day,
    to_char(b.last, 'YYYY-MM-DD') as last_day,
    (select count(value) from valued) as eligible,
    (select count(*) from valued where value is null) as unpriced,
    (select coalesce(json_agg(shown order by shown.rank), '[]')::text from shown) as body
from bounds as b;
