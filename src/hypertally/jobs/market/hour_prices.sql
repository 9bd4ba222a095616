-- name: list_tokens_without_price :many
-- The tokens that recent days of wallets have amounts in and that have no price of an hour, first
-- those that a figure of today lacks. A quote token always needs a price; a fee in the base token
-- of its pair does not, so that a token of fees alone counts once a price of it was needed.
-- Reads: metrics.wallet_day_metrics, facts.spot_pairs, facts.token_prices   Writes: -   Key: token
with recent as (
    select day, volumes, fees, unpriced
    from metrics.wallet_day_metrics
    where day >= %(since)s
),
lacking as (
    select distinct u.token
    from recent as r
    cross join lateral jsonb_to_recordset(r.unpriced) as u (token text, reason text)
    where r.day = (%(hour)s::timestamptz at time zone 'UTC')::date
        and u.reason = 'no stored price for the hour'
),
used as (
    select t.token
    from recent as r
    cross join lateral jsonb_each(r.volumes) as k
    cross join lateral jsonb_object_keys(k.value) as t (token)
    union
    select t.token
    from recent as r
    cross join lateral jsonb_object_keys(r.fees) as t (token)
    where exists (select from facts.token_prices as p where p.token = t.token)
    union
    select token from lacking
),
pairs as (
    select distinct on (p.base_token) p.base_token as token, p.coin
    from facts.spot_pairs as p
    where p.quote_token = 'USDC'
    order by p.base_token, p.id desc
)
select u.token, p.coin, exists (select from lacking as l where l.token = u.token) as is_lacking
from used as u
join pairs as p using (token)
where not exists (
    select from facts.token_prices as s
    where s.token = u.token and s.at = %(hour)s::timestamptz
)
order by is_lacking desc, u.token
limit %(limit)s;
