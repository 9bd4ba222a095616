-- migrate:up
-- Three primary keys are built anew; the contributors of a year are over a hundred million rows.
set local lock_timeout = '4s';
set local statement_timeout = '60min';

-- The third version: signals over several horizons, and what High dispersion needed.
alter table metrics.signals add column window_minutes integer not null default 5; -- its horizon: the minutes before `at` whose moves it is made of
alter table metrics.signals add column active integer; -- wallets that bought or sold; null: locked, or before version 3
alter table metrics.signals add column active_needed integer; -- active wallets that High dispersion needs; see active
alter table metrics.signals add column dispersion_level text; -- low, medium, high; null: unknown, or before version 3
alter table metrics.signals
    add constraint signals_window_minutes_check check (window_minutes in (5, 15, 60, 240)),
    add constraint signals_dispersion_level_check
        check (dispersion_level in ('low', 'medium', 'high')),
    drop constraint signals_pkey,
    add primary key (asset, definition, window_minutes, at);

alter table metrics.signal_contributors add column window_minutes integer not null default 5; -- of the signal
alter table metrics.signal_contributors add column before_age_seconds integer; -- of before_coin's snapshot, at the begin; null: not observed, or before version 3
alter table metrics.signal_contributors add column now_age_seconds integer; -- of now_coin's snapshot, at the end; see before_age_seconds
alter table metrics.signal_contributors
    drop constraint signal_contributors_pkey,
    add primary key (asset, definition, window_minutes, at, wallet_id);

alter table metrics.signal_outcomes add column window_minutes integer not null default 5; -- of the signal
alter table metrics.signal_outcomes
    drop constraint signal_outcomes_horizon_minutes_check,
    add constraint signal_outcomes_horizon_minutes_check
        check (horizon_minutes in (5, 15, 60, 240, 1440)),
    drop constraint signal_outcomes_pkey,
    add primary key (asset, definition, window_minutes, at, horizon_minutes);

-- A minute in which too many holders are seen flat together.
alter table metrics.snapshot_anomalies
    drop constraint snapshot_anomalies_kind_check,
    add constraint snapshot_anomalies_kind_check check (kind in (
        'transient_collapse', 'szi_jump', 'null_szi', 'frozen', 'mass_vanish', 'other'));

-- The newest signal of each asset by each definition, over five minutes.
create or replace view ops.v_latest_signals with (security_invoker = true) as
select distinct on (asset, definition) * from metrics.signals
where window_minutes = 5
order by asset, definition, at desc;

-- The names of the specification, for queries by hand: psql finds them without a schema.
create view public.v_latest_health with (security_invoker = true) as
select * from ops.v_latest_health;
create view public.v_latest_signals with (security_invoker = true) as
select * from ops.v_latest_signals;
create view public.v_recent_alerts with (security_invoker = true) as
select * from ops.v_recent_alerts;
create view public.wallet_universe_current with (security_invoker = true) as
select * from metrics.wallet_universe_current;
create view public.wallet_universe_runs with (security_invoker = true) as
select * from metrics.wallet_universe_runs;
create view public.wallet_universe_members with (security_invoker = true) as
select * from metrics.wallet_universe_members;
create view public.wallet_snapshots with (security_invoker = true) as
select s.minute as snapshot_ts, s.* from facts.wallet_snapshots as s;
create view public.snapshot_anomalies with (security_invoker = true) as
select a.minute as snapshot_ts, a.* from metrics.snapshot_anomalies as a;
create view public.ingest_runs with (security_invoker = true) as
select i.minute as snapshot_ts, i.status, round(100 * i.coverage, 6) as coverage_pct,
    i.rows_written, i.started_at, i.duration_ms, i.wallets, i.wallets_ok, i.wallets_failed,
    i.universe_run_id, i.error_text
from ops.ingest_runs as i;
create view public.ingest_health with (security_invoker = true) as
select h.*, round(100 * h.coverage, 6) as coverage_pct from ops.ingest_health as h;
create view public.signals with (security_invoker = true) as
select * from metrics.signals;
create view public.signal_contributors with (security_invoker = true) as
select * from metrics.signal_contributors;
create view public.alerts with (security_invoker = true) as
select * from ops.alerts;
create view public.alert_state with (security_invoker = true) as
select * from ops.alert_state;

-- migrate:down
-- forward only
