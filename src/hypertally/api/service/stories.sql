-- name: list_stories :many
-- Of each kind of event that is worth a look the newest, of the org's wallets and of the signals:
-- where it happened, and by what it is shown. Of herding, the strongest of the last two days. Of
-- running TWAPs the oldest that runs on for a while: the newest is another one a moment later.
-- Reads: facts.hl_fills_raw, tenancy.wallets, tenancy.org_wallets, metrics.wallet_day_metrics,
--        metrics.signals, metrics.twaps
with own as (
    select distinct o.wallet_id, w.address
    from tenancy.org_wallets as o
    join tenancy.wallets as w on w.id = o.wallet_id
    where o.org_id = %(org_id)s and o.to_day is null
), liquidation as (
    select 'liquidation' as kind, f.time as at, o.address, f.coin, null as twap_id
    from own as o
    join metrics.wallet_day_metrics as d on d.wallet_id = o.wallet_id and d.forced_fills > 0
    join facts.hl_fills_raw as f on f.wallet_id = d.wallet_id and f.time >= d.first_fill_at
        and f.time <= d.last_fill_at
    where facts.fill_is_forced(f.dir, f.liquidated_user, o.address)
        and f.dir <> 'Auto-Deleveraging'
    order by f.time desc
    limit 1
), herd as (
    select 'herding' as kind, s.at, null::bytea as address, s.asset as coin,
        null as twap_id
    from metrics.signals as s
    where s.definition = 'smart_money/3' and s.window_minutes = 60 and s.herding > 0
        and s.herding_n >= 10
        and s.at > (select max(n.at) from metrics.signals as n) - interval '2 days'
    order by s.herding desc, s.at desc
    limit 1
), running as (
    select 'twap' as kind, t.started_at as at, o.address, t.asset as coin, t.twap_id::text
    from metrics.twaps as t
    join own as o on o.wallet_id = t.wallet_id
    where facts.twap_runs(t.status) and t.ends_at > now()
    order by t.ends_at > now() + interval '10 minutes' desc, t.started_at, t.twap_id
    limit 1
)
select s.kind, to_char(s.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at,
    '0x' || encode(s.address, 'hex') as wallet, s.coin, s.twap_id
from (
    select * from liquidation
    union all
    select * from herd
    union all
    select * from running
) as s
order by s.kind;

-- name: list_fill_stories :many
-- Of the org's wallets: the newest day whose missing fills came and ended a gap, of an hour if there
-- is such a day; the newest day of
-- another wallet to which fills came that nobody missed, and the newest gap that stays because the
-- exchange shows no older fills of the wallet. `fills`: how many came; `alert`: the state of the
-- wallet's alert of missing fills, if it ever fired.
-- Reads: tenancy.wallets, tenancy.org_wallets, metrics.restatements, metrics.fill_gaps,
--        ops.alert_state
with own as (
    select distinct o.wallet_id, w.address
    from tenancy.org_wallets as o
    join tenancy.wallets as w on w.id = o.wallet_id
    where o.org_id = %(org_id)s and o.to_day is null
), came as (
    select r.id, r.wallet_id, r.day::timestamp at time zone 'UTC' as at,
        (r.changes -> 'fills' ->> 1)::integer
            - coalesce((r.changes -> 'fills' ->> 0)::integer, 0) as fills,
        r.changes ? 'gap_ms' as moved_gap,
        r.changes ? 'perp_volume_usd' and r.changes -> 'gap_ms' ->> 1 = '0' as ended_gap,
        (r.changes -> 'gap_ms' ->> 0)::bigint >= 3600000 as is_long
    from metrics.restatements as r
    join own as o on o.wallet_id = r.wallet_id
    where r.metric = 'wallet_day_metrics' and r.cause = 'late facts' and r.changes ? 'fills'
), repaired as (
    select *
    from came
    where ended_gap and fills > 0
    order by is_long desc, id desc
    limit 1
), unnoticed as (
    select *
    from came
    where not moved_gap and fills > 0 and wallet_id not in (select wallet_id from repaired)
    order by id desc
    limit 1
), lasting as (
    select g.wallet_id, max(g.to_at) as at
    from metrics.fill_gaps as g
    join own as o on o.wallet_id = g.wallet_id
    where g.kind = 'position_break'
        and exists (select from metrics.fill_gaps as b
                    where b.wallet_id = g.wallet_id and b.kind = 'history_begins')
    group by g.wallet_id
    order by at desc, g.wallet_id
    limit 1
)
select s.kind, to_char(s.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at,
    '0x' || encode(o.address, 'hex') as wallet, null as coin, null as twap_id, s.fills,
    (select a.state
     from ops.alert_state as a
     where a.type = 'data_gap' and a.wallet_id = s.wallet_id and a.last_fired_at is not null)
        as alert
from (
    select 'gap_repaired' as kind, at, wallet_id, fills from repaired
    union all
    select 'late_fill', at, wallet_id, fills from unnoticed
    union all
    select 'gap_open', at, wallet_id, null from lasting
) as s
join own as o on o.wallet_id = s.wallet_id
order by s.kind;
