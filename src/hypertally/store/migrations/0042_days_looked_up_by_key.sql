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

-- migrate:down
-- forward only
