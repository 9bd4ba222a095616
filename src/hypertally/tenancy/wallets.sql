-- name: insert_wallets :execrows
-- Add addresses; each keeps the id it has.
-- Reads: -   Writes: tenancy.wallets   Key: address
insert into tenancy.wallets (address)
select distinct a.address from unnest(%(addresses)s::bytea[]) as a (address)
where not exists (select from tenancy.wallets as w where w.address = a.address)
order by 1
on conflict do nothing;

-- name: list_known :many
-- Those of these addresses that have an id, whoever tracks them or once did.
-- Reads: tenancy.wallets   Writes: -   Key: address
select '0x' || encode(w.address, 'hex') as wallet
from tenancy.wallets as w
where w.address = any (%(addresses)s::bytea[])
order by w.address;

-- name: lock_org_wallets :exec
-- Lock the wallets of an org: two changes at a time would decide on the same intervals.
-- Reads: -   Writes: -   Key: org_id
select pg_advisory_xact_lock(hashtext('org_wallets'), %(org_id)s);

-- name: list_open_intervals :many
-- The open intervals of these wallets.
-- Reads: tenancy.wallets, tenancy.org_wallets   Writes: -   Key: (org_id, wallet_id, from_day)
select o.wallet_id, '0x' || encode(w.address, 'hex') as wallet,
    nullif(o.from_day, '-infinity') as from_day,
    o.from_day <= (now() at time zone 'UTC')::date as counting
from tenancy.org_wallets as o
join tenancy.wallets as w on w.id = o.wallet_id
where o.org_id = %(org_id)s and w.address = any (%(addresses)s::bytea[]) and o.to_day is null
order by w.address;

-- name: insert_org_wallets :many
-- Open an interval for each wallet without an open interval. A wallet that was closed is opened
-- again from the day it was closed, so that its intervals never overlap.
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

-- name: delete_overlapped :many
-- Delete closed intervals that end after the new start of the open interval; returns their starts.
-- Reads: -   Writes: tenancy.org_wallets   Key: (org_id, wallet_id, from_day)
delete from tenancy.org_wallets as o
where o.org_id = %(org_id)s and o.wallet_id = any (%(wallet_ids)s::integer[])
    and o.to_day > %(from_day)s
returning o.wallet_id, nullif(o.from_day, '-infinity') as from_day;

-- name: move_starts :execrows
-- Begin the open intervals of these wallets on a day.
-- Reads: -   Writes: tenancy.org_wallets   Key: (org_id, wallet_id, from_day)
update tenancy.org_wallets as o
set from_day = %(from_day)s
where o.org_id = %(org_id)s and o.wallet_id = any (%(wallet_ids)s::integer[]) and o.to_day is null;

-- name: keep_earlier_starts :execrows
-- Begin the open intervals no later than the closed intervals that they replaced.
-- Reads: -   Writes: tenancy.org_wallets   Key: (org_id, wallet_id, from_day)
update tenancy.org_wallets as o
set from_day = least(o.from_day, merged.from_day)
from (
    select m.wallet_id, min(coalesce(m.from_day, '-infinity')) as from_day
    from unnest(%(wallet_ids)s::integer[], %(from_days)s::date[]) as m (wallet_id, from_day)
    group by m.wallet_id
) as merged
where o.org_id = %(org_id)s and o.wallet_id = merged.wallet_id and o.to_day is null;

-- name: delete_empty :many
-- Delete intervals that begin today or later: they hold no full day.
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
-- The wallets of an org with their intervals, and what the org calls them.
-- Reads: tenancy.wallets, tenancy.org_wallets, tenancy.wallet_names   Writes: -   Key: (address, from_day)
select '0x' || encode(w.address, 'hex') as wallet, n.label, n.tags, n.groups, n.note,
    nullif(o.from_day, '-infinity') as from_day, o.to_day
from tenancy.org_wallets as o
join tenancy.wallets as w on w.id = o.wallet_id
join tenancy.wallet_names as n on n.org_id = o.org_id and n.wallet_id = o.wallet_id
where o.org_id = %(org_id)s and n.org_id = %(org_id)s
order by w.address, o.from_day;

-- name: list_members :many
-- Those of these wallets that an org tracks or has tracked.
-- Reads: tenancy.wallets, tenancy.org_wallets, tenancy.wallet_labels   Writes: -   Key: wallet
select w.id as wallet_id, '0x' || encode(w.address, 'hex') as wallet,
    (select l.label from tenancy.wallet_labels as l
     where l.org_id = %(org_id)s and l.wallet_id = w.id) as label,
    exists (select from tenancy.org_wallets as o
            where o.wallet_id = w.id and o.org_id <> %(org_id)s) as is_shared
from tenancy.wallets as w
where w.address = any (%(addresses)s::bytea[])
    and exists (select from tenancy.org_wallets as o
                where o.wallet_id = w.id and o.org_id = %(org_id)s)
order by w.address;

-- name: forget_intervals :execrows
-- Delete every interval of these wallets and an org.
-- Reads: -   Writes: tenancy.org_wallets   Key: (org_id, wallet_id, from_day)
delete from tenancy.org_wallets
where org_id = %(org_id)s and wallet_id = any (%(wallet_ids)s::integer[]);

-- name: forget_labels :execrows
-- Delete the labels of these wallets.
-- Reads: -   Writes: tenancy.wallet_labels   Key: (org_id, wallet_id)
delete from tenancy.wallet_labels
where org_id = %(org_id)s and wallet_id = any (%(wallet_ids)s::integer[]);

-- name: forget_tags :execrows
-- Delete the tags of these wallets.
-- Reads: -   Writes: tenancy.wallet_tags   Key: (org_id, wallet_id)
delete from tenancy.wallet_tags
where org_id = %(org_id)s and wallet_id = any (%(wallet_ids)s::integer[]);

-- name: forget_groups :execrows
-- Delete the groups of these wallets.
-- Reads: -   Writes: tenancy.wallet_groups   Key: (org_id, wallet_id)
delete from tenancy.wallet_groups
where org_id = %(org_id)s and wallet_id = any (%(wallet_ids)s::integer[]);

-- name: forget_notes :execrows
-- Delete the notes of these wallets.
-- Reads: -   Writes: tenancy.wallet_notes   Key: (org_id, wallet_id)
delete from tenancy.wallet_notes
where org_id = %(org_id)s and wallet_id = any (%(wallet_ids)s::integer[]);
