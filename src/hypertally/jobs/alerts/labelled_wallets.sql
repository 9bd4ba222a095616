-- name: list_end_legs :many
-- Of each perp position of a labelled wallet that an org tracks: the fills in the first and the last
-- millisecond since an hour before, since the move that was judged last, since the wallet got its
-- label, and since the org tracks it; where its alert fired before, those too when a position first
-- ended, or first began, in that time. USD: the price of the quote token at the hour of the fill.
-- Reads: tenancy.wallet_labels, tenancy.orgs, tenancy.wallets, tenancy.org_wallets, facts.hl_fills_raw, facts.perp_dexs, facts.token_prices, ops.alert_state, ops.alerts   Writes: -   Key: (org_id, wallet_id, coin)
with labelled as materialized (
    select l.org_id, g.name as org, l.wallet_id, '0x' || encode(w.address, 'hex') as wallet,
        w.address, l.label,
        greatest(l.labelled_at, o.tracked_at) as known_at
    from tenancy.wallet_labels as l
    join tenancy.orgs as g on g.id = l.org_id
    join tenancy.wallets as w on w.id = l.wallet_id
    join tenancy.org_wallets as o
        on o.org_id = l.org_id and o.wallet_id = l.wallet_id and o.to_day is null
), legs as (
    select l.org_id, l.org, l.wallet_id, l.wallet, l.label, f.coin, f.time, f.ordinal, f.oid, f.tid,
        f.start_position as start_coin,
        case f.side when 'B' then f.sz else -f.sz end as change_coin,
        f.px as price,
        facts.fill_is_forced(f.dir, f.liquidated_user, l.address) as is_forced,
        l.known_at,
        min(f.time) over position as first_at,
        max(f.time) over position as last_at,
        min(f.time) filter (where s.last_fired_at is not null
            and f.start_position <> 0 and f.start_position * f.end_position <= 0)
            over position as ended_at,
        min(f.time) filter (where s.last_fired_at is not null and f.start_position = 0)
            over position as began_at
    from labelled as l
    cross join lateral (
        select f.*,
            f.start_position + case f.side when 'B' then f.sz else -f.sz end as end_position
        from facts.hl_fills_raw as f
        where f.wallet_id = l.wallet_id and f.sz > 0
            and f.time > greatest(l.known_at, %(at)s::timestamptz - %(within)s::interval)
            and f.time <= %(at)s and facts.market_of(f.coin) in ('perp', 'hip3')
        offset 0  -- wallet by wallet through the key, whatever the statistics of the table say
    ) as f
    left join ops.alert_state as s
        on s.type = 'wallet' and s.subject = l.wallet || '/' || f.coin || '/' || l.org
    where s.judged_at is null or f.time > s.judged_at
    window position as (partition by l.org_id, l.wallet_id, f.coin)
), ends as materialized (
    select * from legs where time in (first_at, ended_at, began_at, last_at)
)
select e.org_id, e.org, e.wallet_id, e.wallet, e.label, e.coin, e.time, e.start_coin, e.change_coin,
    e.price, e.is_forced, t.told_position_coin,
    case when facts.market_of(e.coin) = 'perp' or d.collateral_token = 'USDC' then 1
        else p.price_usd end as usd_per_quote
from ends as e
left join lateral (
    select x.collateral_token
    from facts.perp_dexs as x
    where x.dex = facts.dex_of(e.coin)
    order by x.id desc
    limit 1
) as d on true
left join facts.token_prices as p
    on p.token = d.collateral_token and p.at = date_trunc('hour', e.time, 'UTC')
left join lateral (
    select case when a.value ->> 'action' <> 'closed'
        then (a.value ->> 'position_after_coin')::numeric end as told_position_coin
    from ops.alerts as a
    where a.type = 'wallet' and a.subject = e.wallet || '/' || e.coin || '/' || e.org
        and a.to_state = 'firing' and a.at > e.known_at
    order by a.id desc
    limit 1
) as t on true
order by e.org_id, e.wallet_id, e.coin, e.time, e.ordinal, e.oid, e.tid;
