-- name: list_candle_needs :many
-- The minutes that TWAPs of tracked wallets lack and the exchange still has: of a running TWAP its
-- first minute, of an ended TWAP its whole life. Minutes are requested only once.
-- Reads: metrics.twaps, metrics.twap_executions, tenancy.wallets, facts.pages   Writes: -   Key: (coin, from_at, to_at)
with lives as (
    select t.asset as coin, date_trunc('minute', t.started_at, 'UTC') as from_at,
        case
            when t.status = 'activated' then null
            when t.ended_at is not null then t.ended_at
            when t.status = 'finished' then t.ends_at
        end as until
    from metrics.twaps as t
    join tenancy.wallets as w on w.address = decode(substr(t.wallet, 3), 'hex')
    join metrics.twap_executions as e on e.wallet_id = w.id and e.twap_id = t.twap_id
    where t.started_at > now() - %(kept)s::interval
        and (e.arrival_price is null or (t.status <> 'activated' and e.market_source is null))
), windows as (
    select distinct coin, from_at,
        date_trunc('minute', greatest(until, from_at + interval '1 minute')
                             + interval '1 minute - 1 microsecond', 'UTC') as to_at
    from lives
)
select n.coin, n.from_at, n.to_at
from windows as n
where not exists (
    select from facts.pages as p
    where p.wallet_id is null and p.source = 'info.candleSnapshot'
        and p.asked_at > now() - interval '4 days'  -- longer than the exchange keeps a minute
        and p.request -> 'req' ->> 'coin' = n.coin
        and p.request -> 'req' ->> 'interval' = '1m'
        and (p.request -> 'req' ->> 'startTime')::bigint <= extract(epoch from n.from_at) * 1000
        and (p.request -> 'req' ->> 'endTime')::bigint >= extract(epoch from n.to_at) * 1000 - 1)
order by 1, 2, 3;

-- name: lock_rollup :exec
-- Wait for the rollup that may have missed what this transaction stored.
-- Reads: -   Writes: -   Key: -
select pg_advisory_xact_lock(hashtext('rollup_twaps'), 0);

-- name: mark_lives :execrows
-- Mark the TWAPs of a coin whose lives these minutes touch for recomputation.
-- Reads: metrics.twaps, metrics.twap_executions, tenancy.wallets   Writes: ops.dirty_twaps   Key: id
insert into ops.dirty_twaps (twap_id, wallet)
select t.twap_id, t.wallet
from metrics.twaps as t
join tenancy.wallets as w on w.address = decode(substr(t.wallet, 3), 'hex')
join metrics.twap_executions as e on e.wallet_id = w.id and e.twap_id = t.twap_id
where t.asset = %(coin)s and t.started_at < %(to_at)s
    and coalesce(t.ended_at, t.ends_at) >= %(from_at)s;

-- name: list_dexs_in_use :many
-- The dexs other than the core one on which a TWAP runs now.
-- Reads: metrics.twaps   Writes: -   Key: dex
select distinct facts.dex_of(asset) as dex
from metrics.twaps
where status = 'activated' and ends_at > now() and facts.dex_of(asset) is not null
order by 1;
