-- name: list_named :many
-- What the caller's org calls these wallets; those without a label and a tag are left out.
-- Reads: tenancy.wallets, tenancy.wallet_labels, tenancy.wallet_tags
select
    '0x' || encode(w.address, 'hex') as wallet,
    (select l.label from tenancy.wallet_labels as l where l.wallet_id = w.id) as label,
    array(select t.tag from tenancy.wallet_tags as t where t.wallet_id = w.id order by t.tag)
        as tags
from tenancy.wallets as w
where w.address = any(%(addresses)s::bytea[])
    and (
        exists (select from tenancy.wallet_labels as l where l.wallet_id = w.id)
        or exists (select from tenancy.wallet_tags as t where t.wallet_id = w.id)
    );

-- name: list_pairs :many
-- The pair of each spot coin that has another name, as the exchange said last.
-- Reads: facts.spot_pairs
select distinct on (p.coin) p.coin, p.base_token || '/' || p.quote_token as coin_name
from facts.spot_pairs as p
where p.coin <> p.base_token || '/' || p.quote_token
order by p.coin, p.id desc;
