"""What each login may do once it is its role, word for word; everything else is refused."""

from typing import Final

from hypertally.store.logins import Login

API: Final = "hypertally_api_login"
WATCHDOG: Final = "hypertally_watchdog_login"
WORKER: Final = "hypertally_worker_login"

NAMES: Final = "wallet_groups wallet_labels wallet_notes wallet_tags"

# By schema, the tables and views that a verb is allowed on.
Rights = dict[str, str]

API_RIGHTS: dict[str, Rights] = {
    "select": {
        "facts": "account_positions archived_fills candles conflicts decoded_rejects "
        "history_readings hl_fills_raw leaderboard_rows limits_lifted limits_met mids pages "
        "perp_dexs reject_windows rejects spot_pairs token_prices twap_slices twap_status "
        "twap_status_repeats unread_fields wallet_snapshots",
        "metrics": "definitions fill_gaps global_day_metrics public_wallets restatements "
        "signal_contributors signal_outcomes signals snapshot_anomalies twap_executions "
        "twap_slices twap_status twaps wallet_day_metrics wallet_universe_current "
        "wallet_universe_members",
        "ops": "alert_checks alert_state alerts computations etl_s3_ingest_log hl_ingest_cursor "
        "ingest_health ingest_runs schema_migrations seals v_latest_health v_latest_signals "
        "v_recent_alerts",
        "tenancy": f"org_wallets orgs user_profiles wallets {NAMES} org_revisions wallet_names",
    },
}

WATCHDOG_WRITES = (
    "alert_checks alert_deliveries alert_gaps alert_state alerts computations dirty_global_days "
    "dirty_twaps dirty_wallet_days etl_s3_ingest_log exit_windows gap_repairs hl_ingest_cursor "
    "ingest_health ingest_runs jobs source_pauses twap_cursors unjudged_restatements "
    "weight_budgets weight_shares weight_spends"
)
WATCHDOG_RIGHTS: dict[str, Rights] = {
    "select": {
        "facts": "account_positions archived_fills candles conflicts decoded_rejects hl_fills_raw "
        "leaderboard_rows limits_lifted limits_met mids pages perp_dexs reject_windows rejects "
        "spot_pairs token_prices twap_slices twap_status twap_status_repeats unread_fields "
        "wallet_snapshots watched_fills watched_readings",
        "metrics": "definitions fill_gaps global_day_metrics public_wallets restatements "
        "signal_contributors signal_outcomes signals snapshot_anomalies twap_executions "
        "twap_slices twaps wallet_day_metrics wallet_universe_current wallet_universe_members "
        "wallet_universe_runs",
        "ops": f"{WATCHDOG_WRITES} dirty_signals exchange_identity seals schema_migrations "
        "v_latest_health v_latest_signals v_recent_alerts",
        "tenancy": f"org_wallets orgs wallets {NAMES} org_revisions wallet_names",
    },
    "insert": {"ops": f"{WATCHDOG_WRITES} dirty_signals exchange_identity seals"},
    "update": {"ops": WATCHDOG_WRITES},
    "delete": {"ops": f"{WATCHDOG_WRITES} dirty_signals"},
}

FACTS = (
    "account_positions archived_fills candles conflicts decoded_rejects history_readings "
    "hl_fills_raw leaderboard_rows limits_lifted limits_met mids pages perp_dexs reject_windows "
    "rejects spot_pairs token_prices twap_slices twap_status twap_status_repeats unread_fields "
    "wallet_snapshots watched_fills watched_readings"
)
METRICS = (
    "definitions fill_gaps global_day_metrics signal_contributors signal_outcomes signals "
    "snapshot_anomalies twap_executions twap_slices twaps wallet_day_metrics "
    "wallet_universe_members wallet_universe_runs"
)
MEMBERS = f"org_wallets user_profiles {NAMES}"
WORKER_RIGHTS: dict[str, Rights] = {
    "select": {
        "facts": FACTS,
        "metrics": f"{METRICS} public_wallets restatements twap_status wallet_universe_current",
        "ops": WATCHDOG_RIGHTS["select"]["ops"],
        "tenancy": f"{MEMBERS} org_revisions orgs removed_users revocations sign_ins tokens "
        "wallet_names wallets",
    },
    "insert": {
        "facts": FACTS,
        "metrics": f"{METRICS} public_wallets restatements",
        "ops": WATCHDOG_RIGHTS["insert"]["ops"],
        "tenancy": f"{MEMBERS} org_revisions orgs removed_users revocations sign_ins tokens "
        "wallets",
    },
    "update": {
        "metrics": METRICS,
        "ops": WATCHDOG_WRITES,
        "tenancy": f"{MEMBERS} org_revisions tokens",
    },
    "delete": {
        "metrics": METRICS,
        "ops": WATCHDOG_RIGHTS["delete"]["ops"],
        "tenancy": f"{MEMBERS} removed_users",
    },
}

