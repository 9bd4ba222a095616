-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- The coverage that health, the mask of the screen, alerts and signals of version 3 speak of. What
-- answered in a minute stays in `coverage`: versions 1 and 2 are defined by it.
alter table ops.ingest_runs add column feed_coverage numeric; -- share of the watched wallets observed in the 120 seconds up to the minute; null: nobody was watched, or recorded before this column
comment on column ops.ingest_runs.feed_coverage is
    'share of the watched wallets observed in the 120 seconds up to the minute: what health, alerts and signals of version 3 speak of; null: nobody was watched, or recorded before this column';
comment on column ops.ingest_runs.coverage is
    'wallets_ok / wallets: the share that answered in this minute alone; versions 1 and 2 of the signals are defined by it';
comment on column ops.ingest_health.coverage is
    'coverage of the feed as of then, 0 to 1: ops.ingest_runs.feed_coverage';

-- The feed as of a time: the newest minute that succeeded, and the coverage of the newest recorded
-- minute. A minute recorded before there was a feed_coverage has that of its own answers.
create function ops.feed_at(as_of timestamptz)
returns table (success_at timestamptz, coverage numeric)
language sql stable parallel safe
set search_path = ''
as $$
    select
        (select max(i.minute) from ops.ingest_runs as i
         where i.minute <= as_of and i.status <> 'failed'),
        (select coalesce(i.feed_coverage, i.coverage) from ops.ingest_runs as i
         where i.minute <= as_of and (i.feed_coverage is not null or i.status <> 'failed')
         order by i.minute desc
         limit 1)
$$;
revoke all on function ops.feed_at from public;
grant execute on function ops.feed_at to hypertally_jobs;

-- Which wallets a computed row of an org was made of: as many as before need not be the same.
alter table ops.computations add column members text; -- global_day_metrics: metrics.members_digest of its wallets then; null: computed before this column, or another metric
comment on column ops.computations.members is
    'global_day_metrics: metrics.members_digest of its wallets then; null: computed before this column, or another metric';
create function metrics.members_digest(org_id integer, day date) returns text
language sql stable parallel safe
set search_path = ''
as $$
    select count(*) || ':' || coalesce(sum(hashint4extended(m.wallet_id, 0)::numeric), 0)
    from (
        select distinct o.wallet_id
        from tenancy.org_wallets as o
        where (members_digest.org_id = 0 or o.org_id = members_digest.org_id)
            and o.from_day <= members_digest.day
            and (o.to_day is null or members_digest.day < o.to_day)
    ) as m
$$;
revoke all on function metrics.members_digest from public;
grant execute on function metrics.members_digest to hypertally_metrics;

-- migrate:down
-- forward only
