-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- The wallets a leaderboard ranked highest by 30-day PnL: the first of each answer, whole.
create table facts.leaderboard_rows (
    page_id bigint not null,             -- facts.pages.id: the answer
    taken_at timestamptz not null,       -- our clock, before the request left
    wallet text not null check (length(wallet) = 42 and wallet = lower(wallet)), -- address
    ordinal integer not null,            -- place in the answer
    account_value numeric,               -- USD, as the source says
    pnl_30d numeric not null,            -- USD; contains unrealised spot: a ranking, not a result
    roi_30d numeric,                     -- of 1
    volume_30d numeric,                  -- USD
    raw_payload jsonb not null,          -- the source's row
    fingerprint bigint not null,         -- 64 bits of the row's canonical bytes
    inserted_at timestamptz not null default now(), -- our clock, when the row was stored
    primary key (page_id, wallet)
);
create index leaderboard_rows_by_wallet on facts.leaderboard_rows (wallet, taken_at);

-- What a wallet of the universe held at a minute: a row for each asset, flat and unknown ones too.
create table facts.wallet_snapshots (
    minute timestamptz not null check (date_trunc('minute', minute, 'UTC') = minute), -- UTC
    wallet_id integer not null,
    asset text not null check (asset in ('HYPE', 'BTC', 'ETH')), -- fixed
    szi numeric,                         -- coin, signed; 0: flat; null: not observed, see missing
    missing text check ((missing is null) = (szi is not null)), -- why it was not observed
    entry_px numeric,                    -- as the source says; null: flat or not observed
    position_value numeric,              -- USD, unsigned, at the source's mark
    unrealized_pnl numeric,              -- USD
    leverage numeric,                    -- times
    account_value numeric,               -- USD, of the whole account on the core dex
    observed_at timestamptz,             -- the exchange's clock, of the answer
    payload_fingerprint bigint,          -- of all positions as they came: what froze is seen
    fingerprint bigint not null,         -- 64 bits of the row's canonical bytes
    inserted_at timestamptz not null default now(),
    primary key (minute, asset, wallet_id)
) partition by range (minute);
create index wallet_snapshots_by_wallet on facts.wallet_snapshots (wallet_id, asset, minute);

do $$
declare
    fact text;
