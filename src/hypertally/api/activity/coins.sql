-- name: list_coins :many
-- Coins of which a part, or a part of the pair, is a text: those that begin with it first. The coins
-- of TWAPs are found one by one by their index, as each has many rows.
-- Reads: facts.spot_pairs, metrics.twaps
with recursive traded as (
    (select t.asset from metrics.twaps as t order by t.asset limit 1)
    union all
    select (select t.asset from metrics.twaps as t where t.asset > r.asset order by t.asset limit 1)
    from traded as r
    where r.asset is not null
),
pairs as (
    select distinct on (p.coin) p.coin, p.base_token || '/' || p.quote_token as coin_name
    from facts.spot_pairs as p
    order by p.coin, p.id desc
),
coins as (
    select coin, coin_name from pairs
    union all
    select r.asset, null from traded as r
    where r.asset is not null and not exists (select from pairs as p where p.coin = r.asset)
)
select coin, coin_name
from coins
where strpos(lower(coin), %(text)s::text) > 0
    or strpos(lower(coin_name), %(text)s::text) > 0
order by
    not (starts_with(lower(coin), %(text)s::text)
        or starts_with(coalesce(lower(coin_name), ''), %(text)s::text)),
    coalesce(coin_name, coin), coin
limit %(limit)s;
