-- name: page_rows :many
-- The fills of one page, from arrays.
-- Reads: -   Writes: -   Key: -
select %(wallet_id)s::integer as wallet_id, %(page_id)s::bigint as page_id, u.*
from unnest(
    %(time)s::timestamptz[], %(oid)s::bigint[], %(tid)s::bigint[], %(fingerprint)s::bigint[],
    %(twap_id)s::bigint[], %(ordinal)s::integer[], %(crossed)s::boolean[], %(side)s::text[],
    %(coin)s::text[], %(px)s::text[], %(sz)s::text[], %(start_position)s::text[],
    %(dir)s::text[], %(closed_pnl)s::text[], %(hash)s::bytea[], %(fee)s::text[],
    %(fee_token)s::text[], %(builder_fee)s::text[], %(deployer_fee)s::text[],
    %(cloid)s::bytea[], %(liquidated_user)s::bytea[], %(liquidation_mark_px)s::text[],
    %(liquidation_method)s::text[], %(extra)s::text[]
) as u (time, oid, tid, fingerprint, twap_id, ordinal, crossed, side, coin, px, sz,
        start_position, dir, closed_pnl, hash, fee, fee_token, builder_fee, deployer_fee,
        cloid, liquidated_user, liquidation_mark_px, liquidation_method, extra);

-- name: stage_rows :many
-- The fills of a bulk load, from the temporary table.
-- Reads: pg_temp.fills_stage   Writes: -   Key: -
select * from pg_temp.fills_stage;

-- name: make_stage :exec
-- The temporary table of a bulk load: rows as they came, decimals as text, without a log.
-- Reads: -   Writes: pg_temp   Key: -
create temporary table fills_stage (
    wallet_id integer, page_id bigint, time timestamptz, oid bigint, tid bigint,
    fingerprint bigint, twap_id bigint, ordinal integer, crossed boolean, side text, coin text,
    px text, sz text, start_position text, dir text, closed_pnl text, hash bytea, fee text,
    fee_token text, builder_fee text, deployer_fee text, cloid bytea, liquidated_user bytea,
    liquidation_mark_px text, liquidation_method text, extra text);

-- name: empty_stage :exec
-- Empty the temporary table for the next rows.
-- Reads: -   Writes: pg_temp   Key: -
truncate pg_temp.fills_stage;

-- name: insert_new :execrows
-- Append fills that are all new: half the cost of checking each key first. A fill that is stored
-- fails the statement. Inserted in key order, so that the pages of the index are visited in turn.
-- Reads: pg_temp.fills_stage   Writes: facts.hl_fills_raw   Key: (wallet_id, time, coin, oid, tid, side)
insert into facts.hl_fills_raw (
    time, oid, tid, fingerprint, page_id, twap_id, wallet_id, ordinal, crossed, side, coin,
    px, sz, start_position, dir, closed_pnl, hash, fee, fee_token, builder_fee, deployer_fee,
    cloid, liquidated_user, liquidation_mark_px, liquidation_method, extra)
select
    u.time, u.oid, u.tid, u.fingerprint, u.page_id, u.twap_id, u.wallet_id, u.ordinal,
    u.crossed, u.side::"char", u.coin, u.px::numeric, u.sz::numeric, u.start_position::numeric,
    u.dir, u.closed_pnl::numeric, u.hash, u.fee::numeric, u.fee_token, u.builder_fee::numeric,
    u.deployer_fee::numeric, u.cloid, u.liquidated_user, u.liquidation_mark_px::numeric,
    u.liquidation_method, u.extra::jsonb
from pg_temp.fills_stage as u
order by u.wallet_id, u.time, u.coin;

-- name: list_stage_days :many
-- The fills of a bulk load, counted by wallet and day.
-- Reads: pg_temp.fills_stage   Writes: -   Key: (wallet_id, day)
select wallet_id, (time at time zone 'UTC')::date as day, min(time) as from_at,
    count(*)::integer as fills, array_remove(array_agg(distinct twap_id), null) as twap_ids
from pg_temp.fills_stage
group by 1, 2;

-- name: forget_stored :execrows
-- Remove from a bulk load the fills that are stored with the same content.
-- Reads: facts.hl_fills_raw   Writes: pg_temp.fills_stage   Key: (wallet_id, time, coin, oid, tid, side)
delete from pg_temp.fills_stage as u
where exists (
    select from facts.hl_fills_raw as f
    where f.wallet_id = u.wallet_id and f.time = u.time and f.coin = u.coin and f.oid = u.oid
        and f.side = u.side::"char" and f.tid = u.tid and f.fingerprint = u.fingerprint
    offset 0);  -- row by row through the key: a join would read the whole table

-- name: list_stored :many
-- The fills of a page, by position, that are stored with the same content.
-- Reads: facts.hl_fills_raw   Writes: -   Key: (wallet_id, time, coin, oid, tid, side)
select u.place::integer as place
from unnest(%(time)s::timestamptz[], %(coin)s::text[], %(oid)s::bigint[], %(tid)s::bigint[],
            %(side)s::text[], %(fingerprint)s::bigint[])
    with ordinality as u (time, coin, oid, tid, side, fingerprint, place)
where exists (
    select from facts.hl_fills_raw as f
    where f.wallet_id = %(wallet_id)s and f.time = u.time and f.coin = u.coin and f.oid = u.oid
        and f.side = u.side::"char" and f.tid = u.tid and f.fingerprint = u.fingerprint
    offset 0);

