-- name: count_snapshots :one
-- The snapshots of a signal's universe at both ends of its period, those not shown too, and their
-- digest: computed here, from the facts.
-- Reads: metrics.count_snapshots
select c.count, c.digest, e.minutes
from (
    select array[%(at)s::timestamptz - interval '5 minutes', %(at)s::timestamptz] as minutes
) as e
cross join lateral metrics.count_snapshots(
    %(run_id)s::bigint, %(asset)s, e.minutes) as c;

-- name: list_anomalies :many
-- What was known at a signal's time against the snapshots at both ends of its period.
-- Reads: metrics.snapshot_anomalies, metrics.wallet_universe_members
select x.minute, m.wallet, x.kind, x.known_at, x.dirties, x.detail
from metrics.snapshot_anomalies as x
join metrics.wallet_universe_members as m
    on m.run_id = %(run_id)s::bigint and m.wallet_id = x.wallet_id
where x.minute in (%(at)s::timestamptz - interval '5 minutes', %(at)s::timestamptz)
    and x.asset = %(asset)s
    and x.known_at <= %(at)s::timestamptz
order by x.minute, m.wallet, x.kind
limit %(limit)s;

-- name: read_definition :one
-- A version of the definition, in words and as it is computed.
-- Reads: metrics.definitions
select d.definition as id, d.version, d.words, d.sql
from metrics.definitions as d
where d.definition = %(definition)s;

-- name: read_computed_at :one
-- When the signals of a period were last computed.
-- Reads: ops.computations
select to_char(c.computed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as computed_at
from ops.computations as c
where c.metric = 'signals'
    and c.key = to_char(%(at)s::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"');
