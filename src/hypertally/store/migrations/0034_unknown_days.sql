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
revoke all on function metrics.count_unknown_days from public;
grant execute on function metrics.count_unknown_days to hypertally_api;

-- migrate:down
-- forward only
