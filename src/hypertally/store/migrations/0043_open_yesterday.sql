-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- As before, but the day before today is open too while its end is not proved: in the first hours of a
-- day records that end shortly before midnight are not late yet (due_at), and that day was counted as
-- if it was proved to its end.
create or replace function metrics.list_days_without_fills(
    wallets integer[], first_days date[], last_days date[], due_at timestamptz)
returns table (wallet_id integer, days integer, days_unknown integer, complete numeric)
language sql stable parallel safe
set search_path = '' set plan_cache_mode = force_generic_plan
as $$
    with spans as materialized (
        select u.wallet_id, u.first_day, u.last_day, t.day as today, i.proven_until,
            (to_timestamp(coalesce(i.confirmed_ms, 0) / 1000.0) at time zone 'UTC')::date
                as confirmed_until
        from unnest(wallets, first_days, last_days) as u (wallet_id, first_day, last_day)
        cross join (select (now() at time zone 'UTC')::date as day) as t
        left join ops.hl_ingest_cursor as i on i.wallet_id = u.wallet_id
        where u.first_day <= u.last_day
    ), counted as materialized (
        select s.wallet_id,
            s.last_day - s.first_day + 1 - m.days as days,
            greatest(0, s.last_day - greatest(s.first_day, s.confirmed_until) + 1
                - m.days_read_once) as days_read_once
        from spans as s
        cross join lateral (
            select count(*) as days,
                count(*) filter (where m.day >= s.confirmed_until) as days_read_once
            from metrics.wallet_day_metrics as m
            where m.wallet_id = s.wallet_id and m.day between s.first_day and s.last_day
        ) as m
    ), unknown as materialized (
        select u.wallet_id, u.days
        from metrics.list_unknown_days(wallets, first_days, last_days, due_at) as u
    ), open_days as materialized (
        -- The part of a day that is not proved yet.
        select s.wallet_id, d.day, 1 - greatest(0, least(1, extract(epoch from
            s.proven_until - d.day::timestamp at time zone 'UTC') / 86400)) as rest
        from spans as s
        cross join lateral (values (s.today), (s.today - 1)) as d (day)
        where d.day between s.first_day and s.last_day
            and s.proven_until < (d.day + 1)::timestamp at time zone 'UTC'
            and not exists (
                select from metrics.wallet_day_metrics as m
                where m.wallet_id = s.wallet_id and m.day = d.day)
    ), open_unknown as materialized (
        select o.day, u.wallet_id
        from (
            select d.day, array_agg(d.wallet_id) as wallets,
                array_agg(d.day) as days
            from open_days as d
            group by d.day
        ) as o
        cross join lateral metrics.list_unknown_days(o.wallets, o.days, o.days, due_at) as u
    ), open_rests as (
        select d.wallet_id, sum(d.rest) as rest
        from (select distinct wallet_id, day, rest from open_days) as d
        where not exists (
            select from open_unknown as u where u.wallet_id = d.wallet_id and u.day = d.day)
        group by d.wallet_id
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

-- migrate:down
-- forward only
