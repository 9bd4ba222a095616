-- name: insert_leaderboard_rows :execrows
-- Append the rows of an answer for the wallets that are kept.
-- Reads: -   Writes: facts.leaderboard_rows   Key: (page_id, wallet)
insert into facts.leaderboard_rows (
    page_id, taken_at, wallet, ordinal, account_value, pnl_30d, roi_30d, volume_30d, raw_payload,
    fingerprint)
select
    %(page_id)s, %(taken_at)s, u.wallet, u.ordinal, u.account_value::numeric, u.pnl_30d::numeric,
    u.roi_30d::numeric, u.volume_30d::numeric, u.raw_payload::jsonb, u.fingerprint
from unnest(
    %(wallet)s::text[], %(ordinal)s::integer[], %(account_value)s::text[], %(pnl_30d)s::text[],
    %(roi_30d)s::text[], %(volume_30d)s::text[], %(raw_payload)s::text[], %(fingerprint)s::bigint[]
) as u (
    wallet, ordinal, account_value, pnl_30d, roi_30d, volume_30d, raw_payload, fingerprint)
on conflict do nothing;
