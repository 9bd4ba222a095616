-- name: delete_twap_executions :execrows
-- Delete the rows that will be computed again, and keep them for comparison.
-- Reads: tenancy.wallets   Writes: {schema}.twap_executions   Key: (wallet_id, twap_id)
with wanted as materialized (
    select u.twap_id, t.id as wallet_id
    from unnest(%(twap_ids)s::bigint[], %(wallets)s::text[]) as u (twap_id, wallet)
    join tenancy.wallets as t on t.address = decode(substr(u.wallet, 3), 'hex')
), gone as (
    delete from {schema}.twap_executions as e using wanted as w
    where e.wallet_id = w.wallet_id and e.twap_id = w.twap_id
    returning e.*
)
insert into pg_temp.twap_executions_before select * from gone;

-- name: insert_twap_executions :execrows
-- The execution of each TWAP of a tracked wallet, and of any wallet of which an archive holds fills.
-- `for_others`: once more from what is public, where more than that is known. Materialized: new rows
-- are not in the statistics yet.
-- Reads: {schema}.twaps, {schema}.twap_slices, facts.candles, facts.mids, facts.pages,
--        tenancy.wallets
-- Writes: {schema}.twap_executions   Key: (wallet_id, twap_id)
with wanted as materialized (
    select u.twap_id, u.wallet, t.id as wallet_id
    from unnest(%(twap_ids)s::bigint[], %(wallets)s::text[]) as u (twap_id, wallet)
    join tenancy.wallets as t on t.address = decode(substr(u.wallet, 3), 'hex')
    where not %(for_others)s::boolean
        or exists (
            select from {schema}.twap_executions as own
            where own.wallet_id = t.id and own.twap_id = u.twap_id and own.audience = 't')
), lives as materialized (
    select w.wallet_id, w.twap_id, t.wallet, t.asset, t.side, t.started_at, t.duration_minutes,
        t.size_executed, t.notional_executed, t.statuses, t.digest, t.status, t.audience,
        t.statuses > 0 as has_status,
        not facts.twap_runs(t.status) as ended,
        date_trunc('minute', t.started_at, 'UTC') as first_minute,
        case
            when facts.twap_runs(t.status) is not false then null
            -- The time of a status has whole seconds: an immediate end lies before the start.
            when t.ended_at is not null then greatest(t.ended_at, t.started_at)
            when t.status = 'finished' then t.ends_at
        end as until
    from wanted as w
    join {schema}.twaps as t using (twap_id, wallet)
    where t.audience <> case when %(for_others)s::boolean then 't' else 'o' end
), sums as materialized (
    select w.wallet_id, w.twap_id,
        min(s.coin) as coin,
        min(s.side::text) as side,
        count(distinct s.oid)::integer as slices,
        sum(s.fills)::integer as slice_fills,
        sum(s.size_coin) as size,
        sum(s.notional) as notional,
        case when bool_and(s.fees_usd is not null) then sum(s.fees_usd) end as fees_usd,
        min(s.at) as first_at,
        max(s.at) as last_at,
        bool_or(s.audience = 't') as is_pulled,
        sum(split_part(s.digest, ':', 1)::numeric) || ':'
            || sum(split_part(s.digest, ':', 2)::numeric) as digest
    from wanted as w
    join {schema}.twap_slices as s using (wallet_id, twap_id)
    where s.audience <> case when %(for_others)s::boolean then 't' else 'o' end
    group by 1, 2
), asked as materialized (
    -- Whether the exchange gave slices, or was asked for them after the TWAP began.
    select w.wallet_id, w.twap_id,
        case
            when %(for_others)s then false
            when s.is_pulled then true
            else exists (
                select from facts.pages as p
                where p.wallet_id = l.wallet_id and p.source = 'info.userTwapSliceFillsByTime'
                    and p.asked_at >= l.started_at - interval '1 day'  -- clocks differ
                    and p.covers_to_ms >= extract(epoch from l.started_at) * 1000)
        end as is_asked
    from wanted as w
    left join lives as l using (wallet_id, twap_id)
    left join sums as s using (wallet_id, twap_id)
), proven as materialized (
    -- Slices that only an archive holds are all there were if they add up to the last status.
    select a.wallet_id, a.twap_id, a.is_asked,
        a.is_asked or l.audience is not distinct from 't' as is_private,
        a.is_asked or coalesce(l.ended and s.size = l.size_executed
            and s.notional = l.notional_executed, false) as is_whole
    from asked as a
    left join lives as l using (wallet_id, twap_id)
    left join sums as s using (wallet_id, twap_id)
    where a.is_asked or s.wallet_id is not null
), charged as materialized (
    select wallet_id, twap_id, jsonb_object_agg(token, trim_scale(amount)::text) as fees,
        string_agg(token, ', ' order by token) filter (where unpriced) as unpriced
    from (
        select w.wallet_id, w.twap_id, f.token, sum(f.amount::numeric) as amount,
            bool_or(s.fees_usd is null and f.token <> 'USDC') as unpriced
        from wanted as w
        join {schema}.twap_slices as s using (wallet_id, twap_id)
        cross join lateral jsonb_each_text(s.fees) as f (token, amount)
        where s.audience <> case when %(for_others)s::boolean then 't' else 'o' end
        group by 1, 2, 3
    ) as amounts
    group by 1, 2
), traded as materialized (
    select l.wallet_id, l.twap_id, market.*
    from lives as l
    cross join lateral (
        select count(*) as minutes,
            sum(c.volume_coin) as volume,
            sum((c.high + c.low + c.close) * c.volume_coin) as thrice_notional,
            sum(c.fingerprint) as fingerprints
        from facts.candles as c
        where c.coin = l.asset and c.interval = '1m' and c.at >= l.first_minute
            and c.at < l.until
    ) as market
), arrivals as materialized (
    -- The mark when it began, from the best source that is stored.
    select w.wallet_id, w.twap_id, mark.price, mark.source
    from proven as w
    left join lives as l using (wallet_id, twap_id)
    cross join lateral (
        (
            select 1 as place, (m.mids ->> l.asset)::numeric as price, 'mid:' || l.asset as source
            from facts.mids as m
            where l.has_status and m.dex = coalesce(facts.dex_of(l.asset), '')
                and m.at >= l.first_minute and m.at < l.first_minute + interval '1 minute'
                and m.mids ? l.asset
            order by abs(extract(epoch from m.at - l.started_at)), m.at
            limit 1
        )
        union all
        (
            select b.place, c.open, 'candle:' || c.coin || ':' || c.interval || ':open'
            from (values (2, '1m', make_interval(mins => 1)), (3, '5m', make_interval(mins => 5)),
                    (4, '15m', make_interval(mins => 15))) as b (place, interval, width)
            join facts.candles as c on c.coin = l.asset and c.interval = b.interval
                and c.at = date_bin(b.width, l.started_at, '1970-01-01 00:00:00+00')
            where l.has_status
        )
        union all
        (
            select 5, round(s.notional / s.size_coin, 8), 'first slice'
            from {schema}.twap_slices as s
            where s.wallet_id = w.wallet_id and s.twap_id = w.twap_id and s.size_coin > 0
                and s.audience <> case when %(for_others)s::boolean then 't' else 'o' end
                and w.is_whole
            order by s.at, s.oid
            limit 1
        )
        order by place
        limit 1
    ) as mark
), judged as (
    select p.wallet_id, p.twap_id, l.ended, l.until,
        l.size_executed, l.notional_executed, l.duration_minutes,
        coalesce(s.coin, l.asset) as coin,
        coalesce(s.side, l.side::text) as side,
        coalesce(s.slices, 0) as slices,
        coalesce(s.slice_fills, 0) as slice_fills,
        coalesce(s.size, 0) as size,
        coalesce(s.notional, 0) as notional,
        coalesce(c.fees, '{{}}') as fees,
        case when s.wallet_id is null then 0 else s.fees_usd end as fees_usd,
        case
            when c.unpriced is not null then 'no stored price for a fee in ' || c.unpriced
            else 'a fee was not reported'
        end as fees_reason,
        s.first_at, s.last_at, p.is_whole,
        case when p.is_private then 't' when %(for_others)s then 'o' else 'a' end as audience,
        a.price as arrival, a.source as arrival_source,
        t.minutes > 0
            and t.minutes >= ceil(extract(epoch from l.until - l.first_minute) / 60) as covered,
        t.volume, t.thrice_notional,
        case
            when not coalesce(l.has_status, false) then 'no status of this TWAP is known'
            when l.ended is null then 'whether it has ended is not known: its last status is "'
                || l.status || '"'
            when not l.ended then 'the TWAP has not ended'
            when l.until is null then 'when it ended is not known'
            else 'not every minute of it has a stored candle: the exchange keeps 5,000 minutes'
        end as market_reason,
        case
            when not coalesce(l.has_status, false) then 'no status of this TWAP is known'
            when l.ended is null then 'whether it has ended is not known: its last status is "'
                || l.status || '"'
            when not l.ended then 'the TWAP has not ended'
            else 'its last status does not say how much was executed'
        end as residual_reason,
        coalesce(s.digest, '0:0') as digest,
        coalesce(split_part(l.digest, ':', 1)::numeric, 0) + coalesce(t.minutes, 0)
            + coalesce((a.source <> 'first slice')::integer, 0) || ':'
            || coalesce(split_part(l.digest, ':', 2)::numeric, 0) + coalesce(t.fingerprints, 0)
            + case when a.source <> 'first slice'
                then hashtextextended(a.source || ' ' || trim_scale(a.price), 0) else 0 end
            as reference_digest
    from proven as p
    left join lives as l using (wallet_id, twap_id)
    left join sums as s using (wallet_id, twap_id)
    left join charged as c using (wallet_id, twap_id)
    left join traded as t using (wallet_id, twap_id)
    left join arrivals as a using (wallet_id, twap_id)
)
insert into {schema}.twap_executions (
    wallet_id, twap_id, coin, side, slices, slice_fills, slices_expected, executed_size,
    executed_notional, fees, fees_usd, first_slice_at, last_slice_at, size_residual,
    notional_residual, arrival_price, arrival_source, market_volume_coin, market_notional,
    market_source, unknown, completeness, definition, digest, reference_digest,
    audience, is_whole)
