-- name: keep_plan :exec
-- For few days: plan once, because planning takes longer than the work; and hash the legs, because
-- a generic plan expects so few legs that it would sort them.
-- Reads: -   Writes: -   Key: -
select set_config('plan_cache_mode', 'force_generic_plan', true),
    set_config('enable_sort', 'off', true);

-- name: leave_plan :exec
-- Restore the planner's settings for the rest of the transaction.
-- Reads: -   Writes: -   Key: -
select set_config('plan_cache_mode', 'auto', true), set_config('enable_sort', 'on', true);

-- name: insert_wallet_days :one
-- The figures of a wallet's UTC day, from its fills; returns the number of rows. A day without
-- fills has no row. Legs are summed by everything that decides how they count (market, kind,
-- tokens, hour of the price) before any price is applied: exact, and each leg is read once.
-- Materialized: new rows are not in the statistics yet, and a plan that expects one row of each
-- part would compute a part again for every row of the others. A day that was published, proved to
-- its end, and now differs leaves a restatement; a scratch schema has no earlier rows and leaves
-- none.
-- Reads: facts.hl_fills_raw, facts.spot_pairs, facts.perp_dexs, facts.token_prices, facts.pages,
--        pg_temp.day_states   Writes: {schema}.wallet_day_metrics, metrics.restatements
-- Key: (wallet_id, day)
with wanted as (
    select w.wallet_id, w.day,
        w.day::timestamp at time zone 'UTC' as from_at,
        (w.day + 1)::timestamp at time zone 'UTC' as to_at
    from unnest(%(wallet_ids)s::integer[], %(days)s::date[]) as w (wallet_id, day)
), sums as (
    select w.wallet_id, w.day, f.coin, f.fee_token, f.crossed,
        -- If everything is in USDC, no price is needed: one row a day instead of one an hour.
        case when f.fee_token <> 'USDC' or f.fee_token is null or not f.core_perp
            then date_trunc('hour', f.time, 'UTC') end as hour,
        case
            when f.dir in ('Open Long', 'Close Long', 'Open Short', 'Close Short', 'Long > Short',
                           'Short > Long', 'Buy', 'Sell', 'Auto-Deleveraging',
                           'Liquidated Cross Long', 'Liquidated Cross Short',
                           'Liquidated Isolated Long', 'Liquidated Isolated Short') then 'trade'
            when f.dir in ('Settlement', 'Spot Dust Conversion', 'Merge Outcome',
                           'Net Child Vaults') then 'event'
            else 'other'
        end as flow,
        count(*) as fills,
        count(*) filter (where f.notional = 0) as empty_fills,
        count(*) filter (
            where facts.fill_is_forced(f.dir, f.liquidated_user, wallets.address)) as forced_fills,
        sum(f.notional) as notional,
        sum(f.closed_pnl) as closed_pnl,
        count(*) filter (where f.fee is null) as fees_missing,
        count(*) filter (where f.fee <> 0 or f.builder_fee <> 0) as fees_charged,
        sum(f.fee) as fee,
        sum(f.fee * f.px) filter (where not f.core_perp) as fee_in_quote,
        sum(f.builder_fee) as builder_fee,
        sum(f.builder_fee * f.px) filter (where not f.core_perp) as builder_fee_in_quote,
        min(f.time) as first_fill_at,
        max(f.time) as last_fill_at,
        sum(f.fingerprint) as fingerprints
    from wanted as w
    cross join lateral (
        select f.coin, f.fee_token, f.crossed, f.time, f.dir, f.liquidated_user, f.notional, f.px,
            f.closed_pnl, f.fee, f.builder_fee, f.fingerprint, facts.market_of(f.coin) = 'perp' as core_perp
        from facts.hl_fills_raw as f
        where f.wallet_id = w.wallet_id and f.time >= w.from_at and f.time < w.to_at
            -- An earlier release stored fills of any date; ours is asked first, as it costs less.
            and (f.time <= f.ingested_at + interval '5 minutes'
                 or not facts.is_ahead(f.time, f.page_id))
        offset 0  -- day by day: a join may read a wallet's whole history
    ) as f
    join tenancy.wallets as wallets on wallets.id = w.wallet_id
    group by f.coin, f.fee_token, f.crossed, hour, flow, w.wallet_id, w.day
), markets as (
    select c.coin, facts.market_of(c.coin) as market, pair.base_token,
        case facts.market_of(c.coin)
            when 'spot' then pair.quote_token
            when 'outcome' then 'USDH'
            when 'hip3' then dex.collateral_token
            when 'perp' then 'USDC'
        end as quote_token,
        coalesce(pair.fingerprint, dex.fingerprint) as fingerprint
    from (select distinct coin from sums) as c
    left join lateral (
        select p.base_token, p.quote_token, p.fingerprint
        from facts.spot_pairs as p
        where p.coin = c.coin order by p.id desc limit 1
    ) as pair on true
    left join lateral (
        select d.collateral_token, d.fingerprint
        from facts.perp_dexs as d
        where d.dex = facts.dex_of(c.coin) order by d.id desc limit 1
    ) as dex on true
), prices as (
    select needed.token, needed.hour, p.price_usd, p.fingerprint
    from (
        select m.quote_token as token, s.hour from sums as s join markets as m using (coin)
        union
        select s.fee_token, s.hour from sums as s
    ) as needed
    join facts.token_prices as p on p.token = needed.token and p.at = needed.hour
), priced as (
    select s.*, m.market, m.quote_token, m.fingerprint as market_fingerprint,
        case when s.flow = 'trade' then m.market else s.flow end as kind,
        case when s.flow = 'event' then 0 else s.notional end as volume,
        coalesce(m.quote_token, 'quote of ' || s.coin) as volume_token,
        coalesce(s.fee_token, 'token not reported') as charged_token,
        case when s.flow = 'event' or s.notional = 0 then 0 else s.notional * q.rate end
            as volume_usd,
        case when s.closed_pnl = 0 then 0 else s.closed_pnl * q.rate end as closed_pnl_usd,
        case
            when s.fees_missing > 0 then null
            when s.fees_charged = 0 then 0
            when s.fee_token = m.base_token then s.fee_in_quote * q.rate
            when s.fee_token = m.quote_token then s.fee * q.rate
            else s.fee * f.rate
        end as fee_usd,
        case
            when coalesce(s.builder_fee, 0) = 0 then 0
            when s.fee_token = m.base_token then s.builder_fee_in_quote * q.rate
            when s.fee_token = m.quote_token then s.builder_fee * q.rate
            else s.builder_fee * f.rate
        end as builder_fee_usd,
        m.base_token,
        -- Only prices and markets that a figure was computed with are inputs.
        (s.flow <> 'event' and s.notional <> 0) or s.closed_pnl <> 0
            or (s.fees_charged > 0 and s.fee_token in (m.base_token, m.quote_token)) as needs_quote,
        s.fees_charged > 0 and s.fee_token not in (coalesce(m.base_token, ''), m.quote_token)
            as needs_fee_price,
        q.fingerprint as quote_fingerprint,
        f.fingerprint as fee_fingerprint
    from sums as s
    join markets as m using (coin)
    left join lateral (
        select case when m.quote_token = 'USDC' then 1 else p.price_usd end as rate, p.fingerprint
        from (select 1) as one
        left join prices as p on p.token = m.quote_token and p.hour = s.hour
    ) as q on true
    left join lateral (
        select case when s.fee_token = 'USDC' then 1 else p.price_usd end as rate, p.fingerprint
        from (select 1) as one
        left join prices as p on p.token = s.fee_token and p.hour = s.hour
    ) as f on true
), maps as materialized (
    select wallet_id, day,
        coalesce(jsonb_object_agg(kind, tokens) filter (where tokens is not null), '{{}}')
            as volumes
    from (
        select wallet_id, day, kind, jsonb_object_agg(volume_token, trim_scale(amount)::text) as tokens
        from (
            select wallet_id, day, kind, volume_token, sum(volume) as amount
            from priced where kind <> 'event' group by 1, 2, 3, 4
        ) as amounts
        group by 1, 2, 3
    ) as kinds
    group by 1, 2
), charged as materialized (
    select wallet_id, day,
        coalesce(jsonb_object_agg(charged_token, trim_scale(fee)::text)
                 filter (where fee is not null and (fee <> 0 or fee_token is not null)), '{{}}')
            as fees,
        coalesce(jsonb_object_agg(charged_token, trim_scale(builder_fee)::text)
                 filter (where builder_fee is not null), '{{}}') as builder_fees
    from (
        select wallet_id, day, charged_token, fee_token, sum(fee) as fee,
            sum(builder_fee) as builder_fee
        from priced group by 1, 2, 3, 4
    ) as amounts
    group by 1, 2
), reasons as materialized (
    select wallet_id, day, jsonb_agg(
        jsonb_build_object('token', token, 'reason', reason, 'fills', fills)
        order by token, reason) as unpriced
    from (
        select wallet_id, day, token, reason, sum(fills)::integer as fills
        from (
            select wallet_id, day, fills, volume_token as token,
                case when quote_token is null then 'the market is not known'
                     else 'no stored price for the hour' end as reason
            from priced where volume_usd is null or closed_pnl_usd is null
            union all
            select wallet_id, day, case when fees_missing > 0 then fees_missing else fills end,
                charged_token,
                case when fees_missing > 0 then 'the fee was not reported'
                     when fee_token is null then 'the token of the fee was not reported'
                     when fee_token = base_token and quote_token is null
                     then 'the market is not known'
                     else 'no stored price for the hour' end
            from priced where fee_usd is null or builder_fee_usd is null
        ) as found
        group by 1, 2, 3, 4
    ) as counted
    group by 1, 2
), unpriced_days as materialized (
    select distinct wallet_id, day from priced
    where volume_usd is null or closed_pnl_usd is null or fee_usd is null or builder_fee_usd is null
), parts as (
    -- What each USD figure of such a day is the sum of. A fee in the base token of its pair is
    -- worth its amount in the quote token, so that the sign of the latter decides.
    select p.wallet_id, p.day, f.figure, f.usd, f.token, f.amount, f.to_price
    from unpriced_days
    join priced as p using (wallet_id, day)
    cross join lateral (
        values
            ('spot_volume_usd', kind = 'spot', volume_usd, volume_token, volume, volume),
            ('perp_volume_usd', kind in ('perp', 'hip3'), volume_usd, volume_token, volume, volume),
            ('hip3_volume_usd', kind = 'hip3', volume_usd, volume_token, volume, volume),
            ('outcome_volume_usd', kind = 'outcome', volume_usd, volume_token, volume, volume),
            ('other_volume_usd', kind = 'other', volume_usd, volume_token, volume, volume),
            ('taker_volume_usd', crossed, volume_usd, volume_token, volume, volume),
            ('maker_volume_usd', not crossed, volume_usd, volume_token, volume, volume),
            ('gross_realised_pnl_usd', market in ('perp', 'hip3'), closed_pnl_usd, volume_token,
             closed_pnl, closed_pnl),
            ('spot_closed_pnl_usd', market = 'spot', closed_pnl_usd, volume_token, closed_pnl,
             closed_pnl),
            ('outcome_closed_pnl_usd', market = 'outcome', closed_pnl_usd, volume_token,
             closed_pnl, closed_pnl),
            ('fees_usd', true, fee_usd, charged_token, case when fees_missing = 0 then fee end,
             case when fees_missing > 0 then null
                  when fee_token = base_token then fee_in_quote else fee end),
            ('builder_fees_usd', true, builder_fee_usd, charged_token, builder_fee,
             case when fee_token = base_token then builder_fee_in_quote else builder_fee end)
    ) as f (figure, counts, usd, token, amount, to_price)
    where f.counts
), intervals as materialized (
    -- A price is above zero: an amount without price can only raise a figure, a negative one only
    -- lower it, and one that was not reported can do both.
    select wallet_id, day, jsonb_object_agg(figure, jsonb_build_object(
        'known', trim_scale(known)::text,
        'lower', case when not may_fall then trim_scale(known)::text end,
        'upper', case when not may_rise then trim_scale(known)::text end,
        'unpriced', unpriced)) as intervals
    from (
        select wallet_id, day, figure, sum(known) as known, bool_or(may_fall) as may_fall,
            bool_or(may_rise) as may_rise,
            jsonb_object_agg(token, amount) filter (where token is not null) as unpriced
        from (
            select wallet_id, day, figure, case when usd is null then token end as token,
                coalesce(sum(usd), 0) as known,
                case when count(amount) = count(*) then trim_scale(sum(amount))::text end as amount,
                bool_or(usd is null and coalesce(to_price < 0, true)) as may_fall,
                bool_or(usd is null and coalesce(to_price > 0, true)) as may_rise
            from parts
            group by wallet_id, day, figure, case when usd is null then token end
        ) as by_token
        group by wallet_id, day, figure
    ) as by_figure
    where unpriced is not null
    group by wallet_id, day
), used as materialized (
    select wallet_id, day, count(*) || ':' || coalesce(sum(fingerprint), 0) as reference_digest
    from (
        select wallet_id, day, market_fingerprint as fingerprint from priced where needs_quote
        union select wallet_id, day, quote_fingerprint from priced where needs_quote
        union select wallet_id, day, fee_fingerprint from priced where needs_fee_price
    ) as fingerprints
    where fingerprint is not null
    group by 1, 2
), figures as materialized (
    select wallet_id, day,
        sum(fills)::integer as fills,
        sum(case when flow = 'event' then fills else empty_fills end)::integer as events,
        sum(forced_fills)::integer as forced_fills,
        bool_or(kind = 'spot' and volume_usd is null) as spot_unknown,
        sum(volume_usd) filter (where kind = 'spot') as spot_volume_usd,
        bool_or(kind in ('perp', 'hip3') and volume_usd is null) as perp_unknown,
        sum(volume_usd) filter (where kind in ('perp', 'hip3')) as perp_volume_usd,
        bool_or(kind = 'hip3' and volume_usd is null) as hip3_unknown,
        sum(volume_usd) filter (where kind = 'hip3') as hip3_volume_usd,
        bool_or(kind = 'outcome' and volume_usd is null) as outcome_unknown,
        sum(volume_usd) filter (where kind = 'outcome') as outcome_volume_usd,
        bool_or(kind = 'other' and volume_usd is null) as other_unknown,
        sum(volume_usd) filter (where kind = 'other') as other_volume_usd,
        bool_or(crossed and volume_usd is null) as taker_unknown,
        sum(volume_usd) filter (where crossed) as taker_volume_usd,
        bool_or(not crossed and volume_usd is null) as maker_unknown,
        sum(volume_usd) filter (where not crossed) as maker_volume_usd,
        bool_or(market in ('perp', 'hip3') and closed_pnl_usd is null) as gross_unknown,
        sum(closed_pnl_usd) filter (where market in ('perp', 'hip3')) as gross_realised_pnl_usd,
        bool_or(market = 'spot' and closed_pnl_usd is null) as spot_pnl_unknown,
        sum(closed_pnl_usd) filter (where market = 'spot') as spot_closed_pnl_usd,
        bool_or(market = 'outcome' and closed_pnl_usd is null) as outcome_pnl_unknown,
        sum(closed_pnl_usd) filter (where market = 'outcome') as outcome_closed_pnl_usd,
        bool_or(fee_usd is null) as fees_unknown,
        sum(fee_usd) as fees_usd,
        bool_or(builder_fee_usd is null) as builder_fees_unknown,
        sum(builder_fee_usd) as builder_fees_usd,
        count(distinct coin)::integer as coins,
        min(first_fill_at) as first_fill_at,
        max(last_fill_at) as last_fill_at,
        sum(fills) || ':' || sum(fingerprints) as digest
    from priced
    group by 1, 2
), before as materialized (
    select m.* from wanted join {schema}.wallet_day_metrics as m using (wallet_id, day)
), gone as (
    delete from {schema}.wallet_day_metrics as m using wanted as w
    where m.wallet_id = w.wallet_id and m.day = w.day
        and not exists (select from figures as f where f.wallet_id = w.wallet_id and f.day = w.day)
), written as (
    insert into {schema}.wallet_day_metrics (
        wallet_id, day, fills, events, forced_fills, spot_volume_usd, perp_volume_usd,
        hip3_volume_usd, outcome_volume_usd, other_volume_usd, taker_volume_usd, maker_volume_usd,
        volumes, gross_realised_pnl_usd, spot_closed_pnl_usd, outcome_closed_pnl_usd, fees,
        fees_usd, builder_fees, builder_fees_usd, coins, first_fill_at, last_fill_at, unpriced,
        closed, gap_ms, completeness, reasons, intervals, definition, digest, reference_digest)
    select
        f.wallet_id, f.day, f.fills, f.events, f.forced_fills,
        case when not f.spot_unknown then trim_scale(coalesce(f.spot_volume_usd, 0)) end,
        case when not f.perp_unknown then trim_scale(coalesce(f.perp_volume_usd, 0)) end,
        case when not f.hip3_unknown then trim_scale(coalesce(f.hip3_volume_usd, 0)) end,
        case when not f.outcome_unknown then trim_scale(coalesce(f.outcome_volume_usd, 0)) end,
        case when not f.other_unknown then trim_scale(coalesce(f.other_volume_usd, 0)) end,
        case when not f.taker_unknown then trim_scale(coalesce(f.taker_volume_usd, 0)) end,
        case when not f.maker_unknown then trim_scale(coalesce(f.maker_volume_usd, 0)) end,
        coalesce(maps.volumes, '{{}}'),
        case when not f.gross_unknown then trim_scale(coalesce(f.gross_realised_pnl_usd, 0)) end,
        case when not f.spot_pnl_unknown then trim_scale(coalesce(f.spot_closed_pnl_usd, 0)) end,
        case when not f.outcome_pnl_unknown
            then trim_scale(coalesce(f.outcome_closed_pnl_usd, 0)) end,
        charged.fees,
        case when not f.fees_unknown then trim_scale(f.fees_usd) end,
        charged.builder_fees,
        case when not f.builder_fees_unknown then trim_scale(f.builder_fees_usd) end,
        f.coins, f.first_fill_at, f.last_fill_at, coalesce(reasons.unpriced, '[]'),
        exists (
            select from facts.pages as p
            where p.wallet_id = f.wallet_id and p.closed and p.asked_at >= w.to_at
                and p.covers_to_ms >= extract(epoch from w.to_at) * 1000
        ),
        ceil(known.unknown_ms)::bigint,
        metrics.completeness(known.unknown_ms, f.fills, known.bad_rows, known.confirmed),
        known.reasons, coalesce(intervals.intervals, '{{}}'), %(definition)s, f.digest, coalesce(used.reference_digest, '0:0')
    from figures as f
    join wanted as w using (wallet_id, day)
    join charged using (wallet_id, day)
    left join maps using (wallet_id, day)
    left join reasons using (wallet_id, day)
    left join used using (wallet_id, day)
    join pg_temp.day_states as known using (wallet_id, day)
    left join intervals using (wallet_id, day)
    on conflict (wallet_id, day) do update
    set (
        fills, events, forced_fills, spot_volume_usd, perp_volume_usd, hip3_volume_usd,
        outcome_volume_usd, other_volume_usd, taker_volume_usd, maker_volume_usd, volumes,
        gross_realised_pnl_usd, spot_closed_pnl_usd, outcome_closed_pnl_usd, fees, fees_usd,
        builder_fees, builder_fees_usd, coins, first_fill_at, last_fill_at, unpriced, closed,
        gap_ms, completeness, reasons, intervals, definition, digest, reference_digest
    ) = row(
        excluded.fills, excluded.events, excluded.forced_fills, excluded.spot_volume_usd,
        excluded.perp_volume_usd, excluded.hip3_volume_usd, excluded.outcome_volume_usd,
        excluded.other_volume_usd, excluded.taker_volume_usd, excluded.maker_volume_usd,
        excluded.volumes, excluded.gross_realised_pnl_usd, excluded.spot_closed_pnl_usd,
        excluded.outcome_closed_pnl_usd, excluded.fees, excluded.fees_usd, excluded.builder_fees,
        excluded.builder_fees_usd, excluded.coins, excluded.first_fill_at, excluded.last_fill_at,
        excluded.unpriced, excluded.closed, excluded.gap_ms, excluded.completeness,
        excluded.reasons, excluded.intervals, excluded.definition, excluded.digest, excluded.reference_digest
    )
    returning *
), restated as (
    insert into metrics.restatements (metric, wallet_id, day, cause, changes)
    select 'wallet_day_metrics', b.wallet_id, b.day,
        case
            when b.definition <> a.definition then 'definition'
            when b.digest is distinct from a.digest then 'late facts'
            when b.reference_digest <> a.reference_digest then 'prices'
            else 'coverage'
        end,
        changed.fields
    from before as b
    left join written as a using (wallet_id, day)
    cross join lateral (
        select jsonb_object_agg(o.key, case
                when o.key like '%%_usd' or o.key = 'completeness'
                then jsonb_build_array(o.value #>> '{{}}', to_jsonb(a) -> o.key #>> '{{}}')
                else jsonb_build_array(o.value, to_jsonb(a) -> o.key)
            end) as fields
        from jsonb_each(to_jsonb(b)) as o
        -- An unknown figure was not published: null that becomes a number is no restatement.
        where o.key not in ('reference_digest', 'unpriced', 'intervals', 'reasons')
            and o.value <> 'null'
            and o.value is distinct from coalesce(to_jsonb(a) -> o.key, 'null')
            -- That a day was read a second time, and nothing was new, moves no number.
            and not (o.key = 'completeness' and least(b.completeness, a.completeness) >= 0.999999)
            -- The same holds for an amount in the token of a market that was not known yet.
            and not (o.key = 'volumes' and o.value::text like '%%"quote of %%')
    ) as changed
    where b.closed and changed.fields is not null
)
select count(*)::integer as rows from written;

-- name: keep_computed_at :execrows
-- Store when these rows were computed, in another table.
-- Reads: -   Writes: ops.computations   Key: (metric, key)
insert into ops.computations (metric, key)
select 'wallet_day_metrics', w.wallet_id || '/' || w.day
from unnest(%(wallet_ids)s::integer[], %(days)s::date[]) as w (wallet_id, day)
on conflict (metric, key) do update set computed_at = now();

-- name: list_wallet_days :many
-- Every wallet day that has, or should have, a row: the keys of a rebuild.
-- Reads: facts.hl_fills_raw, metrics.wallet_day_metrics   Writes: -   Key: (wallet_id, day)
select wallet_id, day from metrics.wallet_day_metrics
where wallet_id = %(wallet_id)s and day between %(from_day)s and %(to_day)s
union
select wallet_id, (time at time zone 'UTC')::date as day from facts.hl_fills_raw
where wallet_id = %(wallet_id)s
    and time >= %(from_day)s::timestamp at time zone 'UTC'
    and time < (%(to_day)s::date + 1)::timestamp at time zone 'UTC'
    and (time <= ingested_at + interval '5 minutes' or not facts.is_ahead(time, page_id))
order by 1, 2;
