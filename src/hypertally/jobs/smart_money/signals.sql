-- name: lock_signals :exec
-- One computation of signals at a time: each builds on the one before.
-- Reads: -   Writes: -   Key: -
select pg_advisory_xact_lock(hashtext('signals'), 0);

-- name: list_due_periods :many
-- Periods without a signal after the newest period with a signal; without any, those of the last
-- hour.
-- Reads: metrics.signals   Writes: -   Key: at
select p.at
from generate_series(
    greatest(
        coalesce((select max(at) from metrics.signals), %(at)s::timestamptz - interval '1 hour'),
        %(at)s::timestamptz - interval '1 day'),
    %(at)s::timestamptz, %(period)s::interval) as p (at)
where not exists (select from metrics.signals as s where s.at = p.at)
    and exists (select from ops.ingest_runs as i where i.minute <= p.at)
order by p.at;
