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

-- name: mark_forgotten_days :one
-- Mark the days for which these wallets count for an org, of the org and of all tracked wallets: they
-- are computed again because the wallets are forgotten. Returns the number of the org's days.
-- Reads: tenancy.org_wallets, metrics.wallet_day_metrics, metrics.global_day_metrics
-- Writes: ops.dirty_global_days   Key: id
with intervals as (
    select o.wallet_id, o.from_day, coalesce(o.to_day, 'infinity') as to_day
    from tenancy.org_wallets as o
    where o.org_id = %(org_id)s and o.wallet_id = any (%(wallet_ids)s::integer[])
), days as (
    select g.org_id, g.day
    from metrics.global_day_metrics as g
    where g.org_id in (%(org_id)s, 0)
        and exists (select from intervals as i where i.from_day <= g.day and g.day < i.to_day)
    union
    select org.id, m.day
    from intervals as i
    join metrics.wallet_day_metrics as m
        on m.wallet_id = i.wallet_id and i.from_day <= m.day and m.day < i.to_day
    cross join (values (%(org_id)s), (0)) as org (id)
), marked as (
    insert into ops.dirty_global_days (org_id, day, cause)
    select org_id, day, 'forgotten' from days
    returning org_id
)
select count(*) filter (where org_id = %(org_id)s)::integer as days from marked;
