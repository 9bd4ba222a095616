-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- How many days each of these wallets has no row and may have traded all the same: its fills were not
-- read as far as the end of the day, or as far as `due_at`; a gap touches the day; or a row that could
-- not be read may be a fill of it. Each wallet's days are given, both included; no row: none.
create function metrics.list_unknown_days(
    wallets integer[], first_days date[], last_days date[], due_at timestamptz)
returns table (wallet_id integer, days integer)
language sql stable parallel safe
set search_path = ''
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
    )
    select l.wallet_id, count(*)::integer
    from lacking as l
    cross join lateral (
        select l.first_day + n as day, l.from_at + n * interval '24 hours' as from_at,
            l.from_at + (n + 1) * interval '24 hours' as to_at
        from pg_catalog.generate_series(0, l.last_day - l.first_day) as n
    ) as d
    left join metrics.wallet_day_metrics as m on m.wallet_id = l.wallet_id and m.day = d.day
    where m.wallet_id is null
        and (l.has_gap or l.has_reject or l.proven_until is null
            or l.proven_until < least(l.to_at, due_at))
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

-- The same of one wallet.
create function metrics.count_unknown_days(
    wallet integer, first_day date, last_day date, due_at timestamptz) returns integer
language sql stable parallel safe
set search_path = ''
as $$
    select coalesce((
        select u.days
        from metrics.list_unknown_days(array[wallet], array[first_day], array[last_day], due_at) as u
    ), 0)
$$;

-- The same of the wallets of an org, on the days that they belong to it.
create function metrics.list_unknown_days_of_org(
    org integer, first_day date, last_day date, due_at timestamptz)
returns table (wallet_id integer, days integer)
language sql stable parallel safe
set search_path = ''
as $$
    select u.wallet_id, u.days
    from (
        select array_agg(w.wallet_id) as wallets,
            array_agg(greatest(first_day, w.from_day)) as first_days,
            array_agg(least(last_day, w.to_day - 1)) as last_days
        from tenancy.org_wallets as w
        where w.org_id = org
    ) as o
    cross join lateral metrics.list_unknown_days(
        o.wallets, o.first_days, o.last_days, due_at) as u
$$;

revoke all on function metrics.list_unknown_days, metrics.count_unknown_days,
    metrics.list_unknown_days_of_org from public;
grant execute on function metrics.list_unknown_days, metrics.count_unknown_days,
    metrics.list_unknown_days_of_org to hypertally_api;

-- migrate:down
-- forward only
