-- name: delete_global_days :execrows
-- Delete the rows that will be computed again, and keep them for comparison.
-- Reads: -   Writes: {schema}.global_day_metrics   Key: (org_id, day)
with wanted as (
    select * from unnest(%(org_ids)s::integer[], %(days)s::date[]) as w (org_id, day)
), gone as (
    delete from {schema}.global_day_metrics as m using wanted
    where m.org_id = wanted.org_id and m.day = wanted.day
    returning m.*
)
insert into pg_temp.global_days_before select * from gone;

-- name: insert_global_days :execrows
-- The figures of the wallets an org tracks on a UTC day (org 0: all tracked wallets): sums of the
-- wallet days. Internal volume, of trades with both legs tracked, comes from the fills; unique
-- volume counts each of these trades once. A day without fills has no row.
-- Materialized: new rows are not in the statistics yet, and a plan that expects one row of each part
-- would compute a part again for every row of the others.
-- Reads: {schema}.wallet_day_metrics, pg_temp.day_states, facts.hl_fills_raw, facts.pages,
--        tenancy.org_wallets, ops.dirty_wallet_days   Writes: {schema}.global_day_metrics   Key: (org_id, day)
with wanted as (
    select w.org_id, w.day,
        w.day::timestamp at time zone 'UTC' as from_at,
        (w.day + 1)::timestamp at time zone 'UTC' as to_at
    from unnest(%(org_ids)s::integer[], %(days)s::date[]) as w (org_id, day)
), members as (
    select distinct w.org_id, w.day, w.from_at, w.to_at, o.wallet_id
    from wanted as w
    join tenancy.org_wallets as o
        on (w.org_id = 0 or o.org_id = w.org_id)
        and o.from_day <= w.day and (o.to_day is null or w.day < o.to_day)
), rows as (
    select m.org_id, d.*
    from members as m
    join {schema}.wallet_day_metrics as d using (wallet_id, day)
), proofs as materialized (
    select m.org_id, m.day,
        count(*)::integer as wallets,
        bool_and(exists (
            select from facts.pages as p
            where p.wallet_id = m.wallet_id and p.closed and p.asked_at >= m.to_at
                and p.covers_to_ms >= extract(epoch from m.to_at) * 1000))
            -- A pull commits its proof and its mark together: a proved day whose wallet waits for
            -- its rollup is not published yet, and that rollup computes the day again.
            and not exists (
                select from ops.dirty_wallet_days as d
                join tenancy.org_wallets as o using (wallet_id)
                where d.day = m.day and (m.org_id = 0 or o.org_id = m.org_id)) as closed,
        sum(coalesce(
            d.completeness,
            metrics.completeness(s.unknown_ms, 0, s.bad_rows, s.confirmed))) as complete
    from members as m
    left join {schema}.wallet_day_metrics as d using (wallet_id, day)
    left join pg_temp.day_states as s using (wallet_id, day)
    group by 1, 2
), lowered as materialized (
    select org_id, day, jsonb_agg(jsonb_build_object(
        'kind', kind, 'wallets', wallets, 'from_at', from_at, 'to_at', to_at, 'ms', ms,
        'rows', rows) order by kind) as reasons
    from (
        select m.org_id, m.day, r.kind, count(*) as wallets, min(r.from_at) as from_at,
            max(r.to_at) as to_at, sum(r.ms)::bigint as ms, sum(r.rows)::bigint as rows
        from members as m
        left join {schema}.wallet_day_metrics as d using (wallet_id, day)
        left join pg_temp.day_states as s using (wallet_id, day)
        cross join lateral jsonb_to_recordset(coalesce(d.reasons, s.reasons))
            as r (kind text, from_at text, to_at text, ms bigint, rows bigint)
        group by 1, 2, 3
    ) as by_kind
    group by 1, 2
), legs as (
    select m.org_id, m.day, m.wallet_id, f.coin, f.time, f.tid, f.side, f.notional,
        f.dir in ('Settlement', 'Spot Dust Conversion', 'Merge Outcome', 'Net Child Vaults')
            as event
    from members as m
    join facts.hl_fills_raw as f
        on f.wallet_id = m.wallet_id and f.time >= m.from_at and f.time < m.to_at
        and (f.time <= f.ingested_at + interval '5 minutes'
             or not facts.is_ahead(f.time, f.page_id))
), traded as materialized (
    select org_id, day, count(distinct coin)::integer as coins from legs group by 1, 2
), internal as (
    -- Grouped instead of a self-join: for fills that were just stored and are not in the planner's
    -- statistics yet, the planner compared each fill with each.
    select org_id, day, coin, date_trunc('hour', time, 'UTC') as hour,
        sum(least(bought, sold)) as notional
    from (
        select org_id, day, coin, time, tid,
            sum(notional) filter (where side = 'B') as bought,
            sum(notional) filter (where side = 'A') as sold
        from legs
        where tid <> 0 and not event and notional <> 0
        group by 1, 2, 3, 4, 5
    ) as trades
    where bought is not null and sold is not null
    group by 1, 2, 3, 4
), internal_valued as materialized (
    select i.org_id, i.day, coalesce(market.quote_token, 'quote of ' || i.coin) as token,
        i.notional, i.notional * price.rate as volume_usd
    from internal as i
    cross join lateral (
        select case facts.market_of(i.coin)
            when 'spot' then (
                select p.quote_token from facts.spot_pairs as p
                where p.coin = i.coin order by p.id desc limit 1)
            when 'outcome' then 'USDH'
            when 'hip3' then (
                select d.collateral_token from facts.perp_dexs as d
                where d.dex = facts.dex_of(i.coin) order by d.id desc limit 1)
            when 'perp' then 'USDC'
        end as quote_token
    ) as market
    cross join lateral (
        select case when market.quote_token = 'USDC' then 1 else (
            select p.price_usd from facts.token_prices as p
            where p.token = market.quote_token and p.at = i.hour) end as rate
    ) as price
), internal_usd as materialized (
    select org_id, day,
        case when count(volume_usd) = count(*) then sum(volume_usd) end as volume_usd
    from internal_valued
    group by 1, 2
), unpriced_days as materialized (
    select org_id, day from rows where intervals <> '{{}}'
    union
    select org_id, day from internal_valued where volume_usd is null
), internal_intervals as (
    select org_id, day, sum(known) as known,
        coalesce(jsonb_object_agg(token, amount) filter (where token is not null), '{{}}')
            as unpriced,
        coalesce(jsonb_object_agg(token, -amount) filter (where token is not null), '{{}}')
            as taken_off
    from (
        select org_id, day, case when volume_usd is null then token end as token,
            coalesce(sum(volume_usd), 0) as known, trim_scale(sum(notional)) as amount
        from internal_valued
        group by org_id, day, case when volume_usd is null then token end
    ) as by_token
    group by org_id, day
), parts as (
    select r.org_id, r.day, f.figure, f.usd, r.intervals -> f.summed as interval
    from unpriced_days
    join rows as r using (org_id, day)
    cross join lateral (
        values
            ('spot_volume_usd', 'spot_volume_usd', spot_volume_usd),
            ('perp_volume_usd', 'perp_volume_usd', perp_volume_usd),
            ('hip3_volume_usd', 'hip3_volume_usd', hip3_volume_usd),
            ('outcome_volume_usd', 'outcome_volume_usd', outcome_volume_usd),
            ('other_volume_usd', 'other_volume_usd', other_volume_usd),
            ('taker_volume_usd', 'taker_volume_usd', taker_volume_usd),
            ('maker_volume_usd', 'maker_volume_usd', maker_volume_usd),
            ('legs_volume_usd', 'taker_volume_usd', taker_volume_usd),
            ('legs_volume_usd', 'maker_volume_usd', maker_volume_usd),
            ('unique_volume_usd', 'taker_volume_usd', taker_volume_usd),
            ('unique_volume_usd', 'maker_volume_usd', maker_volume_usd),
            ('gross_realised_pnl_usd', 'gross_realised_pnl_usd', gross_realised_pnl_usd),
            ('spot_closed_pnl_usd', 'spot_closed_pnl_usd', spot_closed_pnl_usd),
            ('outcome_closed_pnl_usd', 'outcome_closed_pnl_usd', outcome_closed_pnl_usd),
            ('fees_usd', 'fees_usd', fees_usd),
            ('builder_fees_usd', 'builder_fees_usd', builder_fees_usd)
    ) as f (figure, summed, usd)
    union all
    select org_id, day, 'internal_volume_usd', null, jsonb_build_object(
        'known', known::text, 'lower', known::text,
        'upper', case when unpriced = '{{}}' then known::text end, 'unpriced', unpriced)
    from internal_intervals
    join unpriced_days using (org_id, day)
    union all
    -- Both legs of an internal trade are in the total, at one price: what remains of the total
    -- is never negative, neither of its priced part nor of the part in a token.
    select org_id, day, 'unique_volume_usd', null, jsonb_build_object(
        'known', (-known)::text, 'lower', (-known)::text, 'upper', (-known)::text,
        'unpriced', taken_off)
    from internal_intervals
    join unpriced_days using (org_id, day)
), sums as (
    select org_id, day, figure,
        metrics.with_priced(
            metrics.sum_intervals(interval) filter (where usd is null), sum(usd)) as interval,
        -- A wallet day of an earlier release: its figure is null, and nothing bounds it.
        bool_or(usd is null and interval is null) as unbounded
    from parts
    group by 1, 2, 3
), volumes as materialized (
    select org_id, day, jsonb_object_agg(kind, tokens) as volumes
    from (
        select org_id, day, kind, jsonb_object_agg(token, trim_scale(amount)::text) as tokens
        from (
            select r.org_id, r.day, k.key as kind, t.key as token, sum(t.value::numeric) as amount
            from rows as r, jsonb_each(r.volumes) as k, jsonb_each_text(k.value) as t
            group by 1, 2, 3, 4
        ) as amounts
        group by 1, 2, 3
    ) as kinds
    group by 1, 2
), fees as materialized (
    select org_id, day, jsonb_object_agg(token, trim_scale(amount)::text) as fees
    from (
        select r.org_id, r.day, t.key as token, sum(t.value::numeric) as amount
        from rows as r, jsonb_each_text(r.fees) as t
        group by 1, 2, 3
    ) as amounts
    group by 1, 2
), builder_fees as materialized (
    select org_id, day, jsonb_object_agg(token, trim_scale(amount)::text) as builder_fees
    from (
        select r.org_id, r.day, t.key as token, sum(t.value::numeric) as amount
        from rows as r, jsonb_each_text(r.builder_fees) as t
        group by 1, 2, 3
    ) as amounts
    group by 1, 2
), reasons as materialized (
    select org_id, day, jsonb_agg(
        jsonb_build_object('token', token, 'reason', reason, 'fills', fills)
        order by token, reason) as unpriced
    from (
        select r.org_id, r.day, u ->> 'token' as token, u ->> 'reason' as reason,
            sum((u ->> 'fills')::integer)::integer as fills
        from rows as r, jsonb_array_elements(r.unpriced) as u
        group by 1, 2, 3, 4
    ) as counted
    group by 1, 2
), figures as materialized (
    select org_id, day,
        count(*) filter (where fills > events)::integer as dau,
        sum(fills)::integer as fills,
        sum(events)::integer as events,
        sum(forced_fills)::integer as forced_fills,
        case when count(spot_volume_usd) = count(*) then sum(spot_volume_usd) end
            as spot_volume_usd,
        case when count(perp_volume_usd) = count(*) then sum(perp_volume_usd) end
            as perp_volume_usd,
        case when count(hip3_volume_usd) = count(*) then sum(hip3_volume_usd) end
            as hip3_volume_usd,
        case when count(outcome_volume_usd) = count(*) then sum(outcome_volume_usd) end
            as outcome_volume_usd,
        case when count(other_volume_usd) = count(*) then sum(other_volume_usd) end
            as other_volume_usd,
        case when count(taker_volume_usd) = count(*) then sum(taker_volume_usd) end
            as taker_volume_usd,
        case when count(maker_volume_usd) = count(*) then sum(maker_volume_usd) end
            as maker_volume_usd,
        case when count(taker_volume_usd) = count(*) and count(maker_volume_usd) = count(*)
             then sum(taker_volume_usd) + sum(maker_volume_usd) end as legs_volume_usd,
        case when count(gross_realised_pnl_usd) = count(*) then sum(gross_realised_pnl_usd) end
            as gross_realised_pnl_usd,
        case when count(spot_closed_pnl_usd) = count(*) then sum(spot_closed_pnl_usd) end
            as spot_closed_pnl_usd,
        case when count(outcome_closed_pnl_usd) = count(*) then sum(outcome_closed_pnl_usd) end
            as outcome_closed_pnl_usd,
        case when count(fees_usd) = count(*) then sum(fees_usd) end as fees_usd,
        case when count(builder_fees_usd) = count(*) then sum(builder_fees_usd) end
            as builder_fees_usd,
        min(first_fill_at) as first_fill_at,
        max(last_fill_at) as last_fill_at,
        sum(split_part(digest, ':', 1)::numeric) || ':' || sum(split_part(digest, ':', 2)::numeric)
            as digest,
        sum(split_part(reference_digest, ':', 1)::numeric) || ':'
            || sum(split_part(reference_digest, ':', 2)::numeric) as reference_digest
    from rows
    group by 1, 2
), averages as (
    select s.org_id, s.day, 'average_volume_per_user_usd' as figure, jsonb_build_object(
        'known', trim_scale(round((s.interval ->> 'known')::numeric / f.dau, 8))::text,
        'lower', trim_scale(round((s.interval ->> 'lower')::numeric / f.dau, 8))::text,
        'upper', trim_scale(round((s.interval ->> 'upper')::numeric / f.dau, 8))::text,
        'unpriced', (
            select jsonb_object_agg(t.key, trim_scale(round(t.value::numeric / f.dau, 8))::text)
            from jsonb_each_text(s.interval -> 'unpriced') as t)) as interval
    from sums as s
    join figures as f using (org_id, day)
    where s.figure = 'legs_volume_usd' and s.interval is not null and not s.unbounded and f.dau > 0
), intervals as materialized (
    select org_id, day, jsonb_object_agg(figure, interval) as intervals
    from (
        select org_id, day, figure, interval from sums where not unbounded
        union all
        select org_id, day, figure, interval from averages
    ) as shown
    where interval -> 'unpriced' <> '{{}}'
    group by 1, 2
)
insert into {schema}.global_day_metrics (
    org_id, day, wallets, dau, fills, events, forced_fills, spot_volume_usd, perp_volume_usd,
    hip3_volume_usd, outcome_volume_usd, other_volume_usd, taker_volume_usd, maker_volume_usd,
    legs_volume_usd, unique_volume_usd, internal_volume_usd, average_volume_per_user_usd, volumes,
    gross_realised_pnl_usd, spot_closed_pnl_usd, outcome_closed_pnl_usd, fees, fees_usd,
    builder_fees, builder_fees_usd, coins, first_fill_at, last_fill_at, unpriced, closed,
    completeness, reasons, intervals, definition, digest, reference_digest)
