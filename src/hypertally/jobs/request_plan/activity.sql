-- name: list_activity :many
-- The last day of each tracked wallet: how long its last fill was how old, how many fills and slices
-- it has, and what a look at it repeats.
-- Reads: tenancy.org_wallets, facts.hl_fills_raw, ops.gap_repairs
-- Writes: -   Key: wallet_id
with tracked as (
    select distinct o.wallet_id from tenancy.org_wallets as o where o.to_day is null
), bounds as (
    select %(now)s::timestamptz as until, %(now)s::timestamptz - interval '1 day' as since,
        make_interval(secs => %(recent_ms)s / 1000.0) as recent,
        make_interval(secs => %(overlap_ms)s / 1000.0) as overlap,
        make_interval(secs => %(deep_ms)s / 1000.0) as deep
), stretches as materialized (  -- from a time with fills to the next, of two days
    select f.wallet_id, f.time, lead(f.time, 1, b.until) over (
            partition by f.wallet_id order by f.time) as next_time,
        f.fills, sum(f.fills) over (
            partition by f.wallet_id order by f.time
            range between interval '10 minutes' preceding and current row) as overlap
    from bounds as b
    cross join lateral (
        select h.wallet_id, h.time, count(*) as fills
        from facts.hl_fills_raw as h
        join tracked as t using (wallet_id)
        where h.time > b.since - interval '1 day' and h.time <= b.until
        group by h.wallet_id, h.time
    ) as f
), parts as (  -- of each stretch, the seconds of the last day in which its fill was how old
    select s.wallet_id, s.overlap,
        greatest(0, extract(epoch from least(s.next_time, s.time + %(hot)s)
            - greatest(s.time, b.since))) as hot,
        greatest(0, extract(epoch from least(s.next_time, s.time + b.recent)
            - greatest(s.time, b.since))) as recent,
        greatest(0, extract(epoch from least(s.next_time, s.time + %(warm)s)
            - greatest(s.time + %(hot)s, b.since))) as warm
    from stretches as s
    cross join bounds as b
), days as (
    select p.wallet_id, sum(p.hot) / 86400 as hot_share, sum(p.recent) / 86400 as recent_share,
        sum(p.warm) / 86400 as warm_share,
        sum(p.hot * p.overlap) / nullif(sum(p.hot), 0) as hot_overlap,
        sum(p.warm * p.overlap) / nullif(sum(p.warm), 0) as warm_overlap
    from parts as p
    group by p.wallet_id
), histories as (
    select h.wallet_id, count(*) as fills, max(h.time) as last_at,
        count(*) filter (where h.time > b.since) as of_day,
        count(distinct date_trunc('minute', h.time)) filter (where h.time > b.since) as minutes,
        count(*) filter (where h.twap_id is not null and h.time > b.since) as slices_of_day,
        count(*) filter (where h.twap_id is not null) as slices,
        count(distinct case facts.market_of(h.coin) when 'hip3' then facts.dex_of(h.coin)
            when 'perp' then '' end) as dexs
    from facts.hl_fills_raw as h
    join tracked as t using (wallet_id)
    cross join bounds as b
    where h.time <= b.until
    group by h.wallet_id
), repairs as (  -- three tries in two hours, daily for a week, weekly for a month
    select g.wallet_id, sum(case when g.tries < 3 then 3 - g.tries when g.tries < 10 then 1
        else 1.0 / 7 end) as repairs
    from ops.gap_repairs as g
    where g.given_up_at is null
    group by g.wallet_id
)
select t.wallet_id, coalesce(d.hot_share, 0)::numeric as hot_share,
    coalesce(d.recent_share, 0)::numeric as recent_share,
    coalesce(d.warm_share, 0)::numeric as warm_share,
    coalesce(h.of_day, 0)::numeric as fills, coalesce(h.minutes, 0)::numeric as active_minutes,
    coalesce(d.hot_overlap, 0)::numeric as hot_overlap,
    coalesce(d.warm_overlap, 0)::numeric as warm_overlap,
    coalesce(l.overlap, 0)::numeric as idle_overlap,
    coalesce(l.of_five_days, 0)::numeric as fills_of_five_days,
    least(coalesce(h.fills, 0), 10000)::integer as history_rows,
    coalesce(h.dexs, 0)::integer as dexs,
    coalesce(h.slices_of_day, 0)::numeric as slices,
    least(coalesce(h.slices, 0), 10000)::integer as slices_of_history,
    coalesce(r.repairs, 0)::numeric as repairs
from tracked as t
left join days as d using (wallet_id)
left join histories as h using (wallet_id)
left join repairs as r using (wallet_id)
left join lateral (
    select count(*) filter (where f.time >= h.last_at - b.overlap) as overlap,
        count(*) as of_five_days
    from facts.hl_fills_raw as f
    cross join bounds as b
    where f.wallet_id = t.wallet_id and f.time >= h.last_at - b.deep and f.time <= h.last_at
) as l on h.last_at is not null
order by t.wallet_id;