select
    wallet_id, twap_id, coin, side::"char", slices, slice_fills, duration_minutes * 2,
    trim_scale(size), trim_scale(notional), fees, trim_scale(fees_usd), first_at, last_at,
    case when ended then trim_scale(size - size_executed) end,
    case when ended then trim_scale(notional - notional_executed) end,
    trim_scale(arrival),
    arrival_source,
    case when covered then trim_scale(volume) end,
    case when covered then trim_scale(round(thrice_notional / 3, 8)) end,
    case when covered then 'candle:' || coin || ':1m:typical' end,
    jsonb_strip_nulls(jsonb_build_object(
        'slices_expected', case when duration_minutes is null
                                then 'no status of this TWAP is known' end,
        'fees_usd', case when fees_usd is null then fees_reason end,
        'size_residual', case when ended and size_executed is not null then null
                              else residual_reason end,
        'notional_residual', case when ended and notional_executed is not null then null
                                  else residual_reason end,
        'completeness', case when ended and size_executed is not null then null
                             else residual_reason || case when is_whole then ''
                                 else ', and an archive may hold a part of its fills only' end end,
        'arrival_price', case
            when arrival is not null then null
            when is_whole then 'no price of the time it began is stored, and it has no slice'
            else 'no price of the time it began is stored, and its first slice is not known'
        end,
        'market_volume_coin', case when covered then null else market_reason end,
        'market_notional', case when covered then null else market_reason end)),
    case
        when ended is not true or size_executed is null then null
        when is_whole and (size = size_executed or size_executed = 0) then 1
        else trunc(least(case when is_whole then 1 else 0.999999 end,
                greatest(0, size / nullif(size_executed, 0))), 6)
    end,
    %(definition)s, digest, reference_digest, audience::"char", is_whole
