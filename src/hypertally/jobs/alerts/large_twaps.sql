-- name: list_begun_twaps :many
-- TWAPs of tracked wallets that began within a time and were not told: those above a share of what
-- their market traded in the last whole hour before, the largest first; those of which that volume
-- is still not known some time after; and those that an earlier check found so. A TWAP that ended
-- without a trade never ran; one that began before an org tracked its wallet is no news to the org.
-- Reads: metrics.twaps, tenancy.wallets, tenancy.org_wallets, facts.candles, facts.spot_pairs, ops.alerts, ops.alert_state   Writes: -   Key: (twap_id, wallet)
with begun as (
    select t.twap_id, t.wallet, w.id as wallet_id, t.asset as coin, t.side::text as side,
        t.size_requested as size_coin, t.duration_minutes, t.started_at,
        facts.twap_runs(t.status) is false as is_over,
        t.wallet || '/' || t.asset || '/' || t.twap_id as subject,
        'twap_large:' || t.wallet || ':' || t.twap_id as event_key,
        c.volume_coin,
        t.size_requested * 60 * 100
            > %(above_percent)s::numeric * c.volume_coin * greatest(t.duration_minutes, 60)
            as is_large
    from metrics.twaps as t
    join tenancy.wallets as w on w.address = decode(substr(t.wallet, 3), 'hex')
    left join facts.candles as c on c.coin = t.asset and c.interval = '1h'
        and c.at = date_trunc('hour', t.started_at, 'UTC') - interval '1 hour'
    where t.audience <> 'o' and t.size_requested > 0
        and t.started_at <= %(at)s
        and t.started_at > %(at)s::timestamptz - %(within)s::interval
        and (facts.twap_runs(t.status) is distinct from false or t.size_executed > 0)
        and exists (select from tenancy.org_wallets as o
                    where o.wallet_id = w.id and o.to_day is null
                        and (o.tracked_at is null or o.tracked_at < t.started_at))
)
select b.*,
    (select p.base_token || '/' || p.quote_token
     from facts.spot_pairs as p
     where p.coin = b.coin
     order by p.id desc
     limit 1) as coin_name
from begun as b
where not exists (select from ops.alerts as a where a.event_key = b.event_key)
    and (b.is_large
        or (b.is_large is null
            and b.started_at <= %(at)s::timestamptz - %(unknown_after)s::interval)
        or exists (select from ops.alert_state as s
                   where s.type = 'twap_large' and s.subject = b.subject))
order by b.is_large desc nulls last,
    b.size_coin * 60 / (greatest(b.duration_minutes, 60) * nullif(b.volume_coin, 0)) desc
        nulls first,
    b.twap_id, b.wallet
limit %(limit)s;
