-- name: list_twaps :many
-- The keys of the TWAPs whose life touches a window, newest start first, from a cursor on (the
-- first page: from the window's end). There is no other upper bound, so that the index is entered
-- at the cursor. A TWAP touches the window by its schedule, to its end, or by a slice that the org
-- can see, to the millisecond of the last one.
-- Reads: metrics.twaps, metrics.twap_executions, tenancy.wallets
select
    t.twap_id,
    t.wallet,
    t.started_at,
    coalesce((
        select w.id from tenancy.wallets as w
        where w.address = decode(substr(t.wallet, 3), 'hex')
    ), t.wallet_id) as wallet_id
from metrics.twaps as t
where t.started_at >= %(start)s::timestamptz - (select metrics.longest_twap())
    and (
        coalesce(t.ended_at, t.ends_at, t.started_at) >= %(start)s::timestamptz
        or t.last_slice_at >= %(start)s::timestamptz
        and exists (
            select from metrics.twap_executions as e
            where e.wallet_id = t.wallet_id and e.twap_id = t.twap_id
        )
    )
    and (t.started_at, t.twap_id, t.wallet)
        < (%(started_at)s::timestamptz, %(twap_id)s::bigint, %(place_wallet)s::text)
    and (%(status)s::text is null or t.status = %(status)s
        or t.status like %(status)s::text || ':%%'
        or %(status)s = 'unknown' and facts.twap_runs(t.status) is null)
order by t.started_at desc, t.twap_id desc, t.wallet desc
limit %(limit)s
offset %(offset)s;

-- name: list_twaps_of_wallet :many
-- As list_twaps, for one wallet: a separate statement, so that its index is always used.
-- Reads: metrics.twaps, metrics.twap_executions, tenancy.wallets
select
    t.twap_id,
    t.wallet,
    t.started_at,
    coalesce((
        select w.id from tenancy.wallets as w
        where w.address = decode(substr(t.wallet, 3), 'hex')
    ), t.wallet_id) as wallet_id
from metrics.twaps as t
where t.wallet = %(wallet)s
    and t.started_at >= %(start)s::timestamptz - (select metrics.longest_twap())
    and (
        coalesce(t.ended_at, t.ends_at, t.started_at) >= %(start)s::timestamptz
        or t.last_slice_at >= %(start)s::timestamptz
        and exists (
            select from metrics.twap_executions as e
            where e.wallet_id = t.wallet_id and e.twap_id = t.twap_id
        )
    )
    and (t.started_at, t.twap_id, t.wallet)
        < (%(started_at)s::timestamptz, %(twap_id)s::bigint, %(place_wallet)s::text)
    and (%(asset)s::text is null or t.asset = %(asset)s)
    and (%(status)s::text is null or t.status = %(status)s
        or t.status like %(status)s::text || ':%%'
        or %(status)s = 'unknown' and facts.twap_runs(t.status) is null)
order by t.started_at desc, t.twap_id desc, t.wallet desc
limit %(limit)s
offset %(offset)s;

-- name: list_twaps_of_asset :many
-- As list_twaps, for one coin: a separate statement, so that its index is always used.
-- Reads: metrics.twaps, metrics.twap_executions, tenancy.wallets
select
    t.twap_id,
    t.wallet,
    t.started_at,
    coalesce((
        select w.id from tenancy.wallets as w
        where w.address = decode(substr(t.wallet, 3), 'hex')
    ), t.wallet_id) as wallet_id
from metrics.twaps as t
where t.asset = %(asset)s
    and t.started_at >= %(start)s::timestamptz - (select metrics.longest_twap())
    and (
        coalesce(t.ended_at, t.ends_at, t.started_at) >= %(start)s::timestamptz
        or t.last_slice_at >= %(start)s::timestamptz
        and exists (
            select from metrics.twap_executions as e
            where e.wallet_id = t.wallet_id and e.twap_id = t.twap_id
        )
    )
    and (t.started_at, t.twap_id, t.wallet)
        < (%(started_at)s::timestamptz, %(twap_id)s::bigint, %(place_wallet)s::text)
    and (%(status)s::text is null or t.status = %(status)s
        or t.status like %(status)s::text || ':%%'
        or %(status)s = 'unknown' and facts.twap_runs(t.status) is null)
order by t.started_at desc, t.twap_id desc, t.wallet desc
limit %(limit)s
offset %(offset)s;

-- name: list_twaps_of_number :many
-- The TWAPs with a number, newest start first: several where a source gives one number to several
-- wallets.
-- Reads: metrics.twaps, tenancy.wallets
select
    t.twap_id,
    t.wallet,
    coalesce((
        select w.id from tenancy.wallets as w
        where w.address = decode(substr(t.wallet, 3), 'hex')
    ), t.wallet_id) as wallet_id,
    t.asset,
    t.side::text as side,
    t.status,
    t.started_at
from metrics.twaps as t
where t.twap_id = %(twap_id)s::bigint
    and (%(wallet)s::text is null or t.wallet = %(wallet)s)
order by t.started_at desc, t.wallet desc
limit %(limit)s;

-- name: list_payloads :many
-- The payloads of all statuses of each TWAP named, newest first, in the order of the names.
-- Reads: facts.twap_status
select (
    select coalesce(jsonb_agg(s.raw_payload order by
        facts.twap_runs(s.status) is false desc, coalesce(s.event_at, s.ts) desc,
        s.size_executed desc nulls last, s.page_id desc, s.ordinal desc), '[]')::text
    from facts.twap_status as s
    where s.twap_id = k.twap_id and s.wallet = k.wallet
) as payloads
from unnest(%(twap_ids)s::bigint[], %(wallets)s::text[]) with ordinality
    as k (twap_id, wallet, place)
order by k.place;

-- name: list_statuses :many
-- The statuses of a TWAP, or of all wallets' TWAPs with its number, oldest first, each as its source
-- wrote it.
-- Reads: facts.twap_status
select
    to_char(ts at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ts,
    to_char(event_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as event_at,
    status,
    wallet,
    asset,
    side::text as side,
    trim_scale(size_requested)::text as size_requested,
    trim_scale(size_executed)::text as size_executed,
    trim_scale(notional_executed)::text as notional_executed,
    duration_minutes,
    s3_object_key,
    to_char(inserted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as inserted_at,
    raw_payload::text as raw
from facts.twap_status as s
where twap_id = %(twap_id)s::bigint
    and (%(wallet)s::text is null or s.wallet = %(wallet)s)
order by
    facts.twap_runs(s.status) is false, coalesce(s.event_at, s.ts), s.size_executed nulls first,
    s.page_id, s.ordinal
limit %(limit)s;

-- name: list_slices :many
-- A page of a TWAP's slices, oldest first.
-- Reads: metrics.twap_slices
select
    to_char(s.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at,
    s.oid,
    trim_scale(s.size_coin)::text as size,
    trim_scale(s.notional)::text as notional,
    trim_scale(round(s.notional / nullif(s.size_coin, 0), 8))::text as price,
    s.fees,
    trim_scale(s.fees_usd)::text as fees_usd,
    s.fills,
    s.at as place
from metrics.twap_slices as s
where s.wallet_id = %(wallet_id)s::integer
    and s.twap_id = %(twap_id)s::bigint
    and (s.at, s.oid) > (%(after_at)s::timestamptz, %(after_oid)s::bigint)
order by s.at, s.oid
limit %(limit)s;
