-- name: read_price_need :one
-- The pair that prices a token, and the hours to request: as many as one answer may hold, up to now
-- if they reach back to the first day without a price, else up to the last such day.
-- Reads: facts.spot_pairs, metrics.wallet_day_metrics   Writes: -   Key: token
select
    (select p.coin from facts.spot_pairs as p
     where p.base_token = %(token)s and p.quote_token = 'USDC' order by p.id desc limit 1) as coin,
    (extract(epoch from case
        when min(m.day)::timestamp at time zone 'UTC'
            > %(now)s::timestamptz - make_interval(hours => %(hours_max)s)
        then %(now)s::timestamptz else (max(m.day) + 1)::timestamp at time zone 'UTC' end) * 1000)::bigint - 1
        as to_ms
from metrics.wallet_day_metrics as m
cross join lateral jsonb_to_recordset(m.unpriced) as u (token text, reason text)
where u.token = %(token)s
having count(*) > 0;

-- name: lock_prices :exec
-- Wait for the rollups that may have missed what this transaction stored.
-- Reads: -   Writes: -   Key: -
select pg_advisory_xact_lock(hashtext('prices'), 0);

-- name: list_unpriced_days :many
-- Days with a figure that lacks a price or a market.
-- Reads: metrics.wallet_day_metrics   Writes: -   Key: (wallet_id, day)
select wallet_id, day from metrics.wallet_day_metrics
where unpriced <> '[]'
order by 1, 2;

-- name: list_days_of_changed_markets :many
-- Days with fills of a market whose tokens this answer changed: they used the old tokens.
-- Reads: facts.spot_pairs, facts.perp_dexs, facts.hl_fills_raw   Writes: -   Key: (wallet_id, day)
with changed as (
    select p.coin from facts.spot_pairs as p
    where p.page_id = %(page_id)s
        and exists (select from facts.spot_pairs as o where o.coin = p.coin and o.id < p.id)
), moved as (
    select d.dex from facts.perp_dexs as d
    where d.page_id = %(page_id)s
        and exists (select from facts.perp_dexs as o where o.dex = d.dex and o.id < d.id)
)
select distinct f.wallet_id, (f.time at time zone 'UTC')::date as day
from facts.hl_fills_raw as f
where (exists (select from changed) or exists (select from moved))
    and (f.coin in (select coin from changed) or facts.dex_of(f.coin) in (select dex from moved))
order by 1, 2;
