-- name: count_sizes :many
-- How often each position had each size in a range of minutes, flat positions included.
-- Reads: facts.wallet_snapshots   Writes: -   Key: (wallet_id, asset, size)
select s.wallet_id, s.asset, abs(s.szi) as size, count(*)::integer as many
from facts.wallet_snapshots as s
where s.minute > %(after)s and s.minute <= %(until)s and s.szi is not null
group by 1, 2, 3;

-- name: count_exits :many
-- How often each pair of leaving and exposed wallets occurred in a range of periods.
-- Reads: {schema}.signals   Writes: -   Key: (asset, side, left, exposed)
select s.asset, e.side, (e.exits ->> 'left')::integer as left,
    (e.exits ->> 'exposed')::integer as exposed, count(*)::integer as many
from {schema}.signals as s
cross join jsonb_each(s.exits) as e (side, exits)
where s.definition = %(definition)s and s.locked is null
    and s.at >= %(after)s and s.at < %(until)s
group by 1, 2, 3, 4;
