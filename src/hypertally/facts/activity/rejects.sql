-- name: insert_fill_rejects :many
-- Store fills that could not be read, each once, and where they belong; returns the new windows.
-- Reads: -   Writes: facts.rejects, facts.reject_windows   Key: (wallet_id, source, payload_sha256)
with added as (
    insert into facts.rejects (
        wallet_id, source, payload, payload_sha256, reason, page_id, ordinal)
    select %(wallet_id)s, %(source)s, u.payload, sha256(convert_to(u.payload, 'UTF8')), u.reason,
        %(page_id)s, u.ordinal
    from unnest(%(payload)s::text[], %(reason)s::text[], %(ordinal)s::integer[])
        as u (payload, reason, ordinal)
    on conflict do nothing
    returning id, wallet_id, ordinal
)
insert into facts.reject_windows (reject_id, wallet_id, from_at, to_at)
select added.id, added.wallet_id, u.from_at, u.to_at
from added
join unnest(%(ordinal)s::integer[], %(from_at)s::timestamptz[], %(to_at)s::timestamptz[])
    as u (ordinal, from_at, to_at) using (ordinal)
returning from_at, to_at;

-- name: list_open :many
-- The rejects of a wallet that were not read since.
-- Reads: facts.reject_windows, facts.rejects, facts.decoded_rejects   Writes: -   Key: id
select r.id, r.payload_sha256, w.from_at, w.to_at
from facts.reject_windows as w
join facts.rejects as r on r.id = w.reject_id
where w.wallet_id = %(wallet_id)s
    and not exists (select from facts.decoded_rejects as d where d.reject_id = r.id);

-- name: list_before :many
-- The rejects of a wallet from earlier answers that can belong to a time and were not read since.
-- Reads: facts.reject_windows, facts.rejects, facts.decoded_rejects   Writes: -   Key: id
select r.id, r.payload, r.payload_sha256, w.from_at, w.to_at
from facts.reject_windows as w
join facts.rejects as r on r.id = w.reject_id
where w.wallet_id = %(wallet_id)s and r.page_id < %(page_id)s
    and w.from_at <= %(to_at)s and w.to_at >= %(from_at)s
    and not exists (select from facts.decoded_rejects as d where d.reject_id = r.id);

-- name: list_new :many
-- Which of these fills an answer brought, by position.
-- Reads: facts.hl_fills_raw   Writes: -   Key: (wallet_id, time, coin, oid, tid, side)
select u.place::integer as place
from unnest(%(time)s::timestamptz[], %(oid)s::bigint[], %(tid)s::bigint[])
    with ordinality as u (time, oid, tid, place)
where exists (
    select from facts.hl_fills_raw as f
    where f.wallet_id = %(wallet_id)s and f.time = u.time and f.oid = u.oid and f.tid = u.tid
        and f.page_id = %(page_id)s
    offset 0);

-- name: insert_decoded :execrows
-- Store that rejects were read from an answer.
-- Reads: -   Writes: facts.decoded_rejects   Key: reject_id
insert into facts.decoded_rejects (reject_id, page_id)
select u.id, %(page_id)s from unnest(%(reject_ids)s::bigint[]) as u (id)
on conflict do nothing;
