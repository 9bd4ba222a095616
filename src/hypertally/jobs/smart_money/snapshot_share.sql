-- name: read_waiting :one
-- Whether fills of reductions are still to be asked for.
-- Reads: ops.exit_windows   Writes: -   Key: -
select exists (select from ops.exit_windows as e where e.dropped_at is null) as waiting;
