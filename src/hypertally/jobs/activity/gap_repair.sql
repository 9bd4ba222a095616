-- name: read_broken_wallet :one
-- The wallet, if the break of its record that ends at to_ms still exists.
-- Reads: tenancy.wallets, metrics.fill_gaps   Writes: -   Key: id
select w.id, '0x' || encode(w.address, 'hex') as address
from tenancy.wallets as w
where w.id = %(wallet_id)s
    and exists (
        select from metrics.fill_gaps as g
        where g.wallet_id = w.id and g.coin = %(coin)s and g.kind = 'position_break'
            and extract(epoch from g.to_at) * 1000 = %(to_ms)s);
