-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- How many of these days, both included, a wallet has no row and may have traded all the same: its
-- fills were not read as far as the end of the day, or as far as `due_at`; a gap touches the day; or
-- a row that could not be read may be a fill of it.
create function metrics.count_unknown_days(
    wallet integer, first_day date, last_day date, due_at timestamptz) returns integer
language sql stable parallel safe
set search_path = ''
as $$
    select count(*)::integer
    from pg_catalog.generate_series(first_day, last_day, interval '1 day') as c (day)
    cross join lateral (
        select c.day::date as day, c.day::date::timestamp at time zone 'UTC' as from_at,
            (c.day::date + 1)::timestamp at time zone 'UTC' as to_at
    ) as d
    where not exists (
            select from metrics.wallet_day_metrics as m
            where m.wallet_id = wallet and m.day = d.day)
        and (
            not exists (
                select from ops.hl_ingest_cursor as i
                where i.wallet_id = wallet and i.proven_until >= least(d.to_at, due_at))
            or exists (
                select from metrics.fill_gaps as g
                where g.wallet_id = wallet and g.from_at < d.to_at and g.to_at > d.from_at)
            or exists (
                select from facts.reject_windows as r
                where r.wallet_id = wallet and r.from_at < d.to_at and r.to_at >= d.from_at
                    and not exists (
                        select from facts.decoded_rejects as x where x.reject_id = r.reject_id)))
$$;

-- How many such days each wallet of an org has while it belongs to the org: no row is one without any.
-- Days are counted only of wallets of which anything is missing.
create function metrics.list_unknown_days(
    org integer, first_day date, last_day date, due_at timestamptz)
returns table (wallet_id integer, days integer)
language sql stable parallel safe
set search_path = ''
as $$
    with bounds as (
        select first_day::timestamp at time zone 'UTC' as from_at,
            (last_day + 1)::timestamp at time zone 'UTC' as to_at
    ), lacking as materialized (
        select g.wallet_id
        from metrics.fill_gaps as g
        join bounds as b on g.from_at < b.to_at and g.to_at > b.from_at
        union
        select r.wallet_id
        from facts.reject_windows as r
        join bounds as b on r.from_at < b.to_at and r.to_at >= b.from_at
        where not exists (
            select from facts.decoded_rejects as x where x.reject_id = r.reject_id)
        union
        select w.wallet_id
        from tenancy.org_wallets as w
        join bounds as b on true
        left join ops.hl_ingest_cursor as i on i.wallet_id = w.wallet_id
        where w.org_id = org
            and (i.proven_until is null or i.proven_until < least(b.to_at, due_at))
    )
    select w.wallet_id, sum(metrics.count_unknown_days(w.wallet_id,
        greatest(first_day, w.from_day), least(last_day, w.to_day - 1), due_at))::integer
    from lacking as l
    join tenancy.org_wallets as w on w.wallet_id = l.wallet_id and w.org_id = org
    group by w.wallet_id
$$;
revoke all on function metrics.count_unknown_days, metrics.list_unknown_days from public;
grant execute on function metrics.count_unknown_days, metrics.list_unknown_days
    to hypertally_api;

-- migrate:down
-- forward only
