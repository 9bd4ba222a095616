-- name: find_org :one
-- An org by its name.
-- Reads: tenancy.orgs   Writes: -   Key: name
select id from tenancy.orgs where name = %(name)s;

-- name: insert_org :execrows
-- Make an org.
-- Reads: -   Writes: tenancy.orgs   Key: name
insert into tenancy.orgs (name) values (%(name)s) on conflict do nothing;

-- name: list_orgs :many
-- Every org with how many wallets it tracks.
-- Reads: tenancy.orgs, tenancy.org_wallets   Writes: -   Key: name
select o.name, o.created_at, count(w.wallet_id)::integer as wallets
from tenancy.orgs as o
left join tenancy.org_wallets as w on w.org_id = o.id and w.to_day is null
group by o.id
order by o.name;

-- name: insert_wallets :execrows
-- Give each address its id, once.
-- Reads: -   Writes: tenancy.wallets   Key: address
insert into tenancy.wallets (address)
select distinct a.address from unnest(%(addresses)s::bytea[]) as a (address)
where not exists (select from tenancy.wallets as w where w.address = a.address)
order by 1
on conflict do nothing;

-- name: insert_org_wallets :many
-- Open an interval for each wallet that has none open. One that was closed is opened again from
-- the day it was closed, so that its intervals never overlap.
-- Reads: tenancy.wallets, tenancy.org_wallets   Writes: tenancy.org_wallets   Key: (org_id, wallet_id, from_day)
insert into tenancy.org_wallets (org_id, wallet_id, from_day)
select %(org_id)s, w.id, greatest(
    coalesce(%(from_day)s::date, '-infinity'),
    coalesce((select max(o.to_day) from tenancy.org_wallets as o
              where o.org_id = %(org_id)s and o.wallet_id = w.id), '-infinity'))
from tenancy.wallets as w
where w.address = any (%(addresses)s::bytea[])
    and not exists (select from tenancy.org_wallets as o
                    where o.org_id = %(org_id)s and o.wallet_id = w.id and o.to_day is null)
order by w.id
on conflict do nothing
returning wallet_id;

-- name: delete_empty :many
-- An interval that began today or later never counted: it goes.
-- Reads: tenancy.wallets   Writes: tenancy.org_wallets   Key: (org_id, wallet_id, from_day)
delete from tenancy.org_wallets as o
using tenancy.wallets as w
where o.wallet_id = w.id and o.org_id = %(org_id)s and w.address = any (%(addresses)s::bytea[])
    and o.to_day is null and o.from_day >= (now() at time zone 'UTC')::date
returning o.wallet_id;

-- name: close_intervals :many
-- End the open intervals today.
-- Reads: tenancy.wallets   Writes: tenancy.org_wallets   Key: (org_id, wallet_id, from_day)
update tenancy.org_wallets as o
set to_day = (now() at time zone 'UTC')::date
from tenancy.wallets as w
where o.wallet_id = w.id and o.org_id = %(org_id)s and w.address = any (%(addresses)s::bytea[])
    and o.to_day is null
returning o.wallet_id;

-- name: list_wallets :many
-- The wallets of an org with their intervals.
-- Reads: tenancy.wallets, tenancy.org_wallets   Writes: -   Key: (address, from_day)
select '0x' || encode(w.address, 'hex') as wallet,
    nullif(o.from_day, '-infinity') as from_day, o.to_day
from tenancy.org_wallets as o
join tenancy.wallets as w on w.id = o.wallet_id
where o.org_id = %(org_id)s
order by w.address, o.from_day;

-- name: put_user :execrows
-- A user's org and role.
-- Reads: -   Writes: tenancy.user_profiles   Key: user_id
insert into tenancy.user_profiles (user_id, org_id, role)
values (%(user_id)s, %(org_id)s, %(role)s)
on conflict (user_id) do update set org_id = excluded.org_id, role = excluded.role;
