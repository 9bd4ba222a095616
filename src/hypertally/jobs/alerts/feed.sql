-- name: read_feed :one
-- The state of the feed at a time: the newest minute that succeeded and the coverage, the newest
-- minute, the first minute, and whether a minute was tried within a day; why the alert fired last.
-- Reads: ops.ingest_runs, ops.alerts   Writes: -   Key: minute
select f.success_at, f.coverage,
    (select max(i.minute) from ops.ingest_runs as i where i.minute <= %(at)s) as recorded_at,
    (select min(i.minute) from ops.ingest_runs as i where i.minute <= %(at)s) as first_at,
    exists (
        select from ops.ingest_runs as i
        where i.minute <= %(at)s and i.minute > %(at)s::timestamptz - interval '1 day'
    ) as tried,
    (select a.value ->> 'because' from ops.alerts as a
     where a.type = 'system_stale' and a.subject = 'system' and a.to_state = 'firing'
     order by a.id desc
     limit 1) as fired_because
from ops.feed_at(%(at)s::timestamptz) as f;
