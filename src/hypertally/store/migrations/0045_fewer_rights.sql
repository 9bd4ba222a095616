-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- A seal lets a day leave the database. The process beside the API is of the role of jobs, as workers
-- are, but it writes no seal.
alter policy everything on ops.seals with check (session_user <> 'hypertally_watchdog_login');

-- As before, but not for that process.
create or replace function facts.release_day(parent text, day_of date) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
set lock_timeout = '4s' as $$
declare
    child text := parent || '_' || to_char(day_of, 'YYYY_MM_DD');
    held text;
    sealed text;
    verified timestamptz;
begin
    if session_user = 'hypertally_watchdog_login' then
        raise exception 'a day leaves the database, and comes back, by workers and commands'
            using errcode = 'insufficient_privilege';
    end if;
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

create or replace function facts.reopen_day(parent text, day_of date) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
begin
    if session_user = 'hypertally_watchdog_login' then
        raise exception 'a day leaves the database, and comes back, by workers and commands'
            using errcode = 'insufficient_privilege';
    end if;
    if parent <> 'wallet_snapshots' then
        raise exception 'facts.% is not partitioned by day', parent;
    end if;
    update ops.seals set released_at = null where dataset = parent and day = day_of;
    return facts.attach_partition(
        parent, parent || '_' || to_char(day_of, 'YYYY_MM_DD'), day_of, day_of + 1);
end
$$;

-- As before; a function called by its own message of the protocol is a statement too. And a session
-- that holds an advisory lock is ended at once: the API takes none, workers wait for theirs.
create or replace function ops.end_long_sessions(
    statement interval, idle interval, whole interval)
returns integer
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select count(*) filter (where pg_terminate_backend(a.pid))::integer
    from pg_stat_activity as a
    cross join (values (clock_timestamp())) as t (at)
    where a.usename = 'hypertally_api_login' and a.datname = current_database()
        and (
            a.state in ('active', 'fastpath function call')
                and a.query_start < t.at - greatest(statement, interval '0.1 seconds')
            or a.state like 'idle in transaction%'
                and a.state_change < t.at - greatest(idle, interval '0.1 seconds')
            or a.xact_start < t.at - greatest(whole, interval '0.1 seconds')
            or exists (
                select from pg_locks as l
                where l.pid = a.pid and l.locktype = 'advisory' and l.granted)
        )
$$;

-- migrate:down
-- forward only
