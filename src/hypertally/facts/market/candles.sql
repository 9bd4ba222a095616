-- name: insert_candles :execrows
-- Append candles; a stored interval keeps its candle.
-- Reads: -   Writes: facts.candles   Key: (coin, interval, at)
insert into facts.candles (
    coin, interval, at, open, high, low, close, volume_coin, trades, fingerprint, page_id)
select
    u.coin, u.interval, u.at, u.open::numeric, u.high::numeric, u.low::numeric, u.close::numeric,
    u.volume_coin::numeric, u.trades, u.fingerprint, %(page_id)s
from unnest(
    %(coin)s::text[], %(interval)s::text[], %(at)s::timestamptz[], %(open)s::text[],
    %(high)s::text[], %(low)s::text[], %(close)s::text[], %(volume_coin)s::text[],
    %(trades)s::integer[], %(fingerprint)s::bigint[]
) as u (coin, interval, at, open, high, low, close, volume_coin, trades, fingerprint)
on conflict do nothing;
