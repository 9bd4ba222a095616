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

-- name: ensure_month :one
-- Make the partition of the month that holds a time.
-- Reads: -   Writes: the schema   Key: (parent, month)
select facts.ensure_month(%(parent)s, %(month_of)s::timestamp at time zone 'UTC') as made;
