-- Two orgs. Each wallet's figures are made of a number that no sum of the others holds, so
-- that what may be seen by whom can be told from the digits alone.
insert into tenancy.orgs (name) values ('org_a'), ('org_b'), ('org_empty');

insert into tenancy.wallets (address) values
    (decode(repeat('a1', 20), 'hex')),
    (decode(repeat('b2', 20), 'hex')),
    (decode(repeat('c3', 20), 'hex')),
    (decode(repeat('d4', 20), 'hex'));

create temporary view org as select name, id from tenancy.orgs;
create temporary view wallet as
    select id, encode(address, 'hex') as hex, ('x' || left(encode(address, 'hex'), 1))::text as mark
    from tenancy.wallets;

insert into tenancy.org_wallets (org_id, wallet_id, from_day, to_day)
select o.id, w.id, coalesce(v.from_day, '-infinity'), v.to_day
from (values
    ('org_a', 'xa', null::date, null::date),
    ('org_a', 'xc', null, null),
    -- Left org_a three days ago: its earlier days still count there.
    ('org_a', 'xd', current_date - 90, current_date - 3),
    ('org_b', 'xb', null, null),
    ('org_b', 'xc', current_date - 2, null),
    ('org_empty', 'xd', current_date - 90, current_date - 80)
) as v (org, mark, from_day, to_day)
join org as o on o.name = v.org
join wallet as w on w.mark = v.mark;

-- Org B calls the shared wallet something that org A must not read.
insert into tenancy.wallet_labels (org_id, wallet_id, label, labelled_at)
select o.id, w.id, v.label, now()
from (values ('org_a', 'xa', 'Ours [/b]'), ('org_b', 'xc', 'secret of B')) as v (org, mark, label)
join org as o on o.name = v.org
join wallet as w on w.mark = v.mark;

insert into tenancy.user_profiles (user_id, org_id, role)
select v.user_id, o.id, v.role
from (values
    ('alice', 'org_a', 'admin'), ('ann', 'org_a', 'analyst'), ('amy', 'org_a', 'analyst'), ('vic', 'org_a', 'viewer'),
    ('bob', 'org_b', 'admin'), ('eve', 'org_empty', 'admin')
) as v (user_id, org, role)
join org as o on o.name = v.org;

-- The program has written its own; the tests know these.
delete from metrics.definitions;
insert into metrics.definitions (definition, metric, version, words, sql) values
    ('fill_gaps/1', 'fill_gaps', 1, 'Gaps of a record.', 'select 1'),
    ('twap_slices/1', 'twap_slices', 1, 'Slices of a TWAP.', 'select 1'),
    ('wallet_day_metrics/1', 'wallet_day_metrics', 1, 'Words of the wallet day.', 'select 1'),
    ('wallet_day_metrics/2', 'wallet_day_metrics', 2, 'Newer words.', 'select 2'),
    ('global_day_metrics/1', 'global_day_metrics', 1, 'Words of the global day.', 'select 3');

-- Read twice up to three days ago, one of them up to nine.
insert into ops.hl_ingest_cursor (
    wallet_id, cursor_ms, confirmed_ms, proven_until, pulled_at, last_error)
select id, 1,
    extract(epoch from (current_date - case mark when 'xb' then 9 else 3 end)::timestamp
        at time zone 'UTC') * 1000, now() - make_interval(mins => case mark when 'xb' then 120 else 5 end), now(),
    case mark when 'xb' then 'b2 says 314159' when 'xa' then 'a1 says 271828' end
from wallet;

create temporary view figure as
    select id, hex, mark,
        case mark when 'xa' then 271828 when 'xb' then 314159 when 'xc' then 577215 else 161803 end as n
    from wallet;

insert into metrics.wallet_day_metrics
select f.id, current_date - back, n, 1, 0,
    n + 0.10, case when back = 2 and mark = 'xc' then null else n + 0.2500 end, 1.0, 0, 0,
    n + 0.1, case when back = 2 and mark = 'xc' then null else n + 0.25 end,
    jsonb_build_object('perp', jsonb_build_object('USDC', n || '.25')),
    -n, 0, 0, jsonb_build_object('USDC', n || '.5'), n + 0.500, '{}', 0, 2,
    (current_date - back)::timestamp at time zone 'UTC' + interval '1 hour 1.002 seconds',
    (current_date - back)::timestamp at time zone 'UTC' + interval '2 hours',
    case when back = 2 and mark = 'xc'
        then '[{"token": "USDH", "reason": "no stored price for the hour", "fills": 3}]'::jsonb
        else '[]' end,
    back > 0, 0, 1.000000, 'wallet_day_metrics/1', n || ':' || n || '000', '1:5'
from figure as f, generate_series(0, 5) as back
where not (mark = 'xd' and back < 3);

insert into metrics.global_day_metrics
select o.id, current_date - back, 2, 2, n, 2, 0, n + 0.10,
    case when back = 2 then null else n + 0.2500 end, 1, 0, 0, n + 0.1,
    case when back = 2 then null else n + 0.25 end,
    case when back = 2 then null else 2 * n + 0.35 end,
    case when back = 2 then null else 2 * n + 0.35 end, 0, n,
    jsonb_build_object('perp', jsonb_build_object('USDC', n || '.25')),
    -n, 0, 0, '{"USDC": "1.5"}', 1.500, '{}', 0, 2,
    (current_date - back)::timestamp at time zone 'UTC' + interval '1 hour',
    (current_date - back)::timestamp at time zone 'UTC' + interval '2 hours',
    '[]', back > 0, 1, 'global_day_metrics/1', n || ':' || n || '000', '2:10'
