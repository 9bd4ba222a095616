-- name: delete_twaps :execrows
-- Delete the rows that will be computed again.
-- Reads: -   Writes: {schema}.twaps   Key: (twap_id, wallet)
delete from {schema}.twaps as t
using unnest(%(twap_ids)s::bigint[], %(wallets)s::text[]) as w (twap_id, wallet)
where t.twap_id = w.twap_id and t.wallet = w.wallet;

-- name: insert_twaps :execrows
-- The latest state of each TWAP, from its statuses. A TWAP without a status has no row.
-- Reads: facts.twap_status   Writes: {schema}.twaps   Key: (twap_id, wallet)
with said as materialized (
    select s.*
    from unnest(%(twap_ids)s::bigint[], %(wallets)s::text[]) as w (twap_id, wallet)
    cross join lateral (
        select f.twap_id, f.wallet, f.ts, f.asset, f.side, f.size_requested, f.size_executed,
            f.notional_executed, f.status, f.duration_minutes, f.event_at, f.wallet_id,
            f.fingerprint, f.page_id, f.ordinal
        from facts.twap_status as f
        where f.twap_id = w.twap_id and f.wallet = w.wallet
        offset 0  -- TWAP by TWAP through the key, whatever the statistics of the table say
    ) as s
), latest as (
    select distinct on (twap_id, wallet) *
    from said
    order by twap_id, wallet, (status = 'activated'), coalesce(event_at, ts) desc,
        size_executed desc nulls last, page_id desc, ordinal desc
), counted as (
    select twap_id, wallet,
        max(wallet_id) as wallet_id,
        bool_or(wallet_id is null) as in_archive,
        count(*)::integer as statuses,
        count(*) || ':' || sum(fingerprint) as digest
    from said
    group by 1, 2
)
insert into {schema}.twaps (
    twap_id, wallet, wallet_id, in_archive, asset, side, status, status_at, started_at,
    duration_minutes, ends_at, ended_at, size_requested, size_executed, notional_executed,
    statuses, definition, digest)
select
    l.twap_id, l.wallet, c.wallet_id, c.in_archive, l.asset, l.side, l.status, l.event_at, l.ts,
    l.duration_minutes, l.ts + make_interval(mins => l.duration_minutes),
    case when l.status <> 'activated' then l.event_at end,
    trim_scale(l.size_requested), trim_scale(l.size_executed), trim_scale(l.notional_executed),
    c.statuses, %(definition)s, c.digest
from latest as l
join counted as c using (twap_id, wallet);
