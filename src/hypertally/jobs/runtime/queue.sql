-- name: insert_job :one
-- Add a job and wake the workers; if a job of the same key is queued, move it forward instead.
-- Reads: -   Writes: ops.jobs   Key: dedupe_key among the queued
with wanted as (
    select now() + make_interval(secs => %(delay_seconds)s) as run_at,
        case when %(delay_seconds)s = 0 then pg_notify(%(channel)s, '') end as woken
)
insert into ops.jobs as j (kind, payload, dedupe_key, priority, run_at, max_attempts)
select %(kind)s, %(payload)s, %(dedupe_key)s, %(priority)s, wanted.run_at, %(max_attempts)s
from wanted
on conflict (dedupe_key) where status = 'queued' do update
set run_at = least(j.run_at, excluded.run_at),
    priority = greatest(j.priority, excluded.priority)
returning xmax = 0 as added;

-- name: claim :many
-- Lease due jobs; the lease counts as an attempt and gives a fencing token.
-- Reads: ops.jobs   Writes: ops.jobs   Key: id
with due as (
    select id
    from ops.jobs
    where status = 'queued' and run_at <= now()
        and (%(only_kinds)s::text[] is null or kind = any (%(only_kinds)s::text[]))
        and kind <> all (%(except_kinds)s::text[])
    order by priority desc, run_at, id
    limit %(limit)s
    for update skip locked
)
update ops.jobs as j
set status = 'running', attempts = j.attempts + 1, worker = %(worker)s,
    lease_token = nextval('ops.lease_tokens'),
    lease_until = clock_timestamp() + make_interval(secs => %(lease_seconds)s)
from due
where j.id = due.id
returning j.id, j.kind, j.payload, j.attempts, j.max_attempts, j.lease_token;

-- name: renew :execrows
-- Extend leases that are still held. A row that its own job has locked is about to end and is safe:
-- the search for lost jobs skips it too.
-- Reads: ops.jobs   Writes: ops.jobs   Key: lease_token
with held as (
    select id from ops.jobs
    where status = 'running' and lease_token = any (%(tokens)s::bigint[])
    for update skip locked
)
update ops.jobs as j
set lease_until = clock_timestamp() + make_interval(secs => %(lease_seconds)s)
from held
where j.id = held.id;

-- name: hold :one
-- Lock a job for the rest of the transaction if it is still held.
-- Reads: ops.jobs   Writes: -   Key: id
select id from ops.jobs
where id = %(id)s and status = 'running' and lease_token = %(lease_token)s
for update;

-- name: finish :execrows
-- Mark a held job as done.
-- Reads: -   Writes: ops.jobs   Key: id
update ops.jobs
set status = 'done', lease_token = null, lease_until = null, last_error = null,
    finished_at = now()
where id = %(id)s;

-- name: put_back :execrows
-- Let a failed job wait, twice as long each time, up to ten minutes, or mark it dead. If its key is
-- already queued again, that job does the work.
-- Reads: ops.jobs   Writes: ops.jobs   Key: id
update ops.jobs as j
set status = case
        when %(counted)s and j.attempts >= j.max_attempts then 'dead'
        when exists (select from ops.jobs as q
                     where q.dedupe_key = j.dedupe_key and q.status = 'queued') then 'done'
        else 'queued' end,
    attempts = j.attempts - case when %(counted)s then 0 else 1 end,
    run_at = greatest(
        coalesce(%(at)s::timestamptz, now()),
        now() + make_interval(secs => least(600, power(2, least(j.attempts, 10)))
                              * (0.75 + random() / 2))),
    lease_token = null, lease_until = null, last_error = %(error)s, finished_at = now()
where j.id = %(id)s and j.status = 'running' and j.lease_token = %(lease_token)s;

