-- name: read_probe :one
-- Whether a probe of a paused host is due; no row: the host is not paused.
-- Reads: ops.source_pauses   Writes: -   Key: upstream_host
select probe_at <= clock_timestamp() as is_due
from ops.source_pauses
where upstream_host = %(upstream_host)s;

-- name: take_probe :execrows
-- Take the probe of a paused host, if it is due and nobody else took it.
-- Reads: -   Writes: ops.source_pauses   Key: upstream_host
update ops.source_pauses
set probe_at = clock_timestamp() + make_interval(secs => %(seconds)s)
where upstream_host = %(upstream_host)s and probe_at <= clock_timestamp();

-- name: begin_pause :execrows
-- Pause a host; a pause that stands goes on.
-- Reads: -   Writes: ops.source_pauses   Key: upstream_host
insert into ops.source_pauses (upstream_host, reason, probe_at)
values (%(upstream_host)s, %(reason)s, clock_timestamp() + make_interval(secs => %(seconds)s))
on conflict do nothing;

-- name: end_pause :execrows
-- End the pause of a host, and wake the workers.
-- Reads: -   Writes: ops.source_pauses   Key: upstream_host
with woken as (
    select pg_notify(%(channel)s, '')
)
delete from ops.source_pauses as p
using woken
where p.upstream_host = %(upstream_host)s;

-- name: list_pauses :many
-- The hosts that are paused.
-- Reads: ops.source_pauses   Writes: -   Key: upstream_host
select upstream_host, since, reason from ops.source_pauses order by upstream_host;
