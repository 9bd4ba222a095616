-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- Each version of each definition, in words and in SQL; written by `hypertally migrate`.
create table metrics.definitions (
    definition text primary key,         -- wallet_day_metrics/1
    metric text not null,
    version integer not null,            -- raised whenever the SQL changes
    words text not null,                 -- what the numbers mean
    sql text not null,                   -- the statement that computes them
    unique (metric, version)
);

-- Where the record of a wallet is known to be incomplete.
create table metrics.fill_gaps (
    wallet_id integer not null,
    coin text not null,                  -- '' : every coin
    kind text not null check (           -- why something is missing
        kind in ('position_break', 'history_begins', 'millisecond_overflow', 'thin_answer')),
    from_at timestamptz not null,        -- 1970: nothing is known before to_at
    to_at timestamptz not null,          -- what is known again begins here
    missing_size_coin numeric,           -- signed; null where it cannot be known
    definition text not null,
    primary key (wallet_id, coin, kind, from_at, to_at)
);

-- The figures of one wallet on one UTC day: metrics/activity/wallet_days.sql.
create table metrics.wallet_day_metrics (
    wallet_id integer not null,
    day date not null,                   -- UTC
    fills integer not null,              -- legs, each row of the day
    events integer not null,             -- legs without volume: settlement, dust, netting
    forced_fills integer not null,       -- liquidated or auto-deleveraged
    spot_volume_usd numeric,             -- null: a price is missing, see unpriced
    perp_volume_usd numeric,             -- core and HIP-3
    hip3_volume_usd numeric,             -- a part of perp_volume_usd
    outcome_volume_usd numeric,          -- #n markets
    other_volume_usd numeric,            -- fills of an unknown direction
    taker_volume_usd numeric,            -- of all kinds: legs that crossed
    maker_volume_usd numeric,            -- of all kinds: legs that rested
    volumes jsonb not null,              -- kind -> token -> amount, in the token itself
    gross_realised_pnl_usd numeric,      -- closedPnl of perps, before fees
    spot_closed_pnl_usd numeric,         -- closedPnl of spot
    outcome_closed_pnl_usd numeric,      -- closedPnl of outcomes
    fees jsonb not null,                 -- token -> signed amount
    fees_usd numeric,                    -- signed; null: one of them has no price
    builder_fees jsonb not null,         -- a part of fees, token -> amount
    builder_fees_usd numeric,            -- a part of fees_usd
    coins integer not null,              -- distinct ones
    first_fill_at timestamptz not null,  -- of the day
    last_fill_at timestamptz not null,   -- of the day
    unpriced jsonb not null,             -- [{token, reason, fills}]
    closed boolean not null,             -- pages prove the day to its end
    gap_ms bigint not null,              -- milliseconds of the day inside gaps
    completeness numeric not null check (completeness between 0 and 1),  -- of the day, outside gaps
    definition text not null,
    digest text not null,                -- fills: count:sum of fingerprints
    reference_digest text not null,      -- prices and markets used: count:sum of fingerprints
    primary key (wallet_id, day)
);
create index wallet_day_metrics_by_day on metrics.wallet_day_metrics (day, wallet_id);

-- The figures of the wallets an org tracks, on one UTC day: metrics/activity/global_days.sql.
create table metrics.global_day_metrics (
    org_id integer not null,             -- 0: all tracked wallets
    day date not null,
    wallets integer not null,            -- tracked that day
    dau integer not null,                -- of them, with at least one leg with volume
    fills integer not null,
    events integer not null,
    forced_fills integer not null,
    spot_volume_usd numeric,
    perp_volume_usd numeric,
    hip3_volume_usd numeric,
    outcome_volume_usd numeric,
    other_volume_usd numeric,
    taker_volume_usd numeric,
    maker_volume_usd numeric,
    legs_volume_usd numeric,             -- each leg once: sum of the wallets' volumes
    unique_volume_usd numeric,           -- each trade once
    internal_volume_usd numeric,         -- trades with both legs tracked
    average_volume_per_user_usd numeric, -- legs_volume_usd / dau, 8 decimals
    volumes jsonb not null,
    gross_realised_pnl_usd numeric,
    spot_closed_pnl_usd numeric,
    outcome_closed_pnl_usd numeric,
    fees jsonb not null,
    fees_usd numeric,
    builder_fees jsonb not null,
    builder_fees_usd numeric,
    coins integer not null,
    first_fill_at timestamptz not null,
    last_fill_at timestamptz not null,
    unpriced jsonb not null,
    closed boolean not null,
    completeness numeric not null check (completeness between 0 and 1), -- mean of the wallets'
    definition text not null,
    digest text not null,
    reference_digest text not null,
    primary key (org_id, day)
);

-- A published number that moved.
create table metrics.restatements (
    id bigint generated always as identity primary key,
    metric text not null,
    wallet_id integer,
    org_id integer,
    day date not null,
    cause text not null,                 -- late facts, backfill, definition, prices, coverage, membership
    changes jsonb not null,              -- field -> [old, new]
    restated_at timestamptz not null default now() -- our clock
);
create index restatements_by_wallet on metrics.restatements (wallet_id, day);
create index restatements_by_org on metrics.restatements (org_id, day);

grant usage on schema metrics to hypertally_metrics, hypertally_jobs, hypertally_api;
grant select, insert, update, delete on metrics.definitions, metrics.fill_gaps,
    metrics.wallet_day_metrics, metrics.global_day_metrics to hypertally_metrics;
grant select, insert on metrics.restatements to hypertally_metrics;
grant select on metrics.global_day_metrics, metrics.wallet_day_metrics, metrics.fill_gaps,
    metrics.restatements to hypertally_jobs;
grant select on facts.spot_pairs, facts.perp_dexs, facts.conflicts, facts.rejects,
    facts.hl_fills_raw, facts.pages to hypertally_jobs;

-- migrate:down
-- forward only
