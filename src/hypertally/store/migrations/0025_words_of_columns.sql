-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- What columns hold, where the words so far were untrue: those of a column of the same name in
-- another table, or of an earlier version.
comment on column ops.ingest_runs.feed_coverage is
    'share of the watched wallets observed in the 120 seconds up to the minute; after 120 seconds in which no wallet answered, what it was as of the last minute in which wallets did; health and alerts are judged by it; null: nobody was watched, no wallet had ever answered, or recorded before this column';
comment on column ops.ingest_health.coverage is
    'the coverage that the state was judged by, 0 to 1: ops.ingest_runs.feed_coverage as of the check; after 120 seconds in which no wallet answered, what it was before; null: unknown';
comment on column ops.ingest_health.state is 'healthy, degraded or stale';
comment on column ops.ingest_runs.minute is 'the minute that was to be recorded, UTC';
comment on column ops.ingest_runs.status is
    'success: every wallet answered; partial: some did; failed: none did';
comment on column metrics.signals.definition is 'smart_money/1, smart_money/2 or smart_money/3';
comment on column metrics.signals.coverage is
    'smart_money/3: share of the watched wallets observed in the 120 seconds up to the end of the period; earlier versions: share that answered in the minute';
comment on column metrics.signals.completeness is
    'share of the wallets that were observed well at both ends of the period';
comment on column metrics.signals.dispersion is
    'smart_money/1: standard deviation of what wallets did; later versions: how evenly buyers and sellers are split by number, 0 to 100';
comment on column metrics.signal_contributors.at is 'the end of the period, UTC';
comment on column metrics.signal_outcomes.at is 'the end of the period, UTC';
comment on column metrics.snapshot_anomalies.kind is
    'transient_collapse, szi_jump, null_szi, frozen, mass_vanish or other';
comment on column metrics.wallet_universe_runs.source is
    'where the wallets were chosen from: leaderboard, fallback or own_facts';
comment on column metrics.wallet_universe_runs.status is 'chosen, kept_old or failed';
comment on column metrics.definitions.definition is
    'name and version of a definition, for example wallet_day_metrics/1';
comment on column metrics.global_day_metrics.closed is
    'pages prove the day of every tracked wallet to its end';
comment on column metrics.restatements.twap_id is 'number of the TWAP order; null: figures of a day';
comment on column metrics.twaps.twap_id is 'number of the TWAP order';
comment on column metrics.twaps.started_at is 'when the TWAP began';
comment on column metrics.twap_slices.at is 'when the slice traded, UTC';
comment on column metrics.twap_slices.fills is 'fills of the slice';
comment on column metrics.twap_executions.twap_id is 'number of the TWAP order';
comment on column ops.dirty_twaps.twap_id is 'number of the TWAP order';
comment on table ops.alert_checks is
    'When each type of alert was checked last, and by which program.';

-- migrate:down
-- forward only
