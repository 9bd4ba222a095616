-- name: end_gaps :execrows
-- Gaps of earlier checks that are gone, or that no job will ask the exchange for again. A gap that
-- went away without a fill in its time was none.
-- Reads: metrics.fill_gaps, facts.hl_fills_raw, ops.gap_repairs   Writes: ops.alert_gaps   Key: (wallet_id, coin, kind, from_at, to_at)
update ops.alert_gaps as a
set ended_at = %(at)s, ending = judged.ending
from (
    select o.wallet_id, o.coin, o.kind, o.from_at, o.to_at,
        case
            when g.wallet_id is null and o.fills_seen = (
                select count(*) from facts.hl_fills_raw as f
                where f.wallet_id = o.wallet_id and f.time between o.from_at and o.to_at
                    and (o.coin = '' or f.coin = o.coin)
            ) then 'mistaken'
            when g.wallet_id is null then 'filled'
            when not exists (
                select from ops.gap_repairs as r
                where (r.wallet_id, r.coin, r.kind, r.from_at, r.to_at)
                        = (o.wallet_id, o.coin, o.kind, o.from_at, o.to_at)
                    and r.given_up_at is null
            ) then 'permanent'
        end as ending
    from ops.alert_gaps as o
    left join metrics.fill_gaps as g using (wallet_id, coin, kind, from_at, to_at)
    where o.ended_at is null and o.seen_at < %(at)s
) as judged
where (a.wallet_id, a.coin, a.kind, a.from_at, a.to_at)
        = (judged.wallet_id, judged.coin, judged.kind, judged.from_at, judged.to_at)
    and judged.ending is not null;

-- name: see_gaps :execrows
-- Gaps that no check saw before, or that were filled and have come back. The beginning of a record
-- is the known edge of what the exchange keeps, and gives no alert; nor does a wallet that nobody
-- tracks.
-- Reads: metrics.fill_gaps, facts.hl_fills_raw, tenancy.org_wallets   Writes: ops.alert_gaps   Key: (wallet_id, coin, kind, from_at, to_at)
insert into ops.alert_gaps as a (wallet_id, coin, kind, from_at, to_at, seen_at, fills_seen)
select g.wallet_id, g.coin, g.kind, g.from_at, g.to_at, %(at)s,
    (select count(*) from facts.hl_fills_raw as f
     where f.wallet_id = g.wallet_id and f.time between g.from_at and g.to_at
         and (g.coin = '' or f.coin = g.coin))
from metrics.fill_gaps as g
where g.kind <> 'history_begins' and g.from_at > '1970-01-01 00:00:00+00'
    and exists (select from tenancy.org_wallets as t
                where t.wallet_id = g.wallet_id and t.to_day is null)
    and not exists (
        select from ops.alert_gaps as o
        where (o.wallet_id, o.coin, o.kind, o.from_at, o.to_at)
                = (g.wallet_id, g.coin, g.kind, g.from_at, g.to_at)
            and coalesce(o.ending, 'permanent') = 'permanent')
on conflict (wallet_id, coin, kind, from_at, to_at) do update
set seen_at = excluded.seen_at, fills_seen = excluded.fills_seen, ended_at = null, ending = null
where a.ended_at < excluded.seen_at;

-- name: list_gaps :many
-- The open gaps and, for a wallet whose alert is firing without an open gap, the gaps that ended
-- since the alert fired. Gaps that earlier checks ended count too: an earlier minute may be judged
-- later.
-- Reads: ops.alert_gaps, ops.alert_state, tenancy.wallets, tenancy.org_wallets   Writes: -   Key: (wallet_id, from_at)
select '0x' || encode(w.address, 'hex') as wallet, g.*,
    exists (select from tenancy.org_wallets as t
            where t.wallet_id = g.wallet_id and t.to_day is null) as tracked
from (
    select a.wallet_id, a.coin, a.kind, a.from_at, a.to_at, a.ending, true as open
    from ops.alert_gaps as a
    where a.ended_at is null
    union all
    select s.wallet_id, a.coin, a.kind, a.from_at, a.to_at, a.ending, false
    from ops.alert_state as s
    left join ops.alert_gaps as a on a.wallet_id = s.wallet_id and a.ended_at >= s.since
    where s.type = 'data_gap' and s.state in ('pending', 'firing', 'suppressed', 'acknowledged')
        and not exists (
            select from ops.alert_gaps as o
            where o.wallet_id = s.wallet_id and o.ended_at is null)
) as g
join tenancy.wallets as w on w.id = g.wallet_id
order by g.wallet_id, g.from_at, g.coin, g.kind;

-- name: list_mistaken_gaps :many
-- The alerts that fire for gaps none of which is open or was filled or marked permanent.
-- Reads: ops.alert_gaps, ops.alert_state, ops.alerts   Writes: -   Key: alert_id
select s.subject as wallet, fired.id as alert_id, count(*)::integer as gaps
from ops.alert_state as s
join ops.alert_gaps as g on g.wallet_id = s.wallet_id
    and (g.ended_at is null or g.ended_at >= s.last_fired_at)
cross join lateral (
    select a.id from ops.alerts as a
    where a.type = s.type and a.subject = s.subject and a.to_state = 'firing'
    order by a.id desc
    limit 1
) as fired
where s.type = 'data_gap' and s.state in ('firing', 'acknowledged')
group by s.subject, fired.id
having bool_and(g.ending is not distinct from 'mistaken')
order by s.subject;
