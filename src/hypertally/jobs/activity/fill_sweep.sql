-- name: read_cursor :one
-- The cursor of a wallet's record.
-- Reads: ops.hl_ingest_cursor   Writes: -   Key: wallet_id
select cursor_ms, proven_until, deep_at, whole_at, confirmed_ms
from ops.hl_ingest_cursor
where wallet_id = %(wallet_id)s;

-- name: read_kept_from :one
-- Since when the exchange keeps the fills of a wallet, if it has more of them than it keeps.
-- Reads: facts.hl_fills_raw   Writes: -   Key: wallet_id
select time as from_at
from facts.hl_fills_raw
where wallet_id = %(wallet_id)s
order by time desc
offset %(rows_kept)s - 1
limit 1;

-- name: advance_cursor :one
-- Move a wallet's cursor over a proven page, never back. Returns the proof of before.
-- Reads: ops.hl_ingest_cursor   Writes: ops.hl_ingest_cursor   Key: wallet_id
with before as (  -- without a lock: after the upsert, the changed row would not be found
    select proven_until from ops.hl_ingest_cursor where wallet_id = %(wallet_id)s
)
insert into ops.hl_ingest_cursor as c (wallet_id, cursor_ms, proven_until)
values (%(wallet_id)s, %(cursor_ms)s, %(proven_until)s)
on conflict (wallet_id) do update
set cursor_ms = greatest(c.cursor_ms, excluded.cursor_ms),
    proven_until = greatest(c.proven_until, excluded.proven_until)
returning (select proven_until from before) as was, c.proven_until;

-- name: close_pull :execrows
-- Record that a pull has ended.
-- Reads: -   Writes: ops.hl_ingest_cursor   Key: wallet_id
update ops.hl_ingest_cursor
set pulled_at = now(), last_error = null,
    deep_at = case when %(is_deep)s then now() else deep_at end,
    whole_at = case when %(is_whole)s then now() else whole_at end
where wallet_id = %(wallet_id)s;

-- name: note_late :execrows
-- A fill came that earlier readings of its time did not show: its day is read twice again. If it is
-- the first of the record, so is the history: no reading from 0 showed its beginning.
-- Reads: facts.hl_fills_raw   Writes: ops.hl_ingest_cursor   Key: wallet_id
update ops.hl_ingest_cursor as c
set confirmed_ms = least(confirmed_ms, %(day_ms)s), late_ms = least(late_ms, %(late_ms)s),
    late_at = greatest(late_at, %(late_at)s),
    whole_at = case when exists (
        select from facts.hl_fills_raw as f
        where f.wallet_id = c.wallet_id and f.time < facts.time_of_ms(%(late_ms)s)) then whole_at end
where wallet_id = %(wallet_id)s;

-- name: raise_confirmed :one
-- A reading from from_ms on ended: the days are confirmed that were read whole an hour before it
-- began and that no late fill came to since. Returns how far the record is confirmed.
-- A hole that thin answers left is confirmed by none, until it was given up.
-- Reads: facts.limits_met, facts.limits_lifted, ops.gap_repairs   Writes: ops.hl_ingest_cursor
-- Key: wallet_id
update ops.hl_ingest_cursor as c
set confirmed_ms = case when c.confirmed_ms >= %(from_ms)s then greatest(c.confirmed_ms,
        least(case when c.late_at > %(read_by)s then c.late_ms end, %(proven_ms)s, (
            select min(l.from_ms)
            from facts.limits_met as l
            where l.wallet_id = c.wallet_id and l.kind = 'thin_answer'
                and not exists (select from facts.limits_lifted as d where d.limit_id = l.id)
                and not exists (
                    select from ops.gap_repairs as g
                    where g.wallet_id = l.wallet_id and g.kind = l.kind
                        and g.given_up_at is not null and g.from_at = facts.time_of_ms(l.from_ms))))
        / 86400000 * 86400000) else c.confirmed_ms end,
    late_ms = case when c.late_at > %(read_by)s then c.late_ms end,
    late_at = case when c.late_at > %(read_by)s then c.late_at end
where c.wallet_id = %(wallet_id)s
returning c.confirmed_ms;

-- name: mark_global_days :execrows
-- Mark all computed days of a wallet's orgs for recomputation: the wallet's record changed.
-- Reads: tenancy.org_wallets, metrics.global_day_metrics   Writes: ops.dirty_global_days   Key: id
insert into ops.dirty_global_days (org_id, day)
select g.org_id, g.day
from metrics.global_day_metrics as g
where g.org_id = 0
    or g.org_id in (select org_id from tenancy.org_wallets where wallet_id = %(wallet_id)s);
