-- TWAPs in the world of two orgs: loaded after world.sql, with its temporary views.
insert into metrics.definitions (definition, metric, version, words, sql) values
    ('twaps/1', 'twaps', 1, 'Words of the TWAP.', 'select 4'),
    ('twap_executions/1', 'twap_executions', 1, 'Words of the execution.', 'select 5');

insert into ops.etl_s3_ingest_log (s3_object_key, etag, last_modified, rows_ingested)
values ('raw/twap_statuses/2026/03/01/one.parquet', 'e1', '2026-03-02T02:15:00Z', 9);

-- Of each wallet of the orgs one that runs now, told by the exchange to those alone who track it.
create temporary table told as
select
    n * 1000 + 1 as twap_id, '0x' || hex as wallet, id as wallet_id, 'BTC' as asset,
    'B'::"char" as side, 'activated' as status, n + 0.500 as size_requested,
    0.0 as size_executed, 0.0 as notional_executed, 60 as duration_minutes,
    date_trunc('minute', now()) - interval '10 minutes' as ts, null::timestamptz as event_at,
    n as fingerprint, null::text as key
from figure;

-- Of an archive, at a fixed time: e5 is a wallet that no org tracks, d4 one that org_a tracked.
insert into told
select v.twap_id, '0x' || repeat(v.mark, 20), null, v.asset, v.side::"char", v.status,
    v.requested, v.executed, v.notional, v.minutes, v.ts::timestamptz, v.event_at::timestamptz,
    row_number() over () + 10, 'raw/twap_statuses/2026/03/01/one.parquet'
from (values
    (5001, 'd4', 'ETH', 'B', 'activated', 120.00, 0, 0, 60, '2026-03-01T10:00:00Z', null),
    (5001, 'd4', 'ETH', 'B', 'finished', 120.00, 120.0, 247140.00, 60, '2026-03-01T10:00:00Z',
     '2026-03-01T11:00:05Z'),
    (5002, 'e5', 'ETH', 'A', 'finished', 50, 50, 100000.50, 30, '2026-03-01T10:30:00Z', null),
    (5003, 'e5', 'HYPE', 'A', 'error:Insufficient margin', 7, 0, 0, 30, '2026-03-01T10:10:00Z',
     '2026-03-01T10:10:01Z'),
    (5004, 'd4', 'ETH', 'A', 'terminated', 40, 10, 20010, 60, '2026-03-01T10:05:00Z',
     '2026-03-01T10:20:00Z'),
    (5005, 'e5', 'xyz:TSLA', 'A', 'activated', 60, 0, 0, 60, '2026-03-01T10:50:00Z', null),
    (5006, 'e5', 'ETH', 'B', 'activated', 0.3, 0, 0, 1440, '2026-03-01T09:00:00Z', null),
    (5007, 'e5', 'HYPE', 'B', 'terminated', 5, null, null, 30, '2026-03-01T10:12:00Z', null)
) as v (twap_id, mark, asset, side, status, requested, executed, notional, minutes, ts, event_at);

-- Forty more that begin two at a time.
insert into told
select 6000 + i, '0x' || repeat(case i % 2 when 0 then 'e5' else 'f6' end, 20), null, 'SOL',
    case i % 3 when 0 then 'A' else 'B' end::"char",
    (array['finished', 'terminated', 'error:Too slow', 'activated'])[1 + i % 4], 10, 0, 0, 30,
    '2026-02-01T00:00:00Z'::timestamptz + make_interval(mins => (i / 2) * 7), null, 100 + i,
    'raw/twap_statuses/2026/03/01/one.parquet'
from generate_series(0, 39) as i;

insert into facts.twap_status
    (twap_id, wallet, ts, asset, side, size_requested, size_executed, notional_executed, status,
     duration_minutes, raw_payload, s3_object_key, event_at, wallet_id, fingerprint, page_id,
     ordinal)
select twap_id, wallet, ts, asset, side, size_requested, size_executed, notional_executed, status,
    duration_minutes, jsonb_build_object('twap_id', twap_id, 'status', status, 'sz',
        size_requested::text), key, event_at, wallet_id, fingerprint, 1, 0
from told;

insert into metrics.twaps
select distinct on (twap_id, wallet)
    twap_id, wallet, wallet_id, wallet_id is null, asset, side, status, event_at, ts,
    duration_minutes, ts + make_interval(mins => duration_minutes),
    case when status <> 'activated' then event_at end, size_requested, size_executed,
    notional_executed, count(*) over one, 'twaps/1',
    count(*) over one || ':' || sum(fingerprint) over one
from told
window one as (partition by twap_id, wallet)
order by twap_id, wallet, status = 'activated';

-- The slices of 5001: one coin each half minute, each a dollar dearer than the one before.
insert into metrics.twap_slices
select w.id, 5001, '2026-03-01T10:00:00Z'::timestamptz + make_interval(secs => 30 * k), 7000 + k,
    'ETH', 'B', 2, 1.000, 2000 + k, '{"USDC": "0.1"}', 0.1, 'twap_slices/1', '2:' || k
