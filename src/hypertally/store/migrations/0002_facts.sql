-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- Facts are never edited: the grants say so to every role of the program, this trigger to everyone.
create function facts.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% on %.% refused: facts are append-only',
        tg_op, tg_table_schema, tg_table_name using errcode = 'insufficient_privilege';
end
$$;

-- What the upstream answered: one row an answer, with the proof of what it covers.
create table facts.pages (
    id bigint generated always as identity,
    wallet_id integer,                   -- null: reference data of the exchange
    source text not null,                -- door and request type: info.userFillsByTime
    request jsonb not null,              -- the body that was posted
    asked_at timestamptz not null,       -- our clock, before the request left
    row_count integer not null,          -- rows in the answer, readable or not
    first_ms bigint,                     -- earliest and latest time among the rows
    last_ms bigint,                      -- see first_ms
    body_sha256 bytea not null,          -- of the answer's bytes as they came
    weight integer not null,             -- of the upstream's allowance
    closed boolean not null,             -- it proves [covers_from_ms, covers_to_ms] complete
    covers_from_ms bigint,               -- both ends inclusive
    covers_to_ms bigint,                 -- both ends inclusive
    inserted_at timestamptz not null default now(), -- our clock, when the row was stored
    primary key (id, asked_at)
) partition by range (asked_at);
create index pages_by_wallet on facts.pages (wallet_id, asked_at);

-- One leg of a trade as one wallet saw it. notional is exact: px * sz, computed once.
create table facts.hl_fills_raw (
    time timestamptz not null,           -- of the block, millisecond precision
    oid bigint not null,                 -- the order's id
    tid bigint,                          -- null: rows of 2023 have none; 0: no counterparty
    fingerprint bigint not null,         -- 64 bits of the row's canonical bytes
    page_id bigint not null,             -- facts.pages.id: the answer it came in
    ingested_at timestamptz not null default now(), -- our clock, when the row was stored
    twap_id bigint,                      -- the TWAP order it is a slice of
    wallet_id integer not null,
    ordinal integer not null,            -- place in the answer: the order inside a millisecond
    crossed boolean not null,            -- true: taker
    side "char" not null check (side in ('A', 'B')), -- B buys, A sells
    coin text not null check (coin <> ''), -- as the source names it: BTC, @107, xyz:TSLA, #30
    px numeric not null check (px >= 0), -- quote token per coin
    sz numeric not null check (sz >= 0), -- coin
    notional numeric not null generated always as (px * sz) stored, -- quote token
    start_position numeric not null,     -- coin, signed, before the fill
    dir text not null,                   -- the source's word for what it did; an open set
    closed_pnl numeric not null,         -- quote token, before fees
    hash bytea not null check (length(hash) = 32), -- of the transaction; zeros where there is none
    fee numeric,                         -- negative: a maker rebate; contains builder_fee
    fee_token text,                      -- the token of all fees of the row
    builder_fee numeric,                 -- the builder's part of fee
    deployer_fee numeric,                -- the deployer's part, HIP-3
    cloid bytea,                         -- the client's own order id, 16 bytes
    liquidated_user bytea,               -- whose position was liquidated, 20 bytes
    liquidation_mark_px numeric,         -- mark price then
    liquidation_method text,             -- market or backstop
    extra jsonb                          -- every field this table has no column for
) partition by range (time);
-- Not partial, although rows without tid never meet in it: every read goes by wallet and time.
create unique index hl_fills_raw_key on facts.hl_fills_raw
    (wallet_id, time, coin, oid, tid, side);
create unique index hl_fills_raw_key_without_tid on facts.hl_fills_raw
    (wallet_id, time, coin, oid, side, px, sz, start_position) where tid is null;

-- A repeated key with other content, beside the first.
create table facts.conflicts (
    id bigint generated always as identity primary key,
    wallet_id integer not null,
    coin text not null,
    time timestamptz not null,
    oid bigint not null,
    tid bigint,
    side "char" not null,
    fingerprint bigint not null,
    row jsonb not null,                  -- the later content, whole
    page_id bigint not null,
    first_fingerprint bigint not null,   -- of the row stored first
    first_page_id bigint not null,       -- the answer the first came in
    inserted_at timestamptz not null default now(),
    unique (wallet_id, fingerprint, first_fingerprint)
);

