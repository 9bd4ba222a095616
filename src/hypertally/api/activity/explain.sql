-- name: read_inputs :one
-- The number of fills of a wallet's day, and their digest: computed here, from the facts.
-- Reads: facts.hl_fills_raw
select
    count(*) as count,
    count(*) || ':' || coalesce(sum(fingerprint), 0) as digest
from facts.hl_fills_raw
where wallet_id = %(wallet_id)s
    and time >= %(day)s::timestamp at time zone 'UTC'
    and time < (%(day)s::date + 1)::timestamp at time zone 'UTC'
    -- Always true, but lets the planner use both halves of the key's index.
    and (tid is not null or tid is null);

-- name: list_coin_subtotals :one
-- The day of a wallet by coin, by the rules of the metric, as a JSON array. The volume is also
-- given in the market's own quote token, so that it is known where a price is missing.
-- Reads: facts.hl_fills_raw, facts.spot_pairs, facts.perp_dexs, facts.token_prices
with legs as (
    select
        coin, crossed, fee_token,
        date_trunc('hour', time, 'UTC') as hour,
        dir in ('Settlement', 'Spot Dust Conversion', 'Merge Outcome', 'Net Child Vaults')
            as is_event,
        count(*) as fills,
        sum(notional) as notional,
        sum(closed_pnl) as closed_pnl,
        sum(fee) as fee
    from facts.hl_fills_raw
    where wallet_id = %(wallet_id)s
        and time >= %(day)s::timestamp at time zone 'UTC'
        and time < (%(day)s::date + 1)::timestamp at time zone 'UTC'
        and (tid is not null or tid is null)
    group by coin, crossed, fee_token, hour, is_event
),
markets as (
    select
        c.coin,
        facts.market_of(c.coin) as kind,
        case facts.market_of(c.coin)
            when 'spot' then (
                select p.quote_token from facts.spot_pairs as p
                where p.coin = c.coin order by p.id desc limit 1
            )
            when 'outcome' then 'USDH'
            when 'hip3' then (
                select d.collateral_token from facts.perp_dexs as d
                where d.dex = facts.dex_of(c.coin) order by d.id desc limit 1
            )
            when 'perp' then 'USDC'
        end as quote_token
    from (select distinct coin from legs) as c
),
valued as (
    select
        l.*,
        case when l.is_event then 0 else l.notional end as volume,
        case when l.is_event or l.notional = 0 then 0
            when m.quote_token = 'USDC' then l.notional
            else l.notional * p.price_usd
        end as volume_usd
    from legs as l
    join markets as m on m.coin = l.coin
    left join facts.token_prices as p on p.token = m.quote_token and p.at = l.hour
),
totals as (
    select
        coin,
        sum(fills) as fills,
        trim_scale(sum(volume))::text as volume,
        case when count(volume_usd) = count(*) then trim_scale(sum(volume_usd))::text end
            as volume_usd,
        case when not bool_or(crossed and volume_usd is null)
            then trim_scale(coalesce(sum(volume_usd) filter (where crossed), 0))::text
        end as taker_volume_usd,
        case when not bool_or(not crossed and volume_usd is null)
            then trim_scale(coalesce(sum(volume_usd) filter (where not crossed), 0))::text
        end as maker_volume_usd,
        trim_scale(sum(closed_pnl))::text as closed_pnl
    from valued
    group by coin
),
shown as (
    select
        t.coin, m.kind, t.fills,
        json_build_object(coalesce(m.quote_token, 'quote of ' || t.coin), t.volume) as volume,
        t.volume_usd, t.taker_volume_usd, t.maker_volume_usd, t.closed_pnl,
        (
            select coalesce(json_object_agg(coalesce(c.fee_token, 'token not reported'), c.fee), '{}')
            from (
                select v.fee_token, trim_scale(sum(v.fee))::text as fee
                from valued as v
                where v.coin = t.coin and v.fee is not null
                group by v.fee_token
            ) as c
        ) as fees
    from totals as t
    join markets as m on m.coin = t.coin
)
select coalesce(json_agg(shown order by shown.coin), '[]')::text as body
from shown;

