-- name: insert_slices :many
-- Append the fills that are slices of TWAPs; returns the TWAPs of the new slices.
-- Reads: -   Writes: facts.twap_slices   Key: (wallet_id, twap_id, time, coin, oid, tid, side)
with added as (
    insert into facts.twap_slices (wallet_id, twap_id, time, coin, oid, tid, side, page_id)
    select %(wallet_id)s, u.twap_id, u.time, u.coin, u.oid, u.tid, u.side::"char", %(page_id)s
    from unnest(%(twap_id)s::bigint[], %(time)s::timestamptz[], %(coin)s::text[],
                %(oid)s::bigint[], %(tid)s::bigint[], %(side)s::text[])
        as u (twap_id, time, coin, oid, tid, side)
    on conflict do nothing
    returning twap_id
)
select distinct twap_id from added;
