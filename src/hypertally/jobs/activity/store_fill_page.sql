-- name: mark_wallet_days :execrows
-- Mark days for recomputation. The mark is committed with the facts that need it.
-- Reads: -   Writes: ops.dirty_wallet_days   Key: id
insert into ops.dirty_wallet_days (wallet_id, day, from_at)
select %(wallet_id)s, u.day, u.from_at
from unnest(%(days)s::date[], %(from_at)s::timestamptz[]) as u (day, from_at);

-- name: mark_twaps :execrows
-- Mark TWAPs for recomputation. The mark is committed with the facts that need it.
-- Reads: -   Writes: ops.dirty_twaps   Key: id
insert into ops.dirty_twaps (twap_id, wallet)
select u.twap_id, %(wallet)s from unnest(%(twap_ids)s::bigint[]) as u (twap_id);

-- name: mark_twaps_for_prices :execrows
-- Mark TWAPs for recomputation: those with a fee that lacks a price, and those of a market whose
-- tokens this answer changed.
-- Reads: metrics.twap_executions, facts.spot_pairs, facts.perp_dexs, tenancy.wallets   Writes: ops.dirty_twaps   Key: id
insert into ops.dirty_twaps (twap_id, wallet)
select e.twap_id, '0x' || encode(w.address, 'hex')
from metrics.twap_executions as e
join tenancy.wallets as w on w.id = e.wallet_id
where e.fees_usd is null
    or exists (select from facts.spot_pairs as p
               where p.page_id = %(page_id)s and p.coin = e.coin)
    or exists (select from facts.perp_dexs as d
               where d.page_id = %(page_id)s and d.dex = facts.dex_of(e.coin));
