-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- Who asks: set for each transaction of the API. Unset sees nothing.
create function tenancy.current_org() returns integer language sql stable parallel safe as
$$ select nullif(current_setting('hypertally.org_id', true), '')::integer $$;
create function tenancy.current_user_id() returns text language sql stable parallel safe as
$$ select nullif(current_setting('hypertally.user_id', true), '') $$;

-- Row security is forced on all the API can read; the program's other roles see every row.
do $$
declare
    name text;
begin
    foreach name in array array[
        'tenancy.orgs', 'tenancy.wallets', 'tenancy.org_wallets', 'tenancy.user_profiles',
        'facts.pages', 'facts.hl_fills_raw', 'facts.conflicts', 'facts.rejects', 'facts.limits_met',
        'metrics.fill_gaps', 'metrics.wallet_day_metrics', 'metrics.global_day_metrics',
        'metrics.restatements', 'ops.hl_ingest_cursor', 'ops.computations',
        'facts.spot_pairs', 'facts.perp_dexs', 'facts.token_prices', 'metrics.definitions'
    ] loop
        execute format('alter table %s enable row level security', name);
        execute format('alter table %s force row level security', name);
        execute format('create policy everything on %s
                        to hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs
                        using (true) with check (true)', name);
        execute format('grant select on %s to hypertally_api', name);
    end loop;

    foreach name in array array[
        'facts.pages', 'facts.hl_fills_raw', 'facts.conflicts', 'facts.rejects', 'facts.limits_met',
        'metrics.fill_gaps', 'metrics.wallet_day_metrics', 'ops.hl_ingest_cursor'
    ] loop
        -- `exists`, not `in`: few rows are then looked up one by one, and not all wallets of the
        -- org gathered first, ten thousand of them, for each statement.
        execute format('create policy own_wallets on %s for select to hypertally_api
                        using (exists (select from tenancy.org_wallets as o
                                       where o.wallet_id = %I.wallet_id))',
                       name, split_part(name, '.', 2));
    end loop;
end
$$;

create policy own_org on tenancy.orgs for select to hypertally_api
    using (id = (select tenancy.current_org()));
create policy own_org on tenancy.org_wallets for select to hypertally_api
    using (org_id = (select tenancy.current_org()));
create policy own_wallets on tenancy.wallets for select to hypertally_api
    using (exists (select from tenancy.org_wallets as o where o.wallet_id = wallets.id));
-- A user must be read before the org is known: by the verified name of the user alone.
create policy own_profile on tenancy.user_profiles for select to hypertally_api
    using (user_id = (select tenancy.current_user_id()));
create policy own_org on metrics.global_day_metrics for select to hypertally_api
    using (org_id = (select tenancy.current_org()));
create policy own_rows on metrics.restatements for select to hypertally_api
    using (case when org_id is not null then org_id = (select tenancy.current_org())
                else exists (select from tenancy.org_wallets as o
                             where o.wallet_id = restatements.wallet_id) end);
-- Computations name a row the caller must already see: key is wallet_id/day or org_id/day.
create policy own_rows on ops.computations for select to hypertally_api
    using (case metric
           when 'global_day_metrics'
           then split_part(key, '/', 1)::integer = (select tenancy.current_org())
           else exists (select from tenancy.org_wallets as o
                        where o.wallet_id = split_part(key, '/', 1)::integer) end);

-- Reference data and definitions are the same for every org, and nobody's without one.
do $$
declare
    name text;
begin
    foreach name in array array[
        'facts.spot_pairs', 'facts.perp_dexs', 'facts.token_prices', 'metrics.definitions'
    ] loop
        execute format('create policy any_org on %s for select to hypertally_api
                        using ((select tenancy.current_org()) is not null)', name);
    end loop;
end
$$;
grant execute on function tenancy.current_org, tenancy.current_user_id to hypertally_api;

-- migrate:down
-- forward only
