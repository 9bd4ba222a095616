-- name: mark_global_days :execrows
-- Have every day recomputed that these wallets count for, or an org has a row of.
-- Reads: tenancy.org_wallets, metrics.wallet_day_metrics, metrics.global_day_metrics   Writes: ops.dirty_global_days   Key: (org_id, day)
insert into ops.dirty_global_days as d (org_id, day, cause)
select org_id, day, 'membership'
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
) as days
order by day desc, org_id
on conflict (org_id, day) do update set marked_at = d.marked_at;
