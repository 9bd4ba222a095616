-- name: read_figures :many
-- TWAPs by name, in the order given: state, execution, and each ratio, computed here from the sums.
-- Executed amounts come from the execution, which is made from slices; without one, or where it may be
-- of a part of them, from the last status of a TWAP that is over. Progress and slices end at as_of.
-- Reads: metrics.twaps, metrics.twap_executions, metrics.twap_slices, facts.twap_status,
--        tenancy.wallets
with asked as (
    select
        k.place,
        exists (select from tenancy.wallets as w where w.id = k.wallet_id) as is_tracked,
        t as state,
        e as execution,
        coalesce(e.is_whole, false) as has_slices,
        e.is_whole is false as has_part,
        facts.twap_runs(t.status) is false as is_over,
        facts.twap_runs(t.status) as runs,
        greatest(least(%(as_of)s::timestamptz, t.ends_at), t.started_at) as clock,
        case when e.last_slice_at < %(as_of)s::timestamptz then e.executed_size else s.size end
            as sliced_size,
        case when e.last_slice_at < %(as_of)s::timestamptz then e.slices else s.slices end as sliced_times
    from unnest(%(twap_ids)s::bigint[], %(wallets)s::text[], %(wallet_ids)s::integer[])
        with ordinality as k (twap_id, wallet, wallet_id, place)
    join metrics.twaps as t on t.twap_id = k.twap_id and t.wallet = k.wallet
    left join metrics.twap_executions as e on e.wallet_id = k.wallet_id and e.twap_id = k.twap_id
    left join lateral (
        select coalesce(sum(x.size_coin), 0) as size, count(distinct x.oid)::integer as slices
        from metrics.twap_slices as x
        where e.last_slice_at >= %(as_of)s::timestamptz
            and x.wallet_id = e.wallet_id
            and x.twap_id = e.twap_id
            and x.at < %(as_of)s::timestamptz
    ) as s on true
),
judged as (
    select
        *,
        case when (state).side = 'B' then 1 else -1 end as sign,
        case when has_slices then (execution).executed_size
            when is_over then (state).size_executed end as size,
        case when has_slices then (execution).executed_notional
            when is_over then (state).notional_executed end as notional,
        case when has_slices then sliced_size
            when is_over and %(as_of)s::timestamptz >= coalesce((state).ended_at,
                case (state).status when 'finished' then (state).ends_at end,
                %(as_of)s::timestamptz) then (state).size_executed end as size_by_now,
        case
            when (state).ends_at is null then null
            when (state).ends_at > (state).started_at
            then extract(epoch from clock - (state).started_at)
                / extract(epoch from (state).ends_at - (state).started_at)
            else (%(as_of)s::timestamptz >= (state).started_at)::integer end as elapsed,
        case when (state).duration_minutes is not null then
            floor(extract(epoch from greatest(least(clock, (state).ended_at), (state).started_at)
                - (state).started_at) / 30)::integer end as slices_expected,
        (state).started_at >= %(start)s::timestamptz
            and metrics.twap_over_by((state).ended_at, (state).ends_at) <= %(end)s::timestamptz
            as life_inside
    from asked
)
select
    place, is_tracked, is_over, runs, has_slices, has_part,
    (state).twap_id, (state).wallet, (state).asset, (state).side::text as side, (state).status,
    (state).status_at, (state).duration_minutes, (state).started_at, (state).ends_at,
    (state).ended_at, (state).size_requested, (state).size_executed as status_size,
    (state).notional_executed as status_notional, (state).statuses, (execution).last_slice_at,
    coalesce((state).conflicts, '[]')::text as conflicts,
    coalesce(greatest(size, (state).size_executed, (execution).executed_size)
        > (state).size_requested, false) as is_above_requested, life_inside,
    (execution).slices = 0 or ((execution).first_slice_at >= %(start)s::timestamptz
        and (execution).last_slice_at < %(end)s::timestamptz) as slices_inside,
    size, notional, (execution).executed_size as sliced_size,
    (execution).executed_notional as sliced_notional, (execution).fees, (execution).fees_usd,
    (execution).slices, slices_expected,
    round(notional / nullif(size, 0), 8) as vwap,
    round(size_by_now / nullif((state).size_requested, 0), 8) as progress,
    round(elapsed, 8) as elapsed_share,
    round(elapsed - size_by_now / nullif((state).size_requested, 0), 8) as schedule_lag,
    case when has_slices and slices_expected >= 0 then greatest(slices_expected - sliced_times, 0)
        end as slices_missed,
    (execution).arrival_price, (execution).arrival_source as arrival_basis,
    round(10000 * sign * (notional - (execution).arrival_price * size)
        / nullif((execution).arrival_price * size, 0), 4) as arrival_slippage_bps,
    (execution).market_volume_coin as market_volume,
    round((execution).market_notional / nullif((execution).market_volume_coin, 0), 8) as market_vwap,
    round(10000 * sign * (
            notional * (execution).market_volume_coin - size * (execution).market_notional)
        / nullif(size * (execution).market_notional, 0), 4) as market_slippage_bps,
    (execution).size_residual, (execution).notional_residual, (execution).completeness,
    coalesce((execution).unknown, '{}') as unknown, coalesce((execution).digest, (state).digest)
        as digest, coalesce((execution).definition, (state).definition) as definition,
    (
        select r.raw_payload::text from facts.twap_status as r
        where r.twap_id = (state).twap_id and r.wallet = (state).wallet
        order by
            (r.fingerprint = (state).latest_fingerprint) desc nulls last,
            r.status <> 'activated' desc, coalesce(r.event_at, r.ts) desc,
            r.size_executed desc nulls last, r.page_id desc, r.ordinal desc
        limit 1
    ) as raw
from judged
order by place;

-- name: sum_slices :many
-- What TWAPs executed in [start, end), from their slices: for TWAPs that cross its edges.
-- Reads: metrics.twap_slices
select
    k.place,
    coalesce(sum(s.size_coin), 0) as size,
    coalesce(sum(s.notional), 0) as notional,
    count(distinct s.oid)::integer as slices,
    case when count(s.fees_usd) = count(s.oid) then coalesce(sum(s.fees_usd), 0) end as fees_usd,
    (
        select coalesce(jsonb_object_agg(f.token, f.amount), '{}')
        from (
            select x.key as token, trim_scale(sum(x.value::numeric))::text as amount
            from metrics.twap_slices as p
            cross join lateral jsonb_each_text(p.fees) as x
            where p.wallet_id = k.wallet_id
                and p.twap_id = k.twap_id
                and p.at >= %(start)s::timestamptz
                and p.at < %(end)s::timestamptz
            group by x.key
        ) as f
    ) as fees
from unnest(%(places)s::bigint[], %(twap_ids)s::bigint[], %(wallet_ids)s::integer[])
    as k (place, twap_id, wallet_id)
left join metrics.twap_slices as s
    on s.wallet_id = k.wallet_id
    and s.twap_id = k.twap_id
    and s.at >= %(start)s::timestamptz
    and s.at < %(end)s::timestamptz
group by k.place, k.twap_id, k.wallet_id;
