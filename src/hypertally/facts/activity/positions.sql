-- name: insert_positions :execrows
-- Append the positions of a wallet on a dex; those of a time that is stored stay as they are.
-- Reads: -   Writes: facts.account_positions   Key: (wallet_id, dex, at)
insert into facts.account_positions (wallet_id, dex, at, positions, page_id)
values (%(wallet_id)s, %(dex)s, %(at)s, %(positions)s, %(page_id)s)
on conflict do nothing;

-- name: list_dexs :many
-- The dexs on which a wallet has traded perps.
-- Reads: facts.hl_fills_raw   Writes: -   Key: dex
select distinct case facts.market_of(f.coin) when 'hip3' then facts.dex_of(f.coin) else '' end as dex
from facts.hl_fills_raw as f
where f.wallet_id = %(wallet_id)s and facts.market_of(f.coin) in ('perp', 'hip3')
order by 1;
