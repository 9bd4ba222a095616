-- name: list_signals :many
-- An asset's signals of a time range, oldest first, from a cursor on.
-- Reads: metrics.signals
select s.*
from metrics.signals as s
where s.asset = %(asset)s
    and s.definition = %(definition)s
    and s.window_minutes = %(window_minutes)s
    and s.at >= %(from_at)s::timestamptz
    and s.at < %(to_at)s::timestamptz
    and s.at > %(after_at)s::timestamptz
order by s.at
limit %(limit)s;

-- name: find_signal :one
-- One signal.
-- Reads: metrics.signals
select s.*
from metrics.signals as s
where s.asset = %(asset)s and s.definition = %(definition)s
    and s.window_minutes = %(window_minutes)s and s.at = %(at)s::timestamptz;

-- name: list_contributors :many
-- A page of a signal's contributors: the largest move first, those that did nothing last.
-- Reads: metrics.signal_contributors
select
    c.wallet, c.class as move_class, c.before_coin, c.now_coin, c.delta_coin, c.epsilon,
    c.weight_coin, c.delta_usd, c.forced, c.effect_cas, c.effect_cas_usd, c.effect_dispersion,
    c.effect_dispersion_size, c.effect_ecs, c.before_age_seconds,
    c.now_age_seconds, v.moves
from metrics.signal_contributors as c
cross join lateral (
    select case
        when c.class in ('HOLD', 'FLAT', 'MISSING', 'DIRTY', 'flat', 'missing', 'excluded') then -1
        else coalesce(abs(c.delta_coin), -1)
    end as moves
) as v
where c.asset = %(asset)s
    and c.definition = %(definition)s
    and c.window_minutes = %(window_minutes)s
    and c.at = %(at)s::timestamptz
    and (%(moves)s::numeric is null or v.moves < %(moves)s::numeric
        or (v.moves = %(moves)s::numeric and c.wallet > %(after_wallet)s::text))
order by v.moves desc, c.wallet
limit %(limit)s;

-- name: count_hidden :one
-- The number of members of a signal's universe that are hidden.
-- Reads: metrics.wallet_universe_runs, metrics.wallet_universe_members
select r.members - (
    select count(*) from metrics.wallet_universe_members as m where m.run_id = r.id
) as wallets
from metrics.wallet_universe_runs as r
where r.id = %(run_id)s::bigint;
