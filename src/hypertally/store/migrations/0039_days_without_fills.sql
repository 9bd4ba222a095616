-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- What the days without fills add to the completeness of these wallets over these days, both included:
-- how many there are, how many of them may have fills all the same (metrics.list_unknown_days), and the
-- sum of their completeness: 0 of those; of the current day the part that is proved; 0.999999 of a day
-- that was read once only; else 1.
create function metrics.list_days_without_fills(
    wallets integer[], first_days date[], last_days date[], due_at timestamptz)
returns table (wallet_id integer, days integer, days_unknown integer, complete numeric)
language sql stable parallel safe
set search_path = ''
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
            s.last_day - s.first_day + 1 - count(m.day) as days,
            greatest(0, s.last_day - greatest(s.first_day, s.confirmed_until) + 1
                - count(*) filter (where m.day >= s.confirmed_until)) as days_read_once,
            s.today between s.first_day and s.last_day and not coalesce(bool_or(m.day = s.today), false)
                as is_open,
            greatest(0, least(1, extract(epoch from
                s.proven_until - s.today::timestamp at time zone 'UTC') / 86400)) as open_part
        from spans as s
        left join metrics.wallet_day_metrics as m
            on m.wallet_id = s.wallet_id and m.day between s.first_day and s.last_day
        group by s.wallet_id, s.first_day, s.last_day, s.today, s.confirmed_until, s.proven_until
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

-- The same of the wallets of an org, on the days that they belong to it.
create function metrics.list_days_without_fills_of_org(
    org integer, first_day date, last_day date, due_at timestamptz)
returns table (wallet_id integer, days integer, days_unknown integer, complete numeric)
language sql stable parallel safe
set search_path = ''
as $$
    select d.wallet_id, d.days, d.days_unknown, d.complete
    from (
        select array_agg(w.wallet_id) as wallets,
            array_agg(greatest(first_day, w.from_day)) as first_days,
            array_agg(least(last_day, w.to_day - 1)) as last_days
        from tenancy.org_wallets as w
        where w.org_id = org
    ) as o
    cross join lateral metrics.list_days_without_fills(
        o.wallets, o.first_days, o.last_days, due_at) as d
$$;

revoke all on function metrics.list_days_without_fills, metrics.list_days_without_fills_of_org
    from public;
grant execute on function metrics.list_days_without_fills, metrics.list_days_without_fills_of_org
    to hypertally_api;
-- Nothing calls them any more.
drop function metrics.count_unknown_days, metrics.list_unknown_days_of_org;

-- migrate:down
-- forward only
