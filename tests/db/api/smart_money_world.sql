-- Smart money in the world of two orgs, the same for both: loaded after world.sql. Three wallets
-- that no org tracks, watched at a fixed time and now.
insert into metrics.definitions (definition, metric, version, words, sql) values
    ('smart_money/1', 'signals', 1, 'Words as first published.', 'select 6'),
    ('smart_money/2', 'signals', 2, 'Words of the signal.', 'select 7');

insert into tenancy.wallets (address)
select decode(repeat(mark, 20), 'hex') from unnest(array['07', '08', '09']) as mark;
create temporary view watched as
select w.id, '0x' || encode(w.address, 'hex') as address, right(encode(w.address, 'hex'), 1)::int as n
from tenancy.wallets as w
where encode(w.address, 'hex') ~ '^(07){20}$|^(08){20}$|^(09){20}$';

insert into metrics.wallet_universe_runs
    (taken_at, source, status, rows_seen, rows_valid, members, excluded, entered, exited, churn,
     error_text, definition, digest)
values
    ('2026-02-28T18:00:00Z', 'leaderboard', 'chosen', 900, 899, 2, '{"no_volume_30d": 4}',
     array['0x' || repeat('07', 20), '0x' || repeat('08', 20)], '{}', null, null,
     'wallet_universe/2', '2:15'),
    ('2026-03-01T00:00:00Z', 'leaderboard', 'failed', 0, 0, 0, '{}', '{}', '{}', null,
     'the leaderboard answered 502', 'wallet_universe/2', ''),
    ('2026-03-01T00:15:00Z', 'fallback', 'chosen', 900, 900, 3,
     '{"no_perp_leg_7d": 2, "no_volume_30d": 4}', array['0x' || repeat('09', 20)], '{}', 0.33333333,
     null, 'wallet_universe/2', '3:24');
insert into metrics.wallet_universe_members (run_id, wallet_id, wallet, rank, pnl_30d, volume_30d)
select r.id, w.id, w.address, w.n - 6, 1000.500 * (10 - w.n), case w.n when 7 then null else 5.0 end
from metrics.wallet_universe_runs as r
cross join watched as w
where r.status = 'chosen' and w.n < 7 + r.members;

create temporary table recorded as
select m as minute from generate_series(
    '2026-03-01T12:00:00Z'::timestamptz, '2026-03-01T12:10:00Z', '1 minute') as m
union all
select date_trunc('minute', now()) - make_interval(mins => back) from generate_series(0, 9) as back;
select facts.ensure_day('wallet_snapshots', day)
from (select distinct date_trunc('day', minute, 'UTC') as day from recorded) as days;

insert into ops.ingest_runs
    (minute, status, started_at, duration_ms, wallets, wallets_ok, wallets_failed, rows_written,
     coverage, universe_run_id, error_text)
select minute, case when minute = '2026-03-01T12:03:00Z' then 'partial' else 'success' end,
    minute + interval '1 second', 850, 3, 3, 0, 9, 1.00000000,
    (select max(id) from metrics.wallet_universe_runs), null
from recorded;
insert into ops.ingest_runs
    (minute, status, started_at, duration_ms, wallets, wallets_ok, wallets_failed, rows_written,
     coverage, universe_run_id, error_text)
values ('2026-03-01T12:11:00Z', 'failed', '2026-03-01T12:12:00Z', 3, 3, 0, 3, 9, 0,
    (select max(id) from metrics.wallet_universe_runs), 'nobody asked');

-- 07 is long and adds, 08 is short, 09 is flat, and was not seen at 12:03.
insert into facts.wallet_snapshots
    (minute, wallet_id, asset, szi, missing, entry_px, position_value, unrealized_pnl, leverage,
     account_value, observed_at, payload_fingerprint, fingerprint)
select r.minute, w.id, a.asset,
    case when u.unseen then null when w.n = 7 then 10.50 + extract(minute from r.minute)::int / 5
        when w.n = 8 then -4 else 0 end,
    case when u.unseen then 'there was no answer within the minute' end,
    case when w.n < 9 then 25.1250 end, case when w.n < 9 then 100.0 end,
    case when w.n < 9 then -1.50 end, case when w.n < 9 then 5 end,
    case when not u.unseen then 5000.00 end, case when not u.unseen then r.minute end, w.n,
    w.n * 100 + extract(minute from r.minute)::int