-- name: insert_fills :many
-- Append fills; a stored fill is left as it is. Returns the added fills, by wallet and day.
-- Reads: the given rows   Writes: facts.hl_fills_raw   Key: (wallet_id, time, coin, oid, tid, side)
with added as (
    insert into facts.hl_fills_raw (
        time, oid, tid, fingerprint, page_id, twap_id, wallet_id, ordinal, crossed, side, coin,
        px, sz, start_position, dir, closed_pnl, hash, fee, fee_token, builder_fee, deployer_fee,
        cloid, liquidated_user, liquidation_mark_px, liquidation_method, extra)
    select
        u.time, u.oid, u.tid, u.fingerprint, u.page_id, u.twap_id, u.wallet_id, u.ordinal,
        u.crossed, u.side::"char", u.coin, u.px::numeric, u.sz::numeric, u.start_position::numeric,
        u.dir, u.closed_pnl::numeric, u.hash, u.fee::numeric, u.fee_token, u.builder_fee::numeric,
        u.deployer_fee::numeric, u.cloid, u.liquidated_user, u.liquidation_mark_px::numeric,
        u.liquidation_method, u.extra::jsonb
    from ({source}) as u
    on conflict do nothing
    returning wallet_id, time, twap_id
)
select wallet_id, (time at time zone 'UTC')::date as day, min(time) as from_at,
    count(*)::integer as fills, array_remove(array_agg(distinct twap_id), null) as twap_ids
from added
group by 1, 2;

-- name: insert_conflicts :many
-- Store each fill whose key is stored with different content as a conflict, and return how many of
-- each day: a conflict lowers the completeness of its day. A second statement, so that it also sees
-- rows that another transaction committed while the first statement waited. What is read is
-- compared: rows that differ in other fields alone, such as one that the exchange began to send, are
-- no conflict, and these fields are kept. Nor is a missing TWAP number, which some endpoints leave
-- out.
-- Reads: the given rows, facts.hl_fills_raw   Writes: facts.conflicts, facts.unread_fields   Key: (wallet_id, fingerprint, first_fingerprint)
with repeated as (
    select
        first.wallet_id, first.coin, first.time, first.oid, first.tid, first.side, u.fingerprint,
        to_jsonb(u) || jsonb_build_object('hash', encode(u.hash, 'hex'),
            'cloid', encode(u.cloid, 'hex'),
            'liquidated_user', encode(u.liquidated_user, 'hex')) as row,
        u.page_id, u.extra::jsonb as extra, first.extra as first_extra,
        first.fingerprint as first_fingerprint, first.page_id as first_page_id,
        first.twap_id <> u.twap_id is true
        or (first.crossed, first.px, first.sz, first.start_position, first.dir, first.closed_pnl,
            first.hash, first.fee, first.fee_token, first.builder_fee, first.deployer_fee,
            first.cloid, first.liquidated_user, first.liquidation_mark_px,
            first.liquidation_method)
        is distinct from
           (u.crossed, u.px::numeric, u.sz::numeric, u.start_position::numeric, u.dir,
            u.closed_pnl::numeric, u.hash, u.fee::numeric, u.fee_token, u.builder_fee::numeric,
            u.deployer_fee::numeric, u.cloid, u.liquidated_user, u.liquidation_mark_px::numeric,
            u.liquidation_method) as is_conflict
    from ({source}) as u
    cross join lateral (
        select f.* from facts.hl_fills_raw as f
        where f.wallet_id = u.wallet_id and f.time = u.time and f.coin = u.coin and f.oid = u.oid
            and f.side = u.side::"char" and f.tid = u.tid
        union all
        select f.* from facts.hl_fills_raw as f
        where u.tid is null and f.tid is null and f.wallet_id = u.wallet_id and f.time = u.time
            and f.coin = u.coin and f.oid = u.oid and f.side = u.side::"char"
            and f.px = u.px::numeric and f.sz = u.sz::numeric
            and f.start_position = u.start_position::numeric
        offset 0  -- row by row through the keys: a join would read the whole table
    ) as first
    where first.fingerprint <> u.fingerprint
), kept as (
    insert into facts.unread_fields (
        wallet_id, coin, time, oid, tid, side, fingerprint, extra, page_id)
    select wallet_id, coin, time, oid, tid, side, fingerprint, extra, page_id
    from repeated
    where not is_conflict and extra is not null and extra is distinct from first_extra
    on conflict do nothing
), added as (
    insert into facts.conflicts (
        wallet_id, coin, time, oid, tid, side, fingerprint, row, page_id, first_fingerprint,
        first_page_id)
    select wallet_id, coin, time, oid, tid, side, fingerprint, row, page_id, first_fingerprint,
        first_page_id
    from repeated
    where is_conflict
    on conflict do nothing
    returning wallet_id, time
)
select wallet_id, (time at time zone 'UTC')::date as day, count(*)::integer as conflicts
from added
group by 1, 2;

-- name: insert_rejects :execrows
-- Store rows that could not be read, each once.
-- Reads: -   Writes: facts.rejects   Key: (wallet_id, source, payload_sha256)
insert into facts.rejects (wallet_id, source, payload, payload_sha256, reason, page_id, ordinal)
select %(wallet_id)s, %(source)s, u.payload, sha256(convert_to(u.payload, 'UTF8')), u.reason,
    %(page_id)s, u.ordinal
from unnest(%(payload)s::text[], %(reason)s::text[], %(ordinal)s::integer[])
    as u (payload, reason, ordinal)
on conflict do nothing;
