-- name: lock_signals :exec
-- One computation of signals at a time: each builds on the one before.
-- Reads: -   Writes: -   Key: -
select pg_advisory_xact_lock(hashtext('signals'), 0);

-- name: mark_signals :execrows
-- Mark the earliest signal whose window holds this time and in which the wallet left a position.
-- Reads: metrics.signal_contributors   Writes: ops.dirty_signals   Key: id
insert into ops.dirty_signals (from_at)
select min(c.at)
from metrics.signal_contributors as c
where c.definition = %(definition)s and c.asset = any (%(assets)s::text[])
    and c.wallet_id = %(wallet_id)s and c.class = any (%(exits)s::text[])
    and c.at > %(from_at)s
    -- An end of a window may be a minute old.
    and c.at - make_interval(mins => c.window_minutes + 2) < %(to_at)s
having min(c.at) is not null;

-- name: list_marks :many
-- The marks of signals that wait to be computed again.
-- Reads: ops.dirty_signals   Writes: -   Key: id
select id from ops.dirty_signals order by id;

-- name: take_periods :many
-- Take the marks; the periods from the earliest of them on that have signals, oldest first.
-- Reads: metrics.signals   Writes: ops.dirty_signals   Key: at
with taken as (
    delete from ops.dirty_signals returning from_at
)
select distinct s.at
from metrics.signals as s
where s.definition = %(definition)s and s.at >= (select min(t.from_at) from taken as t)
order by s.at
limit %(limit)s;

-- name: mark_rest :execrows
-- Mark the signals that the next job computes again.
-- Reads: -   Writes: ops.dirty_signals   Key: id
insert into ops.dirty_signals (from_at) values (%(at)s);
