-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- As before; the days of each wallet are looked up by its key. Joined, the days of all wallets were
-- read to find those of one. And the plan is made once a session: it took longer than what it does.
create or replace function metrics.list_unknown_days(
    wallets integer[], first_days date[], last_days date[], due_at timestamptz)
returns table (wallet_id integer, days integer)
language sql stable parallel safe
set search_path = '' set plan_cache_mode = force_generic_plan
as $$
    with spans as materialized (
        select u.wallet_id, u.first_day, u.last_day,
            u.first_day::timestamp at time zone 'UTC' as from_at,
            (u.last_day + 1)::timestamp at time zone 'UTC' as to_at,
            (select i.proven_until from ops.hl_ingest_cursor as i
             where i.wallet_id = u.wallet_id) as proven_until
        from unnest(wallets, first_days, last_days) as u (wallet_id, first_day, last_day)
    ), lacking as materialized (
        -- Few wallets, as a rule: their days alone are looked at one by one.
        select s.*,
            exists (
                select from metrics.fill_gaps as g
                where g.wallet_id = s.wallet_id and g.from_at < s.to_at and g.to_at > s.from_at)
                as has_gap,
            exists (
                select from facts.reject_windows as r
                where r.wallet_id = s.wallet_id and r.from_at < s.to_at and r.to_at >= s.from_at)
                as has_reject
        from spans as s
    ), looked_at as materialized (
        select l.*, array(
            select m.day from metrics.wallet_day_metrics as m
            where m.wallet_id = l.wallet_id and m.day between l.first_day and l.last_day
        ) as days_with_fills
        from lacking as l
        where l.has_gap or l.has_reject or l.proven_until is null
            or l.proven_until < least(l.to_at, due_at)
    )
    select l.wallet_id, count(*)::integer
    from looked_at as l
    cross join lateral (
        select l.first_day + n as day, l.from_at + n * interval '24 hours' as from_at,
            l.from_at + (n + 1) * interval '24 hours' as to_at
        from pg_catalog.generate_series(0, l.last_day - l.first_day) as n
    ) as d
    where d.day <> all (l.days_with_fills)
        and (l.proven_until is null or l.proven_until < least(d.to_at, due_at)
            or (l.has_gap and exists (
                select from metrics.fill_gaps as g
                where g.wallet_id = l.wallet_id and g.from_at < d.to_at and g.to_at > d.from_at))
            or (l.has_reject and exists (
                select from facts.reject_windows as r
                where r.wallet_id = l.wallet_id and r.from_at < d.to_at and r.to_at >= d.from_at
                    and not exists (
                        select from facts.decoded_rejects as x
                        where x.reject_id = r.reject_id))))
    group by l.wallet_id
$$;

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
                - m.days_read_once) as days_read_once,
            s.today between s.first_day and s.last_day and not m.has_today as is_open,
            greatest(0, least(1, extract(epoch from
                s.proven_until - s.today::timestamp at time zone 'UTC') / 86400)) as open_part
        from spans as s
        cross join lateral (
            select count(*) as days,
                count(*) filter (where m.day >= s.confirmed_until) as days_read_once,
                coalesce(bool_or(m.day = s.today), false) as has_today
            from metrics.wallet_day_metrics as m
            where m.wallet_id = s.wallet_id and m.day between s.first_day and s.last_day
        ) as m
    ), unknown as materialized (
        select u.wallet_id, u.days
        from metrics.list_unknown_days(wallets, first_days, last_days, due_at) as u
    ), open_unknown as materialized (
        select u.wallet_id
        from (
            select array_agg(s.wallet_id) as wallets, array_agg(s.today) as days
            from spans as s
            where s.today between s.first_day and s.last_day
        ) as o
        cross join lateral metrics.list_unknown_days(o.wallets, o.days, o.days, due_at) as u
    ), summed as (
        select c.wallet_id, sum(c.days)::integer as days, sum(c.days_read_once) as days_read_once,
            max(1 - coalesce(c.open_part, 0)) filter (where c.is_open) as open_rest
        from counted as c
        group by c.wallet_id
    )
    select s.wallet_id, s.days, coalesce(u.days, 0),
        greatest(0, s.days - coalesce(u.days, 0)
            - 0.000001 * least(s.days - coalesce(u.days, 0), s.days_read_once)
            - case when o.wallet_id is null then coalesce(s.open_rest, 0) else 0 end)
    from summed as s
    left join unknown as u on u.wallet_id = s.wallet_id
    left join open_unknown as o on o.wallet_id = s.wallet_id
$$;

-- migrate:down
-- forward only
