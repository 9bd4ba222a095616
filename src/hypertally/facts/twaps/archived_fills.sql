-- name: insert_archived_fills :one
-- Append fills of TWAPs from an archive, each content once, and mark the TWAPs of new ones for
-- computation.
-- Reads: -   Writes: facts.archived_fills, ops.dirty_twaps
-- Key: (twap_id, wallet, time, coin, oid, tid, side, fingerprint)
with added as (
    insert into facts.archived_fills (
        twap_id, wallet, time, coin, oid, tid, side, px, sz, fee, fee_token, raw_payload,
        s3_object_key, fingerprint, page_id, ordinal)
    select u.twap_id, u.wallet, u.time, u.coin, u.oid, u.tid, u.side::"char", u.px::numeric,
        u.sz::numeric, u.fee::numeric, u.fee_token, u.payload::jsonb, %(object_key)s,
        u.fingerprint, %(page_id)s, u.ordinal
    from unnest(
        %(twap_id)s::bigint[], %(wallet)s::text[], %(time)s::timestamptz[], %(coin)s::text[],
        %(oid)s::bigint[], %(tid)s::bigint[], %(side)s::text[], %(px)s::text[], %(sz)s::text[],
        %(fee)s::text[], %(fee_token)s::text[], %(payload)s::text[], %(fingerprint)s::bigint[],
        %(ordinal)s::bigint[]
    ) as u (twap_id, wallet, time, coin, oid, tid, side, px, sz, fee, fee_token, payload,
            fingerprint, ordinal)
    -- In key order: two transactions that store the same rows wait, but never for each other.
    order by u.twap_id, u.wallet, u.time, u.coin, u.oid, u.tid, u.side, u.fingerprint
    on conflict do nothing
    returning twap_id, wallet
), marked as (
    insert into ops.dirty_twaps (twap_id, wallet)
    select distinct twap_id, wallet from added
)
select count(*)::integer as added from added;
