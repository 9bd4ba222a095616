-- name: read_price_need :one
-- The pair that prices a token, and the hours to ask for: as many as one answer may hold, up to the
-- last day that lacks it.
-- Reads: facts.spot_pairs, metrics.wallet_day_metrics   Writes: -   Key: token
select
    (select p.coin from facts.spot_pairs as p
     where p.base_token = %(token)s and p.quote_token = 'USDC' order by p.id desc limit 1) as coin,
    (extract(epoch from (max(m.day) + 1)::timestamp at time zone 'UTC') * 1000)::bigint - 1 as to_ms
from metrics.wallet_day_metrics as m
cross join lateral jsonb_to_recordset(m.unpriced) as u (token text, reason text)
where u.token = %(token)s
having count(*) > 0;

-- name: list_unpriced_days :many
-- Days with a figure that lacks a price or a market.
-- Reads: metrics.wallet_day_metrics   Writes: -   Key: (wallet_id, day)
select wallet_id, day from metrics.wallet_day_metrics
where unpriced <> '[]'
order by 1, 2;
