-- name: read_cursor :one
-- How far the TWAP record of a wallet goes.
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
-- A pull came to its end; `error`: what was wrong with what it was shown.
-- Reads: -   Writes: ops.twap_cursors   Key: wallet_id
insert into ops.twap_cursors (wallet_id, history_at, last_error)
values (%(wallet_id)s, now(), %(error)s)
on conflict (wallet_id) do update
set history_at = excluded.history_at, last_error = excluded.last_error;

-- name: read_activity :one
-- Whether a wallet has TWAPs, whether one runs, and when one last ran. One that should be over and
-- whose end is not told yet counts as running for an hour.
-- Reads: facts.twap_status, metrics.twaps, metrics.twap_executions   Writes: -   Key: wallet
with said as (
    select twap_id, ts, duration_minutes, event_at, status
    from facts.twap_status
    where wallet_id = %(wallet_id)s
    union all
    select twap_id, started_at, duration_minutes, status_at, status
    from metrics.twaps  -- an archive may know of others
    where wallet = %(wallet)s
), twaps as (
    select max(ts + make_interval(mins => duration_minutes)) as ends_at,
        max(coalesce(event_at, ts)) as told_at,
        bool_or(status <> 'activated') as over
    from said
    group by twap_id
)
select count(*) > 0
        or exists (select from metrics.twap_executions where wallet_id = %(wallet_id)s) as known,
    coalesce(bool_or(not over and ends_at > now() - interval '1 hour'), false) as running,
    max(case when over then told_at else least(ends_at, now()) end) as last_at
from twaps;

-- name: mark_unobserved :execrows
-- Have the TWAPs recomputed that began before the slices are known to, and have no execution yet:
-- that they did not trade is a fact now.
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
                    where e.wallet_id = %(wallet_id)s and e.twap_id = s.twap_id);