from recorded as r
cross join watched as w
cross join unnest(array['HYPE', 'BTC', 'ETH']) as a (asset)
cross join lateral (select w.n = 9 and r.minute = '2026-03-01T12:03:00Z' as unseen) as u;

insert into metrics.snapshot_anomalies
    (minute, wallet_id, asset, kind, known_at, dirties, detail, definition)
select v.minute::timestamptz, w.id, 'BTC', v.kind, v.known_at::timestamptz, v.dirties,
    '{"szi": "0"}', 'snapshot_anomalies/1'
from (values
    (8, '2026-03-01T12:05:00Z', 'szi_jump', '2026-03-01T12:05:00Z', true),
    -- Known only after the signal of 12:10.
    (7, '2026-03-01T12:10:00Z', 'transient_collapse', '2026-03-01T12:11:00Z', true)
) as v (n, minute, kind, known_at, dirties)
join watched as w on w.n = v.n;

insert into facts.mids (dex, at, page_id, mids)
select '', m.at, 1, '{"HYPE": "40.5", "BTC": "100000.5", "DOGE": "1"}'
from (values ('2026-03-01T12:09:00.100Z'::timestamptz),
    (date_trunc('minute', now()) - interval '10 seconds')) as m (at);

-- Signals of BTC in each period from 12:05 on; HYPE has one that is locked; ETH none but now.
create temporary table scored as
select m.at, a.asset, d.definition
from (
    select generate_series('2026-03-01T12:05:00Z'::timestamptz, '2026-03-01T13:00:00Z', '5 minutes')
    union all
    select to_timestamp(floor(extract(epoch from now()) / 300) * 300)
) as m (at)
cross join unnest(array['HYPE', 'BTC', 'ETH']) as a (asset)
cross join unnest(array['smart_money/1', 'smart_money/2']) as d (definition)
where a.asset = 'BTC' or m.at > '2026-03-02Z' or (a.asset, m.at) = ('HYPE', '2026-03-01T12:05:00Z');

insert into metrics.signals
    (at, asset, definition, locked, universe_run_id, wallets, observed, exposed, coverage, cas,
     cas_lower, cas_upper, cas_usd, participation, trend, dispersion, dispersion_size, activity_sd,
     stock_disagreement, ecs, ecs_long, ecs_short, ecs_forced, ecs_z, ecs_percentile, herding,
     herding_sign, herding_n, counts, reach, band, exits, bias, risk, rule, nearest_miss, flags,
     state, mark_price, unknown, completeness, digest)
select
    at, asset, definition, null, (select max(id) from metrics.wallet_universe_runs), 3, 2, 2,
    1.00000000, 66.66666667, 60.00000000, 75.00000000, 70.12500000, 50.00000000,
    case when at = '2026-03-01T12:05:00Z' then null else 'rising' end, 33.30000000, 0E-8,
    12.50000000, 66.66666667, 16.00000000, 10, 22.00000000, 0E-8, null, null, 0.16190100, 1, 20,
    '{"ADD_L": 1, "HOLD": 1, "DIRTY": 1, "FLAT": 0}',
    '{"definition": "smart_money/2", "wallets": 3, "exposed": 2, "cas_lowest": "7.14285714",
      "cas_highest": "92.85714286", "ecs_lowest": "0E-8", "long_in_reach": true}',
    'long',
    '{"all": {"left": 3, "exposed": 19, "forced": 0, "unexplained": 0, "p0": null, "high": false,
      "level": "medium"},
      "long": {"left": 1, "exposed": 10}, "short": {"left": 2, "exposed": 9}}',
    'Long', 'Reduced', 'lean_with',
    '{"input": "ecs", "threshold": "15", "distance": "1.00000000", "bias": "Long",
      "risk": "Normal"}',
    '{"add_exposure_long": true, "add_exposure_short": false, "tighten_stops_long": false,
      "tighten_stops_short": null}',
    '{}', 100000.50, '{}', 0.66666667, '5:' || (700 + 705 + 800 + 805 + 900)