select
    f.org_id, f.day, proofs.wallets, f.dau, f.fills, f.events, f.forced_fills,
    trim_scale(f.spot_volume_usd), trim_scale(f.perp_volume_usd), trim_scale(f.hip3_volume_usd),
    trim_scale(f.outcome_volume_usd), trim_scale(f.other_volume_usd),
    trim_scale(f.taker_volume_usd), trim_scale(f.maker_volume_usd), trim_scale(f.legs_volume_usd),
    trim_scale(f.legs_volume_usd - paired.volume_usd), trim_scale(paired.volume_usd),
    case when f.dau > 0 then trim_scale(round(f.legs_volume_usd / f.dau, 8)) end,
    coalesce(volumes.volumes, '{{}}'),
    trim_scale(f.gross_realised_pnl_usd), trim_scale(f.spot_closed_pnl_usd),
    trim_scale(f.outcome_closed_pnl_usd), coalesce(fees.fees, '{{}}'), trim_scale(f.fees_usd),
    coalesce(builder_fees.builder_fees, '{{}}'), trim_scale(f.builder_fees_usd), traded.coins,
    f.first_fill_at, f.last_fill_at, coalesce(reasons.unpriced, '[]'), proofs.closed,
    trunc(proofs.complete / proofs.wallets, 6), coalesce(lowered.reasons, '[]'),
    coalesce(intervals.intervals, '{{}}'), %(definition)s, f.digest, f.reference_digest
