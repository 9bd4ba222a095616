-- name: find_universe :one
-- The universe known at a time.
-- Reads: metrics.wallet_universe_runs
select r.id as run_id, r.taken_at, r.members, r.churn, r.source
from metrics.wallet_universe_runs as r
where r.status = 'chosen' and r.taken_at <= %(at)s::timestamptz
order by r.taken_at desc, r.id desc
limit 1;

-- name: list_newest :many
-- The newest signal of each asset at a time, of each definition, over one horizon.
-- Reads: metrics.signals
select s.*
from unnest(%(assets)s::text[]) with ordinality as a (asset, place)
cross join unnest(array['smart_money/3', 'smart_money/2', 'smart_money/1']) as d (definition)
cross join lateral (
    select n.* from metrics.signals as n
    where n.asset = a.asset and n.definition = d.definition
        and n.window_minutes = %(window_minutes)s and n.at <= %(at)s::timestamptz
    order by n.at desc
    limit 1
) as s
order by a.place, s.definition;

-- name: find_minute :one
-- The newest minute in which wallets answered.
-- Reads: ops.ingest_runs
select minute from ops.ingest_runs
where status <> 'failed' and minute <= %(at)s::timestamptz
order by minute desc
limit 1;

-- name: sum_positions :many
-- The positions of the wallets at a minute, hidden wallets included, by asset, at its mid price.
-- Reads: metrics.sum_positions, facts.mids
select
    p.*, %(minute)s::timestamptz as minute, p.net_coin * m.price as net_usd,
    m.price as mark_price,
    case when m.price is not null then m.at end as mark_at
from metrics.sum_positions(%(minute)s::timestamptz, %(assets)s::text[]) as p
left join lateral (
    select (x.mids ->> p.asset)::numeric as price, x.at
    from facts.mids as x
    where x.dex = ''
        and x.at <= %(minute)s::timestamptz
        and x.at > %(minute)s::timestamptz - interval '2 minutes'
    order by x.at desc
    limit 1
) as m on true;
