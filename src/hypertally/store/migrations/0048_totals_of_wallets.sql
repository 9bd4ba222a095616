-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- The days of a wallet that a gap touches, or a row that could not be read.
create function metrics.list_doubtful_days(wallet integer, first_day date, last_day date)
returns date[]
language sql stable parallel safe
set search_path = '' set plan_cache_mode = force_generic_plan
as $$
    select array(
        select d.day
        from (
            select first_day + n as day,
                (first_day + n)::timestamp at time zone 'UTC' as from_at,
                (first_day + n + 1)::timestamp at time zone 'UTC' as to_at
            from pg_catalog.generate_series(0, last_day - first_day) as n
        ) as d
        where exists (
                select from metrics.fill_gaps as g
                where g.wallet_id = wallet and g.from_at < d.to_at and g.to_at > d.from_at)
            or exists (
                select from facts.reject_windows as r
                where r.wallet_id = wallet and r.from_at < d.to_at and r.to_at >= d.from_at
                    and not exists (
                        select from facts.decoded_rejects as x where x.reject_id = r.reject_id)))
$$;

-- As before, in one reading: the days of each wallet were read up to four times an answer, and row
-- security looks at each row each time. What only few wallets need is asked of a function of its own:
-- to get its plan ready took longer than the rest.
create or replace function metrics.list_days_without_fills(
    wallets integer[], first_days date[], last_days date[], due_at timestamptz)
returns table (wallet_id integer, days integer, days_unknown integer, complete numeric)
language sql stable parallel safe
set search_path = '' set plan_cache_mode = force_generic_plan
as $$
    with spans as materialized (
        select u.wallet_id, u.first_day, u.last_day, t.day as today, i.proven_until,
            (to_timestamp(coalesce(i.confirmed_ms, 0) / 1000.0) at time zone 'UTC')::date
                as confirmed_until,
            case when exists (
                select from metrics.fill_gaps as g
                where g.wallet_id = u.wallet_id
                    and g.from_at < (u.last_day + 1)::timestamp at time zone 'UTC'
                    and g.to_at > u.first_day::timestamp at time zone 'UTC')
            or exists (
                select from facts.reject_windows as r
                where r.wallet_id = u.wallet_id
                    and r.from_at < (u.last_day + 1)::timestamp at time zone 'UTC'
                    and r.to_at >= u.first_day::timestamp at time zone 'UTC')
            then metrics.list_doubtful_days(u.wallet_id, u.first_day, u.last_day)
            else '{}' end as doubtful
        from unnest(wallets, first_days, last_days) as u (wallet_id, first_day, last_day)
        cross join (select (now() at time zone 'UTC')::date as day) as t
        left join ops.hl_ingest_cursor as i on i.wallet_id = u.wallet_id
        where u.first_day <= u.last_day
    ), counted as materialized (
        -- Of few wallets, as a rule, a proof is late: their days alone are looked at one by one.
        select s.*, l.is_late, m.with_fills,
            s.last_day - s.first_day + 1 - m.days as days,
            greatest(0, s.last_day - greatest(s.first_day, s.confirmed_until) + 1
                - m.days_read_once) as days_read_once
        from spans as s
        cross join lateral (
            select s.proven_until is null or s.proven_until < least(
                (s.last_day + 1)::timestamp at time zone 'UTC', due_at) as is_late
        ) as l
        cross join lateral (
            select count(*) as days,
                count(*) filter (where m.day >= s.confirmed_until) as days_read_once,
                coalesce(array_agg(m.day) filter (
                    where l.is_late or s.doubtful <> '{}' or m.day >= s.today - 1), '{}')
                    as with_fills
            from metrics.wallet_day_metrics as m
            -- As rows, which only the key by wallet can look up: by day, each day is a search.
            where m.wallet_id = s.wallet_id
                and (m.wallet_id, m.day) >= (s.wallet_id, s.first_day)
                and (m.wallet_id, m.day) <= (s.wallet_id, s.last_day)
        ) as m
    ), unknown as materialized (
        select c.wallet_id, count(*)::integer as days,
            array_agg(d.day) filter (where d.day >= c.today - 1) as newest
        from counted as c
        cross join lateral (
            select c.first_day + n as day
            from pg_catalog.generate_series(0, c.last_day - c.first_day) as n
        ) as d
        where (c.is_late or c.doubtful <> '{}')
            and d.day <> all (c.with_fills)
            and (c.proven_until is null
                or c.proven_until < least((d.day + 1)::timestamp at time zone 'UTC', due_at)
                or d.day = any (c.doubtful))
        group by c.wallet_id
    ), open_rests as (
        -- The part of a day that is not proved yet.
        select c.wallet_id, sum(1 - greatest(0, least(1, extract(epoch from
            c.proven_until - d.day::timestamp at time zone 'UTC') / 86400))) as rest
        from counted as c
        cross join lateral (values (c.today), (c.today - 1)) as d (day)
        left join unknown as u on u.wallet_id = c.wallet_id
        where d.day between c.first_day and c.last_day
            and c.proven_until < (d.day + 1)::timestamp at time zone 'UTC'
            and d.day <> all (c.with_fills)
            and d.day <> all (coalesce(u.newest, '{}'))
        group by c.wallet_id
    ), summed as (
        select c.wallet_id, sum(c.days)::integer as days, sum(c.days_read_once) as days_read_once
        from counted as c
        group by c.wallet_id
    )
    select s.wallet_id, s.days, coalesce(u.days, 0),
        greatest(0, s.days - coalesce(u.days, 0)
            - 0.000001 * least(s.days - coalesce(u.days, 0), s.days_read_once)
            - coalesce(o.rest, 0))
    from summed as s
    left join unknown as u on u.wallet_id = s.wallet_id
    left join open_rests as o on o.wallet_id = s.wallet_id
