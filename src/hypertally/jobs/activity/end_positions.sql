-- name: read_wallet :one
-- The wallet, if an org tracks it today.
-- Reads: tenancy.wallets, tenancy.org_wallets   Writes: -   Key: id
select w.id, '0x' || encode(w.address, 'hex') as address
from tenancy.wallets as w
where w.id = %(wallet_id)s
    and exists (select from tenancy.org_wallets as o where o.wallet_id = w.id and o.to_day is null);

-- name: lock_cursor :one
-- Let no transaction store fills of a wallet beside this one: that a page came, its cursor notes.
-- Reads: ops.hl_ingest_cursor   Writes: -   Key: wallet_id
select wallet_id from ops.hl_ingest_cursor where wallet_id = %(wallet_id)s for update;

-- name: note_check :one
-- Note whether the positions of each dex were stated after the last fill there. Returns how often
-- they were asked for in vain.
-- Reads: -   Writes: ops.hl_ingest_cursor   Key: wallet_id
update ops.hl_ingest_cursor
set ends_checked = %(all_checked)s,
    end_check_tries = case when %(all_checked)s then 0 else end_check_tries + 1 end
where wallet_id = %(wallet_id)s
returning end_check_tries;
