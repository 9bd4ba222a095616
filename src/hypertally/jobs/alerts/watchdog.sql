-- name: read_worker_check :one
-- As of when a worker checked alerts last.
-- Reads: ops.alert_checks   Writes: -   Key: -
select max(c.checked_at) as checked_at
from ops.alert_checks as c
where c.checked_by = 'worker';
