-- name: read_cursor :one
-- The cursor of a wallet's TWAP record.
-- Reads: ops.twap_cursors   Writes: -   Key: wallet_id
select slices_ms, history_at from ops.twap_cursors where wallet_id = %(wallet_id)s;

-- name: advance_cursor :execrows
-- Move a wallet's cursor over a proven page of slices; it never moves back.
-- Reads: -   Writes: ops.twap_cursors   Key: wallet_id
insert into ops.twap_cursors as c (wallet_id, slices_ms, slices_until)
values (%(wallet_id)s, %(slices_ms)s, %(slices_until)s)
on conflict (wallet_id) do update
set slices_ms = greatest(c.slices_ms, excluded.slices_ms),
    slices_until = greatest(c.slices_until, excluded.slices_until);

-- name: close_pull :execrows
-- Record that a pull has ended; `error`: what was wrong with the answers.
-- Reads: -   Writes: ops.twap_cursors   Key: wallet_id
insert into ops.twap_cursors (wallet_id, history_at, last_error)
values (%(wallet_id)s, now(), %(error)s)
on conflict (wallet_id) do update
set history_at = excluded.history_at, last_error = excluded.last_error;

-- name: read_activity :one
-- Whether a wallet has TWAPs, whether a TWAP runs, and when one last ran. A TWAP that should be
-- over but has no end status yet counts as running for an hour.
-- Reads: facts.twap_status, metrics.twaps, metrics.twap_executions   Writes: -   Key: wallet
with said as (
    select twap_id, ts, duration_minutes, event_at, status
    from facts.twap_status
    where wallet_id = %(wallet_id)s
    union all
    select twap_id, started_at, duration_minutes, status_at, status
    from metrics.twaps  -- a TWAP source may know others
    where wallet = %(wallet)s
), twaps as (
    select max(ts + make_interval(mins => duration_minutes)) as ends_at,
        max(coalesce(event_at, ts)) as told_at,
        bool_or(facts.twap_runs(status) is false) as over
    from said
    group by twap_id
)
select count(*) > 0
        or exists (select from metrics.twap_executions where wallet_id = %(wallet_id)s) as known,
    coalesce(bool_or(not over and ends_at > now() - interval '1 hour'), false) as running,
    max(case when over then told_at else least(ends_at, now()) end) as last_at
from twaps;

-- name: mark_unobserved :execrows
-- Mark TWAPs for recomputation that began before the time up to which slices are known and have no
-- execution yet, or one from an archive alone: it is now a fact that they did not trade.
-- Reads: facts.twap_status, metrics.twaps, metrics.twap_executions   Writes: ops.dirty_twaps   Key: id
insert into ops.dirty_twaps (twap_id, wallet)
select s.twap_id, %(wallet)s
from (
    select twap_id, ts from facts.twap_status where wallet_id = %(wallet_id)s
    union
    select twap_id, started_at from metrics.twaps where wallet = %(wallet)s
) as s
where s.ts <= %(until)s
    and not exists (select from metrics.twap_executions as e
                    where e.wallet_id = %(wallet_id)s and e.twap_id = s.twap_id
                        and e.audience = 't' and e.is_whole);
