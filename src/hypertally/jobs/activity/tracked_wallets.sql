-- name: read_tracked_wallet :one
-- The wallet, if an org tracks it today.
-- Reads: tenancy.wallets, tenancy.org_wallets   Writes: -   Key: id
select w.id, '0x' || encode(w.address, 'hex') as address
from tenancy.wallets as w
where w.id = %(wallet_id)s
    and exists (select from tenancy.org_wallets as o where o.wallet_id = w.id and o.to_day is null);

-- name: list_tracked_wallets :many
-- The wallets an org tracks today: those of the given addresses, or all.
-- Reads: tenancy.wallets, tenancy.org_wallets   Writes: -   Key: id
select w.id, '0x' || encode(w.address, 'hex') as address
from tenancy.wallets as w
where (%(addresses)s::text[] is null
       or '0x' || encode(w.address, 'hex') = any (%(addresses)s::text[]))
    and exists (select from tenancy.org_wallets as o where o.wallet_id = w.id and o.to_day is null)
order by w.id;
