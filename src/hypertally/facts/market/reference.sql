-- name: insert_spot_pairs :execrows
-- Append pairs that are new or have changed.
-- Reads: -   Writes: facts.spot_pairs   Key: (coin, fingerprint)
insert into facts.spot_pairs (coin, base_token, quote_token, fingerprint, page_id)
select u.*, %(page_id)s
from unnest(%(coin)s::text[], %(base_token)s::text[], %(quote_token)s::text[],
            %(fingerprint)s::bigint[]) as u
on conflict do nothing;

-- name: insert_perp_dexs :execrows
-- Append dexs that are new or have changed.
-- Reads: -   Writes: facts.perp_dexs   Key: (dex, fingerprint)
insert into facts.perp_dexs (dex, collateral_token, fingerprint, page_id)
select u.*, %(page_id)s
from unnest(%(dex)s::text[], %(collateral_token)s::text[], %(fingerprint)s::bigint[]) as u
on conflict do nothing;

-- name: insert_prices :execrows
-- Append prices; a stored hour keeps its price.
-- Reads: -   Writes: facts.token_prices   Key: (token, at)
insert into facts.token_prices (token, price_usd, source, at, fingerprint, page_id)
select u.token, u.price_usd::numeric, u.source, u.at, u.fingerprint, %(page_id)s
from unnest(%(token)s::text[], %(price_usd)s::text[], %(source)s::text[],
            %(at)s::timestamptz[], %(fingerprint)s::bigint[])
    as u (token, price_usd, source, at, fingerprint)
on conflict do nothing;
