-- name: mark_wallet_days :execrows
-- Have days recomputed. The mark is committed with the facts that call for it.
-- Reads: -   Writes: ops.dirty_wallet_days   Key: id
insert into ops.dirty_wallet_days (wallet_id, day, from_at)
select %(wallet_id)s, u.day, u.from_at
from unnest(%(days)s::date[], %(from_at)s::timestamptz[]) as u (day, from_at);

-- name: mark_twaps :execrows
-- Have TWAPs recomputed. The mark is committed with the facts that call for it.
-- Reads: -   Writes: ops.dirty_twaps   Key: id
insert into ops.dirty_twaps (twap_id, wallet)
select u.twap_id, %(wallet)s from unnest(%(twap_ids)s::bigint[]) as u (twap_id);
