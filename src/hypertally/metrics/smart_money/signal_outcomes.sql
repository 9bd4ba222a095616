-- name: delete_outcomes :execrows
-- Delete the outcomes that a period completes.
-- Reads: -   Writes: {schema}.signal_outcomes   Key: (asset, definition, window_minutes, at, horizon_minutes)
delete from {schema}.signal_outcomes as o
where (o.at, o.horizon_minutes) in (
    select %(at)s::timestamptz - make_interval(mins => h), h
    from unnest(%(horizon_minutes)s::integer[]) as h);

-- name: insert_outcomes :execrows
-- The return of the mark up to this period since the signals of five minutes, one, four and
-- twenty-four hours before; since the third version also of fifteen minutes. Each mark is the newest price of allMids then, at most two minutes old.
-- Reads: {schema}.signals, facts.mids   Writes: {schema}.signal_outcomes   Key: (asset, definition, window_minutes, at, horizon_minutes)
insert into {schema}.signal_outcomes (
    at, asset, definition, window_minutes, horizon_minutes, mark_before, mark_after, return, hit, unknown)
select s.at, s.asset, s.definition, s.window_minutes, h.minutes, s.mark_price, after.price, moved.share,
    case
        when s.band in ('long', 'strong_long') then moved.share > 0
        when s.band in ('short', 'strong_short') then moved.share < 0
    end,
    case
        when s.mark_price is null then 'no mark at the signal'
        when after.price is null then 'no mark after the horizon'
    end
from unnest(%(horizon_minutes)s::integer[]) as h (minutes)
join {schema}.signals as s
    on s.at = %(at)s::timestamptz - make_interval(mins => h.minutes) and s.locked is null
        and (h.minutes <> 15 or s.definition not in ('smart_money/1', 'smart_money/2'))
left join lateral (
    select (m.mids ->> s.asset)::numeric as price
    from facts.mids as m
    where m.dex = '' and m.at <= %(at)s and m.at > %(at)s::timestamptz - interval '2 minutes'
    order by m.at desc
    limit 1
) as after on true
cross join lateral (
    select round(after.price / nullif(s.mark_price, 0) - 1, 8) as share
) as moved;
