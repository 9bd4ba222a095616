-- name: count_rejects :many
-- The rejects stored within a time that were not read since, of each tracked wallet and of no
-- wallet; and none, of each alert that fires without one.
-- Reads: facts.rejects, facts.decoded_rejects, tenancy.wallets, tenancy.org_wallets, ops.alert_state   Writes: -   Key: wallet_id
with unread as (
    select r.wallet_id, r.reason, count(*)::integer as rejects
    from facts.rejects as r
    where r.inserted_at <= %(at)s and r.inserted_at > %(at)s::timestamptz - %(within)s::interval
        and not exists (select from facts.decoded_rejects as d where d.reject_id = r.id)
        and (r.wallet_id is null or exists (
            select from tenancy.org_wallets as o
            where o.wallet_id = r.wallet_id and o.to_day is null))
    group by r.wallet_id, r.reason
), counted as (
    select wallet_id, sum(rejects)::integer as rejects,
        array_agg(reason order by rejects desc, reason) as reasons,
        array_agg(rejects order by rejects desc, reason) as counts
    from unread
    group by wallet_id
), over as (
    select s.wallet_id, 0 as rejects, '{}'::text[] as reasons, '{}'::integer[] as counts
    from ops.alert_state as s
    where s.type = 'rejects' and s.state in ('pending', 'firing', 'suppressed', 'acknowledged')
        and not exists (
            select from counted as c where c.wallet_id is not distinct from s.wallet_id)
)
select '0x' || encode(w.address, 'hex') as wallet, n.wallet_id, n.rejects, n.reasons, n.counts
from (table counted union all table over) as n
left join tenancy.wallets as w on w.id = n.wallet_id
order by n.wallet_id nulls first;