RIGHTS: dict[Login, dict[str, Rights]] = {
    API: API_RIGHTS,
    WATCHDOG: WATCHDOG_RIGHTS,
    WORKER: WORKER_RIGHTS,
}

# Single columns of tables that a verb is not allowed on as a whole.
COLUMNS: dict[tuple[Login, str, str], str] = {
    (API, "select", "metrics.wallet_universe_runs"): "id taken_at source page_id status rows_seen "
    "rows_valid members excluded churn error_text definition digest",
    (WATCHDOG, "update", "ops.seals"): "verified_at",
    (WORKER, "update", "ops.seals"): "verified_at",
}

# Functions, but for those that only a trigger can call.
WATCHDOG_CALLS = (
    "facts.day_readings facts.dex_of facts.ensure_day facts.ensure_month facts.fill_is_forced "
    "facts.is_ahead facts.is_history_whole facts.market_of facts.reduction_is_known "
    "facts.release_day facts.reopen_day facts.settled_positions facts.time_of_ms facts.twap_runs "
    "facts.twap_word metrics.completeness ops.archive_totals ops.end_long_sessions ops.feed_at "
    "ops.holds_books ops.is_behind ops.shown_state ops.twap_source_totals tenancy.current_org "
    "tenancy.current_user_id"
)
CALLS: dict[Login, str] = {
    API: "facts.dex_of facts.fill_is_forced facts.is_ahead facts.market_of facts.time_of_ms "
    "facts.twap_runs facts.twap_word metrics.add_amounts metrics.add_intervals "
    "metrics.count_snapshots metrics.list_days_without_fills "
    "metrics.list_days_without_fills_of_org "
    "metrics.list_doubtful_days metrics.list_unknown_days metrics.longest_twap "
    "metrics.moves_of_run metrics.sum_intervals metrics.sum_minutes metrics.sum_positions "
    "metrics.twap_over_by metrics.with_priced metrics.with_unpriced ops.archive_totals "
    "ops.is_behind ops.is_forgetting ops.shown_state ops.twap_source_totals tenancy.admit_member "
    "tenancy.admit_user tenancy.close_session tenancy.current_org tenancy.current_user_id "
    "tenancy.is_ended tenancy.open_session",
    WATCHDOG: WATCHDOG_CALLS,
    WORKER: f"{WATCHDOG_CALLS} metrics.add_amounts metrics.add_intervals metrics.count_snapshots "
    "metrics.longest_twap metrics.members_digest metrics.moves_of_run metrics.sum_intervals "
    "metrics.sum_minutes metrics.sum_positions metrics.twap_over_by metrics.with_priced",
}

# Sequences that a login may draw numbers from; those of identity columns need no right.
OPS_SEQUENCES = (
    "ops.jobs_id_seq ops.lease_tokens ops.dirty_wallet_days_id_seq ops.dirty_global_days_id_seq "
    "ops.weight_spends_id_seq ops.etl_s3_ingest_log_id_seq ops.dirty_twaps_id_seq "
    "ops.ingest_health_id_seq ops.alerts_id_seq ops.alert_deliveries_id_seq "
    "ops.dirty_signals_id_seq"
)
SEQUENCES: dict[Login, str] = {
    API: "",
    WATCHDOG: OPS_SEQUENCES,
    WORKER: f"{OPS_SEQUENCES} metrics.restatements_id_seq metrics.wallet_universe_runs_id_seq",
}

# The roles that a session of a login may become.
BECOMES: dict[Login, str] = {
    API: "hypertally_api",
    WATCHDOG: "hypertally_jobs",
    WORKER: "hypertally_worker hypertally_tenancy hypertally_facts hypertally_metrics "
    "hypertally_jobs",
}
