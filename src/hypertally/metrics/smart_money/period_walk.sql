-- name: list_periods :many
-- The ends of the periods that have, or should have, a signal.
-- Reads: ops.ingest_runs, metrics.signals   Writes: -   Key: at
select distinct at from (
    select i.minute as at from ops.ingest_runs as i
    where extract(epoch from i.minute)::bigint %% %(period_seconds)s = 0
    union
    select s.at from metrics.signals as s
) as either
where at >= %(from_day)s::timestamp at time zone 'UTC'
    and at < (%(to_day)s::date + 1)::timestamp at time zone 'UTC'
order by at;

-- name: list_released_days :many
-- The days whose snapshots are only in the archive.
-- Reads: ops.seals   Writes: -   Key: day
select distinct s.day
from ops.seals as s
where s.dataset = 'wallet_snapshots' and s.released_at is not null
order by s.day;

-- name: lock_signals :exec
-- Take the lock that the computation of signals takes too.
-- Reads: -   Writes: -   Key: -
select pg_advisory_xact_lock(hashtext('signals'), 0);

-- name: list_waiting :many
-- The periods whose signals wait to be computed again, as fills that were read later change them, and
-- the newest one while its minute is recorded and its signals are not computed yet.
-- Reads: ops.dirty_signals, metrics.signals, ops.ingest_runs   Writes: -   Key: at
select distinct s.at
from metrics.signals as s
where s.at >= (select min(d.from_at) from ops.dirty_signals as d)
union
select i.minute
from ops.ingest_runs as i
where i.minute > now() - interval '6 minutes'
    and not exists (select from metrics.signals as s where s.at >= i.minute);
