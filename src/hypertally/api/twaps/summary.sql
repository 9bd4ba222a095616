-- name: read_since :one
-- The earliest start of a TWAP that touches a window.
-- Reads: metrics.twaps
select %(start)s::timestamptz - metrics.longest_twap() as since;

-- name: sum_twaps :many
-- TWAPs whose life touches [start, end), summed by wallet or by coin. The executed amounts come
-- from slices; without slices, or with a part of them, from the last status of a TWAP whose whole life
-- lies inside.
-- Reads: metrics.twaps, metrics.twap_executions, metrics.twap_slices, tenancy.wallets
with executed as (
    select
        case %(by)s::text when 'wallet' then t.wallet else t.asset end as name,
        t.status,
        facts.twap_runs(t.status) as runs,
        t.ends_at > %(as_of)s::timestamptz as is_due,
        case
            when e.is_whole and e.first_slice_at >= %(start)s::timestamptz
                and e.last_slice_at < %(end)s::timestamptz then e.executed_notional
            when e.is_whole then s.notional
            when facts.twap_runs(t.status) is not false then null
            when t.size_executed = 0 then 0
            when t.started_at >= %(start)s::timestamptz
                and metrics.twap_over_by(t.ended_at, t.ends_at) <= %(end)s::timestamptz
            then t.notional_executed
        end as notional,
        case
            when e.is_whole and e.first_slice_at >= %(start)s::timestamptz
                and e.last_slice_at < %(end)s::timestamptz then e.fees_usd
            when e.is_whole then s.fees_usd
            when facts.twap_runs(t.status) is false and t.size_executed = 0 then 0
        end as fees_usd
    from metrics.twaps as t
    left join (
        select x.*, '0x' || encode(w.address, 'hex') as wallet
        from metrics.twap_executions as x
        join tenancy.wallets as w on w.id = x.wallet_id
        union all
        -- What an archive shows of a wallet that the org does not track.
        select x.*, o.wallet
        from metrics.twap_executions as x
        join metrics.twaps as o on o.wallet_id = x.wallet_id and o.twap_id = x.twap_id
        where not exists (select from tenancy.wallets as w where w.id = x.wallet_id)
    ) as e on e.twap_id = t.twap_id and e.wallet = t.wallet
    left join lateral (
        select
            coalesce(sum(x.notional), 0) as notional,
            case when count(x.fees_usd) = count(*) then coalesce(sum(x.fees_usd), 0) end as fees_usd
        from metrics.twap_slices as x
        where (e.first_slice_at < %(start)s::timestamptz or e.last_slice_at >= %(end)s::timestamptz)
            and x.wallet_id = e.wallet_id
            and x.twap_id = e.twap_id
            and x.at >= %(start)s::timestamptz
            and x.at < %(end)s::timestamptz
    ) as s on true
    where t.started_at < %(end)s::timestamptz
        and t.started_at >= %(since)s::timestamptz
        and (
            coalesce(t.ended_at, t.ends_at, t.started_at) >= %(start)s::timestamptz
            or e.last_slice_at >= %(start)s::timestamptz
        )
)
select
    name,
    count(*)::integer as twaps,
    count(*) filter (where status = 'finished')::integer as finished,
    count(*) filter (where status = 'terminated')::integer as terminated,
    count(*) filter (where status = 'error' or status like 'error:%%')::integer as failed,
    count(*) filter (where runs and is_due)::integer as running,
    count(*) filter (where runs is null or runs and not is_due)::integer as end_unknown,
    sum(notional) as executed_notional,
    count(notional)::integer as executed_notional_known,
    sum(fees_usd) as fees_usd,
    count(fees_usd)::integer as fees_usd_known
from executed
group by name
order by sum(notional) desc nulls last, count(*) desc, name
limit %(limit)s
offset %(rows_before)s;
