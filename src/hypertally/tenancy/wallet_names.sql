-- name: list_names :many
-- What an org calls each wallet that it has tracked, by address; of some wallets, or of all.
-- Reads: tenancy.wallets, tenancy.wallet_names   Writes: -   Key: wallet
select '0x' || encode(w.address, 'hex') as wallet, n.label, n.tags, n.groups, n.note
from tenancy.wallet_names as n
join tenancy.wallets as w on w.id = n.wallet_id
where n.org_id = %(org_id)s
    and (%(addresses)s::bytea[] is null or w.address = any (%(addresses)s::bytea[]))
order by w.address;

-- name: list_groups :many
-- The groups of an org, each with its wallets by address.
-- Reads: tenancy.wallets, tenancy.wallet_groups   Writes: -   Key: name
select g.name, array_agg('0x' || encode(w.address, 'hex') order by w.address) as wallets
from tenancy.wallet_groups as g
join tenancy.wallets as w on w.id = g.wallet_id
where g.org_id = %(org_id)s
group by g.name
order by g.name;

-- name: put_labels :execrows
-- Give wallets of an org labels, or other ones; a wallet that the org never tracked gets none.
-- Reads: tenancy.wallets, tenancy.org_wallets   Writes: tenancy.wallet_labels   Key: (org_id, wallet_id)
insert into tenancy.wallet_labels as l (org_id, wallet_id, label, labelled_at)
select %(org_id)s, w.id, u.label, %(at)s
from unnest(%(addresses)s::bytea[], %(labels)s::text[]) as u (address, label)
join tenancy.wallets as w using (address)
where exists (select from tenancy.org_wallets as o
              where o.org_id = %(org_id)s and o.wallet_id = w.id)
on conflict (org_id, wallet_id) do update set label = excluded.label
where l.label <> excluded.label;

-- name: put_notes :execrows
-- Write down notes about wallets of an org, or other ones; a wallet that the org never tracked gets none.
-- Reads: tenancy.wallets, tenancy.org_wallets   Writes: tenancy.wallet_notes   Key: (org_id, wallet_id)
insert into tenancy.wallet_notes as l (org_id, wallet_id, note, noted_at)
select %(org_id)s, w.id, u.note, %(at)s
from unnest(%(addresses)s::bytea[], %(notes)s::text[]) as u (address, note)
join tenancy.wallets as w using (address)
where exists (select from tenancy.org_wallets as o
              where o.org_id = %(org_id)s and o.wallet_id = w.id)
on conflict (org_id, wallet_id) do update set note = excluded.note, noted_at = excluded.noted_at
where l.note <> excluded.note;

-- name: delete_notes :many
-- Take the notes of wallets away.
-- Reads: tenancy.wallets   Writes: tenancy.wallet_notes   Key: (org_id, wallet_id)
delete from tenancy.wallet_notes as d
using tenancy.wallets as w
where d.org_id = %(org_id)s and d.wallet_id = w.id
    and w.address = any (%(addresses)s::bytea[])
returning '0x' || encode(w.address, 'hex') as wallet;

-- name: add_tags :many
-- Give wallets of an org tags; what a wallet has stays as it is, and a wallet that the org never tracked gets none.
-- Reads: tenancy.wallets, tenancy.org_wallets   Writes: tenancy.wallet_tags   Key: (org_id, wallet_id, tag)
with added as (
    insert into tenancy.wallet_tags (org_id, wallet_id, tag, tagged_at)
    select distinct %(org_id)s::integer, w.id, u.word, %(at)s::timestamptz
    from unnest(%(addresses)s::bytea[], %(words)s::text[]) as u (address, word)
    join tenancy.wallets as w using (address)
    where exists (select from tenancy.org_wallets as o
                  where o.org_id = %(org_id)s and o.wallet_id = w.id)
    on conflict do nothing
    returning wallet_id
)
select '0x' || encode(w.address, 'hex') as wallet
from added
join tenancy.wallets as w on w.id = added.wallet_id;

-- name: delete_tags :many
-- Take tags from wallets; null: all of them.
-- Reads: tenancy.wallets   Writes: tenancy.wallet_tags   Key: (org_id, wallet_id, tag)
delete from tenancy.wallet_tags as d
using tenancy.wallets as w
where d.org_id = %(org_id)s and d.wallet_id = w.id
    and w.address = any (%(addresses)s::bytea[])
        and (%(words)s::text[] is null or d.tag = any (%(words)s::text[]))
returning '0x' || encode(w.address, 'hex') as wallet;

-- name: add_groups :many
-- Put wallets of an org into groups; what a wallet has stays as it is, and a wallet that the org never tracked gets none.
-- Reads: tenancy.wallets, tenancy.org_wallets   Writes: tenancy.wallet_groups   Key: (org_id, wallet_id, name)
with added as (
    insert into tenancy.wallet_groups (org_id, wallet_id, name, grouped_at)
    select distinct %(org_id)s::integer, w.id, u.word, %(at)s::timestamptz
    from unnest(%(addresses)s::bytea[], %(words)s::text[]) as u (address, word)
    join tenancy.wallets as w using (address)
    where exists (select from tenancy.org_wallets as o
                  where o.org_id = %(org_id)s and o.wallet_id = w.id)
    on conflict do nothing
    returning wallet_id
)
select '0x' || encode(w.address, 'hex') as wallet
from added
join tenancy.wallets as w on w.id = added.wallet_id;

-- name: delete_groups :many
-- Take wallets out of groups; null: out of all of them.
-- Reads: tenancy.wallets   Writes: tenancy.wallet_groups   Key: (org_id, wallet_id, name)
delete from tenancy.wallet_groups as d
using tenancy.wallets as w
where d.org_id = %(org_id)s and d.wallet_id = w.id
    and w.address = any (%(addresses)s::bytea[])
        and (%(words)s::text[] is null or d.name = any (%(words)s::text[]))
returning '0x' || encode(w.address, 'hex') as wallet;
