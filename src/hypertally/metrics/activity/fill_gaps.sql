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

-- name: list_statements :many
-- The positions that the exchange stated, after which all fills were read: of these coins since their
-- seeds, and if all is computed of coins of which no fill is known.
-- Reads: facts.account_positions, facts.hl_fills_raw, facts.history_readings   Writes: -   Key: (coin, at)
with settled as materialized (
    select p.dex, p.at, p.positions
    from facts.settled_positions(%(wallet_id)s::integer) as p
    where %(is_full)s or p.at > (select min(seed) from unnest(%(seeds)s::timestamptz[]) as s (seed))
), coins as (
    select s.coin, s.seed, true as is_filled
    from unnest(%(coins)s::text[], %(seeds)s::timestamptz[]) as s (coin, seed)
    union all
    select distinct e.coin, timestamptz '1970-01-01 00:00:00+00', false
    from settled as p
    cross join lateral jsonb_object_keys(p.positions) as e (coin)
    where %(is_full)s and not exists (
        select from facts.hl_fills_raw as f
        where f.wallet_id = %(wallet_id)s and f.coin = e.coin)
)
select c.coin, p.at, coalesce((p.positions ->> c.coin)::numeric, 0) as size, c.is_filled,
    facts.is_history_whole(%(wallet_id)s::integer) as is_whole
from coins as c
join settled as p on p.at > c.seed
    and p.dex = case facts.market_of(c.coin) when 'hip3' then facts.dex_of(c.coin) else '' end
order by c.coin, p.at;

-- name: read_disagreement :one
-- Whether an answer may state another position than the chain before it ends with, or did when gaps
-- were last computed. Inside one millisecond the order of the rows says little: the computation of
-- gaps decides.
-- Reads: facts.account_positions, facts.hl_fills_raw, metrics.fill_gaps   Writes: -   Key: -
with settled as materialized (
    select p.dex, p.at, p.positions
    from facts.settled_positions(%(wallet_id)s::integer) as p
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
        join settled as p on p.dex = e.dex and p.at > e.time
        where coalesce((p.positions ->> e.coin)::numeric, 0) <> e.position)
    or exists (
        select from settled as p
        cross join lateral jsonb_each_text(p.positions) as s
        where s.value::numeric <> 0 and not exists (select from ends as e where e.coin = s.key))
    or exists (
        select from metrics.fill_gaps as g
        left join ends as e on e.coin = g.coin
        where g.wallet_id = %(wallet_id)s and g.kind = 'end_position'
            and (e.time is null or g.to_at > e.time)) as disagrees;

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
