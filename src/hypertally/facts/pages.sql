-- name: insert_page :one
-- Append one answer with the time range that it proves.
-- Reads: -   Writes: facts.pages   Key: id
insert into facts.pages (
    wallet_id, source, request, asked_at, row_count, first_ms, last_ms, body_sha256, weight,
    closed, covers_from_ms, covers_to_ms)
values (
    %(wallet_id)s, %(source)s, %(request)s, %(asked_at)s, %(row_count)s, %(first_ms)s, %(last_ms)s,
    %(body_sha256)s, %(weight)s, %(closed)s, %(covers_from_ms)s, %(covers_to_ms)s)
returning id;

-- name: insert_limit :execrows
-- Append a limit of the exchange that was met, once.
-- Reads: -   Writes: facts.limits_met   Key: (wallet_id, kind, from_ms, to_ms)
insert into facts.limits_met (wallet_id, kind, from_ms, to_ms, reason, page_id)
values (%(wallet_id)s, %(kind)s, %(from_ms)s, %(to_ms)s, %(reason)s, %(page_id)s)
on conflict do nothing;

-- name: list_thin_limits :many
-- The thin answers of a wallet that no later answer disproved.
-- Reads: facts.limits_met, facts.limits_lifted   Writes: -   Key: id
select l.id, l.from_ms, l.to_ms
from facts.limits_met as l
where l.wallet_id = %(wallet_id)s and l.kind = 'thin_answer'
    and not exists (select from facts.limits_lifted as d where d.limit_id = l.id)
order by l.id;

-- name: lift_limit :execrows
-- Append that a later reading disproved a limit, once.
-- Reads: -   Writes: facts.limits_lifted   Key: limit_id
insert into facts.limits_lifted (limit_id, wallet_id, page_id)
values (%(limit_id)s, %(wallet_id)s, %(page_id)s)
on conflict do nothing;

-- name: insert_history_reading :execrows
-- Append that a wallet's whole history was read, from 0 to now in one piece.
-- Reads: -   Writes: facts.history_readings   Key: id
insert into facts.history_readings (wallet_id, asked_at, rows_shown, first_ms, page_id)
values (%(wallet_id)s, %(asked_at)s, %(rows_shown)s, %(first_ms)s, %(page_id)s);

-- name: read_proven_ms :one
-- How far the fills of a wallet were proven by answers that were asked for by a time. The newest of
-- these prove most; a window that was asked for once more proves less.
-- Reads: facts.pages   Writes: -   Key: -
select coalesce(max(p.covers_to_ms), 0) as proven_ms
from (
    select p.covers_to_ms
    from facts.pages as p
    where p.wallet_id = %(wallet_id)s and p.asked_at <= %(asked_by)s
        and p.closed and p.source = 'info.userFillsByTime'
    order by p.asked_at desc
    limit 50
) as p;

-- name: ensure_month :one
-- Make the partition of the month that holds a time.
-- Reads: -   Writes: the schema   Key: (parent, month)
select facts.ensure_month(%(parent)s, %(month_of)s::timestamp at time zone 'UTC') as made;
