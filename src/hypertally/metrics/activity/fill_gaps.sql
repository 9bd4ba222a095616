-- name: list_legs :many
-- The perp legs whose chain may have changed, from the last unambiguous leg before `since` as far as
-- all fills were read: slices of TWAPs are read apart, and may come before the fills between them.
-- Materialized: without statistics, a plan would search a coin's seed again for every leg.
-- Reads: facts.hl_fills_raw, facts.pages   Writes: -   Key: (coin, time, ordinal)
with touched as materialized (
    select distinct f.coin
    from facts.hl_fills_raw as f
    where f.wallet_id = %(wallet_id)s and f.time >= %(since)s
        and facts.market_of(f.coin) in ('perp', 'hip3')
), seeds as materialized (
    select t.coin, coalesce((
        select f.time
        from facts.hl_fills_raw as f
        where f.wallet_id = %(wallet_id)s and f.coin = t.coin and f.time < %(since)s
        group by f.time
        having count(*) = 1
        order by f.time desc
        limit 1), '1970-01-01 00:00:00+00') as seed
    from touched as t
)
select s.seed, f.coin, f.time, f.start_position as start,
    case f.side when 'B' then f.sz else -f.sz end as change, f.tid is null as exempt
from seeds as s
join facts.hl_fills_raw as f
    on f.wallet_id = %(wallet_id)s and f.coin = s.coin and f.time >= s.seed
where f.time <= (
    select max(least(facts.time_of_ms(p.covers_to_ms), p.asked_at))
    from facts.pages as p
    where p.wallet_id = %(wallet_id)s and p.closed and p.source = 'info.userFillsByTime'
        and p.asked_at >= (select min(seed) from seeds))
order by f.coin, f.time, f.ordinal, f.oid, f.tid;

-- name: list_positions :many
-- The newest positions of a wallet on each dex that a later reading of fills can be held against.
-- Reads: facts.account_positions   Writes: -   Key: dex
select distinct on (p.dex) p.dex, p.at, p.positions
from facts.settled_positions(%(wallet_id)s::integer) as p
order by p.dex, p.at desc;

-- name: read_end_span :one
-- When the position of the newest answer was first stated after a last fill, without a break since,
-- and when the chain's own was last stated before: what is missing lies between.
-- Reads: facts.account_positions   Writes: -   Key: -
with stated as (
    select p.at, coalesce((p.positions ->> %(coin)s)::numeric, 0) as size
    from facts.account_positions as p
    where p.wallet_id = %(wallet_id)s and p.dex = %(dex)s and p.at > %(after)s
        and p.at <= %(newest_at)s  -- no reading of fills came after a later one yet
), first as (
    select min(s.at) as at
    from stated as s
    where s.at > coalesce((
            select max(o.at)
            from stated as o
            where o.size <> (select n.size from stated as n where n.at = %(newest_at)s)),
        %(after)s)
)
select coalesce((
        select max(o.at) from stated as o
        where o.at < first.at and o.size = (
            select n.size - %(missing)s::numeric from stated as n where n.at = %(newest_at)s)),
        %(after)s) as from_at,
    first.at as to_at
from first;

-- name: list_unfilled :many
-- Positions in coins of which no fill is known: missing since the newest answer before that did not
-- name the coin, or from the beginning, unless the history may be cut.
-- Reads: facts.account_positions, facts.hl_fills_raw, facts.history_readings   Writes: -   Key: coin
with newest as (
    select distinct on (p.dex) p.dex, p.at, p.positions
    from facts.settled_positions(%(wallet_id)s::integer) as p
    order by p.dex, p.at desc
), unfilled as (
    select n.dex, e.key as coin, e.value::numeric as size, (
            select max(b.at)
            from facts.account_positions as b
            where b.wallet_id = %(wallet_id)s and b.dex = n.dex and b.at < n.at
                and not b.positions ? e.key) as flat_at
    from newest as n
    cross join lateral jsonb_each_text(n.positions) as e
    where e.value::numeric <> 0 and not exists (
        select from facts.hl_fills_raw as f
        where f.wallet_id = %(wallet_id)s and f.coin = e.key)
)
select u.coin, 'end_position' as kind,
    coalesce(u.flat_at, timestamptz '1970-01-01 00:00:00+00') as from_at, (
        select min(b.at)
        from facts.account_positions as b
        where b.wallet_id = %(wallet_id)s and b.dex = u.dex and b.positions ? u.coin
            and (u.flat_at is null or b.at > u.flat_at)) as to_at,
    trim_scale(u.size)::text as missing_size_coin
from unfilled as u
where u.flat_at is not null or facts.is_history_whole(%(wallet_id)s::integer);

