-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- A wallet's whole history was read, from 0 to now in one piece. Before that it counts as cut.
create table facts.history_readings (
    id bigint generated always as identity primary key,
    wallet_id integer not null,          -- tenancy.wallets.id
    asked_at timestamptz not null,       -- our clock, before the first request left
    rows_shown integer not null,         -- distinct rows, readable or not; from 10,000 on it is cut
    first_ms bigint,                     -- time of the first fill shown; null: there is none
    page_id bigint not null,             -- facts.pages.id: of the last page
    inserted_at timestamptz not null default now() -- our clock, when the row was stored
);
create index history_readings_by_wallet on facts.history_readings (wallet_id);

-- A limit met that a later answer disproved: it showed what the answer before it had left out.
create table facts.limits_lifted (
    limit_id bigint primary key,         -- facts.limits_met.id
    wallet_id integer not null,          -- tenancy.wallets.id
    page_id bigint not null,             -- facts.pages.id: the last page of the later reading
    inserted_at timestamptz not null default now() -- our clock, when the row was stored
);

-- The perp positions of a tracked wallet on one dex, as clearinghouseState said.
create table facts.account_positions (
    wallet_id integer not null,          -- tenancy.wallets.id
    dex text not null,                   -- empty: the core dex
    at timestamptz not null,             -- the exchange's clock
    positions jsonb not null,            -- coin -> signed size, decimals as text; a coin not named is flat
    page_id bigint not null,             -- facts.pages.id: the answer it came in
    inserted_at timestamptz not null default now(), -- our clock, when the row was stored
    primary key (wallet_id, dex, at)
);

do $$
declare
    fact text;
begin
    foreach fact in array array['history_readings', 'limits_lifted', 'account_positions'] loop
        execute format('create trigger append_only before update or delete on facts.%I
                        for each row execute function facts.refuse_change()', fact);
        execute format('create trigger no_truncate before truncate on facts.%I
                        for each statement execute function facts.refuse_change()', fact);
        execute format('grant select, insert on facts.%I to hypertally_facts', fact);
        execute format('grant select on facts.%I to hypertally_metrics, hypertally_api', fact);
        execute format('alter table facts.%I enable row level security', fact);
        execute format('alter table facts.%I force row level security', fact);
        execute format('create policy everything on facts.%I
                        to hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs
                        using (true) with check (true)', fact);
        execute format('create policy own_wallets on facts.%1$I for select to hypertally_api
                        using (exists (select from tenancy.org_wallets as o
                                       where o.wallet_id = %1$I.wallet_id))', fact);
    end loop;
end
$$;

alter table ops.hl_ingest_cursor add column whole_at timestamptz; -- the history was read whole; null: pulls start from 0

alter table ops.hl_ingest_cursor add column confirmed_ms bigint not null default 0; -- all days before it were read twice, an hour or more apart
alter table ops.hl_ingest_cursor add column late_ms bigint; -- the earliest fill that lately came although its time had been read
alter table ops.hl_ingest_cursor add column late_at timestamptz; -- when the last such fill came


-- An upstream host that does not answer: nothing is asked of it but one probe at a time.
create table ops.source_pauses (
    upstream_host text primary key,      -- as in weight_budgets
    since timestamptz not null default now(), -- when it was found to be down
    reason text not null,                -- the answer, or that there was none
    probe_at timestamptz not null        -- the next probe is not sent before
);
grant select, insert, update, delete on ops.source_pauses to hypertally_jobs;


-- How often the exchange was asked again for what a gap lacks.
create table ops.gap_repairs (
    wallet_id integer not null,          -- tenancy.wallets.id
    coin text not null,                  -- '': every coin
    kind text not null,                  -- as in metrics.fill_gaps
    from_at timestamptz not null,        -- as in metrics.fill_gaps
    to_at timestamptz not null,          -- as in metrics.fill_gaps
    found_at timestamptz not null,       -- our clock
    tries integer not null default 0,    -- how often it was asked for again
    given_up_at timestamptz,             -- it is asked for no more: the gap is permanent
    primary key (wallet_id, coin, kind, from_at, to_at)
);
grant select, insert, update, delete on ops.gap_repairs to hypertally_jobs;


alter table metrics.fill_gaps drop constraint fill_gaps_kind_check;
alter table metrics.fill_gaps add constraint fill_gaps_kind_check check (
    kind in ('position_break', 'history_begins', 'millisecond_overflow', 'thin_answer',
             'end_position'));

-- migrate:down
-- forward only