from wallet as w, generate_series(0, 119) as k
where w.mark = 'xd';

insert into metrics.twap_executions
    (wallet_id, twap_id, coin, side, slices, slice_fills, slices_expected, executed_size,
     executed_notional, fees, fees_usd, first_slice_at, last_slice_at, size_residual,
     notional_residual, arrival_price, arrival_source, market_volume_coin, market_notional,
     market_source, unknown, completeness, definition, digest, reference_digest)
select id, 5001, 'ETH', 'B', 120, 240, 120, 120, 247140, '{"USDC": "12"}', 12,
    '2026-03-01T10:00:00Z', '2026-03-01T10:59:30Z', 0, 0.00, 2000.0, 'candle:ETH:1m:open', 1000,
    2050000, 'candle:ETH:1m:typical', '{}', 1, 'twap_executions/1', '240:7140', '2:23'
from wallet where mark = 'xd';

-- Each of those that run now has traded twice; a fee token of the second has no price.
insert into metrics.twap_slices
select wallet_id, twap_id, ts + make_interval(secs => 30 * k), 8000 + k, 'BTC', 'B', 1, 1,
    (twap_id - 1) / 1000 + k, case k when 0 then '{"USDC": "-0.1"}' else '{"HFUN": "2"}' end::jsonb,
    case k when 0 then -0.1 end, 'twap_slices/1', '1:' || (fingerprint * 10 + k)
from told, generate_series(0, 1) as k
where wallet_id is not null;

insert into metrics.twap_executions
    (wallet_id, twap_id, coin, side, slices, slice_fills, slices_expected, executed_size,
     executed_notional, fees, fees_usd, first_slice_at, last_slice_at, unknown, definition, digest,
     reference_digest)
select wallet_id, twap_id, 'BTC', 'B', 2, 2, 120, 2, 2 * fingerprint + 1,
    '{"USDC": "-0.1", "HFUN": "2"}', null, ts, ts + interval '30 seconds',
    jsonb_build_object('fees_usd', 'no stored price for a fee in HFUN', 'arrival_price',
        'no candle is stored', 'market_volume_coin', 'the TWAP has not ended', 'size_residual',
        'the TWAP has not ended', 'notional_residual', 'the TWAP has not ended', 'completeness',
        'the TWAP has not ended'),
    'twap_executions/1', '2:' || (fingerprint * 2000 + 5), '1:' || fingerprint
from told
where wallet_id is not null;

-- Two of yesterday's fills, of which one alone carries the number of the TWAP.
insert into facts.twap_slices (wallet_id, twap_id, time, coin, oid, tid, side, page_id)
select f.wallet_id, t.twap_id, f.time, f.coin, f.oid, f.tid, f.side, 1
from told as t
join facts.hl_fills_raw as f on f.wallet_id = t.wallet_id and f.tid in (5000, 5005);

insert into ops.computations (metric, key, computed_at)
select 'twap_executions', wallet_id || '/' || twap_id, now() from metrics.twap_executions;

insert into metrics.restatements (metric, wallet_id, day, twap_id, cause, changes)
select 'twap_executions', wallet_id, ts::date, twap_id, 'late facts',
    jsonb_build_object('executed_size', jsonb_build_array('1', fingerprint::text))
from told where wallet_id is not null;

insert into facts.mids (dex, at, mids, page_id)
select dex, at::timestamptz, mids::jsonb, 1
from (values
    ('', '2026-03-01T10:29:30Z', '{"ETH": "2060.5", "HYPE": "30"}'),
    ('', '2026-03-01T10:30:30Z', '{"ETH": "9999"}'),
    ('xyz', '2026-03-01T10:58:00Z', '{"xyz:TSLA": "250.25"}')
) as v (dex, at, mids);
insert into facts.mids (dex, at, mids, page_id)
select '', date_trunc('minute', now()) - interval '20 seconds', '{"BTC": "100000.5"}', 1;

update metrics.twaps as t
set wallet_id = w.id, last_slice_at = e.last_slice_at
from metrics.twap_executions as e
join tenancy.wallets as w on w.id = e.wallet_id
where t.twap_id = e.twap_id and t.wallet = '0x' || encode(w.address, 'hex');

-- What orgs that do not track the wallet see of a TWAP of which an archive told too.
insert into metrics.twaps (
    twap_id, wallet, wallet_id, in_archive, asset, side, status, status_at, started_at,
    duration_minutes, ends_at, ended_at, size_requested, size_executed, notional_executed, statuses,
    definition, digest, audience)
select twap_id, wallet, wallet_id, in_archive, asset, side, status, status_at, started_at,
    duration_minutes, ends_at, ended_at, size_requested, size_executed, notional_executed, statuses,
    definition, digest, 'o'
from metrics.twaps
where in_archive and wallet_id is not null;