-- A row of an answer that could not be read, whole, with the reason.
create table facts.rejects (
    id bigint generated always as identity primary key,
    wallet_id integer,
    source text not null,
    payload text not null,               -- the row as it came
    payload_sha256 bytea not null,       -- of payload
    reason text not null,                -- in words
    page_id bigint not null,
    ordinal integer not null,
    inserted_at timestamptz not null default now(),
    unique nulls not distinct (wallet_id, source, payload_sha256)
);

-- What the upstream showed it cannot give: history begins here, or a millisecond too full to page.
create table facts.limits_met (
    id bigint generated always as identity primary key,
    wallet_id integer not null,
    kind text not null check (           -- what is missing: see the reason
        kind in ('history_begins', 'millisecond_overflow', 'thin_answer')),
    from_ms bigint not null,             -- both ends inclusive
    to_ms bigint not null,               -- both ends inclusive
    reason text not null,
    page_id bigint not null,
    inserted_at timestamptz not null default now(),
    unique (wallet_id, kind, from_ms, to_ms)
);

-- What a spot market trades, as spotMeta said; a later row of a coin replaces it.
create table facts.spot_pairs (
    id bigint generated always as identity primary key,
    coin text not null,                  -- PURR/USDC or @n, as fills name it
    base_token text not null,            -- what is traded
    quote_token text not null,           -- what it is priced in
    fingerprint bigint not null,
    page_id bigint not null,
    inserted_at timestamptz not null default now(),
    unique (coin, fingerprint)
);

-- What a perp dex is settled in; a later row of a dex replaces it.
create table facts.perp_dexs (
    id bigint generated always as identity primary key,
    dex text not null,                   -- empty: the core dex
    collateral_token text not null,      -- what its prices, fees and PnL are in
    fingerprint bigint not null,
    page_id bigint not null,
    inserted_at timestamptz not null default now(),
    unique (dex, fingerprint)
);

-- USD price of a token for the hour that begins at `at`, from a named source.
create table facts.token_prices (
    token text not null,                 -- as spotMeta names it
    at timestamptz not null,             -- the start of the hour, UTC
    price_usd numeric not null check (price_usd > 0), -- at that time
    source text not null,                -- candle:@166:1h:open
    fingerprint bigint not null,
    page_id bigint not null,
    inserted_at timestamptz not null default now(),
    primary key (token, at)
);

do $$
declare
    fact text;
begin
    foreach fact in array array['pages', 'hl_fills_raw', 'conflicts', 'rejects', 'limits_met',
                                'spot_pairs', 'perp_dexs', 'token_prices'] loop
        execute format('create trigger append_only before update or delete on facts.%I
                        for each row execute function facts.refuse_change()', fact);
        execute format('create trigger no_truncate before truncate on facts.%I
                        for each statement execute function facts.refuse_change()', fact);
        execute format('grant select, insert on facts.%I to hypertally_facts', fact);
        execute format('grant select on facts.%I to hypertally_metrics', fact);
    end loop;
end
$$;

-- Make the month that holds `month_of`, if it is missing; true when this call made it.
-- Built beside the parent and attached: that takes no lock which readers or writers would feel.
create function facts.ensure_month(parent text, month_of timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
    first timestamptz := date_trunc('month', month_of, 'UTC');
    child text := parent || '_' || to_char(first, 'YYYY_MM');
begin
    if parent not in ('hl_fills_raw', 'pages') then
        raise exception 'facts.% is not partitioned by month', parent;
    end if;
    -- pg_class and not to_regclass, whose cache may still miss what the lock's last holder made.
    if exists (select from pg_class where relnamespace = 'facts'::regnamespace and relname = child) then
        return false;
    end if;
    perform pg_advisory_xact_lock(hashtext('facts.ensure_month'));
    if exists (select from pg_class where relnamespace = 'facts'::regnamespace and relname = child) then
        return false;
    end if;
    execute format('create table facts.%I (like facts.%I including defaults including constraints
                    including generated)', child, parent);
    execute format('create trigger no_truncate before truncate on facts.%I
                    for each statement execute function facts.refuse_change()', child);
    execute format('alter table facts.%I attach partition facts.%I for values from (%L) to (%L)',
                   parent, child, first, first + interval '1 month');
    return true;
end
$$;
revoke all on function facts.ensure_month from public;
grant execute on function facts.ensure_month to hypertally_facts, hypertally_jobs;
grant usage on schema facts to hypertally_facts, hypertally_metrics, hypertally_jobs, hypertally_api;

-- migrate:down
-- forward only
