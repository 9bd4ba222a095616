-- name: list_reductions :many
-- The positions that became smaller, or changed their side, between two snapshots in turn, with what
-- fills say of them. The state that the exchange answers may be two seconds old.
-- Reads: facts.wallet_snapshots, metrics.snapshot_anomalies, facts.watched_fills,
--        facts.watched_readings, tenancy.wallets   Writes: -   Key: (wallet_id, asset, to_minute)
with seen as materialized (
    select s.wallet_id, s.asset, s.minute, s.szi, t.seen_at,
        lag(s.minute) over positions as minute_before, lag(s.szi) over positions as szi_before,
        lag(t.seen_at) over positions as seen_before
    from facts.wallet_snapshots as s
    cross join lateral (
        select case
            when abs(extract(epoch from s.observed_at - s.minute)) <= 120 then s.observed_at
            else s.minute
        end as seen_at
    ) as t
    where s.minute > %(after)s::timestamptz - interval '15 minutes' and s.minute <= %(until)s
        and s.szi is not null
        and not exists (
            select from metrics.snapshot_anomalies as x
            where x.minute = s.minute and x.asset = s.asset and x.wallet_id = s.wallet_id
                and x.kind = 'mass_vanish')
    window positions as (partition by s.wallet_id, s.asset order by s.minute)
), paired as materialized (
    select n.wallet_id, n.asset, n.minute as to_minute, n.seen_at as to_at, n.szi,
        coalesce(n.minute_before, o.minute) as from_minute,
        coalesce(n.seen_before, o.seen_at) as from_at,
        coalesce(n.szi_before, o.szi) as held_size
    from seen as n
    left join lateral (
        -- After an outage: the last one seen before it.
        select s.minute, s.szi, case
                when abs(extract(epoch from s.observed_at - s.minute)) <= 120 then s.observed_at
                else s.minute
            end as seen_at
        from facts.wallet_snapshots as s
        where n.minute_before is null and s.wallet_id = n.wallet_id and s.asset = n.asset
            and s.minute < n.minute and s.minute >= n.minute - interval '1 day'
            and s.szi is not null
            and not exists (
                select from metrics.snapshot_anomalies as x
                where x.minute = s.minute and x.asset = s.asset and x.wallet_id = s.wallet_id
                    and x.kind = 'mass_vanish')
        order by s.minute desc
        limit 1
    ) as o on true
    where n.minute > %(after)s
), reduced as materialized (
    select p.wallet_id, p.asset, p.from_minute, p.to_minute, p.held_size, p.szi as left_size,
        p.to_at,
        least(p.from_at, p.to_at) - interval '2 seconds' as from_at
    from paired as p
    where abs(p.szi) < abs(p.held_size) or p.szi * p.held_size < 0
)
select r.wallet_id, r.asset, r.from_minute, r.to_minute, r.from_at, r.to_at, r.held_size,
    r.left_size, facts.reduction_is_known(
        r.wallet_id, r.asset, r.held_size, r.left_size, r.from_at, r.to_at) as is_known,
    forced.fingerprint as forced_fingerprint
from reduced as r
left join lateral (
    select sum(f.fingerprint)::numeric as fingerprint
    from (
        select f.*, min(f.time) filter (where f.start_position = r.held_size) over () as first_at,
            max(f.time) filter (
                where f.start_position + case f.side when 'B' then f.sz else -f.sz end = r.left_size
            ) over () as last_at
        from facts.watched_fills as f
        where f.wallet_id = r.wallet_id and f.coin = r.asset
            and f.time > r.from_at and f.time <= r.to_at
    ) as f
    join tenancy.wallets as w on w.id = f.wallet_id
    where facts.fill_is_forced(f.dir, f.liquidated_user, w.address)
        -- What led to the larger position, or away from the smaller one, is of another reduction.
        and (f.time > r.from_at + interval '2 seconds' or (f.time < f.first_at) is not true)
        and (f.time <= r.to_at - interval '2 seconds' or (f.time > f.last_at) is not true)
) as forced on true
order by r.to_minute, r.wallet_id, r.asset;
