-- migrate:up
set local lock_timeout = '4s';
-- Columns with a default rewrite nothing; four keys are built over rows that are stored.
set local statement_timeout = '5min';

-- Fills that are slices of TWAPs, as an archive of the exchange's fills holds them, of any wallet.
-- Each content of a fill is kept; the one that was stored first counts.
create table facts.archived_fills (
    twap_id bigint not null, -- the TWAP order the fill is a slice of
    wallet text not null check (length(wallet) = 42 and wallet = lower(wallet)), -- whose order it was
    time timestamptz not null, -- of the block, millisecond precision
    coin text not null check (coin <> ''), -- as fills name coins
    oid bigint not null, -- the order's id
    tid bigint not null, -- of the trade; both of its sides have the same
    side "char" not null check (side in ('A', 'B')), -- B buys, A sells
    px numeric not null check (px >= 0), -- quote token per coin
    sz numeric not null check (sz >= 0), -- coin
    notional numeric not null generated always as (px * sz) stored, -- quote token
    fee numeric, -- in fee_token; negative: a maker rebate; null: the archive does not say
    fee_token text, -- the token of the fee
    raw_payload jsonb not null, -- every field of the row, as it came
    s3_object_key text not null, -- the object it was read from
    fingerprint bigint not null, -- 64 bits of the wallet and the row's fields
    page_id bigint not null, -- facts.pages.id: the batch it came in
    ordinal bigint not null, -- place among the fills of TWAPs of the object
    inserted_at timestamptz not null default now() -- our clock, when the row was stored
);
create unique index archived_fills_key on facts.archived_fills
    (twap_id, wallet, time, coin, oid, tid, side, fingerprint);
create index archived_fills_by_time on facts.archived_fills (time);
create trigger append_only before update or delete on facts.archived_fills
    for each row execute function facts.refuse_change();
create trigger no_truncate before truncate on facts.archived_fills
    for each statement execute function facts.refuse_change();
grant select, insert on facts.archived_fills to hypertally_facts;
grant select on facts.archived_fills to hypertally_metrics, hypertally_jobs, hypertally_api;
alter table facts.archived_fills enable row level security;
alter table facts.archived_fills force row level security;
create policy everything on facts.archived_fills
    to hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs
    using (true) with check (true);
create policy any_org on facts.archived_fills for select to hypertally_api
    using ((select tenancy.current_org()) is not null);

-- What an archive shows of a TWAP is public; what was asked for a tracked wallet is not, nor is what
-- follows from it. Where private facts made a row, a second row stands beside it that is made of the
-- public ones alone: so an org that does not track the wallet reads what it would read if nobody did.
alter table metrics.twaps
    add column audience "char" not null default 't'
        check (audience in ('a', 't', 'o'));
alter table metrics.twap_slices
    add column audience "char" not null default 't'
        check (audience in ('a', 't', 'o'));
alter table metrics.twap_executions
    add column audience "char" not null default 't'
        check (audience in ('a', 't', 'o'));
alter table metrics.twap_executions
    add column is_whole boolean not null default true; -- false: an archive may hold a part only
alter table metrics.twaps drop constraint twaps_pkey,
    add constraint twaps_pkey primary key (twap_id, wallet, audience);
alter table metrics.twap_slices drop constraint twap_slices_pkey,
    add constraint twap_slices_pkey primary key (wallet_id, twap_id, at, oid, audience);
alter table metrics.twap_executions drop constraint twap_executions_pkey,
    add constraint twap_executions_pkey primary key (wallet_id, twap_id, audience);

comment on column metrics.twaps.audience is
    'who may read it: a: every org; t: orgs that track the wallet; o: the other orgs';
comment on column metrics.twap_slices.audience is
    'who may read it: a: every org; t: orgs that track the wallet; o: the other orgs';
comment on column metrics.twap_executions.audience is
    'who may read it: a: every org; t: orgs that track the wallet; o: the other orgs';

-- An archive and the exchange may say the same of a TWAP: each is kept, for what the archive says is
-- public, whoever said it first.
create unique index twap_status_key_by_door on facts.twap_status
    (twap_id, wallet, ts, status, event_at, fingerprint, (wallet_id is null)) nulls not distinct;
drop index facts.twap_status_key;
alter index facts.twap_status_key_by_door rename to twap_status_key;

