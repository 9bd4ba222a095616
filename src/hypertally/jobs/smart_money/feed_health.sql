-- name: set_coverage :execrows
-- Store the coverage of the feed as of a recorded minute.
-- Reads: -   Writes: ops.ingest_runs   Key: minute
update ops.ingest_runs set feed_coverage = %(coverage)s where minute = %(minute)s;

-- name: read_feed :one
-- The newest minute in which wallets answered, the coverage of the feed, and the newest minute,
-- failed or not, as of a time.
-- Reads: ops.ingest_runs   Writes: -   Key: -
select f.success_at, f.coverage,
    (select max(i.minute) from ops.ingest_runs as i where i.minute <= %(as_of)s) as recorded_at
from ops.feed_at(%(as_of)s::timestamptz) as f;

-- name: insert_health :execrows
-- Store a health check.
-- Reads: -   Writes: ops.ingest_health   Key: id
insert into ops.ingest_health (at, state, last_success, age_seconds, coverage, reason)
values (%(at)s, %(state)s, %(last_success)s, %(age_seconds)s, %(coverage)s, %(reason)s);
