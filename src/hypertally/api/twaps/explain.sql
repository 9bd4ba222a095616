-- name: read_fill_inputs :one
-- The number of fills of a TWAP, and their digest: fills that carry its number, fills listed as its
-- slices and fills of an archive, each once; computed here, from the facts.
-- Reads: facts.hl_fills_raw, facts.twap_slices, facts.archived_fills, metrics.twap_executions
with pulled as (
    select f.time, f.coin, f.oid, f.tid, f.side, f.fingerprint
    from facts.hl_fills_raw as f
    where f.twap_id = %(twap_id)s::bigint and f.wallet_id = %(wallet_id)s::integer
    union
    select f.time, f.coin, f.oid, f.tid, f.side, f.fingerprint
    from facts.twap_slices as s
    cross join lateral (
        select r.* from facts.hl_fills_raw as r
        where r.wallet_id = s.wallet_id
            and r.time = s.time
            and r.coin = s.coin
            and r.oid = s.oid
            and r.side = s.side
            and r.tid is not distinct from s.tid
        offset 0
    ) as f
    where s.twap_id = %(twap_id)s::bigint and s.wallet_id = %(wallet_id)s::integer
),
archived as (
    select distinct on (a.time, a.coin, a.oid, a.tid, a.side)
        a.time, a.coin, a.oid, a.tid, a.side, a.fingerprint
    from facts.archived_fills as a
    where a.twap_id = %(twap_id)s::bigint and a.wallet = %(wallet)s
    order by a.time, a.coin, a.oid, a.tid, a.side, a.page_id, a.ordinal
),
legs as (
    select p.fingerprint from pulled as p
    union all
    select a.fingerprint
    from archived as a
    left join pulled as p using (time, coin, oid, tid, side)
    where p.oid is null
)
select
    count(*) as count,
    count(*) || ':' || coalesce(sum(fingerprint), 0) as digest,
    (
        select e.reference_digest from metrics.twap_executions as e
        where e.wallet_id = %(wallet_id)s::integer and e.twap_id = %(twap_id)s::bigint
    ) as reference_digest
from legs;