from scored
where definition = 'smart_money/2' and (asset, at) <> ('HYPE', '2026-03-01T12:05:00Z');
insert into metrics.signals
    (at, asset, definition, universe_run_id, wallets, observed, exposed, coverage, cas, cas_lower,
     cas_upper, trend, dispersion, ecs, counts, band, bias, risk, rule, flags, completeness, digest)
select
    at, asset, definition, (select max(id) from metrics.wallet_universe_runs), 3, 2, 2, 1.00000000,
    52.50000000, 52.50000000, 52.50000000, 'flat', 60.20000000, 9.00000000,
    '{"adder_long": 1, "flat": 1, "missing": 1}', 'neutral', 'No-trade', 'Defensive', 'neutral',
    '{"add_exposure_long": false, "tighten_stops_long": true}', 0.66666667, '5:3910'
from scored
where definition = 'smart_money/1' and (asset, at) <> ('HYPE', '2026-03-01T12:05:00Z');
insert into metrics.signals
    (at, asset, definition, locked, wallets, observed, exposed, coverage, bias, risk, rule, unknown,
     completeness, digest)
select at, asset, definition, 'snapshot_failed', 3, 0, 0, 0, 'No-trade', 'Defensive',
    'locked:snapshot_failed', '{"cas": "locked: snapshot_failed"}', 0, '0:0'
from scored
where (asset, at) = ('HYPE', '2026-03-01T12:05:00Z');

insert into metrics.signal_contributors
    (at, asset, definition, wallet_id, wallet, class, before_coin, now_coin, delta_coin, epsilon,
     weight_coin, delta_usd, forced, effect_cas, effect_cas_usd, effect_dispersion,
     effect_dispersion_size, effect_ecs)
select '2026-03-01T12:10:00Z', 'BTC', 'smart_money/2', w.id, w.address,
    case w.n when 7 then 'ADD_L' when 8 then 'DIRTY' else 'HOLD' end,
    case w.n when 7 then 11.50 else -4 end, case w.n when 7 then 12.50 else -4 end,
    case w.n when 7 then 1.00 else 0 end, 0.0001, case w.n when 7 then 1.00 end,
    case w.n when 7 then 100000.500 end, case w.n when 7 then false end,
    case w.n when 7 then 8.33333334 when 9 then -8.33333334 end, null, 0E-8, null, 0E-8
from watched as w;

insert into ops.computations (metric, key, computed_at)
values ('signals', '2026-03-01T12:10Z', '2026-03-01T12:10:04.125Z');

insert into ops.ingest_health (at, state, last_success, age_seconds, coverage, reason)
select now() - make_interval(mins => back), v.state, now() - make_interval(mins => back), 60, v.coverage,
    v.state || ' ' || back
from generate_series(0, 30) as back
cross join lateral (select
    case when back in (20, 21) then 'degraded' else 'healthy' end as state,
    case when back in (20, 21) then 0.93000000 else 1.00000000 end as coverage) as v;
update ops.ingest_health set last_success = date_trunc('minute', now()) where reason = 'healthy 0';

-- An hour after every signal of BTC: eleven that stand five minutes apart, thirty of the last days
-- two hours apart, of which each third was wrong, and one that is not over.
insert into metrics.signals
    (at, asset, definition, wallets, observed, exposed, coverage, cas, band, bias, risk, rule,
     completeness, digest)
select date_trunc('hour', now()) - make_interval(hours => 2 * i + 48), 'BTC', 'smart_money/2', 3, 3,
    3, 1, 20, case when i < 4 then 'short' else 'strong_short' end, 'Short', 'Normal',
    'strong_with', 1, '0:0'
from generate_series(1, 30) as i
on conflict do nothing;
insert into metrics.signal_outcomes
    (at, asset, definition, horizon_minutes, mark_before, mark_after, return, hit, unknown)
select s.at, 'BTC', 'smart_money/2', h.minutes, 100000, 99000.0, -0.01000000,
    (extract(epoch from s.at) / 7200)::bigint % 3 <> 0, null
