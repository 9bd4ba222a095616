-- name: insert_snapshots :execrows
-- Append the positions of wallets at a minute; a stored row is left as it is.
-- Reads: -   Writes: facts.wallet_snapshots   Key: (minute, asset, wallet_id)
insert into facts.wallet_snapshots (
    minute, wallet_id, asset, szi, missing, entry_px, position_value, unrealized_pnl, leverage,
    account_value, observed_at, payload_fingerprint, fingerprint)
select
    u.minute, u.wallet_id, u.asset, u.szi::numeric, u.missing, u.entry_px::numeric,
    u.position_value::numeric, u.unrealized_pnl::numeric, u.leverage::numeric,
    u.account_value::numeric, u.observed_at, u.payload_fingerprint, u.fingerprint
from unnest(
    %(minute)s::timestamptz[], %(wallet_id)s::integer[], %(asset)s::text[], %(szi)s::text[],
    %(missing)s::text[], %(entry_px)s::text[], %(position_value)s::text[],
    %(unrealized_pnl)s::text[], %(leverage)s::text[], %(account_value)s::text[],
    %(observed_at)s::timestamptz[], %(payload_fingerprint)s::bigint[], %(fingerprint)s::bigint[]
) as u (
    minute, wallet_id, asset, szi, missing, entry_px, position_value, unrealized_pnl, leverage,
    account_value, observed_at, payload_fingerprint, fingerprint)
on conflict do nothing;

-- name: ensure_day :one
-- Make the partition of the day that holds a time.
-- Reads: -   Writes: the schema   Key: day
select facts.ensure_day('wallet_snapshots', %(day_of)s::timestamp at time zone 'UTC') as made;
