-- name: insert_watched_fills :execrows
-- Append fills of a watched wallet, each content once.
-- Reads: -   Writes: facts.watched_fills   Key: (wallet_id, time, coin, oid, tid, side, fingerprint)
insert into facts.watched_fills (
    wallet_id, time, coin, oid, tid, side, px, sz, start_position, dir, liquidated_user,
    raw_payload, fingerprint, page_id, ordinal)
select %(wallet_id)s, u.time, u.coin, u.oid, u.tid, u.side::"char", u.px::numeric, u.sz::numeric,
    u.start_position::numeric, u.dir, u.liquidated_user, u.payload::jsonb, u.fingerprint,
    %(page_id)s, u.ordinal
from unnest(
    %(time)s::timestamptz[], %(coin)s::text[], %(oid)s::bigint[], %(tid)s::bigint[],
    %(side)s::text[], %(px)s::text[], %(sz)s::text[], %(start_position)s::text[], %(dir)s::text[],
    %(liquidated_user)s::bytea[], %(payload)s::text[], %(fingerprint)s::bigint[],
    %(ordinal)s::integer[]
) as u (time, coin, oid, tid, side, px, sz, start_position, dir, liquidated_user, payload,
        fingerprint, ordinal)
-- In key order: two transactions that store the same rows wait, but never for each other.
order by u.time, u.coin, u.oid, u.tid, u.side, u.fingerprint
on conflict do nothing;

-- name: insert_reading :execrows
-- Append the time of which an answer shows every fill of a watched wallet.
-- Reads: -   Writes: facts.watched_readings   Key: page_id
insert into facts.watched_readings (page_id, wallet_id, from_at, to_at, asked_at, fills)
values (%(page_id)s, %(wallet_id)s, %(from_at)s, %(to_at)s, %(asked_at)s, %(fills)s);
