-- name: find_label :one
-- What an org calls a wallet.
-- Reads: tenancy.wallet_labels, tenancy.wallets   Writes: -   Key: (org_id, wallet_id)
select l.label
from tenancy.wallet_labels as l
join tenancy.wallets as w on w.id = l.wallet_id
where l.org_id = %(org_id)s and w.address = %(address)s;

-- name: put_label :execrows
-- Give a wallet of an org a label, or another one; a wallet that the org never tracked gets none.
-- Reads: tenancy.wallets, tenancy.org_wallets   Writes: tenancy.wallet_labels   Key: (org_id, wallet_id)
insert into tenancy.wallet_labels as l (org_id, wallet_id, label, labelled_at)
select %(org_id)s, w.id, %(label)s, %(at)s
from tenancy.wallets as w
where w.address = %(address)s
    and exists (select from tenancy.org_wallets as o
                where o.org_id = %(org_id)s and o.wallet_id = w.id)
on conflict (org_id, wallet_id) do update set label = excluded.label;

-- name: delete_label :execrows
-- Take the label of a wallet away.
-- Reads: tenancy.wallets   Writes: tenancy.wallet_labels   Key: (org_id, wallet_id)
delete from tenancy.wallet_labels as l
using tenancy.wallets as w
where w.id = l.wallet_id and l.org_id = %(org_id)s and w.address = %(address)s;
