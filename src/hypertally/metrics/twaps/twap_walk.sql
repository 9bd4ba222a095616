-- name: list_twaps :many
-- The next TWAPs that have, or should have, a row: the keys of a rebuild.
-- Reads: facts.twap_status, metrics.twaps   Writes: -   Key: (twap_id, wallet)
select twap_id, wallet
from (
    (
        select distinct s.twap_id, s.wallet
        from facts.twap_status as s
        where (s.twap_id, s.wallet) > (%(twap_id)s, %(wallet)s)
            and s.ts >= %(from_day)s::timestamp at time zone 'UTC'
            and s.ts < (%(to_day)s::date + 1)::timestamp at time zone 'UTC'
        order by 1, 2
        limit %(limit)s
    )
    union
    (
        select t.twap_id, t.wallet
        from metrics.twaps as t
        where t.statuses > 0 and (t.twap_id, t.wallet) > (%(twap_id)s, %(wallet)s)
            and t.started_at >= %(from_day)s::timestamp at time zone 'UTC'
            and t.started_at < (%(to_day)s::date + 1)::timestamp at time zone 'UTC'
        order by 1, 2
        limit %(limit)s
    )
) as found
order by 1, 2
limit %(limit)s;

-- name: list_twaps_without_status :many
-- TWAPs without a known status that have, or should have, slices.
-- Reads: facts.hl_fills_raw, facts.twap_slices, facts.archived_fills, facts.twap_status,
--        metrics.twaps, metrics.twap_slices, metrics.twap_executions, tenancy.wallets   Writes: -
-- Key: (twap_id, wallet)
with bounds as (
    select %(from_day)s::timestamp at time zone 'UTC' as from_at,
        (%(to_day)s::date + 1)::timestamp at time zone 'UTC' as to_at
), traded as (
    select f.wallet_id, f.twap_id
    from facts.hl_fills_raw as f, bounds as b
    where f.twap_id is not null and f.time >= b.from_at and f.time < b.to_at
    union
    select s.wallet_id, s.twap_id from facts.twap_slices as s, bounds as b
    where s.time >= b.from_at and s.time < b.to_at
    union
    select w.id, a.twap_id
    from facts.archived_fills as a
    cross join bounds as b
    join tenancy.wallets as w on w.address = decode(substr(a.wallet, 3), 'hex')
    where a.time >= b.from_at and a.time < b.to_at
    union
    select m.wallet_id, m.twap_id from metrics.twap_slices as m, bounds as b
    where m.at >= b.from_at and m.at < b.to_at
    union
    select e.wallet_id, e.twap_id from metrics.twap_executions as e, bounds as b
    where coalesce(e.first_slice_at, b.from_at) < b.to_at
        and coalesce(e.last_slice_at, b.from_at) >= b.from_at
), named as (
    select t.twap_id, '0x' || encode(w.address, 'hex') as wallet
    from traded as t
    join tenancy.wallets as w on w.id = t.wallet_id
    union
    select m.twap_id, m.wallet from metrics.twaps as m, bounds as b
    where m.statuses = 0 and m.started_at >= b.from_at and m.started_at < b.to_at
)
select n.twap_id, n.wallet
from named as n
where not exists (select from facts.twap_status as s
                  where s.twap_id = n.twap_id and s.wallet = n.wallet)
order by 1, 2;

-- name: lock_twaps :exec
-- Take the locks that rollups of TWAPs take too.
-- Reads: -   Writes: -   Key: -
select pg_advisory_xact_lock_shared(hashtext('prices'), 0),
    pg_advisory_xact_lock(hashtext('rollup_twaps'), 0);

-- name: list_waiting :many
-- The TWAPs that wait for a rollup; the wallet's id is null if no org tracks the wallet.
-- Reads: ops.dirty_twaps, tenancy.wallets   Writes: -   Key: (twap_id, wallet)
select d.twap_id, d.wallet, w.id as wallet_id
from ops.dirty_twaps as d
left join tenancy.wallets as w on w.address = decode(substr(d.wallet, 3), 'hex');
