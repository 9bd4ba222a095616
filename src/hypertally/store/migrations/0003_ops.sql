-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- What is to be done: jobs/runtime/queue.py.
create table ops.jobs (
    id bigint generated always as identity primary key,
    kind text not null,                  -- what runs it: jobs/worker.py
    payload jsonb not null default '{}', -- what it is asked to do
    dedupe_key text,                     -- at most one queued job a key
    priority smallint not null default 0,    -- higher runs first
    status text not null default 'queued' check (    -- jobs/runtime/queue.py draws the states
        status in ('queued', 'running', 'done', 'dead')),
    run_at timestamptz not null default now(), -- not before
    attempts integer not null default 0,     -- a claim counts as the attempt
    max_attempts integer not null default 10 check (max_attempts > 0), -- then it is dead
    lease_token bigint,                  -- fencing: what a claim may still finish
    lease_until timestamptz,             -- then the worker counts as gone
    worker text,                         -- host:pid of the last claim
    last_error text,                     -- of the last attempt that failed
    created_at timestamptz not null default now(),
    finished_at timestamptz,             -- when the last attempt ended
    check ((status = 'running') = (lease_token is not null))
);
create unique index jobs_one_queued_a_key on ops.jobs (dedupe_key) where status = 'queued';
create index jobs_by_key on ops.jobs (dedupe_key);
create index jobs_to_claim on ops.jobs (priority desc, run_at, id) where status = 'queued';
create index jobs_leased on ops.jobs (lease_until) where status = 'running';
create index jobs_finished on ops.jobs (finished_at) where status = 'done';
create sequence ops.lease_tokens;

-- How far the record of a wallet goes.
create table ops.hl_ingest_cursor (
    wallet_id integer primary key references tenancy.wallets,
    cursor_ms bigint not null default 0,     -- time of the last fill whose page is proven
    proven_until timestamptz,                -- pages prove the history complete up to here
    deep_at timestamptz,                     -- last look far behind the cursor
    pulled_at timestamptz,               -- when the last whole pull ended
    last_error text                      -- of the last pull that failed
);

-- Whether a wallet's record ends longer ago than its activity allows: five minutes for one that
-- traded within the hour, thirty within the day, two hours for the rest.
create function ops.is_behind(cursor_ms bigint, proven_until timestamptz) returns boolean
language sql stable parallel safe as $$
    select coalesce(proven_until < now() - case
        when cursor_ms > extract(epoch from now() - interval '1 hour') * 1000
        then interval '5 minutes'
        when cursor_ms > extract(epoch from now() - interval '1 day') * 1000
        then interval '30 minutes'
        else interval '2 hours'
    end, true)
$$;

-- Days of wallets that must be computed again. Marks are only added and taken, never merged: who
-- marks a day waits for no one who is computing it.
create table ops.dirty_wallet_days (
    id bigint generated always as identity primary key,
    wallet_id integer not null,
    day date not null,
    from_at timestamptz                  -- the earliest new fill; null: there is none
);
create index dirty_wallet_days_by_wallet on ops.dirty_wallet_days (wallet_id, day);
create index dirty_wallet_days_by_day on ops.dirty_wallet_days (day);

-- Days of orgs that must be computed again.
create table ops.dirty_global_days (
    id bigint generated always as identity primary key,
    org_id integer not null,             -- 0: all tracked wallets
    day date not null
);
create index dirty_global_days_by_day on ops.dirty_global_days (day, org_id);

-- Where the requests of one egress address queue up.
create table ops.weight_budgets (
    egress text primary key              -- the address requests leave from
);

-- The weight each request took from the upstream's allowance for one egress address.
create table ops.weight_spends (
    id bigint generated always as identity primary key,
    egress text not null references ops.weight_budgets,
    weight integer not null check (weight >= 0), -- reserved, then what it really cost
    at timestamptz not null default clock_timestamp(), -- of the reservation, then of the answer
    settled boolean not null default false -- the answer has come
);
create index weight_spends_recent on ops.weight_spends (egress, at);

-- When a derived row was last computed; kept beside the rows so that a rebuild gives the same bytes.
create table ops.computations (
    metric text not null,                -- table of schema metrics
    key text not null,                   -- wallet_id/day, org_id/day, wallet_id/twap_id, a period's end
    computed_at timestamptz not null default now(), -- our clock
    primary key (metric, key)
);

grant usage on schema ops to hypertally_jobs, hypertally_tenancy, hypertally_metrics, hypertally_facts, hypertally_api;
grant select, insert, update, delete on all tables in schema ops to hypertally_jobs;
revoke insert, update, delete on ops.schema_migrations from hypertally_jobs;
grant usage on all sequences in schema ops to hypertally_jobs;
grant select, insert, update on ops.computations to hypertally_metrics;
grant select on ops.dirty_wallet_days to hypertally_metrics;
grant select on ops.schema_migrations to hypertally_api;

-- migrate:down
-- forward only
