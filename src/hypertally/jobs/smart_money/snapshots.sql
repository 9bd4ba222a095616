-- name: lock_minutes :exec
-- Lock the recording of snapshots; a separate statement, so that the next process sees the last
-- rows.
-- Reads: -   Writes: -   Key: -
select pg_advisory_xact_lock(hashtext('snapshot_minute'), 0);

-- name: find_minute :one
-- Whether a minute was attempted, with any result.
-- Reads: ops.jobs   Writes: -   Key: dedupe_key
select id from ops.jobs where dedupe_key = %(key)s limit 1;

-- name: insert_run :execrows
-- Store the result of the recording of a minute, once.
-- Reads: -   Writes: ops.ingest_runs   Key: minute
insert into ops.ingest_runs (
    minute, status, started_at, duration_ms, wallets, wallets_ok, wallets_failed, rows_written,
    coverage, universe_run_id, error_text)
values (
    %(minute)s, %(status)s, %(started_at)s, %(duration_ms)s, %(wallets)s, %(wallets_ok)s,
    %(wallets_failed)s, %(rows_written)s, %(coverage)s, %(universe_run_id)s, %(error_text)s)
on conflict do nothing;

-- name: read_run :one
-- The result of the recording of a minute, and the latest health.
-- Reads: ops.ingest_runs, ops.v_latest_health   Writes: -   Key: minute
select r.status, r.wallets, r.wallets_ok, r.rows_written, r.duration_ms, r.error_text,
    h.state as health
from ops.ingest_runs as r
left join ops.v_latest_health as h on true
where r.minute = %(minute)s;
