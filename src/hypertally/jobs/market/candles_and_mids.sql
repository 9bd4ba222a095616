-- name: list_candle_needs :many
-- The candles that TWAPs of tracked wallets lack and the exchange still has. Of minutes: the first of
-- a TWAP, of an ended TWAP its whole life. Of 5 and of 15 minutes the one it began in, if the finer
-- ones are not kept any more, or were asked for and are not there. Candles are requested only once.
-- Reads: metrics.twaps, metrics.twap_executions, tenancy.wallets, tenancy.org_wallets, facts.pages
-- Writes: -   Key: (coin, interval, from_at, to_at)
with widths (interval, place, width) as (
    values ('1m', 1, make_interval(mins => 1)), ('5m', 2, make_interval(mins => 5)),
        ('15m', 3, make_interval(mins => 15))
), lives as materialized (
    select t.asset as coin, t.started_at, e.arrival_source,
        case
            when facts.twap_runs(t.status) is not false then null
            when t.ended_at is not null then t.ended_at
            when t.status = 'finished' then t.ends_at
        end as until,
        facts.twap_runs(t.status) is false and e.market_source is null as lacks_market
    from metrics.twaps as t
    join tenancy.wallets as w on w.address = decode(substr(t.wallet, 3), 'hex')
    join metrics.twap_executions as e on e.wallet_id = w.id and e.twap_id = t.twap_id
    where t.statuses > 0 and t.started_at > now() - %(kept_candles)s * interval '15 minutes'
        -- Candles cost weight: an archive's TWAPs of wallets that nobody tracks do without.
        and t.audience <> 'o' and e.audience <> 'o'
        and (e.audience = 't'
            or exists (select from tenancy.org_wallets as o where o.wallet_id = w.id))
), windows as materialized (
    select l.coin, l.started_at, l.until, b.interval, b.place,
        date_bin(b.width, l.started_at, '1970-01-01 00:00:00+00') as from_at,
        case
            when b.place = 1 then date_trunc('minute', greatest(l.until,
                    date_trunc('minute', l.started_at, 'UTC') + interval '1 minute')
                + interval '1 minute - 1 microsecond', 'UTC')
            else date_bin(b.width, l.started_at, '1970-01-01 00:00:00+00') + b.width
        end as to_at,
        l.started_at > now() - %(kept_candles)s * b.width as is_kept,
        case b.place when 1 then l.lacks_market else false end
            or l.arrival_source is null or l.arrival_source = 'first slice'
            or l.arrival_source like 'candle:%%:15m:open' and b.place < 3
            or l.arrival_source like 'candle:%%:5m:open' and b.place < 2 as is_lacked
    from lives as l
    cross join widths as b
), asked as materialized (
    select p.request -> 'req' ->> 'coin' as coin, p.request -> 'req' ->> 'interval' as interval,
        (p.request -> 'req' ->> 'startTime')::bigint as from_ms,
        (p.request -> 'req' ->> 'endTime')::bigint as to_ms
    from facts.pages as p
    where p.wallet_id is null and p.source = 'info.candleSnapshot'
        and p.asked_at > now() - interval '60 days'  -- longer than the exchange keeps a candle
), judged as materialized (
    select n.*, exists (
        select from asked as a
        where a.coin = n.coin and a.interval = n.interval
            and a.from_ms <= extract(epoch from n.from_at) * 1000
            and a.to_ms >= extract(epoch from n.to_at) * 1000 - 1) as was_asked
    from windows as n
    where n.is_kept and n.is_lacked
)
select distinct j.coin, j.interval, j.from_at, j.to_at
from judged as j
where not j.was_asked
    and not exists (
        select from judged as finer
        where finer.coin = j.coin and finer.started_at = j.started_at and finer.place < j.place
            and not finer.was_asked)
order by 1, 2, 3, 4;

-- name: list_hour_needs :many
-- The last whole hour before each TWAP of a tracked wallet that began a short while ago: alerts
-- compare what is ordered with what the market traded. An hour that an answer lacked is requested
-- again after a few minutes. Requests for prices, which reach far back or ask for the hour before it
-- is over, stored no candle.
-- Reads: metrics.twaps, tenancy.wallets, tenancy.org_wallets, facts.candles, facts.pages
-- Writes: -   Key: (coin, interval, from_at, to_at)
with begun as (
    select distinct t.asset as coin, date_trunc('hour', t.started_at, 'UTC') as to_at
    from metrics.twaps as t
    join tenancy.wallets as w on w.address = decode(substr(t.wallet, 3), 'hex')
    where t.audience <> 'o' and t.size_requested > 0
        and t.started_at > %(now)s::timestamptz - %(within)s::interval and t.started_at <= %(now)s
        and (facts.twap_runs(t.status) is distinct from false or t.size_executed > 0)
        and exists (select from tenancy.org_wallets as o
                    where o.wallet_id = w.id and o.to_day is null)
)
select b.coin, '1h' as interval, b.to_at - interval '1 hour' as from_at, b.to_at
from begun as b
where not exists (
        select from facts.candles as c
        where c.coin = b.coin and c.interval = '1h' and c.at = b.to_at - interval '1 hour')
    and not exists (
        select from facts.pages as p
        where p.wallet_id is null and p.source = 'info.candleSnapshot'
            and p.asked_at > greatest(
                b.to_at, %(now)s::timestamptz - %(again_after)s::interval)
            and p.request -> 'req' ->> 'coin' = b.coin
            and p.request -> 'req' ->> 'interval' = '1h'
            and (p.request -> 'req' ->> 'startTime')::bigint between
                extract(epoch from b.to_at - interval '3 hours') * 1000
                and extract(epoch from b.to_at - interval '1 hour') * 1000
            and (p.request -> 'req' ->> 'endTime')::bigint
                >= extract(epoch from b.to_at) * 1000 - 1)
order by 1, 2, 3, 4;

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

-- name: mark_starts :execrows
-- Mark the TWAPs of a dex that began in the minute of new mid prices for recomputation.
-- Reads: metrics.twaps, metrics.twap_executions   Writes: ops.dirty_twaps   Key: id
insert into ops.dirty_twaps (twap_id, wallet)
select t.twap_id, t.wallet
from metrics.twaps as t
join metrics.twap_executions as e on e.wallet_id = t.wallet_id and e.twap_id = t.twap_id
where t.started_at >= date_trunc('minute', %(at)s::timestamptz, 'UTC')
    and t.started_at < date_trunc('minute', %(at)s::timestamptz, 'UTC') + interval '1 minute'
    and coalesce(facts.dex_of(t.asset), '') = %(dex)s::text;

-- name: list_dexs_in_use :many
-- The dexs other than the core one on which a TWAP runs now.
-- Reads: metrics.twaps   Writes: -   Key: dex
select distinct facts.dex_of(asset) as dex
from metrics.twaps
where status = 'activated' and ends_at > now() and facts.dex_of(asset) is not null
order by 1;
