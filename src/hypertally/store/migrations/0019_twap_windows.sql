-- migrate:up
set local lock_timeout = '4s';
-- Two indexes are built over rows of metrics.twaps: with ten million of them that takes seconds.
set local statement_timeout = '60s';

-- A status as it is compared: without the quotes, the spaces and the capitals around its word. The
-- text of an error, and a word that nobody knows, stay as the source wrote them.
create function facts.twap_word(status text) returns text
language sql immutable parallel safe
return case
    when lower(btrim(status, E' \t\r\n"''')) in ('activated', 'finished', 'terminated', 'error')
    then lower(btrim(status, E' \t\r\n"'''))
    when lower(left(btrim(status, E' \t\r\n"'''), 6)) = 'error:'
    then 'error:' || substr(btrim(status, E' \t\r\n"'''), 7)
    else btrim(status, E' \t\r\n"''')
end;

-- Whether a TWAP with this status runs; null for a word that nobody knows: then it is not known.
create function facts.twap_runs(status text) returns boolean
language sql immutable parallel safe
return case
    when facts.twap_word(status) = 'activated' then true
    when facts.twap_word(status) in ('finished', 'terminated', 'error') then false
    when facts.twap_word(status) like 'error:%' then false
end;

revoke all on function facts.twap_word, facts.twap_runs from public;
grant execute on function facts.twap_word, facts.twap_runs
    to hypertally_facts, hypertally_metrics, hypertally_jobs, hypertally_api;

-- What a later reading of an object said again, where the object has said it differently in between:
-- so that the newest reading is known even if it goes back to what the first one said.
create table facts.twap_status_repeats (
    twap_id bigint not null,             -- twap_id to fingerprint: the row of facts.twap_status
    wallet text not null,                -- who ordered it
    ts timestamptz not null,             -- when the TWAP began
    status text not null,                -- as the source wrote it
    event_at timestamptz,                -- when it took this status; null: the source does not say
    fingerprint bigint not null,         -- of the row that was said again
    page_id bigint not null,             -- facts.pages.id: the batch that said it again
    inserted_at timestamptz not null default now() -- our clock, when the row was stored
);
create unique index twap_status_repeats_key on facts.twap_status_repeats
    (twap_id, wallet, ts, status, event_at, fingerprint, page_id) nulls not distinct;
create trigger append_only before update or delete on facts.twap_status_repeats
    for each row execute function facts.refuse_change();
create trigger no_truncate before truncate on facts.twap_status_repeats
    for each statement execute function facts.refuse_change();
grant select, insert on facts.twap_status_repeats to hypertally_facts;
grant select on facts.twap_status_repeats to hypertally_metrics, hypertally_jobs, hypertally_api;
alter table facts.twap_status_repeats enable row level security;
alter table facts.twap_status_repeats force row level security;
create policy everything on facts.twap_status_repeats
    to hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs
    using (true) with check (true);
-- Only objects of a TWAP source repeat, and they are public.
create policy any_org on facts.twap_status_repeats for select to hypertally_api
    using ((select tenancy.current_org()) is not null);

-- A TWAP that is known by its slices alone has no status, duration, planned end or requested size.
alter table metrics.twaps
    alter column status drop not null,
    alter column duration_minutes drop not null,
    alter column ends_at drop not null,
    alter column size_requested drop not null;
alter table metrics.twaps add column last_slice_at timestamptz; -- its last slice; null: it has none
alter table metrics.twaps add column conflicts jsonb; -- final statuses that disagree; null: none do
alter table metrics.twaps add column latest_fingerprint bigint; -- of facts.twap_status: the latest
-- TWAPs whose slices reach further than their schedule tells: few.
create index twaps_beyond_schedule on metrics.twaps (started_at)
    where ends_at is null or last_slice_at - ends_at > interval '1 hour';

-- How long before a window a TWAP that touches it can have begun: the longest duration, and an hour
-- for a late end. A stored duration of over 7 days is a damaged row, and counts for nothing.
create function metrics.longest_twap() returns interval
language sql stable parallel safe
return interval '1 hour' + case
    when exists (
        select from metrics.twaps as t
        where t.ends_at is null or t.last_slice_at - t.ends_at > interval '1 hour'
    ) then interval '7 days'
    else coalesce(
        (select make_interval(mins => t.duration_minutes) from metrics.twaps as t
         where t.duration_minutes <= 10080 order by t.duration_minutes desc limit 1),
        interval '0')
