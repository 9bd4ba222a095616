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

-- name: mark_org_windows :one
-- Mark the computed days of orgs that lie in windows of the record of a wallet that they count.
-- Reads: metrics.global_day_metrics, tenancy.org_wallets   Writes: ops.dirty_global_days   Key: id
with org_days as (
    insert into ops.dirty_global_days (org_id, day)
    select distinct g.org_id, g.day
    from unnest(%(from_at)s::timestamptz[], %(to_at)s::timestamptz[]) as w (from_at, to_at)
    join metrics.global_day_metrics as g
        on g.day between (w.from_at at time zone 'UTC')::date and (w.to_at at time zone 'UTC')::date
    where exists (
        select from tenancy.org_wallets as o
        where o.wallet_id = %(wallet_id)s and (g.org_id = 0 or o.org_id = g.org_id)
            and o.from_day <= g.day and (o.to_day is null or g.day < o.to_day))
    returning day
)
select 0 as wallet_days, (select count(*) from org_days)::integer as org_days;

-- name: mark_readings :one
-- Mark the computed days of which an answer covers or confirms a part that no other answer does:
-- the wallet's own, and those of every org that counts the wallet then.
-- Reads: facts.pages, facts.hl_fills_raw, metrics.wallet_day_metrics, metrics.global_day_metrics,
--        tenancy.org_wallets   Writes: ops.dirty_wallet_days, ops.dirty_global_days   Key: id
with computed as materialized (
    select null::integer as org_id, m.day
    from metrics.wallet_day_metrics as m
    where m.wallet_id = %(wallet_id)s
        and m.day between (%(from_at)s at time zone 'UTC')::date
            and (%(to_at)s at time zone 'UTC')::date
    union all
    select g.org_id, g.day
    from metrics.global_day_metrics as g
    where g.day between (%(from_at)s at time zone 'UTC')::date
            and (%(to_at)s at time zone 'UTC')::date
        and exists (
            select from tenancy.org_wallets as o
            where o.wallet_id = %(wallet_id)s and (g.org_id = 0 or o.org_id = g.org_id)
                and o.from_day <= g.day and (o.to_day is null or g.day < o.to_day))
), bounds as (
    select min(day) as first_day, max(day) as last_day from computed
), changed as materialized (
    select with_it.day
    from bounds
    cross join lateral facts.day_readings(
        %(wallet_id)s::integer, first_day, last_day) as with_it
    left join lateral (
        select r.* from facts.day_readings(
            %(wallet_id)s::integer, first_day, last_day, %(page_id)s::bigint) as r
    ) as without_it on without_it.day = with_it.day
    where (with_it.covered, with_it.confirmed)
        is distinct from (without_it.covered, without_it.confirmed)
), wallet_days as (
    insert into ops.dirty_wallet_days (wallet_id, day)
    select %(wallet_id)s, c.day from computed as c join changed using (day) where c.org_id is null
    returning day
), org_days as (
    insert into ops.dirty_global_days (org_id, day)
    select c.org_id, c.day from computed as c join changed using (day) where c.org_id is not null
    returning day
)
select (select count(*) from wallet_days)::integer as wallet_days,
    (select count(*) from org_days)::integer as org_days;
