-- name: delete_signals :execrows
-- Delete a period that will be computed again.
-- Reads: -   Writes: {schema}.signals   Key: (at)
delete from {schema}.signals
where at = %(at)s and definition in ('smart_money/1', 'smart_money/2');

-- name: delete_contributors :execrows
-- Delete the contributors of a period that will be computed again.
-- Reads: -   Writes: {schema}.signal_contributors   Key: (at)
delete from {schema}.signal_contributors
where at = %(at)s and definition in ('smart_money/1', 'smart_money/2');

-- name: read_feed :one
-- The state of the feed at a time: the universe, the newest minute and the newest that succeeded.
-- Reads: metrics.wallet_universe_runs, ops.ingest_runs   Writes: -   Key: -
select universe.id as universe_run_id, universe.members as wallets,
    newest.minute as newest_at, newest.status = 'failed' as last_failed,
    well.minute as success_at, well.coverage
from (select 1) as one
left join lateral (
    select r.id, r.members from metrics.wallet_universe_runs as r
    where r.status = 'chosen' and r.taken_at <= %(at)s
    order by r.taken_at desc, r.id desc
    limit 1
) as universe on true
left join lateral (
    select i.minute, i.status from ops.ingest_runs as i
    where i.minute <= %(at)s order by i.minute desc limit 1
) as newest on true
left join lateral (
    select i.minute, i.coverage from ops.ingest_runs as i
    where i.minute <= %(at)s and i.status <> 'failed' order by i.minute desc limit 1
) as well on true;

-- name: list_moves :many
-- The positions of each wallet of a universe in each asset at both ends of a period, with their
-- anomalies. Only fills known when the last snapshot was stored count, so that a rebuild gives the
-- same rows.
-- Reads: metrics.wallet_universe_members, facts.wallet_snapshots, metrics.snapshot_anomalies, facts.hl_fills_raw   Writes: -   Key: (asset, wallet_id)
select a.asset, m.wallet_id, m.wallet, b.szi as before, n.szi as now,
    b.fingerprint as before_fingerprint, n.fingerprint as now_fingerprint,
    exists (
        select from metrics.snapshot_anomalies as x
        where x.wallet_id = m.wallet_id and x.asset = a.asset and x.dirties
            and x.known_at <= %(at)s and x.minute in (b.minute, n.minute)
    ) as dirty,
    exists (
        select from facts.hl_fills_raw as f
        where f.wallet_id = m.wallet_id and f.coin = a.asset
            and f.time > %(at)s::timestamptz - interval '5 minutes' and f.time <= %(at)s
            and f.ingested_at <= n.inserted_at
            and (f.dir = 'Auto-Deleveraging'
                or f.liquidated_user = decode(substr(m.wallet, 3), 'hex'))
    ) as forced
from metrics.wallet_universe_members as m
cross join unnest(array['HYPE', 'BTC', 'ETH']) as a (asset)
left join facts.wallet_snapshots as b on b.minute = %(at)s::timestamptz - interval '5 minutes'
    and b.asset = a.asset and b.wallet_id = m.wallet_id
left join facts.wallet_snapshots as n on n.minute = %(at)s
    and n.asset = a.asset and n.wallet_id = m.wallet_id
where m.run_id = %(run_id)s;

-- name: list_marks :many
-- The marks of the assets at both ends of a period, each at most two minutes old.
-- Reads: facts.mids   Writes: -   Key: (asset, at)
select a.asset, e.at, mark.price
from unnest(%(assets)s::text[]) as a (asset)
cross join unnest(array[%(at)s::timestamptz - %(period)s::interval, %(at)s::timestamptz]) as e (at)
left join lateral (
    select (m.mids ->> a.asset)::numeric as price
    from facts.mids as m
    where m.dex = '' and m.at <= e.at and m.at > e.at - interval '2 minutes'
    order by m.at desc
    limit 1
) as mark on true;

-- name: list_earlier :many
-- The three periods before, and the state that the last of them left.
-- Reads: {schema}.signals   Writes: -   Key: (asset, definition, at)
select asset, definition, at, cas, state
from {schema}.signals
where at >= %(at)s::timestamptz - %(periods_before)s * %(period)s::interval and at < %(at)s
order by at;

-- name: insert_signal :execrows
-- Store a signal.
-- Reads: -   Writes: {schema}.signals   Key: (asset, definition, at)
insert into {schema}.signals (
    at, asset, definition, window_minutes, locked, universe_run_id, wallets, observed, exposed, coverage, cas,
    cas_lower, cas_upper, cas_usd, participation, trend, dispersion, dispersion_size, activity_sd,
    stock_disagreement, ecs, ecs_long, ecs_short, ecs_forced, ecs_z, ecs_percentile, herding,
    herding_sign, herding_n, counts, reach, band, exits, bias, risk, rule, nearest_miss, flags,
    state, mark_price, unknown, completeness, digest)
values (
    %(at)s, %(asset)s, %(definition)s, 5, %(locked)s, %(universe_run_id)s, %(wallets)s, %(observed)s,
    %(exposed)s, %(coverage)s, %(cas)s, %(cas_lower)s, %(cas_upper)s, %(cas_usd)s,
    %(participation)s, %(trend)s, %(dispersion)s, %(dispersion_size)s, %(activity_sd)s,
    %(stock_disagreement)s, %(ecs)s, %(ecs_long)s, %(ecs_short)s, %(ecs_forced)s, %(ecs_z)s,
    %(ecs_percentile)s, %(herding)s, %(herding_sign)s, %(herding_n)s, %(counts)s, %(reach)s,
    %(band)s, %(exits)s, %(bias)s, %(risk)s, %(rule)s, %(nearest_miss)s, %(flags)s, %(state)s,
    %(mark_price)s, %(unknown)s, %(completeness)s, %(digest)s);

-- name: insert_contributors :execrows
-- Store the contributors of a signal.
-- Reads: -   Writes: {schema}.signal_contributors   Key: (asset, definition, at, wallet_id)
insert into {schema}.signal_contributors (
    at, asset, definition, window_minutes, wallet_id, wallet, class, before_coin, now_coin, delta_coin, epsilon,
    weight_coin, delta_usd, forced, effect_cas, effect_cas_usd, effect_dispersion,
    effect_dispersion_size, effect_ecs)
select %(at)s, %(asset)s, %(definition)s, 5, u.*
from unnest(
    %(wallet_id)s::integer[], %(wallet)s::text[], %(class)s::text[], %(before_coin)s::numeric[],
    %(now_coin)s::numeric[], %(delta_coin)s::numeric[], %(epsilon)s::numeric[],
    %(weight_coin)s::numeric[], %(delta_usd)s::numeric[], %(forced)s::boolean[],
    %(effect_cas)s::numeric[], %(effect_cas_usd)s::numeric[], %(effect_dispersion)s::numeric[],
    %(effect_dispersion_size)s::numeric[], %(effect_ecs)s::numeric[]
) as u;

-- name: keep_computed_at :execrows
-- Store when a period's signals were computed: all assets and definitions together.
-- Reads: -   Writes: ops.computations   Key: (metric, key)
insert into ops.computations (metric, key)
values ('signals', to_char(%(at)s::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"'))
on conflict (metric, key) do update set computed_at = now();
