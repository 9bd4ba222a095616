-- name: list_running :many
-- TWAPs that run at as_of and what each has left: by its slices, else (or if an archive may hold a
-- part of them only) by its schedule.
-- TWAPs that have ended since count only if as_of lies in the past.
-- Reads: metrics.twaps, metrics.twap_executions, metrics.twap_slices, tenancy.wallets
with running as (
    select t.* from metrics.twaps as t
    where t.status = 'activated'
        and t.ends_at > %(as_of)s::timestamptz
        and t.started_at <= %(as_of)s::timestamptz
    union all
    select t.* from metrics.twaps as t
    where %(of_past)s
        and facts.twap_runs(t.status) is false
        and t.started_at <= %(as_of)s::timestamptz
        and t.started_at >= %(as_of)s::timestamptz - (select metrics.longest_twap())
        -- A TWAP whose time of end is unknown is not known to have run.
        and %(as_of)s::timestamptz < coalesce(
            t.ended_at, case t.status when 'finished' then t.ends_at end)
),
owned as (
    select
        r.*,
        coalesce((
            select w.id from tenancy.wallets as w
            where w.address = decode(substr(r.wallet, 3), 'hex')
        ), r.wallet_id) as own_id
    from running as r
    -- Evaluated for each row before any join, so that the index of addresses is used.
    offset 0
),
measured as (
    select
        o.*,
        coalesce(e.is_whole, false) as is_observed,
        case when e.last_slice_at < %(as_of)s::timestamptz then e.executed_size else s.size end
            as executed,
        extract(epoch from %(as_of)s::timestamptz - o.started_at) as seconds_run,
        extract(epoch from o.ends_at - %(as_of)s::timestamptz) as seconds_left
    from owned as o
    left join metrics.twap_executions as e on e.wallet_id = o.own_id and e.twap_id = o.twap_id
    left join lateral (
        select coalesce(sum(x.size_coin), 0) as size from metrics.twap_slices as x
        where e.last_slice_at >= %(as_of)s::timestamptz
            and x.wallet_id = e.wallet_id
            and x.twap_id = e.twap_id
            and x.at < %(as_of)s::timestamptz
    ) as s on true
),
left_over as (
    select
        *,
        case when is_observed then greatest(size_requested - executed, 0)
            else round(size_requested * greatest(seconds_left, 0)
                / nullif(seconds_run + seconds_left, 0), 8)
        end as size_left
    from measured
)
select
    twap_id, wallet, asset, side::text as side, started_at, ends_at, size_requested, size_left,
    case when is_observed then 'slices' else 'schedule' end as basis,
    case
        when not is_observed then ends_at
        when size_left = 0 then %(as_of)s::timestamptz
        -- At its own pace so far; a TWAP that has hardly begun has no useful pace.
        when executed > 0 and size_left * seconds_run / executed < %(seconds_max)s
        then date_trunc('second', %(as_of)s::timestamptz
            + make_interval(secs => (size_left * seconds_run / executed)::float8))
    end as completes_at
from left_over
order by ends_at, twap_id, wallet;

