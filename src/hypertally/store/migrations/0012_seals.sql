-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- What rests in the archive: a row for each of its manifests. A day has several where rows came late.
create table ops.seals (
    dataset text not null,               -- table of the schema facts
    number integer not null check (number > 0), -- of the manifest, in the order they were written
    day date not null,                   -- UTC
    rows bigint not null check (rows > 0), -- that this manifest adds to the day
    digest text not null,                -- of these rows: count:sum of fingerprints
    bytes bigint not null,               -- of the Parquet files
    manifest_sha256 bytea not null,      -- of the manifest's bytes; the next one holds it too
    location text not null,              -- where the manifest was written
    sealed_at timestamptz not null default now(), -- our clock
    verified_at timestamptz not null default now(), -- when the copy was last held against the rows
    released_at timestamptz,             -- when the rows left the database; null: they are in it
    primary key (dataset, number)
);
create index seals_by_day on ops.seals (dataset, day);

grant select, insert, update (verified_at) on ops.seals to hypertally_jobs;
grant select on ops.seals to hypertally_facts, hypertally_metrics, hypertally_api;
alter table ops.seals enable row level security;
alter table ops.seals force row level security;
create policy everything on ops.seals to hypertally_facts, hypertally_metrics, hypertally_jobs
    using (true) with check (true);
create policy any_org on ops.seals for select to hypertally_api
    using ((select tenancy.current_org()) is not null);
-- The functions below act as the owner, who is no superuser everywhere.
create policy owner on ops.seals
    using (current_user = (
        select pg_get_userbyid(relowner) from pg_class where oid = 'ops.seals'::regclass));

-- Take a day out of the database: only if it ended nine days ago, and if all its rows are sealed and
-- were verified within the hour. Why not, or null when it is done. There is no other way to drop.
create function facts.release_day(parent text, day_of date) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
set lock_timeout = '4s' as $$
declare
    child text := parent || '_' || to_char(day_of, 'YYYY_MM_DD');
    held text;
    sealed text;
    verified timestamptz;
begin
    if parent <> 'wallet_snapshots' then
        raise exception 'facts.% is not partitioned by day', parent;
    end if;
    -- Any other would look at the partition as it was before the lock.
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'a day is released by a read committed transaction';
    end if;
    if day_of >= current_date - 9 then
        return 'it did not end nine days ago';
    end if;
    if not exists (
        select from pg_inherits
        where inhparent = format('facts.%I', parent)::regclass
            and inhrelid = to_regclass(format('facts.%I', child))
    ) then
        return 'it is not in the database';
    end if;
    execute format('lock table facts.%I in share row exclusive mode', child); -- no insert passes
    execute format('select count(*) || '':'' || coalesce(sum(fingerprint), 0) from facts.%I', child)
        into held;
    select sum(s.rows) || ':' || sum(split_part(s.digest, ':', 2)::numeric), min(s.verified_at)
    into sealed, verified
    from ops.seals as s
    where s.dataset = parent and s.day = day_of and s.released_at is null;
    if held is distinct from sealed then
        return format('the database holds %s, the archive %s', held, coalesce(sealed, 'nothing'));
    end if;
    if verified < now() - interval '1 hour' then
        return 'its copy was not verified within the hour';
    end if;
    execute format('alter table facts.%I detach partition facts.%I', parent, child);
    execute format('drop table facts.%I', child);
    update ops.seals set released_at = now()
    where dataset = parent and day = day_of and released_at is null;
    return null;
end
$$;

-- Make room for the rows of a released day; true when it was missing. Who calls it brings them back
-- in the same transaction.
create function facts.reopen_day(parent text, day_of date) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
begin
    if parent <> 'wallet_snapshots' then
        raise exception 'facts.% is not partitioned by day', parent;
    end if;
    update ops.seals set released_at = null where dataset = parent and day = day_of;
    return facts.attach_partition(
        parent, parent || '_' || to_char(day_of, 'YYYY_MM_DD'), day_of, day_of + 1);
end
$$;

-- Make the day that holds `day_of`, if it is missing; true when this call made it. A released day is
-- refused: its keys are not here to tell a row that is new from one that was stored before.
create or replace function facts.ensure_day(parent text, day_of timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
    first timestamptz := date_trunc('day', day_of, 'UTC');
begin
    if parent <> 'wallet_snapshots' then
        raise exception 'facts.% is not partitioned by day', parent;
    end if;
    if exists (
        select from ops.seals
        where dataset = parent and day = first::date and released_at is not null
    ) then
        raise exception 'facts.% of % rests in the archive: bring it back first with '
            'hypertally archive restore --from % --to %',
            parent, first::date, first::date, first::date
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    return facts.attach_partition(
        parent, parent || '_' || to_char(first, 'YYYY_MM_DD'), first, first + interval '1 day');
end
$$;

revoke all on function facts.release_day, facts.reopen_day from public;
grant execute on function facts.release_day, facts.reopen_day to hypertally_jobs;

-- migrate:down
-- forward only
