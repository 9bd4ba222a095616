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

-- name: list_ends :many
-- The last fill of a wallet on each dex, and whether the exchange stated the positions there since,
-- with a reading of fills after that.
-- Reads: facts.hl_fills_raw, facts.account_positions, facts.pages   Writes: -   Key: dex
select e.dex, e.last_at, exists (
        select from facts.settled_positions(%(wallet_id)s::integer) as p
        where p.dex = e.dex and p.at > e.last_at) as is_checked
from (
    select case facts.market_of(f.coin) when 'hip3' then facts.dex_of(f.coin) else '' end as dex,
        max(f.time) as last_at
    from facts.hl_fills_raw as f
    where f.wallet_id = %(wallet_id)s and facts.market_of(f.coin) in ('perp', 'hip3')
    group by 1
) as e
order by e.dex;
