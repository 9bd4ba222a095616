-- name: count_exits :many
-- How often each pair of leaving and exposed wallets occurred in a range of periods, by horizon.
-- Reads: {schema}.signals   Writes: -   Key: (asset, window_minutes, side, left, exposed)
select s.asset, s.window_minutes, e.side, (e.exits ->> 'left')::integer as left,
    (e.exits ->> 'exposed')::integer as exposed, count(*)::integer as many
from {schema}.signals as s
cross join jsonb_each(s.exits) as e (side, exits)
where s.definition = %(definition)s and s.locked is null
    and s.at >= %(after)s and s.at < %(until)s
group by 1, 2, 3, 4, 5;

-- name: count_active :many
-- How often each number of active wallets occurred in a range of periods, by horizon.
-- Reads: {schema}.signals   Writes: -   Key: (asset, window_minutes, active)
select s.asset, s.window_minutes, s.active, count(*)::integer as many
from {schema}.signals as s
where s.definition = %(definition)s and s.locked is null and s.active is not null
    and s.at >= %(after)s and s.at < %(until)s
group by 1, 2, 3;