-- name: list_kind_subtotals :one
-- The day of an org by kind, as a JSON array. Perp excludes HIP-3 here, so the kinds add up.
-- Reads: metrics.global_day_metrics
select coalesce(json_agg(json_build_object(
    'kind', k.kind,
    'fills', null,
    'volume', coalesce(g.volumes -> k.kind, '{}'),
    'volume_usd', trim_scale(k.volume_usd)::text,
    'taker_volume_usd', null,
    'maker_volume_usd', null,
    'closed_pnl', null,
    'fees', null
)), '[]')::text as body
from metrics.global_day_metrics as g
cross join lateral (
    values
        ('spot', g.spot_volume_usd),
        ('perp', g.perp_volume_usd - g.hip3_volume_usd),
        ('hip3', g.hip3_volume_usd),
        ('outcome', g.outcome_volume_usd),
        ('other', g.other_volume_usd)
) as k (kind, volume_usd)
where g.org_id = %(org_id)s and g.day = %(day)s::date;

-- name: list_wallet_inputs :many
-- The wallets whose days make up an org's day, by address.
-- Reads: metrics.wallet_day_metrics, tenancy.org_wallets, tenancy.wallets
select
    '0x' || encode(a.address, 'hex') as wallet,
    m.fills,
    trim_scale(m.taker_volume_usd + m.maker_volume_usd)::text as volume_usd,
    m.digest
from metrics.wallet_day_metrics as m
join tenancy.org_wallets as w
    on w.wallet_id = m.wallet_id
    and w.from_day <= m.day
    and (w.to_day is null or w.to_day > m.day)
join tenancy.wallets as a on a.id = m.wallet_id
where m.day = %(day)s::date
    and w.org_id = %(org_id)s
    and (%(after)s::bytea is null or a.address > %(after)s::bytea)
order by a.address
limit %(limit)s;

-- name: count_wallet_inputs :one
-- The number of wallets of an org's day, and the digest of their fills.
-- Reads: metrics.wallet_day_metrics, tenancy.org_wallets
select
    count(*) as count,
    coalesce(sum(split_part(m.digest, ':', 1)::numeric), 0) || ':'
        || coalesce(sum(split_part(m.digest, ':', 2)::numeric), 0) as digest
from metrics.wallet_day_metrics as m
join tenancy.org_wallets as w
    on w.wallet_id = m.wallet_id
    and w.from_day <= m.day
    and (w.to_day is null or w.to_day > m.day)
where m.day = %(day)s::date and w.org_id = %(org_id)s;

-- name: list_restatements :many
-- The restatements of a published row, newest first.
-- Reads: metrics.restatements
select
    to_char(restated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as restated_at,
    cause,
    (changes - array['wallet_id', 'org_id', 'day'])::text as changes
from metrics.restatements
where metric = %(metric)s
    and wallet_id is not distinct from %(wallet_id)s::integer
    and org_id is not distinct from %(org_id)s::integer
    and day = %(day)s::date
order by id desc
limit %(limit)s;

-- name: list_day_gaps :many
-- The known gaps that touch a day: of one wallet, or of all wallets of the org.
-- Reads: metrics.fill_gaps, tenancy.wallets
select
    '0x' || encode(a.address, 'hex') as wallet,
    g.coin,
    g.kind,
    to_char(g.from_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as from_at,
    to_char(g.to_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as until_at,
    trim_scale(g.missing_size_coin)::text as missing_size_coin
from metrics.fill_gaps as g
join tenancy.wallets as a on a.id = g.wallet_id
where (%(wallet_id)s::integer is null or g.wallet_id = %(wallet_id)s::integer)
    and g.from_at < (%(day)s::date + 1)::timestamp at time zone 'UTC'
    and g.to_at > %(day)s::timestamp at time zone 'UTC'
order by g.to_at desc, a.address, g.coin, g.kind, g.from_at
limit %(limit)s;
