-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- Fills of watched wallets in the minutes in which their positions became smaller: by them a forced
-- exit is told from an exit. They are no part of the record of a tracked wallet: facts.hl_fills_raw.
create table facts.watched_fills (
    wallet_id integer not null,          -- tenancy.wallets.id
    time timestamptz not null,           -- of the block, millisecond precision
    coin text not null check (coin <> ''), -- an asset of the signals
    oid bigint not null,                 -- the order's id
    tid bigint,                          -- of the trade; null: the exchange does not say
    side "char" not null check (side in ('A', 'B')), -- B buys, A sells
    px numeric not null check (px >= 0), -- quote token per coin
    sz numeric not null check (sz >= 0), -- coin
    start_position numeric not null,     -- coin, signed, before the fill
    dir text not null,                   -- what the fill did, in the exchange's words
    liquidated_user bytea,               -- whose position was liquidated; null: nobody's
    raw_payload jsonb not null,          -- every field of the row, as it came
    fingerprint bigint not null,         -- 64 bits of the wallet and the row's fields
    page_id bigint not null,             -- facts.pages.id: the answer it came in
    ordinal integer not null,            -- place in the answer: the order inside a millisecond
    inserted_at timestamptz not null default now(), -- our clock, when the row was stored
    unique nulls not distinct (wallet_id, time, coin, oid, tid, side, fingerprint)
);

-- Ranges of time of which an answer showed every fill of a watched wallet.
create table facts.watched_readings (
    page_id bigint primary key,          -- facts.pages.id: the answer
    wallet_id integer not null,          -- tenancy.wallets.id
    from_at timestamptz not null,        -- begin of the range, inclusive
    to_at timestamptz not null check (to_at >= from_at), -- end of the range, inclusive
    asked_at timestamptz not null check (asked_at >= to_at), -- our clock, before the request left
    fills integer not null,              -- of the signals' assets
    inserted_at timestamptz not null default now() -- our clock, when the row was stored
);
create index watched_readings_by_wallet on facts.watched_readings (wallet_id, to_at);

do $$
declare
    fact text;
begin
    foreach fact in array array['watched_fills', 'watched_readings'] loop
        execute format('create trigger append_only before update or delete on facts.%I
                        for each row execute function facts.refuse_change()', fact);
        execute format('create trigger no_truncate before truncate on facts.%I
                        for each statement execute function facts.refuse_change()', fact);
        execute format('grant select, insert on facts.%I to hypertally_facts', fact);
        execute format('grant select on facts.%I to hypertally_metrics, hypertally_jobs', fact);
        execute format('alter table facts.%I enable row level security', fact);
        execute format('alter table facts.%I force row level security', fact);
        execute format('create policy everything on facts.%I
                        to hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs
                        using (true) with check (true)', fact);
    end loop;
end
$$;

-- Whether the fills are known that made a position smaller: answers showed every fill of the time,
-- and one of them reduced the position. A fill that is late leaves it open.
create function facts.reduction_is_known(
    wallet integer, asset text, held_size numeric, after_at timestamptz, until_at timestamptz)
returns boolean
language sql stable parallel safe
set search_path = ''
as $$
    select exists (
            select from facts.watched_fills as f
            where f.wallet_id = wallet and f.coin = asset
                and f.time > after_at and f.time <= until_at
                and f.side = case when held_size > 0 then 'A' else 'B' end)
        and coalesce((
            select range_agg(tstzrange(r.from_at, r.to_at, '[]'))
            from facts.watched_readings as r
            where r.wallet_id = wallet and r.to_at >= after_at and r.from_at <= until_at
        ) @> tstzrange(after_at, until_at, '[]'), false)
$$;
revoke all on function facts.reduction_is_known from public;
grant execute on function facts.reduction_is_known to hypertally_metrics, hypertally_jobs;

-- Reductions of positions of watched wallets whose fills are still to be asked for.
create table ops.exit_windows (
    wallet_id integer not null,          -- tenancy.wallets.id
    asset text not null,                 -- of the position
    from_at timestamptz not null,        -- when the larger position was seen
    to_at timestamptz not null,          -- when the smaller position was seen
    held_size numeric not null,          -- coin, signed: the larger position
    found_at timestamptz not null,       -- our clock
    tries integer not null default 0,    -- how often the fills were asked for
    next_at timestamptz not null,        -- not asked for before
    last_error text,                     -- why the last answer was of no use
    dropped_at timestamptz,              -- when asking ended without an answer; null: it goes on
    reason text check ((reason is null) = (dropped_at is null)), -- why asking ended
    primary key (wallet_id, asset, from_at, to_at)
);
grant select, insert, update, delete on ops.exit_windows to hypertally_jobs;

-- Marks of the earliest signals that later fills change. Marks are only added and taken.
create table ops.dirty_signals (
    id bigint generated always as identity primary key, -- counts the marks
    from_at timestamptz not null,        -- the signals from this period on are computed again
    marked_at timestamptz not null default now() -- our clock
);
grant select, insert, delete on ops.dirty_signals to hypertally_jobs;
grant select on ops.dirty_signals to hypertally_metrics;
grant usage on all sequences in schema ops to hypertally_jobs;

-- A signal that later fills changed is a published number that moved.
alter table metrics.restatements add column signal_asset text; -- of a signal that moved; null: another metric
alter table metrics.restatements add column signal_at timestamptz; -- metrics.signals.at; see signal_asset
alter table metrics.restatements add column window_minutes integer; -- metrics.signals.window_minutes; see signal_asset
drop policy own_rows on metrics.restatements;
create policy own_rows on metrics.restatements for select to hypertally_api
    using (case
        when org_id is not null then org_id = (select tenancy.current_org())
        when wallet_id is null then (twap_wallet is not null or signal_asset is not null)
            and (select tenancy.current_org()) is not null
        else exists (select from tenancy.org_wallets as o
                     where o.wallet_id = restatements.wallet_id) end);

-- migrate:down
-- forward only
