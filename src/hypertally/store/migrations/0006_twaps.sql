-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- What became of TWAP orders, as an archive or the exchange said: lifecycle events, not progress.
-- A TWAP's first and last event share ts, so the status and its time join the key; the fingerprint
-- keeps a second row of the same event that says something else.
create table facts.twap_status (
    twap_id bigint not null,             -- the exchange's number of the TWAP order
    wallet text not null check (length(wallet) = 42 and wallet = lower(wallet)), -- who ordered it
    ts timestamptz not null,             -- when the TWAP began; every status of it has the same
    asset text not null check (asset <> ''), -- as fills name coins
    side "char" not null check (side in ('A', 'B')), -- B buys, A sells
    size_requested numeric not null check (size_requested >= 0), -- coin
    size_executed numeric,               -- coin; since ts, true at event_at only
    notional_executed numeric,           -- quote token; since ts, true at event_at only
    status text not null check (status <> ''), -- activated, finished, terminated, error:text
    duration_minutes integer not null check (duration_minutes >= 0), -- minutes asked for
    raw_payload jsonb not null,          -- every field of the source's row, as it came
    s3_object_key text,                  -- the object it was read from; null: asked of the exchange
    inserted_at timestamptz not null default now(), -- our clock, when the row was stored
    event_at timestamptz,                -- when it took this status; null: the source does not say
    wallet_id integer,                   -- the tracked wallet it was asked for; null: an archive's
    fingerprint bigint not null,         -- 64 bits of the row's canonical content
    page_id bigint not null,             -- facts.pages.id: the answer or batch it came in
    ordinal bigint not null              -- place in the answer or object
);
create unique index twap_status_key on facts.twap_status
    (twap_id, wallet, ts, status, event_at, fingerprint) nulls not distinct;
-- None by every wallet: it would double the cost of a row. metrics.twaps has one, with fewer rows.
create index twap_status_by_tracked on facts.twap_status (wallet_id, ts)
    where wallet_id is not null;

-- Which fills are slices of a TWAP, as userTwapSliceFillsByTime said; the fills stand in
-- hl_fills_raw, where an answer without the TWAP's number may have come first.
create table facts.twap_slices (
    wallet_id integer not null,
    twap_id bigint not null,             -- the TWAP order the fill is a slice of
    time timestamptz not null,           -- time, coin, oid, tid, side: the fill's key
    coin text not null,
    oid bigint not null,
    tid bigint,
    side "char" not null check (side in ('A', 'B')),
    page_id bigint not null,
    inserted_at timestamptz not null default now()
);
create unique index twap_slices_key on facts.twap_slices
    (wallet_id, twap_id, time, coin, oid, tid, side) nulls not distinct;

-- What a market traded in one interval, as candleSnapshot said; only intervals that were over.
create table facts.candles (
    coin text not null,                  -- as fills name coins
    interval text not null,              -- 1m, 1h: as the exchange names intervals
    at timestamptz not null,             -- the start of the interval, UTC
    open numeric not null,               -- quote token per coin, as are high, low and close
    high numeric not null,               -- see open
    low numeric not null,                -- see open
    close numeric not null,              -- see open
    volume_coin numeric not null,        -- traded in the interval, each trade once
    trades integer not null,             -- how many
    fingerprint bigint not null,
    page_id bigint not null,
    inserted_at timestamptz not null default now(),
    primary key (coin, interval, at)
);

-- The middle price of every market of a dex at one moment, as allMids said.
create table facts.mids (
    dex text not null,                   -- empty: the core dex, with spot and outcomes
    at timestamptz not null,             -- our clock, before the request left
    mids jsonb not null,                 -- coin -> price in the quote token, decimals as text
    page_id bigint not null,
    inserted_at timestamptz not null default now(),
    primary key (dex, at)
);

do $$
declare
    fact text;
