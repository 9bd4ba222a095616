-- name: read_wallet :one
-- The wallet, if an org tracks it today.
-- Reads: tenancy.wallets, tenancy.org_wallets   Writes: -   Key: id
select w.id, '0x' || encode(w.address, 'hex') as address
from tenancy.wallets as w
where w.id = %(wallet_id)s
    and exists (select from tenancy.org_wallets as o where o.wallet_id = w.id and o.to_day is null);

-- name: note_vain_check :one
-- Count a check after which a dex had not stated its positions yet. Returns how many there were.
-- Reads: -   Writes: ops.hl_ingest_cursor   Key: wallet_id
update ops.hl_ingest_cursor
set ends_checked = false, end_check_tries = end_check_tries + 1
where wallet_id = %(wallet_id)s
returning end_check_tries;
