-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- Roles are shared by every database of a server, so another database may have made them already.
do $$
declare
    role_name text;
begin
    perform pg_advisory_xact_lock(hashtext('hypertally roles'));
    foreach role_name in array array[
        'hypertally_tenancy', 'hypertally_facts', 'hypertally_metrics',
        'hypertally_jobs', 'hypertally_api', 'hypertally_worker'
    ] loop
        if not exists (select from pg_roles where rolname = role_name) then
            execute format('create role %I nologin', role_name);
        end if;
        -- The login that migrates may become each of them; a superuser always may.
        if not (select rolsuper from pg_roles where rolname = current_user) then
            execute format('grant %I to %I', role_name, current_user);
        end if;
    end loop;
    grant hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs
        to hypertally_worker;
end
$$;

create schema tenancy;
create schema facts;
create schema metrics;
create schema if not exists ops;  -- the migration tool may have made it for its own table
revoke all on schema public from public;

create table tenancy.orgs (
    id integer generated always as identity primary key,
    name text not null unique check (name ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    created_at timestamptz not null default now()
);
insert into tenancy.orgs (name) values ('default');

create table tenancy.wallets (
    id integer generated always as identity primary key,
    address bytea not null unique check (length(address) = 20),
    added_at timestamptz not null default now()
);

-- A wallet counts for an org from from_day up to, not including, to_day.
create table tenancy.org_wallets (
    org_id integer not null references tenancy.orgs,
    wallet_id integer not null references tenancy.wallets,
    from_day date not null default '-infinity',
    to_day date,
    primary key (org_id, wallet_id, from_day),
    check (to_day > from_day)
);
create unique index org_wallets_one_open on tenancy.org_wallets (org_id, wallet_id)
    where to_day is null;
create index org_wallets_by_wallet on tenancy.org_wallets (wallet_id);

create table tenancy.user_profiles (
    user_id text primary key check (user_id <> ''),
    org_id integer not null references tenancy.orgs,
    role text not null check (role in ('viewer', 'analyst', 'admin')),
    created_at timestamptz not null default now()
);

grant usage on schema tenancy
    to hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs, hypertally_api;
grant select, insert on tenancy.orgs, tenancy.wallets to hypertally_tenancy;
grant select, insert, update, delete on tenancy.org_wallets, tenancy.user_profiles
    to hypertally_tenancy;
grant select on tenancy.orgs, tenancy.wallets, tenancy.org_wallets
    to hypertally_facts, hypertally_metrics, hypertally_jobs;
grant select on tenancy.orgs, tenancy.wallets, tenancy.org_wallets, tenancy.user_profiles
    to hypertally_api;

-- migrate:down
-- forward only
