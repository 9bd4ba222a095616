-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- An alert that was told and whose evidence was found wrong later is told once more.
alter table ops.alert_state drop constraint alert_state_state_check;
alter table ops.alert_state add constraint alert_state_state_check check (
    state in ('inactive', 'pending', 'firing', 'resolved', 'suppressed', 'acknowledged',
              'retracted'));

-- Alerts follow the third version of signals. That the version changed is no news: the playbook of
-- the second one is forgotten, and the first playbook of the third one counts as told.
update ops.alert_state set told = null, last_value = null, periods = 0
where type = 'regime_change';

-- One cause is one message, whatever the number of alerts that it moved.
alter table ops.alerts add column told_with bigint references ops.alerts; -- ops.alerts.id of the transition whose message counts this one too; null: it has a message of its own, or none
alter table ops.alerts add column asset text; -- whose alerts the cap counts together; null: the subject
alter table ops.alerts add column toward_safety boolean not null default false; -- true: a safer playbook, told at once and not counted for the cap
alter table ops.alerts add column retracts bigint references ops.alerts; -- ops.alerts.id of the firing whose evidence was found wrong; null: this transition retracts nothing
create index alerts_by_message on ops.alerts (told_with) where told_with is not null;
create index alerts_by_retraction on ops.alerts (retracts) where retracts is not null;
comment on column ops.alerts.told_with is
    'ops.alerts.id of the transition whose message counts this one too; null: it has a message of its own, or none';
comment on column ops.alerts.asset is
    'the asset whose alerts are counted for the cap; null: the subject';
comment on column ops.alerts.toward_safety is
    'true: the new playbook is safer, so it was told at once and does not count for the cap';
comment on column ops.alerts.retracts is
    'ops.alerts.id of the firing whose evidence was found wrong; null: this transition retracts nothing';

-- A gap that was none: no fill came, and the gap is gone.
alter table ops.alert_gaps drop constraint alert_gaps_ending_check;
alter table ops.alert_gaps add constraint alert_gaps_ending_check
    check (ending in ('filled', 'permanent', 'mistaken'));

alter table ops.alert_gaps add column fills_seen bigint; -- fills stored in the time of the gap when it was seen; null: they were not counted

-- An org's day that follows a definition of its wallets' days is no news.
create index restatements_by_definition on metrics.restatements (restated_at)
    where cause = 'definition';

insert into ops.alert_state (type, subject, level)
values ('archive_behind', 'system', 'high'), ('rejects', 'system', 'high')
on conflict do nothing;

-- When each type of alert was last checked: a state that nobody checks is not a state.
create table ops.alert_checks (
    type text primary key,               -- as in alert_state
    checked_at timestamptz not null,     -- the time as of which it was judged last
    checked_by text not null check (checked_by in ('worker', 'api')) -- the program that judged it
);
comment on table ops.alert_checks is 'when each type of alert was last checked, and by which program';
comment on column ops.alert_checks.type is 'type of alert, as in ops.alert_state';
comment on column ops.alert_checks.checked_at is 'the time as of which the type was judged last, UTC';
comment on column ops.alert_checks.checked_by is 'the program that judged it: worker or api';
comment on column ops.alert_gaps.fills_seen is
    'fills stored in the time of the gap when it was seen; null: they were not counted';
-- What may be said of a state: nobody knows that an alert is quiet while nobody checks it.
create function ops.shown_state(state text, checked_at timestamptz, as_of timestamptz)
returns text language sql immutable parallel safe as $$
    select case
        when state in ('firing', 'acknowledged') then state
        when checked_at >= as_of - interval '300 seconds' then state
        else 'unchecked'
    end
$$;
revoke all on function ops.shown_state from public;
grant execute on function ops.shown_state to hypertally_jobs, hypertally_api;
grant select, insert, update, delete on ops.alert_checks to hypertally_jobs;
grant select on ops.alert_checks to hypertally_api;
alter table ops.alert_checks enable row level security;
alter table ops.alert_checks force row level security;
create policy everything on ops.alert_checks
    to hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs
    using (true) with check (true);
create policy every_org on ops.alert_checks for select to hypertally_api
    using ((select tenancy.current_org()) is not null);

-- migrate:down
-- forward only
