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

-- Who sees the same wallets.
create table tenancy.orgs (
    id integer generated always as identity primary key, -- number of the row, drawn from a sequence
    name text not null unique check (name ~ '^[a-z0-9][a-z0-9_-]{0,62}$'), -- a-z, 0-9, - and _
    created_at timestamptz not null default now() -- our clock, when the row was made
);
insert into tenancy.orgs (name) values ('default');

-- Every wallet that was ever tracked, once.
create table tenancy.wallets (
    id integer generated always as identity primary key, -- what every other table calls the wallet
    address bytea not null unique check (length(address) = 20), -- 20 bytes
    added_at timestamptz not null default now() -- our clock, when an org first named it
);

-- A wallet counts for an org from from_day up to, not including, to_day.
create table tenancy.org_wallets (
    org_id integer not null references tenancy.orgs, -- tenancy.orgs.id
    wallet_id integer not null references tenancy.wallets, -- tenancy.wallets.id
    from_day date not null default '-infinity', -- first that counts; -infinity: all
    to_day date,                         -- first day that no longer counts; null: it still does
    primary key (org_id, wallet_id, from_day),
    check (to_day > from_day)
);
create unique index org_wallets_one_open on tenancy.org_wallets (org_id, wallet_id)
    where to_day is null;
create index org_wallets_by_wallet on tenancy.org_wallets (wallet_id);

-- The org of a user, and what the user may see there.
create table tenancy.user_profiles (
    user_id text primary key check (user_id <> ''), -- the verified `sub` of the token
    org_id integer not null references tenancy.orgs,
    role text not null check (role in ('viewer', 'analyst', 'admin')), -- what the user may see
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
