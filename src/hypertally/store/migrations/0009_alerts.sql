-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- Nothing wrote to these yet: they are made again, with what judging needs.
drop view ops.v_recent_alerts;
drop table ops.alert_deliveries, ops.alerts, ops.alert_state;

-- Where each alert stands; every combination that is known beforehand has a row from the start, and
-- a wallet's from when it is tracked.
create table ops.alert_state (
    type text not null,                  -- definitions 1.9: exit_cluster ...
    subject text not null,               -- an asset, a wallet, a restated day, system
    wallet_id integer,                   -- whose it is: only orgs that track it see the row
    org_id integer,                      -- whose it is; with no wallet either it is everybody's
    level text not null check (level in ('low', 'medium', 'high', 'critical')), -- how much it matters
    state text not null default 'inactive' check ( -- jobs/alerts/state_machine.py says what leads where
        state in ('inactive', 'pending', 'firing', 'resolved', 'suppressed', 'acknowledged')),
    since timestamptz,                   -- when it came to this state
    reason text not null default '',     -- why it did; of a suppressed one, what keeps it silent
    periods integer not null default 0,  -- successive ones in which the condition held, or did not
    last_fired_at timestamptz,           -- what its cooldown counts from
    last_value text,                     -- what the condition was judged by, in words
    told text,                           -- the playbook last told; null: of no playbook, or none yet
    judged_at timestamptz,               -- what was judged last; null: nothing yet
    primary key (type, subject)
);
create index alert_state_moved on ops.alert_state (type, subject) where state <> 'inactive';
-- Every move of an alert.
create table ops.alerts (
    id bigint generated always as identity primary key,
    type text not null,                  -- as in alert_state
    subject text not null,
    wallet_id integer,
    org_id integer,
    level text not null check (level in ('low', 'medium', 'high', 'critical')),
    from_state text not null,            -- the state before
    to_state text not null,              -- the state after
    at timestamptz not null,             -- of the condition, not of the writing
    reason text not null,                -- in words; of a suppressed one, why
    value jsonb not null default '{}',   -- the figures that moved it
    event_key text,                      -- what happened once and is told once; null: a condition
    created_at timestamptz not null default now(),
    unique (event_key, to_state)
);
create index alerts_recent on ops.alerts (at desc);
create index alerts_by_type on ops.alerts (type, subject, at desc);
-- What was to be told to whom.
create table ops.alert_deliveries (
    id bigint generated always as identity primary key,
    alert_id bigint not null references ops.alerts, -- ops.alerts.id
    channel text not null,               -- name of the setting, never its secret
    dedupe_key text not null unique,     -- alert and channel
    attempts integer not null default 0,
    delivered_at timestamptz,            -- null: not yet
    last_error text
);

-- The gaps that alerts know of: a gap is new once, however often its wallet is computed again.
create table ops.alert_gaps (
    wallet_id integer not null,
    coin text not null,                  -- '' : every coin
    kind text not null,                  -- as in fill_gaps
    from_at timestamptz not null,        -- as in fill_gaps
    to_at timestamptz not null,
    seen_at timestamptz not null,        -- of the check that saw it first
    ended_at timestamptz,                -- null: it is open
    ending text check (ending in ('filled', 'permanent')), -- permanent: nobody asks for it again
    check ((ended_at is null) = (ending is null)),
    primary key (wallet_id, coin, kind, from_at, to_at)
);
create index alert_gaps_by_end on ops.alert_gaps (ended_at);

-- Restatements that no check has judged yet: marks, added with the row and taken by the check.
create table ops.unjudged_restatements (
    restatement_id bigint primary key    -- metrics.restatements.id
);
create function ops.mark_restatements() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into ops.unjudged_restatements (restatement_id) select id from restated;
    return null;
end
$$;
revoke all on function ops.mark_restatements from public;
create trigger mark_restatements after insert on metrics.restatements
    referencing new table as restated
    for each statement execute function ops.mark_restatements();

-- Gaps that were there before there were alerts are no news.
insert into ops.alert_gaps (wallet_id, coin, kind, from_at, to_at, seen_at, ended_at, ending)
select wallet_id, coin, kind, from_at, to_at, now(), now(), 'permanent'
from metrics.fill_gaps
where kind <> 'history_begins';
insert into ops.alert_state (type, subject, level)
select type, asset, level
from (values ('regime_change', 'medium'), ('exit_cluster', 'high')) as t (type, level)
cross join unnest(array['HYPE', 'BTC', 'ETH']) as a (asset)
union all
values ('system_stale', 'system', 'critical'), ('universe_churn', 'system', 'low'),
    ('budget_infeasible', 'system', 'high');

create view ops.v_recent_alerts with (security_invoker = true) as
select * from ops.alerts where at > now() - interval '24 hours' order by at desc, id desc;

grant select, insert, update, delete on ops.alert_state, ops.alerts, ops.alert_deliveries,
    ops.alert_gaps, ops.unjudged_restatements to hypertally_jobs;
grant usage on all sequences in schema ops to hypertally_jobs;
grant select on metrics.wallet_universe_runs to hypertally_jobs;
grant select on ops.v_recent_alerts to hypertally_jobs, hypertally_api;

-- An alert about a wallet is for the orgs that track it, one about an org for that org, one about
-- neither for every org.
do $$
declare
    name text;
begin
    foreach name in array array['alert_state', 'alerts'] loop
        execute format('alter table ops.%I enable row level security', name);
        execute format('alter table ops.%I force row level security', name);
        execute format('create policy everything on ops.%I
                        to hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs
                        using (true) with check (true)', name);
        execute format('create policy own_rows on ops.%1$I for select to hypertally_api
                        using (case
                            when org_id is not null then org_id = (select tenancy.current_org())
                            when wallet_id is not null then exists (
                                select from tenancy.org_wallets as o
                                where o.wallet_id = %1$I.wallet_id)
                            else (select tenancy.current_org()) is not null end)', name);
        execute format('grant select on ops.%I to hypertally_api', name);
    end loop;
end
$$;

-- migrate:down
-- forward only