-- name: list_twap_activity :many
-- The last day of each tracked wallet with TWAPs: how long one ran, ran within the day, and within a
-- month.
-- Reads: tenancy.org_wallets, facts.twap_status, metrics.twaps   Writes: -   Key: wallet_id
with tracked as (
    select distinct o.wallet_id, '0x' || encode(w.address, 'hex') as wallet
    from tenancy.org_wallets as o
    join tenancy.wallets as w on w.id = o.wallet_id
    where o.to_day is null
), bounds as (
    select %(now)s::timestamptz as until, %(now)s::timestamptz - interval '1 day' as since
), statuses as (
    select s.wallet_id, count(*) as twap_statuses
    from facts.twap_status as s
    where s.s3_object_key is null
    group by s.wallet_id
), runs as (
    select w.wallet_id, w.started_at,
        least(coalesce(w.ended_at, w.ends_at, b.until), b.until) as until
    from metrics.twaps as w
    join tracked as t on t.wallet_id = w.wallet_id and t.wallet = w.wallet
    cross join bounds as b
    where w.started_at <= b.until
), twaps as (
    select r.wallet_id, count(*) filter (where r.started_at > b.since) as begun,
        range_agg(tstzrange(r.started_at, greatest(r.started_at, r.until)))
            * tstzmultirange(tstzrange(b.since, b.until)) as running,
        range_agg(tstzrange(r.started_at, greatest(r.started_at, r.until) + %(warm)s))
            * tstzmultirange(tstzrange(b.since, b.until)) as of_day,
        range_agg(tstzrange(r.started_at, greatest(r.started_at, r.until) + %(month)s))
            * tstzmultirange(tstzrange(b.since, b.until)) as of_month
    from runs as r
    cross join bounds as b
    group by r.wallet_id, b.since, b.until
), spans as (
    select w.wallet_id, w.begun, s.running, s.of_day, s.of_month
    from twaps as w
    cross join lateral (
        select coalesce(sum(extract(epoch from upper(x.span) - lower(x.span)))
                filter (where x.name = 'running'), 0) / 86400 as running,
            coalesce(sum(extract(epoch from upper(x.span) - lower(x.span)))
                filter (where x.name = 'day'), 0) / 86400 as of_day,
            coalesce(sum(extract(epoch from upper(x.span) - lower(x.span)))
                filter (where x.name = 'month'), 0) / 86400 as of_month
        from (
            select 'running' as name, unnest(w.running) as span
            union all
            select 'day', unnest(w.of_day)
            union all
            select 'month', unnest(w.of_month)
        ) as x
    ) as s
)
select t.wallet_id, coalesce(s.twap_statuses, 0)::integer as twap_statuses,
    coalesce(n.begun, 0)::numeric as twaps_begun,
    coalesce(n.running, 0)::numeric as twap_running_share,
    coalesce(n.of_day - n.running, 0)::numeric as twap_recent_share,
    coalesce(n.of_month - n.of_day, 0)::numeric as twap_month_share
from tracked as t
left join statuses as s using (wallet_id)
left join spans as n using (wallet_id)
where s.wallet_id is not null or n.wallet_id is not null
order by t.wallet_id;

-- name: read_market :one
-- The requests that do not depend on the number of wallets: dexs, tokens, and watched wallets.
-- Reads: facts.perp_dexs, metrics.twaps, facts.token_prices, ops.ingest_runs, facts.watched_readings
-- Writes: -   Key: -
select
    (select count(distinct d.dex)::integer from facts.perp_dexs as d where d.dex <> '') as dexs,
    (select coalesce(sum(least(1, d.minutes / 1440)), 0)
     from (
         select sum(extract(epoch from least(coalesce(t.ended_at, t.ends_at), %(now)s::timestamptz)
             - greatest(t.started_at, %(now)s::timestamptz - interval '1 day')) / 60) as minutes
         from metrics.twaps as t
         where facts.dex_of(t.asset) is not null and t.started_at <= %(now)s::timestamptz
             and coalesce(t.ended_at, t.ends_at) > %(now)s::timestamptz - interval '1 day'
         group by facts.dex_of(t.asset)
     ) as d)::numeric as dexs_in_use,
    (select count(distinct p.token)::integer
     from facts.token_prices as p
     where p.at > %(now)s::timestamptz - %(in_use_for)s::interval) as priced_tokens,
    (select coalesce(max(i.wallets), 0) from ops.ingest_runs as i
     where i.minute > %(now)s::timestamptz - interval '10 minutes' and i.minute <= %(now)s)::integer
        as watched,
    (select count(*)::numeric from facts.watched_readings as r
     where r.asked_at > %(now)s::timestamptz - interval '1 day' and r.asked_at <= %(now)s)
        as exits;
