-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- Each process logs in as a login of its own, which this file does not make: its password is no
-- part of a schema. See store/logins.py.

-- The process that serves the API begins the books too, as the role of jobs, which reads not every
-- fact. The function answers yes or no as the worker's role, which does.
grant create on schema ops to hypertally_jobs;
alter function ops.holds_books() security definer;
alter function ops.holds_books() owner to hypertally_worker;
revoke create on schema ops from hypertally_jobs;
grant execute on function ops.holds_books() to hypertally_jobs;

-- It compares the definitions in force as well, and writes none.
grant select on metrics.definitions to hypertally_jobs;

-- End the sessions of the API's login that run a statement for longer than this, hold a transaction
-- without a statement, or hold one at all; how many. A session itself can lift `statement_timeout`:
-- PostgreSQL lets every session set it. The owner is a member of the login, so it may end them.
create function ops.end_long_sessions(statement interval, idle interval, whole interval)
returns integer
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select count(*) filter (where pg_terminate_backend(a.pid))::integer
    from pg_stat_activity as a
    cross join (values (clock_timestamp())) as t (at)
    where a.usename = 'hypertally_api_login' and a.datname = current_database()
        and (
            a.state = 'active'
                and a.query_start < t.at - greatest(statement, interval '0.1 seconds')
            or a.state like 'idle in transaction%'
                and a.state_change < t.at - greatest(idle, interval '0.1 seconds')
            or a.xact_start < t.at - greatest(whole, interval '0.1 seconds')
        )
$$;
revoke all on function ops.end_long_sessions from public;
grant execute on function ops.end_long_sessions to hypertally_jobs;

-- migrate:down
-- forward only
