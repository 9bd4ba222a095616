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

-- name: note_unchecked :execrows
-- Note that new fills came after which no positions were stated.
-- Reads: -   Writes: ops.hl_ingest_cursor   Key: wallet_id
update ops.hl_ingest_cursor
set ends_checked = false, end_check_tries = 0
where wallet_id = %(wallet_id)s;

-- name: list_ends_before :many
-- The days on which a chain ended, by dex, until the first fill of a later day came: it ends there
-- no more.
-- Reads: facts.hl_fills_raw   Writes: -   Key: day
with arrived as (
    select distinct date_trunc('day', u.time, 'UTC') as day_at,
        case facts.market_of(u.coin) when 'hip3' then facts.dex_of(u.coin) else '' end as dex
    from unnest(%(time)s::timestamptz[], %(coin)s::text[]) as u (time, coin)
    where facts.market_of(u.coin) in ('perp', 'hip3')
)
select distinct (b.time at time zone 'UTC')::date as day
from arrived as a
cross join lateral (
    select f.time
    from facts.hl_fills_raw as f
    where f.wallet_id = %(wallet_id)s and f.time < a.day_at
        and facts.market_of(f.coin) in ('perp', 'hip3')
        and case facts.market_of(f.coin) when 'hip3' then facts.dex_of(f.coin) else '' end = a.dex
    order by f.time desc
    limit 1
) as b
where not exists (
    select from facts.hl_fills_raw as f
    where f.wallet_id = %(wallet_id)s and f.page_id <> %(page_id)s
        and f.time >= a.day_at and f.time < a.day_at + interval '1 day'
        and facts.market_of(f.coin) in ('perp', 'hip3')
        and case facts.market_of(f.coin) when 'hip3' then facts.dex_of(f.coin) else '' end = a.dex);

-- name: read_reached :one
-- The first of the fills past the record that this reading reaches: another source brought them.
-- Reads: facts.hl_fills_raw, ops.hl_ingest_cursor   Writes: -   Key: -
select min(f.time) as from_at
from facts.hl_fills_raw as f
where f.wallet_id = %(wallet_id)s and f.page_id <> %(page_id)s and f.time <= %(to_at)s
    and f.time > coalesce((
        select c.proven_until from ops.hl_ingest_cursor as c where c.wallet_id = %(wallet_id)s),
        '-infinity');
