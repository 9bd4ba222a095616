-- name: read_wallet :one
-- The wallet, if an org tracks it today.
-- Reads: tenancy.wallets, tenancy.org_wallets   Writes: -   Key: id
select w.id, '0x' || encode(w.address, 'hex') as address
from tenancy.wallets as w
where w.id = %(wallet_id)s
    and exists (select from tenancy.org_wallets as o where o.wallet_id = w.id and o.to_day is null);
