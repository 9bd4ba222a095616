-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- Make the partition `child` of [first, until), if it is missing; true when this call made it.
-- Built beside the parent and attached: that takes no lock which readers or writers would feel.
create function facts.attach_partition(
    parent text, child text, first timestamptz, until timestamptz
) returns boolean language plpgsql set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
begin
    -- pg_class and not to_regclass, whose cache may still miss what the lock's last holder made.
    if exists (
        select from pg_class where relnamespace = 'facts'::regnamespace and relname = child
    ) then
        return false;
    end if;
    perform pg_advisory_xact_lock(hashtext('facts.attach_partition'));
    if exists (
        select from pg_class where relnamespace = 'facts'::regnamespace and relname = child
    ) then
        return false;
    end if;
    execute format('create table facts.%I (like facts.%I including defaults including constraints
                    including generated)', child, parent);
    execute format('create trigger no_truncate before truncate on facts.%I
                    for each statement execute function facts.refuse_change()', child);
    execute format('alter table facts.%I attach partition facts.%I for values from (%L) to (%L)',
                   parent, child, first, until);
    return true;
end
$$;
revoke all on function facts.attach_partition from public;

-- Make the month that holds `month_of`, if it is missing; true when this call made it.
create or replace function facts.ensure_month(parent text, month_of timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
    first timestamptz := date_trunc('month', month_of, 'UTC');
begin
    if parent not in ('hl_fills_raw', 'pages') then
        raise exception 'facts.% is not partitioned by month', parent;
    end if;
    return facts.attach_partition(
        parent, parent || '_' || to_char(first, 'YYYY_MM'), first, first + interval '1 month');
end
$$;

-- Make the day that holds `day_of`, if it is missing; true when this call made it.
create or replace function facts.ensure_day(parent text, day_of timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
    first timestamptz := date_trunc('day', day_of, 'UTC');
begin
    if parent <> 'wallet_snapshots' then
        raise exception 'facts.% is not partitioned by day', parent;
    end if;
    return facts.attach_partition(
        parent, parent || '_' || to_char(first, 'YYYY_MM_DD'), first, first + interval '1 day');
end
$$;

-- migrate:down
-- forward only