from judged;

-- name: insert_restatements :execrows
-- Store a restatement of each TWAP that had ended, was complete, and now differs or has no row.
-- Reads: {schema}.twap_executions, {schema}.twaps, tenancy.wallets   Writes: metrics.restatements   Key: -
insert into metrics.restatements (metric, wallet_id, day, twap_id, cause, changes)
select 'twap_executions', b.wallet_id,
    (coalesce(t.ended_at, b.last_slice_at, t.ends_at) at time zone 'UTC')::date, b.twap_id,
    case
        when b.definition <> a.definition then 'definition'
        when b.digest is distinct from a.digest then 'late facts'
        else 'prices'
    end,
    changed.fields
from pg_temp.twap_executions_before as b
join tenancy.wallets as w on w.id = b.wallet_id
join {schema}.twaps as t
    on t.twap_id = b.twap_id and t.wallet = '0x' || encode(w.address, 'hex') and t.audience <> 'o'
left join {schema}.twap_executions as a
    on a.wallet_id = b.wallet_id and a.twap_id = b.twap_id and a.audience <> 'o'
cross join lateral (
    select jsonb_object_agg(o.key, case
            when o.key = 'fees' then jsonb_build_array(o.value, to_jsonb(a) -> o.key)
            else jsonb_build_array(o.value #>> '{{}}', to_jsonb(a) -> o.key #>> '{{}}')
        end) as fields
    from jsonb_each(to_jsonb(b)) as o
    -- An unknown figure was not published: null that becomes a number is no restatement.
    where o.key in ('executed_size', 'executed_notional', 'fees', 'fees_usd')
        and o.value <> 'null' and o.value is distinct from coalesce(to_jsonb(a) -> o.key, 'null')
) as changed
where b.completeness = 1 and b.audience <> 'o' and changed.fields is not null;

-- name: keep_computed_at :execrows
-- Store when these rows were computed, in another table.
-- Reads: tenancy.wallets   Writes: ops.computations   Key: (metric, key)
insert into ops.computations (metric, key)
select 'twap_executions', t.id || '/' || u.twap_id
from unnest(%(twap_ids)s::bigint[], %(wallets)s::text[]) as u (twap_id, wallet)
join tenancy.wallets as t on t.address = decode(substr(u.wallet, 3), 'hex')
on conflict (metric, key) do update set computed_at = now();

-- name: temp_table :exec
-- The temporary table for the earlier rows, inside one transaction.
-- Reads: -   Writes: pg_temp   Key: -
create temporary table if not exists twap_executions_before (like metrics.twap_executions)
on commit delete rows;
