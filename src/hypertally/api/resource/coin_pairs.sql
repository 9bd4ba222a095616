-- name: list_pairs_named :many
-- The spot coins whose pair, as the exchange said last, is this text in any case.
-- Reads: facts.spot_pairs
with pairs as (
    select distinct on (p.coin) p.coin, p.base_token || '/' || p.quote_token as coin_name
    from facts.spot_pairs as p
    order by p.coin, p.id desc
)
select coin, coin_name
from pairs
where lower(coin_name) = lower(%(pair)s::text) or coin = %(pair)s::text
order by coin;