-- name: read_disagreement :one
-- Whether a chain may end with another position than the newest answer after it states, or did when
-- gaps were last computed. Inside one millisecond the order of the rows says little: the computation
-- of gaps decides.
-- Reads: facts.account_positions, facts.hl_fills_raw, metrics.fill_gaps   Writes: -   Key: -
with newest as (
    select distinct on (p.dex) p.dex, p.at, p.positions
    from facts.settled_positions(%(wallet_id)s::integer) as p
    order by p.dex, p.at desc
), ends as (
    select distinct on (f.coin) f.coin, f.time,
        f.start_position + case f.side when 'B' then f.sz else -f.sz end as position,
        case facts.market_of(f.coin) when 'hip3' then facts.dex_of(f.coin) else '' end as dex
    from facts.hl_fills_raw as f
    where f.wallet_id = %(wallet_id)s and facts.market_of(f.coin) in ('perp', 'hip3')
    order by f.coin, f.time desc, f.ordinal desc
)
select exists (
        select from ends as e
        join newest as n on n.dex = e.dex and n.at > e.time
        where coalesce((n.positions ->> e.coin)::numeric, 0) <> e.position)
    or exists (
        select from newest as n
        cross join lateral jsonb_each_text(n.positions) as p
        where p.value::numeric <> 0 and not exists (select from ends as e where e.coin = p.key))
    or exists (
        select from metrics.fill_gaps as g
        where g.wallet_id = %(wallet_id)s and g.kind = 'end_position') as disagrees;

-- name: delete_gaps :many
-- Delete the breaks that were searched again, and all limits met.
-- Reads: -   Writes: {schema}.fill_gaps   Key: (wallet_id, coin, kind, from_at, to_at)
delete from {schema}.fill_gaps as g
where g.wallet_id = %(wallet_id)s
    and (g.coin = ''
         or (g.kind = 'end_position' and %(is_full)s)
         or exists (
            select from unnest(%(coins)s::text[], %(seeds)s::timestamptz[]) as s (coin, seed)
            where s.coin = g.coin and g.to_at > s.seed))
returning g.coin, g.kind, g.from_at, g.to_at, trim_scale(g.missing_size_coin)::text as missing_size_coin;

-- name: insert_gaps :many
-- Store the breaks found, the limits of the exchange that were met, and where the record begins.
-- Reads: facts.limits_met, facts.limits_lifted, facts.history_readings, facts.hl_fills_raw,
--        facts.pages   Writes: {schema}.fill_gaps   Key: (wallet_id, coin, kind, from_at, to_at)
insert into {schema}.fill_gaps as g (
    wallet_id, coin, kind, from_at, to_at, missing_size_coin, definition)
select %(wallet_id)s, u.coin, u.kind, u.from_at, u.to_at, sum(u.missing::numeric),
    %(definition)s
from unnest(%(coins)s::text[], %(kinds)s::text[], %(from_at)s::timestamptz[],
            %(to_at)s::timestamptz[], %(missing)s::text[]) as u (coin, kind, from_at, to_at, missing)
group by u.coin, u.kind, u.from_at, u.to_at
union all
select distinct l.wallet_id, '', l.kind,
    timestamptz '1970-01-01 00:00:00+00' + make_interval(secs => l.from_ms / 1000.0),
    timestamptz '1970-01-01 00:00:00+00'
        + make_interval(secs => (l.to_ms + case l.kind when 'millisecond_overflow' then 1 else 0 end)
                                / 1000.0),
    null::numeric, %(definition)s
from facts.limits_met as l
where l.wallet_id = %(wallet_id)s and l.kind <> 'history_begins'
    and not exists (select from facts.limits_lifted as d where d.limit_id = l.id)
union all
-- A history may be cut until a reading of it, from 0 to now in one piece, proved its beginning.
select %(wallet_id)s, '', 'history_begins', timestamptz '1970-01-01 00:00:00+00', f.time,
    null::numeric, %(definition)s
from (
    select f.time from facts.hl_fills_raw as f
    where f.wallet_id = %(wallet_id)s
    order by f.time
    limit 1
) as f
where not facts.is_history_whole(%(wallet_id)s::integer)
    and (exists (
            select from facts.pages as p
            where p.wallet_id = %(wallet_id)s and p.source = 'info.userFillsByTime')
        or exists (
            select from facts.limits_met as l
            where l.wallet_id = %(wallet_id)s and l.kind = 'history_begins'))
returning g.coin, g.kind, g.from_at, g.to_at, trim_scale(g.missing_size_coin)::text as missing_size_coin;
