-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

create table ops.jobs (
    id bigint generated always as identity primary key,
    kind text not null,
    payload jsonb not null default '{}',
    dedupe_key text,                     -- at most one queued job a key
    priority smallint not null default 0,    -- higher runs first
    status text not null default 'queued' check (status in ('queued', 'running', 'done', 'dead')),
    run_at timestamptz not null default now(),
    attempts integer not null default 0,     -- a claim counts as the attempt
    max_attempts integer not null default 10 check (max_attempts > 0),
    lease_token bigint,                  -- fencing: what a claim may still finish
    lease_until timestamptz,
    worker text,
    last_error text,
    created_at timestamptz not null default now(),
    finished_at timestamptz,
    check ((status = 'running') = (lease_token is not null))
);
create unique index jobs_one_queued_a_key on ops.jobs (dedupe_key) where status = 'queued';
create index jobs_by_key on ops.jobs (dedupe_key);
create index jobs_to_claim on ops.jobs (priority desc, run_at, id) where status = 'queued';
create index jobs_leased on ops.jobs (lease_until) where status = 'running';
create index jobs_finished on ops.jobs (finished_at) where status = 'done';
create sequence ops.lease_tokens;

create table ops.hl_ingest_cursor (
    wallet_id integer primary key references tenancy.wallets,
    cursor_ms bigint not null default 0,     -- time of the last fill whose page is proven
    proven_until timestamptz,                -- pages prove the history complete up to here
    deep_at timestamptz,                     -- last look far behind the cursor
    pulled_at timestamptz,
    last_error text
);

create table ops.dirty_wallet_days (
    wallet_id integer not null,
    day date not null,
    cause text not null default 'late facts',
    from_at timestamptz,                 -- the earliest new fill; null: there is none
    marked_at timestamptz not null default clock_timestamp(),
    primary key (wallet_id, day)
);
create index dirty_wallet_days_by_day on ops.dirty_wallet_days (day);
create table ops.dirty_global_days (
    org_id integer not null,             -- 0: all tracked wallets
    day date not null,
    cause text not null default 'late facts',
    marked_at timestamptz not null default clock_timestamp(),
    primary key (org_id, day)
);

-- The weight each request took from the upstream's allowance for one egress address.
create table ops.weight_budgets (
    egress text primary key
);
create table ops.weight_spends (
    id bigint generated always as identity primary key,
    egress text not null references ops.weight_budgets,
    weight integer not null check (weight >= 0),
    at timestamptz not null default clock_timestamp(),
    settled boolean not null default false
);
create index weight_spends_recent on ops.weight_spends (egress, at);

-- When a derived row was last computed; kept beside the rows so that a rebuild gives the same bytes.
create table ops.computations (
    metric text not null,
    key text not null,
    computed_at timestamptz not null default now(),
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
