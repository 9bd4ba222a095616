-- name: answer_rows :many
-- The statuses of one answer, from arrays.
-- Reads: -   Writes: -   Key: -
select u.*
from unnest(
    %(twap_id)s::bigint[], %(wallet)s::text[], %(ts)s::timestamptz[], %(event_at)s::timestamptz[],
    %(asset)s::text[], %(side)s::text[], %(size_requested)s::text[], %(size_executed)s::text[],
    %(notional_executed)s::text[], %(status)s::text[], %(duration_minutes)s::integer[],
    %(payload)s::text[], %(fingerprint)s::bigint[], %(ordinal)s::bigint[]
) as u (twap_id, wallet, ts, event_at, asset, side, size_requested, size_executed,
        notional_executed, status, duration_minutes, payload, fingerprint, ordinal);

-- name: stage_rows :many
-- The statuses of a batch, from the temporary table.
-- Reads: pg_temp.twap_stage   Writes: -   Key: -
select * from pg_temp.twap_stage;

-- name: make_stage :exec
-- The temporary table of a batch: rows as they were read, decimals as text, without a log.
-- Reads: -   Writes: pg_temp   Key: -
create temporary table twap_stage (
    twap_id bigint, wallet text, ts timestamptz, event_at timestamptz, asset text, side text,
    size_requested text, size_executed text, notional_executed text, status text,
    duration_minutes integer, payload text, fingerprint bigint, ordinal bigint);

-- name: empty_stage :exec
-- Empty the temporary table for the next rows.
-- Reads: -   Writes: pg_temp   Key: -
truncate pg_temp.twap_stage;

-- name: insert_statuses :one
-- Append statuses, each once, and mark the TWAPs of the new statuses for computation. A row that an
-- object says again, after it has said it differently, is kept as a repeat: `is_again` tells that
-- the object was read before.
-- Reads: the given rows   Writes: facts.twap_status, facts.twap_status_repeats, ops.dirty_twaps
-- Key: (twap_id, wallet, ts, status, event_at, fingerprint)
with added as (
    insert into facts.twap_status (
        twap_id, wallet, ts, asset, side, size_requested, size_executed, notional_executed, status,
        duration_minutes, raw_payload, s3_object_key, event_at, wallet_id, fingerprint, page_id,
        ordinal)
    select
        u.twap_id, u.wallet, u.ts, u.asset, u.side::"char", u.size_requested::numeric,
        u.size_executed::numeric, u.notional_executed::numeric, u.status, u.duration_minutes,
        u.payload::jsonb, %(object_key)s::text, u.event_at, %(wallet_id)s::integer, u.fingerprint,
        %(page_id)s::bigint, u.ordinal
    from ({source}) as u
    -- In key order: two transactions that store the same rows wait, but never for each other.
    order by u.twap_id, u.wallet, u.ts, u.status, u.event_at, u.fingerprint
    on conflict do nothing
    returning twap_id, wallet
), repeated as (
    insert into facts.twap_status_repeats (
        twap_id, wallet, ts, status, event_at, fingerprint, page_id)
    select u.twap_id, u.wallet, u.ts, u.status, u.event_at, u.fingerprint, %(page_id)s::bigint
    from ({source}) as u
    cross join lateral (
        select bool_or(f.fingerprint = u.fingerprint) and bool_or(f.fingerprint <> u.fingerprint
                and f.s3_object_key = %(object_key)s::text
                and (facts.twap_runs(f.status) is false) = (facts.twap_runs(u.status) is false)
            ) as is_contested
        from facts.twap_status as f
        where f.twap_id = u.twap_id and f.wallet = u.wallet
        offset 0
    ) as before
    where %(is_again)s::boolean and before.is_contested
    order by u.twap_id, u.wallet, u.ts, u.status, u.event_at, u.fingerprint
    on conflict do nothing
    returning twap_id, wallet
), marked as (
    insert into ops.dirty_twaps (twap_id, wallet)
    select twap_id, wallet from added
    union
    select twap_id, wallet from repeated
)
select count(*)::integer as added from added;