from (values ('org_a', 271828), ('org_b', 314159)) as v (org, n)
join org as o on o.name = v.org
cross join generate_series(0, 5) as back
where back <> 4;

insert into ops.computations (metric, key, computed_at)
select 'wallet_day_metrics', wallet_id || '/' || day, now() from metrics.wallet_day_metrics
union all
select 'global_day_metrics', org_id || '/' || day, now() from metrics.global_day_metrics;

insert into metrics.fill_gaps (wallet_id, coin, kind, from_at, to_at, missing_size_coin, definition)
select id, case step when 0 then '' else 'COIN' || n end,
    case step when 0 then 'history_begins' else 'position_break' end,
    case step when 0 then '-infinity' else now() - make_interval(days => 20 + step) end,
    now() - make_interval(days => case step when 0 then 60 else 19 + step end),
    case step when 0 then null else n + 0.500 end, 'fill_gaps/1'
from figure, generate_series(0, 6) as step;

insert into metrics.restatements (metric, wallet_id, org_id, day, cause, changes)
select 'wallet_day_metrics', id, null::integer, current_date - 1, 'late facts',
    jsonb_build_object('fills', jsonb_build_array(1, n), 'wallet_id', jsonb_build_array(id, null))
from figure
union all
select 'global_day_metrics', null, o.id, current_date - 1, 'late facts',
    jsonb_build_object('fills', jsonb_build_array(1, v.n))
from (values ('org_a', 271828), ('org_b', 314159)) as v (org, n)
join org as o on o.name = v.org;

select facts.ensure_month('pages', now());
select facts.ensure_month('hl_fills_raw', month)
from generate_series(date_trunc('month', now()) - interval '1 month', now(), '1 month') as month;
select facts.ensure_month('hl_fills_raw', '2023-06-01Z');

insert into facts.spot_pairs (coin, base_token, quote_token, fingerprint, page_id)
values ('@107', 'HYPE', 'USDC', 1, 1), ('@1', 'HFUN', 'USDT0', 2, 1);
insert into facts.perp_dexs (dex, collateral_token, fingerprint, page_id)
values ('', 'USDC', 3, 1), ('xyz', 'USDC', 4, 1);

-- Forty fills yesterday, several in each millisecond, with a trade id ...
insert into facts.hl_fills_raw
    (time, oid, tid, fingerprint, page_id, wallet_id, ordinal, crossed, side, coin, px, sz,
     start_position, dir, closed_pnl, hash, fee, fee_token, builder_fee, extra, twap_id)
select (current_date - 1)::timestamp at time zone 'UTC' + make_interval(secs => (i / 4) * 60.5),
    1000 + i % 3, 5000 + i, n * 1000 + i, 1, f.id, i, i % 2 = 0,
    case when i % 2 = 0 then 'A' else 'B' end::"char",
    (array['BTC', '@107', 'xyz:TSLA', '#10', '@1'])[1 + i % 5], n + 0.1100, 0.0100, 0,
    case when i = 39 then 'Settlement' else 'Buy' end, 0.50, decode(repeat('ab', 32), 'hex'),
    -0.0125, 'USDC', null, case when i = 0 then '{"unknown": "kept"}'::jsonb end,
    case when i = 0 then n * 1000 + 1 end
from figure as f, generate_series(0, 39) as i;

-- ... and twenty of 2023 without one, some equal but for the fingerprint.
insert into facts.hl_fills_raw
    (time, oid, tid, fingerprint, page_id, wallet_id, ordinal, crossed, side, coin, px, sz,
     start_position, dir, closed_pnl, hash)
select '2023-06-01T00:00:00Z'::timestamptz + make_interval(secs => (i / 5)), 7, null,
    n * 1000 + 500 + i, 1, f.id, i % 2, true, 'B', 'ETH', n + i, 1, i, 'Open Long', 0,
    decode(repeat('cd', 32), 'hex')
from figure as f, generate_series(0, 19) as i;

insert into facts.conflicts
    (wallet_id, coin, time, oid, tid, side, fingerprint, row, page_id, first_fingerprint,
     first_page_id)
select id, 'BTC', now() - interval '1 day', 1, 1, 'A', n, '{}', 1, n + 1, 1 from figure;

insert into facts.rejects (wallet_id, source, payload, payload_sha256, reason, page_id, ordinal)
select id, 'info', n::text, '\x00', 'not a row', 1, 0 from figure;

insert into facts.reject_windows (reject_id, wallet_id, from_at, to_at)
select id, wallet_id, now() - interval '1 day', now() - interval '1 day'
from facts.rejects where wallet_id is not null;
update metrics.wallet_day_metrics
set reasons = '[{"kind": "reject", "from_at": "2026-01-01T00:00:00.000Z",
                 "to_at": "2026-01-01T00:00:00.000Z", "ms": null, "rows": 1}]'
where day = (now() at time zone 'UTC')::date - 1;
