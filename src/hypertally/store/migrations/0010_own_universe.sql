-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '60s'; -- a year of members is 300,000 rows

-- Without a leaderboard the universe is ranked from the wallets that orgs track: shown whole, it
-- would tell one org whom another tracks. So a row about a wallet is for those who track it, unless
-- a public source once named the wallet.

-- Wallets that were in a universe of a public source: what is known of them is public.
create table metrics.public_wallets (
    wallet_id integer primary key        -- tenancy.wallets.id
);
insert into metrics.public_wallets (wallet_id)
select distinct m.wallet_id
from metrics.wallet_universe_members as m
join metrics.wallet_universe_runs as r on r.id = m.run_id
where r.source <> 'own_facts';

-- Kept by the insert of members itself: no writer can forget it.
create function metrics.keep_public_wallets() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    insert into metrics.public_wallets (wallet_id)
    select distinct m.wallet_id
    from added as m
    join metrics.wallet_universe_runs as r on r.id = m.run_id
    where r.source <> 'own_facts'
    order by 1
    on conflict do nothing;
    return null;
end
$$;
create trigger keep_public_wallets after insert on metrics.wallet_universe_members
    referencing new table as added
    for each statement execute function metrics.keep_public_wallets();
grant select, insert on metrics.public_wallets to hypertally_metrics;
grant select on metrics.public_wallets to hypertally_jobs, hypertally_api;

alter table metrics.public_wallets enable row level security;
alter table metrics.public_wallets force row level security;
create policy everything on metrics.public_wallets
    to hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs
    using (true) with check (true);
create policy any_org on metrics.public_wallets for select to hypertally_api
    using ((select tenancy.current_org()) is not null);

do $$
declare
    name text;
begin
    foreach name in array array[
        'facts.wallet_snapshots', 'metrics.wallet_universe_members', 'metrics.snapshot_anomalies',
        'metrics.signal_contributors'
    ] loop
        execute format('drop policy any_org on %s', name);
        -- Both tables have row security of their own: nobody sees a row of either without an org.
        execute format('create policy public_or_own on %1$s for select to hypertally_api
                        using (exists (select from metrics.public_wallets as p
                                       where p.wallet_id = %2$I.wallet_id)
                            or exists (select from tenancy.org_wallets as o
                                       where o.wallet_id = %2$I.wallet_id))',
                       name, split_part(name, '.', 2));
    end loop;
end
$$;

-- What the wallets held together is told of all of them, as the scores are; not who held what.
create function metrics.sum_positions(at_minute timestamptz, of_assets text[])
returns table (
    asset text, long bigint, short bigint, flat bigint, missing bigint, long_coin numeric,
    short_coin numeric, net_coin numeric, top10_share numeric)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    with held as (
        select
            s.asset, s.szi,
            row_number() over (partition by s.asset order by abs(s.szi) desc nulls last) as place
        from facts.wallet_snapshots as s
        where s.minute = at_minute and s.asset = any(of_assets)
            and (select tenancy.current_org()) is not null
    )
    select
        h.asset,
        count(*) filter (where h.szi > 0),
        count(*) filter (where h.szi < 0),
        count(*) filter (where h.szi = 0),
        count(*) filter (where h.szi is null),
        sum(greatest(h.szi, 0)),
        sum(greatest(-h.szi, 0)),
        sum(h.szi),
        round(sum(abs(h.szi)) filter (where h.place <= 10) / nullif(sum(abs(h.szi)), 0), 8)
    from held as h
    group by h.asset
$$;
create function metrics.sum_minutes(of_asset text, from_at timestamptz, to_at timestamptz)
returns table (
    minute timestamptz, long bigint, short bigint, flat bigint, missing bigint, net_coin numeric)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select
        s.minute,
        count(*) filter (where s.szi > 0),
        count(*) filter (where s.szi < 0),
        count(*) filter (where s.szi = 0),
        count(*) filter (where s.szi is null),
        sum(s.szi)
    from facts.wallet_snapshots as s
    where s.asset = of_asset and s.minute >= from_at and s.minute < to_at
        and (select tenancy.current_org()) is not null
    group by s.minute
$$;
-- How many snapshots of a universe there are at these minutes, and their digest.
create function metrics.count_snapshots(of_run bigint, of_asset text, at_minutes timestamptz[])
returns table (count bigint, digest text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select count(s.fingerprint), count(s.fingerprint) || ':' || coalesce(sum(s.fingerprint), 0)
    from metrics.wallet_universe_members as m
    join facts.wallet_snapshots as s
        on s.wallet_id = m.wallet_id and s.asset = of_asset and s.minute = any(at_minutes)
    where m.run_id = of_run and (select tenancy.current_org()) is not null
$$;

-- Who came and who left, of those the caller may know of; the others are counted. The addresses of
-- all stand in the run's arrays, which the API's role can therefore no longer read: an API process
-- from before this migration answers 500 on the two endpoints of the universe until it is replaced.
create function metrics.moves_of_run(of_run bigint)
returns table (entered text[], exited text[], entered_not_shown bigint, exited_not_shown bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select
        coalesce(array_agg(v.wallet order by v.place) filter (where v.entered and v.shown), '{}'),
        coalesce(array_agg(v.wallet order by v.place)
            filter (where not v.entered and v.shown), '{}'),
        count(*) filter (where v.entered and not v.shown),
        count(*) filter (where not v.entered and not v.shown)
    from (
        select moved.wallet, moved.place, moved.entered,
            exists (select from metrics.public_wallets as p where p.wallet_id = w.id)
                or exists (select from tenancy.org_wallets as o
                           where o.wallet_id = w.id and o.org_id = tenancy.current_org()) as shown
        from metrics.wallet_universe_runs as r
        cross join lateral (
            select e.wallet, e.place, true as entered
            from unnest(r.entered) with ordinality as e (wallet, place)
            union all
            select x.wallet, x.place, false from unnest(r.exited) with ordinality as x (wallet, place)
        ) as moved
        left join tenancy.wallets as w on w.address = decode(substr(moved.wallet, 3), 'hex')
        where r.id = of_run and (select tenancy.current_org()) is not null
    ) as v
$$;

-- They act as the role that computes, which sees every row whoever migrates.
grant create on schema metrics to hypertally_metrics;
alter function metrics.sum_positions owner to hypertally_metrics;
alter function metrics.sum_minutes owner to hypertally_metrics;
alter function metrics.count_snapshots owner to hypertally_metrics;
alter function metrics.moves_of_run owner to hypertally_metrics;
revoke create on schema metrics from hypertally_metrics;
revoke all on function metrics.sum_positions, metrics.sum_minutes, metrics.count_snapshots,
    metrics.moves_of_run from public;
grant execute on function metrics.sum_positions, metrics.sum_minutes, metrics.count_snapshots,
    metrics.moves_of_run to hypertally_api;

revoke select on metrics.wallet_universe_runs from hypertally_api;
grant select (
    id, taken_at, source, page_id, status, rows_seen, rows_valid, members, excluded, churn,
    error_text, definition, digest
) on metrics.wallet_universe_runs to hypertally_api;

-- When a period's signals were computed is a row of every org's: their key is a time, no number.
drop policy own_rows on ops.computations;
create policy own_rows on ops.computations for select to hypertally_api
    using (case metric
           when 'signals' then (select tenancy.current_org()) is not null
           when 'global_day_metrics'
           then split_part(key, '/', 1)::integer = (select tenancy.current_org())
           else exists (select from tenancy.org_wallets as o
                        where o.wallet_id = split_part(key, '/', 1)::integer) end);

-- migrate:down
-- forward only