-- name: sum_coins :many
-- What running TWAPs have left, by coin, and the newest mid price of the coin, in USD.
-- Reads: facts.mids, facts.spot_pairs, facts.perp_dexs, facts.token_prices
with coins as (
    select
        r.asset,
        count(*)::integer as running,
        coalesce(sum(r.size_left) filter (where r.side = 'B'), 0) as buy_size_left,
        coalesce(sum(r.size_left) filter (where r.side = 'A'), 0) as sell_size_left,
        sum(case r.side when 'B' then r.size_left else -r.size_left end) as net_size_left,
        count(*) filter (where r.basis = 'slices')::integer as observed,
        max(r.ends_at) as last_ends_at
    from unnest(%(assets)s::text[], %(sides)s::text[], %(sizes)s::numeric[],
        %(ends)s::timestamptz[], %(bases)s::text[]) as r (asset, side, size_left, ends_at, basis)
    group by r.asset
),
quoted as (
    select
        c.*,
        coalesce(facts.dex_of(c.asset), '') as dex,
        case facts.market_of(c.asset)
            when 'spot' then (
                select p.quote_token from facts.spot_pairs as p
                where p.coin = c.asset order by p.id desc limit 1
            )
            when 'outcome' then 'USDH'
            when 'hip3' then (
                select d.collateral_token from facts.perp_dexs as d
                where d.dex = facts.dex_of(c.asset) order by d.id desc limit 1
            )
            when 'perp' then 'USDC'
        end as quote_token
    from coins as c
    offset 0
)
select
    c.asset, c.running, c.buy_size_left, c.sell_size_left, c.net_size_left, c.observed,
    c.last_ends_at, c.quote_token, m.price, v.price_usd,
    'allMids ' || to_char(m.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        || coalesce(', ' || q.source, '') as price_source,
    c.net_size_left * v.price_usd as net_usd_left
from quoted as c
left join lateral (
    select (x.mids ->> c.asset)::numeric as price, x.at
    from facts.mids as x
    where x.dex = c.dex
        and x.at <= %(as_of)s::timestamptz
        and x.at > %(as_of)s::timestamptz - make_interval(mins => %(mid_minutes_max)s)
    order by x.at desc
    limit 1
) as m on true
left join lateral (
    select p.price_usd, p.source
    from facts.token_prices as p
    where c.quote_token <> 'USDC'
        and p.token = c.quote_token
        and p.at <= %(as_of)s::timestamptz
        and p.at > %(as_of)s::timestamptz - interval '1 day'
    order by p.at desc
    limit 1
) as q on true
cross join lateral (
    select m.price * case c.quote_token when 'USDC' then 1 else q.price_usd end as price_usd
) as v
order by abs(c.net_size_left * v.price_usd) desc nulls last, c.asset;

-- name: forecast_coins :many
-- What running TWAPs will have left, by coin, at points from now until the last TWAP ends; each
-- TWAP falls in a straight line to zero at its own end.
-- Reads: -
with running as (
    select r.asset, r.ends_at, case r.side when 'B' then r.size_left else -r.size_left end as net
    from unnest(%(assets)s::text[], %(sides)s::text[], %(sizes)s::numeric[],
        %(ends)s::timestamptz[]) as r (asset, side, size_left, ends_at)
),
points as (
    select
        e.asset,
        i,
        case i when %(steps)s then e.last_at else %(as_of)s::timestamptz + date_trunc(
            'second', (e.last_at - %(as_of)s::timestamptz) * i / %(steps)s) end as at
    from (
        select asset, greatest(max(ends_at), %(as_of)s::timestamptz) as last_at
        from running group by asset
    ) as e
    cross join generate_series(0, %(steps)s) as i
)
select
    p.asset,
    p.at,
    round(sum(case when r.ends_at > p.at then r.net * extract(epoch from r.ends_at - p.at)
        / extract(epoch from r.ends_at - %(as_of)s::timestamptz) else 0 end), 8) as net_size_left
from points as p
join running as r on r.asset = p.asset
group by p.asset, p.i, p.at
order by p.asset, p.i;

-- name: read_known_until :one
-- The start of the newest known TWAP: from the TWAP source if one is read, because it lags behind.
-- Reads: metrics.twaps, ops.etl_s3_ingest_log
select coalesce(
    (
        select t.started_at from metrics.twaps as t
        where t.in_archive
            and (select exists (select from ops.etl_s3_ingest_log as l
                         where l.content = 'statuses' and l.rows_ingested > 0))
        order by t.started_at desc, t.twap_id desc, t.wallet desc
        limit 1
    ),
    (
        select t.started_at from metrics.twaps as t
        order by t.started_at desc, t.twap_id desc, t.wallet desc
        limit 1
    )
) as known_until;
