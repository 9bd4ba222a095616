-- name: mark_global_days :execrows
-- Mark every day of an org for recomputation that these wallets count for or that has a row.
-- Reads: tenancy.org_wallets, metrics.wallet_day_metrics, metrics.global_day_metrics   Writes: ops.dirty_global_days   Key: id
insert into ops.dirty_global_days (org_id, day)
select org_id, day
from (
    select g.org_id, g.day
    from metrics.global_day_metrics as g
    where g.org_id = 0
        or g.org_id in (select o.org_id from tenancy.org_wallets as o
                        where o.wallet_id = any (%(wallet_ids)s::integer[]))
    union
    select org.id, m.day
    from metrics.wallet_day_metrics as m
    join tenancy.org_wallets as o using (wallet_id)
    cross join lateral (values (o.org_id), (0)) as org (id)
    where m.wallet_id = any (%(wallet_ids)s::integer[])
) as days;
