-- name: list_stories :many
-- Of each kind of event that is worth a look the newest, of the org's wallets and of the signals:
-- where it happened, and by what it is shown. Of herding, the strongest of the last two days.
-- Reads: facts.hl_fills_raw, tenancy.wallets, tenancy.org_wallets, metrics.wallet_day_metrics,
--        metrics.restatements, metrics.signals, metrics.twaps
with own as (
    select distinct o.wallet_id, w.address
    from tenancy.org_wallets as o
    join tenancy.wallets as w on w.id = o.wallet_id
    where o.org_id = %(org_id)s and o.to_day is null
), liquidation as (
    select 'liquidation' as kind, f.time as at, o.address, f.coin, null::bigint as twap_id
    from own as o
    join metrics.wallet_day_metrics as d on d.wallet_id = o.wallet_id and d.forced_fills > 0
    join facts.hl_fills_raw as f on f.wallet_id = d.wallet_id and f.time >= d.first_fill_at
        and f.time <= d.last_fill_at
    where facts.fill_is_forced(f.dir, f.liquidated_user, o.address)
        and f.dir <> 'Auto-Deleveraging'
    order by f.time desc
    limit 1
), moved as (
    select distinct on (s.kind) s.kind,
        r.day::timestamp at time zone 'UTC' as at, o.address, null as coin, null::bigint as twap_id
    from metrics.restatements as r
    join own as o on o.wallet_id = r.wallet_id
    cross join lateral (
        select case when r.changes ? 'gap_ms' then 'gap_repaired' else 'late_fill' end as kind
    ) as s
    where r.metric = 'wallet_day_metrics' and r.cause = 'late facts' and r.changes ? 'fills'
    order by s.kind, r.id desc
), herd as (
    select 'herding' as kind, s.at, null::bytea as address, s.asset as coin,
        null::bigint as twap_id
    from metrics.signals as s
    where s.definition = 'smart_money/3' and s.window_minutes = 60 and s.herding > 0
        and s.herding_n >= 10
        and s.at > (select max(n.at) from metrics.signals as n) - interval '2 days'
    order by s.herding desc, s.at desc
    limit 1
), running as (
    select 'twap' as kind, t.started_at as at, o.address, t.asset as coin, t.twap_id
    from metrics.twaps as t
    join own as o on o.wallet_id = t.wallet_id
    where facts.twap_runs(t.status) and t.ends_at > now()
    order by t.started_at desc, t.twap_id
    limit 1
)
select s.kind, to_char(s.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at,
    '0x' || encode(s.address, 'hex') as wallet, s.coin, s.twap_id
from (
    select * from liquidation
    union all
    select * from moved
    union all
    select * from herd
    union all
    select * from running
) as s
order by s.kind;