drop policy public_or_own on metrics.twaps;
create policy public_or_own on metrics.twaps for select to hypertally_api
    using ((select tenancy.current_org()) is not null
           and (audience = 'a'
                -- Of an earlier release: made of statuses of an archive alone.
                or audience = 't' and in_archive and wallet_id is null
                or (audience = 't') = exists (select from tenancy.org_wallets as o
                                              where o.wallet_id = twaps.wallet_id)));
drop policy own_wallets on metrics.twap_slices;
create policy public_or_own on metrics.twap_slices for select to hypertally_api
    using ((select tenancy.current_org()) is not null
           and (audience = 'a'
                or (audience = 't') = exists (select from tenancy.org_wallets as o
                                              where o.wallet_id = twap_slices.wallet_id)));
drop policy own_wallets on metrics.twap_executions;
create policy public_or_own on metrics.twap_executions for select to hypertally_api
    using ((select tenancy.current_org()) is not null
           and (audience = 'a'
                or (audience = 't') = exists (select from tenancy.org_wallets as o
                                              where o.wallet_id = twap_executions.wallet_id)));

-- A row of no wallet that could not be read came from a source that all may read.
drop policy own_wallets on facts.rejects;
create policy public_or_own on facts.rejects for select to hypertally_api
    using (case
        when wallet_id is null then (select tenancy.current_org()) is not null
        else exists (select from tenancy.org_wallets as o where o.wallet_id = rejects.wallet_id)
    end);

-- The ingest log holds the readings of two sources: each counts apart.
alter table ops.etl_s3_ingest_log
    add column content text not null default 'statuses'; -- what the object holds: statuses or fills
alter table ops.etl_s3_ingest_log
    add constraint etl_s3_ingest_log_content check (content in ('statuses', 'fills'));

-- What one of the two sources has brought and cost so far, as ops.twap_source_totals() said of both.
create function ops.archive_totals(of_content text) returns table (
    objects bigint, failed bigint, skipped bigint, rows_new bigint, rows_repeated bigint,
    rows_rejected bigint, bytes_read numeric, cost_usd numeric, readings_without_cost bigint,
    last_read_at timestamptz, newest_object_at timestamptz
)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    with readings as (
        select l.* from ops.etl_s3_ingest_log as l where l.content = of_content
    ), newest as (
        select distinct on (l.s3_object_key) l.*,
            l.error_text is not null
                or l.rows_rejected > 0 and l.rows_ingested + l.rows_repeated = 0 as is_failed
        from readings as l
        order by l.s3_object_key, l.id desc
    ), total as (
        select coalesce(sum(l.rows_ingested), 0)::bigint as rows_new,
            coalesce(sum(l.rows_repeated), 0)::bigint as rows_repeated,
            coalesce(sum(l.bytes_read), 0) as bytes_read,
            coalesce(sum(l.cost_usd), 0) as cost_usd,
            count(*) filter (where l.cost_usd is null) as readings_without_cost
        from readings as l
    )
    select count(*) filter (where n.skipped is null and not n.is_failed),
        count(*) filter (where n.is_failed), count(*) filter (where n.skipped is not null),
        min(t.rows_new), min(t.rows_repeated), coalesce(sum(n.rows_rejected), 0)::bigint,
        min(t.bytes_read), min(t.cost_usd), min(t.readings_without_cost),
        max(n.ingested_at) filter (where n.skipped is null and not n.is_failed),
        max(n.last_modified) filter (where n.skipped is null and not n.is_failed)
    from total as t
    left join newest as n on true
$$;
grant create on schema ops to hypertally_jobs;
alter function ops.archive_totals owner to hypertally_jobs;
revoke create on schema ops from hypertally_jobs;
revoke all on function ops.archive_totals from public;
grant execute on function ops.archive_totals to hypertally_api, hypertally_jobs;
-- Processes of the release before still ask so while the last of them ends.
create or replace function ops.twap_source_totals() returns table (
    objects bigint, failed bigint, skipped bigint, rows_new bigint, rows_repeated bigint,
    rows_rejected bigint, bytes_read numeric, cost_usd numeric, readings_without_cost bigint,
    last_read_at timestamptz, newest_object_at timestamptz
)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select * from ops.archive_totals('statuses')
$$;

-- migrate:down
-- forward only
