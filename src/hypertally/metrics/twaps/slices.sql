-- name: delete_twap_slices :execrows
-- Delete the rows that will be computed again.
-- Reads: tenancy.wallets   Writes: {schema}.twap_slices   Key: (wallet_id, twap_id, at, oid)
with wanted as materialized (
    select u.twap_id, t.id as wallet_id
    from unnest(%(twap_ids)s::bigint[], %(wallets)s::text[]) as u (twap_id, wallet)
    join tenancy.wallets as t on t.address = decode(substr(u.wallet, 3), 'hex')
)
delete from {schema}.twap_slices as s using wanted as w
where s.wallet_id = w.wallet_id and s.twap_id = w.twap_id;

-- name: insert_twap_slices :execrows
-- Each slice of a TWAP: the fills of one order at one time. The fills of a TWAP are those that carry
-- its number, those listed as its slices, and those an archive holds, each once: a fill that the
-- exchange gave counts as the exchange gave it. `for_others`: once more from the archive alone, where
-- the exchange gave some of it. Fees are valued as in wallet days. Materialized: new rows are not in
-- the statistics yet.
-- Reads: facts.hl_fills_raw, facts.twap_slices, facts.archived_fills, facts.spot_pairs,
--        facts.perp_dexs, facts.token_prices, tenancy.wallets
-- Writes: {schema}.twap_slices   Key: (wallet_id, twap_id, at, oid)
with wanted as materialized (
    select u.twap_id, u.wallet, t.id as wallet_id
    from unnest(%(twap_ids)s::bigint[], %(wallets)s::text[]) as u (twap_id, wallet)
    join tenancy.wallets as t on t.address = decode(substr(u.wallet, 3), 'hex')
    where not %(for_others)s::boolean
        or exists (
            select from {schema}.twap_slices as own
            where own.wallet_id = t.id and own.twap_id = u.twap_id and own.audience = 't')
), pulled as materialized (
    select w.wallet_id, w.twap_id, f.*
    from wanted as w
    cross join lateral (
        select r.time, r.coin, r.oid, r.tid, r.side, r.px, r.sz, r.notional, r.fee, r.fee_token,
            r.fingerprint
        from facts.hl_fills_raw as r
        where r.twap_id = w.twap_id and r.wallet_id = w.wallet_id
        offset 0
    ) as f
    where not %(for_others)s::boolean
    union
    select w.wallet_id, w.twap_id, f.*
    from wanted as w
    join facts.twap_slices as s using (wallet_id, twap_id)
    cross join lateral (
        select r.time, r.coin, r.oid, r.tid, r.side, r.px, r.sz, r.notional, r.fee, r.fee_token,
            r.fingerprint
        from facts.hl_fills_raw as r
        where r.wallet_id = s.wallet_id and r.time = s.time and r.coin = s.coin and r.oid = s.oid
            and r.side = s.side and r.tid is not distinct from s.tid
        offset 0
    ) as f
    where not %(for_others)s::boolean
), archived as materialized (
    select distinct on (w.wallet_id, w.twap_id, f.time, f.coin, f.oid, f.tid, f.side)
        w.wallet_id, w.twap_id, f.*
    from wanted as w
    cross join lateral (
        select a.time, a.coin, a.oid, a.tid, a.side, a.px, a.sz, a.notional, a.fee, a.fee_token,
            a.fingerprint, a.page_id, a.ordinal
        from facts.archived_fills as a
        where a.twap_id = w.twap_id and a.wallet = w.wallet
        offset 0
    ) as f
    order by w.wallet_id, w.twap_id, f.time, f.coin, f.oid, f.tid, f.side, f.page_id, f.ordinal
), legs as (
    select p.*, true as is_pulled
    from pulled as p
    union all
    select a.wallet_id, a.twap_id, a.time, a.coin, a.oid, a.tid, a.side, a.px, a.sz, a.notional,
        a.fee, a.fee_token, a.fingerprint, false
    from archived as a
    left join pulled as p using (wallet_id, twap_id, time, coin, oid, tid, side)
    where p.oid is null
), sums as materialized (
    select wallet_id, twap_id, time as at, oid, coin, fee_token,
        min(side::text) as side,
        count(*) as fills,
        sum(sz) as size_coin,
        sum(notional) as notional,
        count(*) filter (where fee is null) as fees_missing,
        count(*) filter (where fee <> 0) as fees_charged,
        sum(fee) as fee,
        sum(fee * px) as fee_in_quote,
        sum(fingerprint) as fingerprints,
        bool_or(is_pulled) as is_pulled
    from legs
    group by 1, 2, 3, 4, 5, 6
), markets as materialized (
    select c.coin, pair.base_token,
        case facts.market_of(c.coin)
            when 'spot' then pair.quote_token
            when 'outcome' then 'USDH'
            when 'hip3' then dex.collateral_token
            when 'perp' then 'USDC'
        end as quote_token
    from (select distinct coin from sums) as c
    left join lateral (
        select p.base_token, p.quote_token
        from facts.spot_pairs as p
        where p.coin = c.coin order by p.id desc limit 1
    ) as pair on true
    left join lateral (
        select d.collateral_token
        from facts.perp_dexs as d
        where d.dex = facts.dex_of(c.coin) order by d.id desc limit 1
    ) as dex on true
), priced as (
    select s.*,
        case
            when s.fees_missing > 0 then null
            when s.fees_charged = 0 then 0
            when s.fee_token = m.base_token then s.fee_in_quote * quote.rate
            when s.fee_token = m.quote_token then s.fee * quote.rate
            else s.fee * token.rate
        end as fee_usd
    from sums as s
    join markets as m using (coin)
    left join lateral (
        select case when m.quote_token = 'USDC' then 1 else (
            select p.price_usd from facts.token_prices as p
            where p.token = m.quote_token and p.at = date_trunc('hour', s.at, 'UTC')) end as rate
    ) as quote on true
    left join lateral (
        select case when s.fee_token = 'USDC' then 1 else (
            select p.price_usd from facts.token_prices as p
            where p.token = s.fee_token and p.at = date_trunc('hour', s.at, 'UTC')) end as rate
    ) as token on true
)
insert into {schema}.twap_slices (
    wallet_id, twap_id, at, oid, coin, side, fills, size_coin, notional, fees, fees_usd,
    definition, digest, audience)
select
    wallet_id, twap_id, at, oid, min(coin), min(side)::"char", sum(fills)::integer,
    trim_scale(sum(size_coin)), trim_scale(sum(notional)),
    coalesce(jsonb_object_agg(coalesce(fee_token, 'token not reported'), trim_scale(fee)::text)
             filter (where fee is not null and (fee <> 0 or fee_token is not null)), '{{}}'),
    case when bool_and(fee_usd is not null) then trim_scale(sum(fee_usd)) end,
    %(definition)s, sum(fills) || ':' || sum(fingerprints),
    case when bool_or(is_pulled) then 't' when %(for_others)s then 'o' else 'a' end::"char"
from priced
group by 1, 2, 3, 4
having not %(for_others)s::boolean
    or exists (
        select from {schema}.twap_slices as own
        where own.wallet_id = priced.wallet_id and own.twap_id = priced.twap_id
            and own.at = priced.at and own.oid = priced.oid and own.audience = 't');