-- name: release :execrows
-- Return jobs to the queue without counting the attempt. If a key is already queued again, that job
-- does the work; of two jobs of one key, one is queued.
-- Reads: ops.jobs   Writes: ops.jobs   Key: lease_token
with held as (
    select id, dedupe_key from ops.jobs
    where status = 'running' and lease_token = any (%(tokens)s::bigint[])
    order by id
    for update
), ranked as (
    select id,
        row_number() over (partition by coalesce(dedupe_key, id::text) order by id) = 1
        and not exists (select from ops.jobs as q
                        where q.dedupe_key = held.dedupe_key and q.status = 'queued') as first
    from held
)
update ops.jobs as j
set status = case when ranked.first then 'queued' else 'done' end,
    attempts = j.attempts - 1, run_at = now(), lease_token = null, lease_until = null,
    finished_at = now()
from ranked
where j.id = ranked.id;

-- name: bury :execrows
-- Mark a job that cannot succeed as dead at once.
-- Reads: -   Writes: ops.jobs   Key: id
update ops.jobs
set status = 'dead', lease_token = null, lease_until = null, last_error = %(error)s,
    finished_at = now()
where id = %(id)s and status = 'running' and lease_token = %(lease_token)s;

-- name: reap :execrows
-- Queue the jobs of lost workers again, or mark them dead; one job for each key is queued.
-- Reads: ops.jobs   Writes: ops.jobs   Key: id
with lost as (
    select id, dedupe_key, attempts >= max_attempts as used_up
    from ops.jobs
    where status = 'running' and lease_until < clock_timestamp()
    for update skip locked
), ranked as (
    select id, used_up,
        row_number() over (partition by coalesce(dedupe_key, id::text), used_up order by id) = 1
        and not exists (select from ops.jobs as q
                        where q.dedupe_key = lost.dedupe_key and q.status = 'queued') as first
    from lost
), woken as (
    select pg_notify(%(channel)s, '')
)
update ops.jobs as j
set status = case when ranked.used_up then 'dead' when ranked.first then 'queued' else 'done' end,
    run_at = now(), lease_token = null, lease_until = null, finished_at = now(),
    last_error = 'the worker ' || coalesce(j.worker, '') || ' stopped without a word'
from ranked, woken
where j.id = ranked.id;

-- name: prune :execrows
-- Delete jobs that were done long ago.
-- Reads: -   Writes: ops.jobs   Key: id
delete from ops.jobs
where status = 'done' and finished_at < now() - make_interval(hours => %(keep_hours)s);

-- name: read_idle :one
-- Whether no job of the chosen kinds is due and no job of the awaited kinds is queued for later.
-- Reads: ops.jobs   Writes: -   Key: -
select not exists (
    select from ops.jobs
    where status = 'queued'
        and (%(only_kinds)s::text[] is null or kind = any (%(only_kinds)s::text[]))
        and kind <> all (%(except_kinds)s::text[])
        and (run_at <= now() or kind = any (%(awaited_kinds)s::text[]))) as idle;

-- name: list_dead :many
-- Jobs that used up their attempts.
-- Reads: ops.jobs   Writes: -   Key: id
select id, kind, payload, attempts, last_error, finished_at
from ops.jobs where status = 'dead'
order by finished_at desc, id desc limit %(limit)s;

-- name: requeue_dead :execrows
-- Queue dead jobs again with all their attempts; if their key is queued, that job does the work.
-- Reads: ops.jobs   Writes: ops.jobs   Key: id
with dead as (
    select id, dedupe_key
    from ops.jobs
    where status = 'dead' and (%(ids)s::bigint[] is null or id = any (%(ids)s::bigint[]))
    order by id
    for update
), chosen as (
    select id,
        row_number() over (partition by coalesce(dedupe_key, id::text) order by id desc) = 1
        and not exists (select from ops.jobs as q
                        where q.dedupe_key = dead.dedupe_key and q.status = 'queued') as first
    from dead
), woken as (
    select pg_notify(%(channel)s, '')
)
update ops.jobs as j
set status = case when chosen.first then 'queued' else 'done' end, attempts = 0, run_at = now(),
    finished_at = now()
from chosen, woken
where j.id = chosen.id;
