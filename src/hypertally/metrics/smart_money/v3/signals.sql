-- name: delete_signals :execrows
-- Delete the third version of a period that will be computed again.
-- Reads: -   Writes: {schema}.signals   Key: (at)
delete from {schema}.signals where at = %(at)s and definition = %(definition)s;

-- name: delete_contributors :execrows
-- Delete the contributors of a period that will be computed again.
-- Reads: -   Writes: {schema}.signal_contributors   Key: (at)
delete from {schema}.signal_contributors where at = %(at)s and definition = %(definition)s;

-- name: list_marks :many
-- The marks of the assets at these times, each at most two minutes old.
-- Reads: facts.mids   Writes: -   Key: (asset, at)
select a.asset, e.at, mark.price
from unnest(%(assets)s::text[]) as a (asset)
cross join unnest(%(times)s::timestamptz[]) as e (at)
left join lateral (
    select (m.mids ->> a.asset)::numeric as price
    from facts.mids as m
    where m.dex = '' and m.at <= e.at and m.at > e.at - interval '2 minutes'
    order by m.at desc
    limit 1
) as mark on true;

-- name: list_earlier :many
-- The periods of the half hour before, and the states that they left.
-- Reads: {schema}.signals   Writes: -   Key: (asset, window_minutes, at)
select asset, window_minutes, at, cas, state
from {schema}.signals
where definition = %(definition)s and at >= %(from)s and at < %(at)s
order by at;

-- name: insert_signal :execrows
-- Store a signal.
-- Reads: -   Writes: {schema}.signals   Key: (asset, definition, window_minutes, at)
insert into {schema}.signals (
    at, asset, definition, window_minutes, locked, universe_run_id, wallets, observed, exposed,
    coverage, cas, cas_lower, cas_upper, cas_usd, participation, trend, dispersion,
    dispersion_size, dispersion_level, active, active_needed, activity_sd, stock_disagreement, ecs,
    ecs_long, ecs_short, ecs_forced, ecs_z, ecs_percentile, herding, herding_sign, herding_n,
    counts, reach, band, exits, bias, risk, rule, nearest_miss, flags, state, mark_price, unknown,
    completeness, digest)
values (
    %(at)s, %(asset)s, %(definition)s, %(window_minutes)s, %(locked)s, %(universe_run_id)s,
    %(wallets)s, %(observed)s, %(exposed)s, %(coverage)s, %(cas)s, %(cas_lower)s, %(cas_upper)s,
    %(cas_usd)s, %(participation)s, %(trend)s, %(dispersion)s, %(dispersion_size)s,
    %(dispersion_level)s, %(active)s, %(active_needed)s, %(activity_sd)s, %(stock_disagreement)s,
    %(ecs)s, %(ecs_long)s, %(ecs_short)s, %(ecs_forced)s, %(ecs_z)s, %(ecs_percentile)s,
    %(herding)s, %(herding_sign)s, %(herding_n)s, %(counts)s, %(reach)s, %(band)s, %(exits)s,
    %(bias)s, %(risk)s, %(rule)s, %(nearest_miss)s, %(flags)s, %(state)s, %(mark_price)s,
    %(unknown)s, %(completeness)s, %(digest)s);

-- name: insert_contributors :execrows
-- Store the contributors of a signal.
-- Reads: -   Writes: {schema}.signal_contributors   Key: (asset, definition, window_minutes, at, wallet_id)
insert into {schema}.signal_contributors (
    at, asset, definition, window_minutes, wallet_id, wallet, class, before_coin, now_coin,
    delta_coin, epsilon, weight_coin, delta_usd, forced, effect_cas, effect_cas_usd,
    effect_dispersion, effect_dispersion_size, effect_ecs, before_age_seconds, now_age_seconds)
select %(at)s, %(asset)s, %(definition)s, %(window_minutes)s, u.*
from unnest(
    %(wallet_id)s::integer[], %(wallet)s::text[], %(class)s::text[], %(before_coin)s::numeric[],
    %(now_coin)s::numeric[], %(delta_coin)s::numeric[], %(epsilon)s::numeric[],
    %(weight_coin)s::numeric[], %(delta_usd)s::numeric[], %(forced)s::boolean[],
    %(effect_cas)s::numeric[], %(effect_cas_usd)s::numeric[], %(effect_dispersion)s::numeric[],
    %(effect_dispersion_size)s::numeric[], %(effect_ecs)s::numeric[],
    %(before_age_seconds)s::integer[], %(now_age_seconds)s::integer[]
) as u;
