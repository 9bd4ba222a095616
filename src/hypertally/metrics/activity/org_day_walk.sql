-- name: list_global_days :many
-- Every org day that has, or should have, a row; org 0 is all tracked wallets.
-- Reads: metrics.wallet_day_metrics, metrics.global_day_metrics, tenancy.org_wallets   Writes: -   Key: (org_id, day)
with days as (
    select distinct o.org_id, d.day
    from (select distinct wallet_id, day from metrics.wallet_day_metrics
          where day between %(from_day)s and %(to_day)s) as d
    join tenancy.org_wallets as o using (wallet_id)
)
select org_id, day from days
union
select 0, day from days
union
select org_id, day from metrics.global_day_metrics where day between %(from_day)s and %(to_day)s
order by 2, 1;

-- name: lock_org_days :exec
-- Take the lock that rollups of org days take too.
-- Reads: -   Writes: -   Key: -
select pg_advisory_xact_lock(hashtext('rollup_global_day'), 0);

-- name: list_waiting :many
-- The org days that wait for a rollup, their own or a wallet's.
-- Reads: ops.dirty_global_days, ops.dirty_wallet_days, tenancy.orgs   Writes: -   Key: (org_id, day)
select org_id, day from ops.dirty_global_days
union
select o.id, d.day
from ops.dirty_wallet_days as d
cross join (select id from tenancy.orgs union all select 0) as o;