from figures as f
join proofs using (org_id, day)
join traded using (org_id, day)
left join internal_usd as found using (org_id, day)
cross join lateral (
    select case when found.org_id is null then 0 else found.volume_usd end as volume_usd
) as paired
left join volumes using (org_id, day)
left join fees using (org_id, day)
left join builder_fees using (org_id, day)
left join reasons using (org_id, day)
left join lowered using (org_id, day)
left join intervals using (org_id, day);

-- name: insert_restatements :execrows
-- Store a restatement of each day that was published, proved for every wallet, and now differs.
-- As many wallets as before need not be the same ones: their digests are compared.
-- Reads: {schema}.global_day_metrics, tenancy.org_wallets, ops.computations
-- Writes: metrics.restatements   Key: -
insert into metrics.restatements (metric, org_id, day, cause, changes)
select 'global_day_metrics', b.org_id, b.day,
    case
        when %(cause)s::text is not null then %(cause)s::text
        when b.definition <> a.definition then 'definition'
        when b.wallets <> a.wallets
            or c.members <> metrics.members_digest(b.org_id, b.day) then 'membership'
        when b.digest is distinct from a.digest then 'late facts'
        when b.reference_digest <> a.reference_digest then 'prices'
        else 'coverage'
    end,
    changed.fields
from pg_temp.global_days_before as b
left join {schema}.global_day_metrics as a using (org_id, day)
left join ops.computations as c
    on c.metric = 'global_day_metrics' and c.key = b.org_id || '/' || b.day
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
where b.closed and changed.fields is not null;

-- name: keep_computed_at :execrows
-- Store when these rows were computed and of which wallets, in another table.
-- Reads: tenancy.org_wallets   Writes: ops.computations   Key: (metric, key)
insert into ops.computations (metric, key, members)
select 'global_day_metrics', w.org_id || '/' || w.day,
    metrics.members_digest(w.org_id, w.day)
from unnest(%(org_ids)s::integer[], %(days)s::date[]) as w (org_id, day)
on conflict (metric, key) do update set computed_at = now(), members = excluded.members;

-- name: temp_table :exec
-- The temporary table for the earlier rows, inside one transaction.
-- Reads: -   Writes: pg_temp   Key: -
create temporary table if not exists global_days_before (like metrics.global_day_metrics)
on commit delete rows;