from metrics.signals as s
cross join unnest(array[60, 240]) as h (minutes)
where s.cas = 20
union all
select s.at, 'BTC', 'smart_money/2', 60, 100000.50, null, null, null, 'the hour is not over'
from metrics.signals as s
where s.asset = 'BTC' and s.definition = 'smart_money/2' and s.at > now() - interval '10 minutes';

insert into ops.alerts (type, subject, level, from_state, to_state, at, reason, value)
select v.type, v.subject, 'high', v.from_state, v.to_state, v.at::timestamptz, v.reason,
    '{"ecs": "30.5"}'
from (values
    ('exit_cluster', 'BTC', 'inactive', 'pending', '2026-03-01T12:05:00Z', 'exits are high'),
    ('exit_cluster', 'BTC', 'pending', 'firing', '2026-03-01T12:10:00Z', 'two periods on end'),
    ('exit_cluster', 'ETH', 'pending', 'suppressed', '2026-03-01T12:10:00Z', 'four in a day'),
    ('system_stale', 'system', 'inactive', 'firing', '2026-03-01T12:20:00Z', 'no minute'),
    ('system_stale', 'system', 'firing', 'resolved', '2026-03-01T12:30:00Z', 'minutes again')
) as v (type, subject, from_state, to_state, at, reason);
update ops.alert_state
set state = 'firing', since = '2026-03-01T12:10:00Z', last_fired_at = '2026-03-01T12:10:00Z',
    last_value = '30.5', reason = 'two periods on end'
where type = 'exit_cluster' and subject = 'BTC';

-- The snapshots of the newest signal left the database.
insert into ops.seals (
    dataset, number, day, rows, digest, bytes, manifest_sha256, location, released_at)
select 'wallet_snapshots', 1, max(s.at)::date, 6, '6:1', 1, '', 'file:///archive', now()
from metrics.signals as s;

-- The third version of all that the second has, with the same figures.
create temporary table copied_signals as
select * from metrics.signals where definition = 'smart_money/2';
update copied_signals
set definition = 'smart_money/3',
    dispersion_level = case when dispersion is not null then 'low' end,
    active = case when locked is null then 30 end,
    active_needed = case when locked is null then 20 end,
    exits = jsonb_set(exits, '{all,significance}', '"not yet"');
insert into metrics.signals select * from copied_signals;
create temporary table copied_contributors as
select * from metrics.signal_contributors where definition = 'smart_money/2';
update copied_contributors
set definition = 'smart_money/3', before_age_seconds = 0, now_age_seconds = 60;
insert into metrics.signal_contributors select * from copied_contributors;
create temporary table copied_outcomes as
select * from metrics.signal_outcomes where definition = 'smart_money/2';
update copied_outcomes set definition = 'smart_money/3';
insert into metrics.signal_outcomes select * from copied_outcomes;
-- What only the third has: the outcome after a signal's own horizon.
insert into metrics.signal_outcomes
    (at, asset, definition, horizon_minutes, mark_before, mark_after, return, hit)
select at, asset, definition, 5, mark_before, mark_after, return, hit
from copied_outcomes
where horizon_minutes = 60 and return is not null;

-- Later fills moved what was issued: twice of one signal, and of its neighbours.
insert into metrics.restatements
    (metric, day, cause, changes, signal_asset, signal_at, window_minutes, restated_at)
values
    ('signals', '2026-03-01', 'late facts', '{"ecs": ["40.00000000", "30.00000000"]}',
     'BTC', '2026-03-01T12:10:00Z', 5, '2026-03-01T12:11:00Z'),
    ('signals', '2026-03-01', 'late facts',
     '{"ecs": ["30.00000000", "16.00000000"], "ecs_forced": ["0E-8", null], "bias": ["Long", "No-trade"]}',
     'BTC', '2026-03-01T12:10:00Z', 5, '2026-03-01T12:12:00Z'),
    ('signals', '2026-03-01', 'late facts', '{"ecs": ["1", "2"]}',
     'BTC', '2026-03-01T12:10:00Z', 60, '2026-03-01T12:11:00Z'),
    ('signals', '2026-03-01', 'late facts', '{"ecs": ["1", "2"]}',
     'ETH', '2026-03-01T12:10:00Z', 5, '2026-03-01T12:11:00Z');
