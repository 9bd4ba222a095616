-- name: list_legs :many
-- The perp legs whose chain may have changed, from the last unambiguous leg before `since`.
-- Materialized: without statistics, a plan would search a coin's seed again for every leg.
-- Reads: facts.hl_fills_raw   Writes: -   Key: (coin, time, ordinal)
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
order by f.coin, f.time, f.ordinal, f.oid, f.tid;

-- name: delete_gaps :many
-- Delete the breaks that were searched again, and all limits met.
-- Reads: -   Writes: {schema}.fill_gaps   Key: (wallet_id, coin, kind, from_at, to_at)
delete from {schema}.fill_gaps as g
where g.wallet_id = %(wallet_id)s
    and (g.coin = ''
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
select %(wallet_id)s, u.coin, 'position_break', u.from_at, u.to_at, sum(u.missing::numeric),
    %(definition)s
from unnest(%(coins)s::text[], %(from_at)s::timestamptz[], %(to_at)s::timestamptz[],
            %(missing)s::text[]) as u (coin, from_at, to_at, missing)
group by u.coin, u.from_at, u.to_at
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
-- A history may be cut until one reading of it, from 0 to now in one piece, showed fewer rows than
-- the exchange keeps.
select %(wallet_id)s, '', 'history_begins', timestamptz '1970-01-01 00:00:00+00', f.time,
    null::numeric, %(definition)s
from (
    select f.time from facts.hl_fills_raw as f
    where f.wallet_id = %(wallet_id)s
    order by f.time
    limit 1
) as f
where not exists (
        select from facts.history_readings as r
        where r.wallet_id = %(wallet_id)s and r.rows_shown < %(history_rows_max)s)
    and (exists (
            select from facts.pages as p
            where p.wallet_id = %(wallet_id)s and p.source = 'info.userFillsByTime')
        or exists (
            select from facts.limits_met as l
            where l.wallet_id = %(wallet_id)s and l.kind = 'history_begins'))
returning g.coin, g.kind, g.from_at, g.to_at, trim_scale(g.missing_size_coin)::text as missing_size_coin;