-- name: list_fills :many
-- The fills of some slices of a TWAP, oldest first, each with its source: the exchange, or the object
-- of an archive. A content of a fill that does not count stands beside the one that does.
-- Reads: facts.hl_fills_raw, facts.twap_slices, facts.archived_fills
with pulled as (
    select r.time, r.coin, r.oid, r.tid, r.side, r.px, r.sz, r.notional, r.fee, r.fee_token,
        r.fingerprint
    from facts.hl_fills_raw as r
    where r.twap_id = %(twap_id)s::bigint and r.wallet_id = %(wallet_id)s::integer
    union
    select f.time, f.coin, f.oid, f.tid, f.side, f.px, f.sz, f.notional, f.fee, f.fee_token,
        f.fingerprint
    from facts.twap_slices as s
    cross join lateral (
        select r.* from facts.hl_fills_raw as r
        where r.wallet_id = s.wallet_id
            and r.time = s.time
            and r.coin = s.coin
            and r.oid = s.oid
            and r.side = s.side
            and r.tid is not distinct from s.tid
        offset 0
    ) as f
    where s.twap_id = %(twap_id)s::bigint and s.wallet_id = %(wallet_id)s::integer
),
archived as (
    select a.*,
        row_number() over (
            partition by a.time, a.coin, a.oid, a.tid, a.side order by a.page_id, a.ordinal) as place
    from facts.archived_fills as a
    where a.twap_id = %(twap_id)s::bigint and a.wallet = %(wallet)s
),
legs as (
    select p.*, 'exchange' as source, true as counts from pulled as p
    union all
    select a.time, a.coin, a.oid, a.tid, a.side, a.px, a.sz, a.notional, a.fee, a.fee_token,
        a.fingerprint, a.s3_object_key, a.place = 1 and p.oid is null
    from archived as a
    left join pulled as p using (time, coin, oid, tid, side)
)
select
    to_char(l.time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as time,
    l.coin,
    l.oid,
    l.tid,
    l.side::text as side,
    trim_scale(l.px)::text as px,
    trim_scale(l.sz)::text as sz,
    trim_scale(l.notional)::text as notional,
    trim_scale(l.fee)::text as fee,
    l.fee_token,
    l.source,
    l.counts
from legs as l
join unnest(%(times)s::timestamptz[], %(oids)s::bigint[]) as s (time, oid) using (time, oid)
order by l.time, l.oid, l.tid, l.counts desc, l.source
limit %(limit)s;

-- name: read_status_inputs :one
-- The number of statuses of a TWAP, those said again counted again, and their digest: computed here,
-- from the facts.
-- Reads: facts.twap_status, facts.twap_status_repeats
select
    count(*) as count,
    count(*) || ':' || coalesce(sum(fingerprint), 0) as digest,
    null as reference_digest
from (
    select fingerprint from facts.twap_status
    where twap_id = %(twap_id)s::bigint and wallet = %(wallet)s
    union all
    select fingerprint from facts.twap_status_repeats
    where twap_id = %(twap_id)s::bigint and wallet = %(wallet)s
) as statuses;

-- name: sum_slices_by_time :many
-- The slices of a TWAP by hour, or by day if they span more than two days.
-- Reads: metrics.twap_slices
with grain as (
    select case when max(s.at) - min(s.at) > interval '2 days' then 'day' else 'hour' end as unit
    from metrics.twap_slices as s
    where s.wallet_id = %(wallet_id)s::integer and s.twap_id = %(twap_id)s::bigint
),
slices as (
    select s.*, date_trunc(g.unit, s.at, 'UTC') as began
    from metrics.twap_slices as s
    cross join grain as g
    where s.wallet_id = %(wallet_id)s::integer and s.twap_id = %(twap_id)s::bigint
),
charged as (
    select began, jsonb_object_agg(token, amount) as fees
    from (
        select s.began, f.key as token, trim_scale(sum(f.value::numeric))::text as amount
        from slices as s
        cross join lateral jsonb_each_text(s.fees) as f
        group by s.began, f.key
    ) as by_token
    group by began
)
select
    to_char(s.began at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as from_at,
    count(distinct s.oid) as slices,
    sum(s.fills) as fills,
    trim_scale(sum(s.size_coin))::text as size,
    trim_scale(sum(s.notional))::text as notional,
    coalesce((select c.fees from charged as c where c.began = s.began), '{}') as fees,
    case when count(s.fees_usd) = count(*) then trim_scale(sum(s.fees_usd))::text end as fees_usd
from slices as s
group by s.began
order by s.began;

-- name: list_life_gaps :many
-- The known gaps in the wallet's record while the TWAP ran.
-- Reads: metrics.fill_gaps, tenancy.wallets
select
    '0x' || encode(a.address, 'hex') as wallet,
    g.coin,
    g.kind,
    to_char(g.from_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as from_at,
    to_char(g.to_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as until_at,
    trim_scale(g.missing_size_coin)::text as missing_size_coin
from metrics.fill_gaps as g
join tenancy.wallets as a on a.id = g.wallet_id
where g.wallet_id = %(wallet_id)s::integer
    and g.coin in ('', %(asset)s)
    and g.from_at < %(until)s::timestamptz
    and g.to_at > %(since)s::timestamptz
order by g.to_at desc, g.coin, g.kind, g.from_at
limit %(limit)s;

-- name: list_restatements :many
-- The restatements of a TWAP's published figures, newest first.
-- Reads: metrics.restatements
select
    to_char(restated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as restated_at,
    cause,
    changes::text as changes
from metrics.restatements as r
where twap_id = %(twap_id)s::bigint
    and (
        wallet_id = %(wallet_id)s::integer
        or wallet_id is null
        and twap_wallet = %(wallet)s
        -- Who tracks the wallet reads the restatement of the figures that it sees.
        and not exists (
            select from metrics.restatements as own
            where own.twap_id = r.twap_id
                and own.wallet_id = %(wallet_id)s::integer
                and own.restated_at = r.restated_at
        )
    )
order by id desc
limit %(limit)s;