begin
    foreach fact in array array['leaderboard_rows', 'wallet_snapshots'] loop
        execute format('create trigger append_only before update or delete on facts.%I
                        for each row execute function facts.refuse_change()', fact);
        execute format('create trigger no_truncate before truncate on facts.%I
                        for each statement execute function facts.refuse_change()', fact);
        execute format('grant select, insert on facts.%I to hypertally_facts', fact);
        execute format('grant select on facts.%I to hypertally_metrics, hypertally_jobs', fact);
    end loop;
end
$$;

-- Make the day that holds `day_of`, if it is missing; true when this call made it.
create function facts.ensure_day(parent text, day_of timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
    first timestamptz := date_trunc('day', day_of, 'UTC');
    child text := parent || '_' || to_char(first, 'YYYY_MM_DD');
begin
    if parent <> 'wallet_snapshots' then
        raise exception 'facts.% is not partitioned by day', parent;
    end if;
    if exists (
        select from pg_class where relnamespace = 'facts'::regnamespace and relname = child
    ) then
        return false;
    end if;
    perform pg_advisory_xact_lock(hashtext('facts.ensure_day'));
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
                   parent, child, first, first + interval '1 day');
    return true;
end
$$;
revoke all on function facts.ensure_day from public;
grant execute on function facts.ensure_day to hypertally_facts, hypertally_jobs;

-- Each attempt to choose the wallets that are watched.
create table metrics.wallet_universe_runs (
    id bigint generated always as identity primary key,
    taken_at timestamptz not null,       -- a signal uses the last good run known at its time
    source text not null check (source in ('leaderboard', 'fallback', 'own_facts')),
    page_id bigint,                      -- the answer it was chosen from; null: own facts, or none
    status text not null check (status in ('chosen', 'kept_old', 'failed')),
    rows_seen integer not null default 0,      -- rows of the source
    rows_valid integer not null default 0,     -- of them, readable
    members integer not null default 0,        -- wallets chosen
    excluded jsonb not null default '{}',      -- why wallets were passed over -> how many
    entered text[] not null default '{}',      -- addresses that are new
    exited text[] not null default '{}',       -- addresses that left
    churn numeric,                       -- share of the members that are new; null: the first run
    error_text text,                     -- why it failed, or kept the old one
    definition text not null,
    digest text not null default ''      -- rows chosen from: count:sum of fingerprints
);
create index wallet_universe_runs_chosen on metrics.wallet_universe_runs (taken_at)
    where status = 'chosen';
create table metrics.wallet_universe_members (
    run_id bigint not null references metrics.wallet_universe_runs, -- whose members
    wallet_id integer not null,
    wallet text not null,                -- address
    rank integer not null,               -- 1: the highest
    pnl_30d numeric not null,            -- USD, what it was ranked by
    volume_30d numeric,                  -- USD
    primary key (run_id, wallet_id)
);
create view metrics.wallet_universe_current with (security_invoker = true) as
select m.wallet_id, m.wallet, m.rank, m.pnl_30d, m.volume_30d, m.run_id, r.taken_at
from metrics.wallet_universe_members as m
join (select id, taken_at from metrics.wallet_universe_runs where status = 'chosen'
      order by taken_at desc, id desc limit 1) as r on r.id = m.run_id;

-- A snapshot that cannot be what it seems.
create table metrics.snapshot_anomalies (
    minute timestamptz not null,
    wallet_id integer not null,
    asset text not null check (asset in ('HYPE', 'BTC', 'ETH')),
    kind text not null check (
        kind in ('transient_collapse', 'szi_jump', 'null_szi', 'frozen', 'other')),
    known_at timestamptz not null,       -- the snapshot that shows it: no signal before knows of it
    dirties boolean not null,            -- moves that begin or end at this minute are left out
    detail jsonb not null default '{}',  -- the figures that gave it away
    definition text not null,
    primary key (minute, asset, wallet_id, kind)
);

-- What the watched wallets did in the five minutes before a time, in figures and in words.
create table metrics.signals (
    at timestamptz not null,             -- the end of the period, UTC
    asset text not null check (asset in ('HYPE', 'BTC', 'ETH')),
    definition text not null,            -- smart_money/1 or smart_money/2
    locked text,                         -- why there is no signal; null: there is one
    universe_run_id bigint,              -- the universe known at that time
    wallets integer not null,            -- of that universe
    observed integer not null,           -- with a snapshot at both ends
    exposed integer not null,            -- beyond epsilon at either end
    coverage numeric not null,           -- observed / wallets
    cas numeric,                         -- 0 to 100; null: see unknown
    cas_lower numeric,                   -- the least it can be, whoever was not observed
    cas_upper numeric,                   -- the most it can be
    cas_usd numeric,                     -- weighted by USD at the mark before
    participation numeric,               -- share of the exposed that took a side
    trend text check (trend in ('rising', 'falling', 'flat')), -- against the mean of three before
    dispersion numeric,                  -- v1: sd of ratios; v2: by count, 0 to 100
    dispersion_size numeric,             -- by size in USD
    activity_sd numeric,                 -- what v1 called dispersion
    stock_disagreement numeric,          -- of the positions held
    ecs numeric,                         -- exits among the exposed, 0 to 100
    ecs_long numeric,                    -- of longs
    ecs_short numeric,                   -- of shorts
    ecs_forced numeric,                  -- forced exits apart
    ecs_z numeric,                       -- against the mean of the seven days before
    ecs_percentile numeric,              -- among the windows of the seven days before
    herding numeric,                     -- LSV's H: a test, not a size
    herding_sign smallint,               -- 1: more buyers than in all coins together
    herding_n integer,                   -- wallets active in the asset
    counts jsonb not null default '{}',  -- class -> wallets
    reach jsonb not null default '{}',   -- score -> least and greatest it could be
    band text,                           -- of cas: strong_long, long, neutral, short, strong_short
    exits jsonb not null default '{}',   -- all, long, short -> left, exposed, forced, high, level
    bias text not null check (bias in ('Long', 'Short', 'No-trade')), -- of the playbook
    risk text not null check (risk in ('Normal', 'Reduced', 'Defensive')), -- of the playbook
    rule text not null,                  -- the rule that fired
    nearest_miss jsonb,                  -- the threshold next to being met, and what it would give
    flags jsonb not null default '{}',   -- add_exposure and tighten_stops, by side
    state jsonb not null default '{}',   -- what the next period's playbook starts from
    mark_price numeric,                  -- USD, at the end of the period
    unknown jsonb not null default '{}', -- field -> why it is null
    completeness numeric not null,
    digest text not null,                -- snapshots used: count:sum of fingerprints
    primary key (asset, definition, at)
);
create index signals_by_time on metrics.signals (at desc);
create table metrics.signal_contributors (
    at timestamptz not null,
    asset text not null,
    definition text not null,
    wallet_id integer not null,
    wallet text not null,                -- address
    class text not null,                 -- definitions: OPEN_L, ADD_S, CLOSE_L ...
    before_coin numeric,                 -- position at the begin of the period, signed
    now_coin numeric,                    -- position at its end, signed
    delta_coin numeric,                  -- now_coin less before_coin
    epsilon numeric not null,            -- coin
    weight_coin numeric,                 -- of those that added: what was added, capped
    delta_usd numeric,                   -- delta_coin at the mark before
    forced boolean,                      -- liquidated or deleveraged; null: its fills are unknown
    effect_cas numeric,                  -- the score less what it would be without the wallet
    effect_cas_usd numeric,              -- see effect_cas
    effect_dispersion numeric,           -- see effect_cas
    effect_dispersion_size numeric,      -- see effect_cas
    effect_ecs numeric,                  -- see effect_cas
    primary key (asset, definition, at, wallet_id)
);

-- What became of a signal.
create table metrics.signal_outcomes (
    at timestamptz not null,
    asset text not null,
    definition text not null,
    horizon_minutes integer not null check (horizon_minutes in (5, 60, 240, 1440)), -- after it
    mark_before numeric,                 -- USD, at the signal
    mark_after numeric,                  -- USD, after the horizon
    return numeric,                      -- mark_after / mark_before - 1
    hit boolean,                         -- it went the signal's way; null: it took no side
    unknown text,                        -- why there is no return
    primary key (asset, definition, at, horizon_minutes)
);

grant select, insert, update, delete on metrics.wallet_universe_runs,
    metrics.wallet_universe_members, metrics.snapshot_anomalies, metrics.signals,
    metrics.signal_contributors, metrics.signal_outcomes to hypertally_metrics;
grant usage on all sequences in schema metrics to hypertally_metrics;
grant select on metrics.wallet_universe_runs, metrics.wallet_universe_members,
    metrics.wallet_universe_current, metrics.snapshot_anomalies, metrics.signals,
    metrics.signal_contributors, metrics.signal_outcomes to hypertally_jobs;
grant select on metrics.wallet_universe_current to hypertally_metrics, hypertally_api;

-- One row a minute that was to be recorded.
create table ops.ingest_runs (
    minute timestamptz primary key,
    status text not null check (status in ('success', 'partial', 'failed')),
    started_at timestamptz not null,     -- our clock
    duration_ms integer not null,        -- of fetching and writing
    wallets integer not null,            -- asked for
    wallets_ok integer not null,         -- that answered
    wallets_failed integer not null,     -- that did not
    rows_written integer not null,       -- new ones
    coverage numeric not null,           -- wallets_ok / wallets
    universe_run_id bigint,
    error_text text                      -- of the run; a wallet's stands in its row
);
-- The one table of health states, row by row as it is seen.
create table ops.ingest_health (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(), -- our clock
    state text not null check (state in ('healthy', 'degraded', 'stale')),
    last_success timestamptz,            -- the newest minute that succeeded
    age_seconds integer,                 -- of that; null: there is none
    coverage numeric,                    -- of that
    reason text not null
);
create index ingest_health_latest on ops.ingest_health (at desc);

-- The part of an egress address's allowance that pulls leave to the minute's snapshots.
create table ops.weight_shares (
    egress text primary key references ops.weight_budgets, -- the address requests leave from
    weight integer not null check (weight >= 0), -- a minute
    kept_until timestamptz not null      -- renewed by each cycle; then pulls may spend it
);

-- Where each alert stands; every combination has a row from the start.
create table ops.alert_state (
    type text not null,                  -- definitions 1.9: exit_cluster ...
    subject text not null,               -- an asset, a wallet, system
    state text not null default 'inactive' check (
        state in ('inactive', 'pending', 'firing', 'resolved', 'suppressed', 'acknowledged')),
    since timestamptz,                   -- when it came to this state
    periods integer not null default 0,  -- successive ones in which the condition held, or did not
    last_fired_at timestamptz,           -- what its cooldown counts from
    last_value text,                     -- what the condition was judged by
    primary key (type, subject)
);
-- Every move of an alert.
create table ops.alerts (
    id bigint generated always as identity primary key,
    type text not null,                  -- as in alert_state
    subject text not null,
    level text not null check (level in ('medium', 'high', 'critical')), -- how much it matters
    from_state text not null,            -- the state before
    to_state text not null,              -- the state after
    at timestamptz not null,             -- of the condition, not of the writing
    reason text not null,                -- in words; of a suppressed one, why
    value jsonb not null default '{}',   -- the figures that moved it
    created_at timestamptz not null default now()
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
insert into ops.alert_state (type, subject)
select type, asset
from unnest(array['regime_change', 'exit_cluster']) as t (type)
cross join unnest(array['HYPE', 'BTC', 'ETH']) as a (asset)
union all
select type, 'system'
from unnest(array['system_stale', 'data_gap', 'reconciliation_break', 'restatement',
                  'universe_churn', 'budget_infeasible']) as t (type);

create view ops.v_latest_health with (security_invoker = true) as
select * from ops.ingest_health order by at desc, id desc limit 1;
create view ops.v_latest_signals with (security_invoker = true) as
select distinct on (asset, definition) * from metrics.signals
order by asset, definition, at desc;
create view ops.v_recent_alerts with (security_invoker = true) as
select * from ops.alerts where at > now() - interval '24 hours' order by at desc, id desc;

grant select, insert, update, delete on ops.ingest_runs, ops.ingest_health, ops.alert_state,
    ops.alerts, ops.alert_deliveries, ops.weight_shares to hypertally_jobs;
grant select on ops.v_latest_health, ops.v_latest_signals, ops.v_recent_alerts
    to hypertally_jobs, hypertally_api;
grant usage on all sequences in schema ops to hypertally_jobs;
grant select on ops.ingest_runs to hypertally_metrics;

-- Smart money is public data of public wallets: the same for every org, and nobody's without one.
do $$
declare
    name text;
begin
    foreach name in array array[
        'facts.leaderboard_rows', 'facts.wallet_snapshots', 'metrics.wallet_universe_runs',
        'metrics.wallet_universe_members', 'metrics.snapshot_anomalies', 'metrics.signals',
        'metrics.signal_contributors', 'metrics.signal_outcomes', 'ops.ingest_runs',
        'ops.ingest_health', 'ops.alert_state', 'ops.alerts'
    ] loop
        execute format('alter table %s enable row level security', name);
        execute format('alter table %s force row level security', name);
        execute format('create policy everything on %s
                        to hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs
                        using (true) with check (true)', name);
        execute format('create policy any_org on %s for select to hypertally_api
                        using ((select tenancy.current_org()) is not null)', name);
        execute format('grant select on %s to hypertally_api', name);
    end loop;
end
$$;

-- migrate:down
-- forward only
