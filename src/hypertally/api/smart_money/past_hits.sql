-- name: list_past_hits :many
-- The outcomes, known at a signal's time, of the signals of its band and horizon in the 30 days
-- before: their time, in seconds, and whether they were right.
-- Reads: metrics.signal_outcomes, metrics.signals
select
    s.asset, s.band,
    array_agg(extract(epoch from o.at)::bigint order by o.at) as times,
    array_agg(o.hit order by o.at) as hits
from metrics.signals as s
join metrics.signal_outcomes as o
    on o.asset = s.asset and o.definition = s.definition
    and o.window_minutes = s.window_minutes and o.at = s.at
where s.asset = %(asset)s
    and s.definition = %(definition)s
    and s.window_minutes = %(window_minutes)s
    and s.at > %(at)s::timestamptz - interval '30 days'
    and s.at <= %(at)s::timestamptz - make_interval(mins => %(window_minutes)s::integer)
    and s.band = %(band)s
    and o.horizon_minutes = %(window_minutes)s
    and o.return is not null
group by s.asset, s.band;
