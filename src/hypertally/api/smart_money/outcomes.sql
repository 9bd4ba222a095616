-- name: list_known :many
-- The signals of each band that have a return: their time, in seconds, and whether they were right.
-- Reads: metrics.signal_outcomes, metrics.signals
select
    s.asset, s.band,
    array_agg(extract(epoch from o.at)::bigint order by o.at) as times,
    array_agg(o.hit order by o.at) as hits
from metrics.signal_outcomes as o
join metrics.signals as s
    on s.asset = o.asset and s.definition = o.definition
    and s.window_minutes = o.window_minutes and s.at = o.at
where o.asset = any(%(assets)s::text[])
    and o.definition = %(definition)s
    and o.window_minutes = %(window_minutes)s
    and o.at > now() - make_interval(days => %(days)s)
    and o.horizon_minutes = %(horizon)s
    and o.return is not null
    and s.band is not null
group by s.asset, s.band;

-- name: list_newest :many
-- The newest signals that have an outcome row, with their outcome.
-- Reads: metrics.signal_outcomes, metrics.signals
select
    o.at, o.asset, s.band, s.bias, o.mark_before, o.mark_after, o.return as price_return, o.hit, o.unknown
from unnest(%(assets)s::text[]) as a (asset)
cross join lateral (
    select x.* from metrics.signal_outcomes as x
    where x.asset = a.asset and x.definition = %(definition)s
        and x.window_minutes = %(window_minutes)s and x.horizon_minutes = %(horizon)s
    order by x.at desc
    limit %(limit)s
) as o
join metrics.signals as s
    on s.asset = o.asset and s.definition = o.definition
    and s.window_minutes = o.window_minutes and s.at = o.at
order by o.at desc, o.asset
limit %(limit)s;