end;
revoke all on function metrics.longest_twap from public;
grant execute on function metrics.longest_twap to hypertally_metrics, hypertally_api;

-- By when a TWAP without slices has surely ended: a time of whole seconds lies up to a second before
-- the end; a source without times of ends says only what was planned, and the last slice comes a
-- little later.
create function metrics.twap_over_by(ended_at timestamptz, ends_at timestamptz) returns timestamptz
language sql stable parallel safe
return case
    when ended_at is null then ends_at + interval '1 minute'
    when date_trunc('second', ended_at) = ended_at then ended_at + interval '1 second'
    else ended_at
end;
revoke all on function metrics.twap_over_by from public;
grant execute on function metrics.twap_over_by to hypertally_metrics, hypertally_api;

-- The specification's shape: the latest state of each (twap_id, wallet, ts).
create or replace view metrics.twap_status with (security_invoker = true) as
select
    t.twap_id, t.wallet, t.started_at as ts, t.asset, t.side, t.size_requested, t.size_executed,
    t.notional_executed, t.status, t.duration_minutes, latest.s3_object_key, latest.inserted_at,
    latest.raw_payload
from metrics.twaps as t
cross join lateral (
    select f.s3_object_key, f.inserted_at, f.raw_payload
    from facts.twap_status as f
    where f.twap_id = t.twap_id and f.wallet = t.wallet
    order by (f.fingerprint = t.latest_fingerprint) desc nulls last,
        (f.status <> 'activated') desc, coalesce(f.event_at, f.ts) desc,
        f.size_executed desc nulls last, f.page_id desc, f.ordinal desc
    limit 1
) as latest;

-- A total that an object corrected moves a published number of a wallet that nobody may track.
alter table metrics.restatements add column twap_wallet text; -- who ordered it; null: see wallet_id
drop policy own_rows on metrics.restatements;
create policy own_rows on metrics.restatements for select to hypertally_api
    using (case
        when org_id is not null then org_id = (select tenancy.current_org())
        when wallet_id is null then twap_wallet is not null
            and (select tenancy.current_org()) is not null
        else exists (select from tenancy.org_wallets as o
                     where o.wallet_id = restatements.wallet_id) end);

-- What the reading of an object brought and cost, in full.
alter table ops.etl_s3_ingest_log add column skipped text; -- why it is no object to read; null: it is
alter table ops.etl_s3_ingest_log
    add column reject_reasons jsonb not null default '{}'; -- reason -> rows
alter table ops.etl_s3_ingest_log add column bytes_read bigint; -- fetched; null: an earlier release
alter table ops.etl_s3_ingest_log
    add column cost_usd numeric; -- requests and transfer at list prices; null: an earlier release

-- What the TWAP source has brought and cost so far. The newest reading of each object counts for its
-- state and its rejects; new rows, bytes and cost are of all readings. Totals only: no object is
-- named, so /metrics may show them to whoever watches the server.
create function ops.twap_source_totals() returns table (
    objects bigint, failed bigint, skipped bigint, rows_new bigint, rows_repeated bigint,
    rows_rejected bigint, bytes_read numeric, cost_usd numeric, readings_without_cost bigint,
    last_read_at timestamptz, newest_object_at timestamptz
)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    with newest as (
        select distinct on (l.s3_object_key) l.*,
            l.error_text is not null
                or l.rows_rejected > 0 and l.rows_ingested + l.rows_repeated = 0 as is_failed
        from ops.etl_s3_ingest_log as l
        order by l.s3_object_key, l.id desc
    ), total as (
        select coalesce(sum(l.rows_ingested), 0)::bigint as rows_new,
            coalesce(sum(l.rows_repeated), 0)::bigint as rows_repeated,
            coalesce(sum(l.bytes_read), 0) as bytes_read,
            coalesce(sum(l.cost_usd), 0) as cost_usd,
            count(*) filter (where l.cost_usd is null) as readings_without_cost
        from ops.etl_s3_ingest_log as l
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
alter function ops.twap_source_totals owner to hypertally_jobs;
revoke create on schema ops from hypertally_jobs;
revoke all on function ops.twap_source_totals from public;
grant execute on function ops.twap_source_totals to hypertally_api, hypertally_jobs;

-- migrate:down
-- forward only