$$;

-- The totals of days of a wallet: `priced` are the sums of what has a price, `days` those days that lack
-- a figure. Its total is null then, and has an interval. A day that is not known at all (`{}`) adds
-- nothing to what is known, and leaves only counts and volumes, which are never negative, with a lower
-- bound.
create function metrics.with_unpriced(priced jsonb, days jsonb) returns jsonb
language sql immutable parallel safe
begin atomic
    select priced
        || coalesce(jsonb_object_agg(u.figure, null), '{}')
        || jsonb_build_object('intervals', coalesce(jsonb_object_agg(
            u.figure, metrics.with_priced(u.known, (priced ->> u.figure)::numeric)), '{}'))
    from (
        select f.figure, metrics.sum_intervals(
            coalesce(d.value -> 'intervals' -> f.summed, jsonb_build_object(
                'known', '0', 'lower', case when f.is_never_negative then '0' end, 'upper', null,
                'unpriced', '{}'::jsonb
            ))) as known
        from jsonb_array_elements(days) as d (value)
        cross join (
            values
                ('fills', 'fills', true), ('events', 'events', true),
                ('spot_volume_usd', 'spot_volume_usd', true),
                ('perp_volume_usd', 'perp_volume_usd', true),
                ('hip3_volume_usd', 'hip3_volume_usd', true),
                ('outcome_volume_usd', 'outcome_volume_usd', true),
                ('other_volume_usd', 'other_volume_usd', true),
                ('taker_volume_usd', 'taker_volume_usd', true),
                ('maker_volume_usd', 'maker_volume_usd', true),
                ('legs_volume_usd', 'taker_volume_usd', true),
                ('legs_volume_usd', 'maker_volume_usd', true),
                ('gross_realised_pnl_usd', 'gross_realised_pnl_usd', false),
                ('fees_usd', 'fees_usd', false), ('builder_fees_usd', 'builder_fees_usd', false)
        ) as f (figure, summed, is_never_negative)
        where d.value ->> f.summed is null
        group by f.figure
    ) as u;
end;
revoke all on function metrics.list_doubtful_days, metrics.with_unpriced from public;
grant execute on function metrics.list_doubtful_days, metrics.with_unpriced to hypertally_api;

-- migrate:down
-- forward only
