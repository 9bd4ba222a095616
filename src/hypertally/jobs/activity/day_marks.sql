-- name: mark_windows :one
-- Mark the computed days that lie in windows of a wallet's record: the wallet's own, and those of
-- every org that counts the wallet then. Returns the numbers of marks.
-- Reads: metrics.wallet_day_metrics, metrics.global_day_metrics, tenancy.org_wallets
-- Writes: ops.dirty_wallet_days, ops.dirty_global_days   Key: id
with windows as (
    select (u.from_at at time zone 'UTC')::date as first_day,
        (u.to_at at time zone 'UTC')::date as last_day
    from unnest(%(from_at)s::timestamptz[], %(to_at)s::timestamptz[]) as u (from_at, to_at)
), wallet_days as (
    insert into ops.dirty_wallet_days (wallet_id, day)
    select distinct m.wallet_id, m.day
    from windows as w
    join metrics.wallet_day_metrics as m
        on m.wallet_id = %(wallet_id)s and m.day between w.first_day and w.last_day
    returning day
), org_days as (
    insert into ops.dirty_global_days (org_id, day)
    select distinct g.org_id, g.day
    from windows as w
    join metrics.global_day_metrics as g on g.day between w.first_day and w.last_day
    where exists (
        select from tenancy.org_wallets as o
        where o.wallet_id = %(wallet_id)s and (g.org_id = 0 or o.org_id = g.org_id)
            and o.from_day <= g.day and (o.to_day is null or g.day < o.to_day))
    returning day
)
select (select count(*) from wallet_days)::integer as wallet_days,
    (select count(*) from org_days)::integer as org_days;
