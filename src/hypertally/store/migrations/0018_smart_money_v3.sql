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

-- migrate:down
-- forward only
