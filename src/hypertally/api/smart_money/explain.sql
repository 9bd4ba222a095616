-- name: count_snapshots :one
-- The number of snapshots of a signal's universe at both ends of its period, hidden ones included,
-- and their digest: computed here, from the facts.
-- Reads: metrics.count_snapshots
select c.count, c.digest, e.minutes
from (
    select array[%(at)s::timestamptz - %(period)s::interval, %(at)s::timestamptz] as minutes
) as e
cross join lateral metrics.count_snapshots(
    %(run_id)s::bigint, %(asset)s, e.minutes) as c;

-- name: list_anomalies :many
-- The anomalies, known at a signal's time, of the snapshots at both ends of its period.
-- Reads: metrics.snapshot_anomalies, metrics.wallet_universe_members
select x.minute, m.wallet, x.kind, x.known_at, x.dirties, x.detail
from metrics.snapshot_anomalies as x
join metrics.wallet_universe_members as m
    on m.run_id = %(run_id)s::bigint and m.wallet_id = x.wallet_id
where (x.minute in (%(at)s::timestamptz - %(period)s::interval, %(at)s::timestamptz)
        or (%(older)s and x.minute in (
            %(at)s::timestamptz - %(period)s::interval - interval '1 minute',
            %(at)s::timestamptz - interval '1 minute')))
    and x.asset = %(asset)s
    and x.known_at <= %(at)s::timestamptz
order by x.minute, m.wallet, x.kind
limit %(limit)s;