begin
    foreach fact in array array['twap_status', 'twap_slices', 'candles', 'mids'] loop
        execute format('create trigger append_only before update or delete on facts.%I
                        for each row execute function facts.refuse_change()', fact);
        execute format('create trigger no_truncate before truncate on facts.%I
                        for each statement execute function facts.refuse_change()', fact);
        execute format('grant select, insert on facts.%I to hypertally_facts', fact);
        execute format('grant select on facts.%I to hypertally_metrics, hypertally_jobs', fact);
    end loop;
end
$$;
-- Slices are found by the TWAP's number.
create index hl_fills_raw_by_twap on facts.hl_fills_raw (twap_id, wallet_id, time)
    where twap_id is not null;

-- One row for each reading of an object of the TWAP archive.
create table ops.etl_s3_ingest_log (
    id bigint generated always as identity primary key,
    s3_object_key text not null,         -- below the address of the archive; a file's own name
    etag text not null,                  -- changes with the content: the store's own word
    last_modified timestamptz,           -- as the store said
    size_bytes bigint,                   -- as the store said
    rows_ingested bigint not null default 0, -- new ones
    rows_repeated bigint not null default 0, -- stored before
    rows_rejected bigint not null default 0, -- unreadable: facts.rejects holds them
    warnings text[] not null default '{}', -- what was odd and could still be read
    error_text text,                     -- null: read to its end
    seconds numeric,                     -- how long the reading took
    ingested_at timestamptz not null default now() -- our clock, when the reading ended
);
create index etl_s3_ingest_log_by_key on ops.etl_s3_ingest_log (s3_object_key, etag, id);

-- TWAPs that must be computed again; marks are only added and taken.
create table ops.dirty_twaps (
    id bigint generated always as identity primary key,
    twap_id bigint not null,
    wallet text not null
);

-- How far the TWAP record of a wallet goes.
create table ops.twap_cursors (
    wallet_id integer primary key references tenancy.wallets,
    slices_ms bigint not null default 0,     -- time of the last slice whose page is proven
    slices_until timestamptz,                -- pages prove the slices complete up to here
    history_at timestamptz,                  -- when twapHistory was last asked for
    last_error text                          -- of the last pull that failed
);
grant select, insert, update, delete on ops.etl_s3_ingest_log, ops.dirty_twaps, ops.twap_cursors
    to hypertally_jobs;
grant usage on all sequences in schema ops to hypertally_jobs;
grant insert on ops.dirty_twaps to hypertally_facts;
grant select on ops.twap_cursors, ops.dirty_twaps to hypertally_metrics;

-- The latest state of each TWAP: metrics/twaps/orders.sql.
create table metrics.twaps (
    twap_id bigint not null,
    wallet text not null,
    wallet_id integer,                   -- the tracked wallet its statuses were asked for, if any
    in_archive boolean not null,         -- a status of it came from the archive, which all may read
    asset text not null,
    side "char" not null,
    status text not null,                -- of the latest event
    status_at timestamptz,               -- of the latest event; null: the source does not say
    started_at timestamptz not null,
    duration_minutes integer not null,   -- asked for
    ends_at timestamptz not null,        -- started_at and duration_minutes
    ended_at timestamptz,                -- when it took its last status; null: runs, or not said
    size_requested numeric not null,     -- coin
    size_executed numeric,               -- coin; what the latest event says
    notional_executed numeric,           -- quote token; what the latest event says
    statuses integer not null,           -- rows of facts.twap_status
    definition text not null,
    digest text not null,                -- statuses: count:sum of fingerprints
    primary key (twap_id, wallet)
);
create index twaps_by_wallet on metrics.twaps (wallet, started_at desc, twap_id desc);
create index twaps_by_start on metrics.twaps (started_at desc, twap_id desc, wallet desc);
create index twaps_by_asset on metrics.twaps (asset, started_at desc, twap_id desc, wallet desc);
create index twaps_by_duration on metrics.twaps (duration_minutes);
create index twaps_activated on metrics.twaps (ends_at) where status = 'activated';

-- The specification's shape: the latest state of each (twap_id, wallet, ts).
create view metrics.twap_status with (security_invoker = true) as
select
    t.twap_id, t.wallet, t.started_at as ts, t.asset, t.side, t.size_requested, t.size_executed,
    t.notional_executed, t.status, t.duration_minutes, latest.s3_object_key, latest.inserted_at,
    latest.raw_payload
from metrics.twaps as t
cross join lateral (
    select f.s3_object_key, f.inserted_at, f.raw_payload
    from facts.twap_status as f
    where f.twap_id = t.twap_id and f.wallet = t.wallet
    order by (f.status <> 'activated') desc, coalesce(f.event_at, f.ts) desc,
        f.size_executed desc nulls last, f.page_id desc, f.ordinal desc
    limit 1
) as latest;

-- Each slice of a tracked wallet's TWAP: the fills of one order of it at one time.
create table metrics.twap_slices (
    wallet_id integer not null,
    twap_id bigint not null,
    at timestamptz not null,
    oid bigint not null,                 -- one order a slice
    coin text not null,
    side "char" not null,
    fills integer not null,
    size_coin numeric not null,          -- traded by the order at that time
    notional numeric not null,           -- quote token
    fees jsonb not null,                 -- token -> signed amount
    fees_usd numeric,                    -- signed; null: one of them has no price
    definition text not null,
    digest text not null,                -- fills: count:sum of fingerprints
    primary key (wallet_id, twap_id, at, oid)
);

-- How a tracked wallet's TWAP was executed: metrics/twaps/executions.sql.
create table metrics.twap_executions (
    wallet_id integer not null,
    twap_id bigint not null,
    coin text not null,
    side "char" not null,
    slices integer not null,             -- orders that traded
    slice_fills integer not null,        -- fills of those orders
    slices_expected integer,             -- two a minute over the whole duration; null: no status
    executed_size numeric not null,      -- coin, the sum of the slices
    executed_notional numeric not null,  -- quote token
    fees jsonb not null,                 -- token -> signed amount
    fees_usd numeric,                    -- signed; null: one of them has no price
    first_slice_at timestamptz,          -- null: none traded
    last_slice_at timestamptz,           -- null: none traded
    size_residual numeric,               -- slices less what the last status says; null: it runs
    notional_residual numeric,           -- slices less what the last status says; null: it runs
    arrival_price numeric,               -- quote token per coin when it began; null: see unknown
    arrival_source text,                 -- candle:HYPE:1m:open
    market_volume_coin numeric,          -- traded by all while it ran; null: see unknown
    market_notional numeric,             -- of that volume, each candle at its typical price
    market_source text,                  -- candle:HYPE:1m:typical
    unknown jsonb not null default '{}', -- field -> why it is null
    completeness numeric check (completeness between 0 and 1), -- share found of what was executed
    definition text not null,
    digest text not null,                -- fills: count:sum of fingerprints
    reference_digest text not null,      -- statuses and candles used: count:sum of fingerprints
    primary key (wallet_id, twap_id)
);
create index twap_executions_by_twap on metrics.twap_executions (twap_id);
grant select, insert, update, delete on metrics.twaps, metrics.twap_slices, metrics.twap_executions
    to hypertally_metrics;
grant select on metrics.twaps, metrics.twap_slices, metrics.twap_executions to hypertally_jobs;
grant select on metrics.twap_status to hypertally_metrics, hypertally_api;

-- A published figure of a TWAP that moved.
alter table metrics.restatements add column twap_id bigint;
create index restatements_by_twap on metrics.restatements (twap_id) where twap_id is not null;

-- Row security as in 0005. What an archive says of TWAPs is public; what was asked for a tracked
-- wallet, and what its slices show, is for those who track it.
do $$
declare
    name text;
begin
    foreach name in array array[
        'facts.twap_status', 'facts.twap_slices', 'facts.candles', 'facts.mids', 'metrics.twaps',
        'metrics.twap_slices', 'metrics.twap_executions'
    ] loop
        execute format('alter table %s enable row level security', name);
        execute format('alter table %s force row level security', name);
        execute format('create policy everything on %s
                        to hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs
                        using (true) with check (true)', name);
        execute format('grant select on %s to hypertally_api', name);
    end loop;

    foreach name in array array[
        'facts.twap_slices', 'metrics.twap_slices', 'metrics.twap_executions'
    ] loop
        execute format('create policy own_wallets on %s for select to hypertally_api
                        using (exists (select from tenancy.org_wallets as o
                                       where o.wallet_id = %I.wallet_id))',
                       name, split_part(name, '.', 2));
    end loop;

    foreach name in array array['facts.candles', 'facts.mids'] loop
        execute format('create policy any_org on %s for select to hypertally_api
                        using ((select tenancy.current_org()) is not null)', name);
    end loop;
end
$$;
create policy public_or_own on facts.twap_status for select to hypertally_api
    using ((select tenancy.current_org()) is not null
           and (wallet_id is null or exists (select from tenancy.org_wallets as o
                                             where o.wallet_id = twap_status.wallet_id)));
create policy public_or_own on metrics.twaps for select to hypertally_api
    using ((select tenancy.current_org()) is not null
           and (in_archive or exists (select from tenancy.org_wallets as o
                                      where o.wallet_id = twaps.wallet_id)));
-- An archive has been read up to here: what freshness the public figures have.
alter table ops.etl_s3_ingest_log enable row level security;
alter table ops.etl_s3_ingest_log force row level security;
create policy everything on ops.etl_s3_ingest_log to hypertally_jobs
    using (true) with check (true);
create policy any_org on ops.etl_s3_ingest_log for select to hypertally_api
    using ((select tenancy.current_org()) is not null);
grant select on ops.etl_s3_ingest_log to hypertally_api;

-- migrate:down
-- forward only
