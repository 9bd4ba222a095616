"""The API's role sees the rows of the org that is set, and without one none at all."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from hypertally.flow import METRICS

EVERYBODY = "everybody"
ALERT_OF = f"coalesce('org ' || org_id, 'wallet ' || wallet_id, '{EVERYBODY}')"
# What rows name their owner by. Wallet 1 is of org A, 2 of B, 3 of both, 4 of none.
NAMED_BY = {
    "facts.pages": "wallet_id",
    "facts.hl_fills_raw": "wallet_id",
    "facts.conflicts": "wallet_id",
    "facts.rejects": "coalesce(wallet_id, 0)",
    "facts.unread_fields": "wallet_id",
    "facts.reject_windows": "wallet_id",
    "facts.decoded_rejects": "page_id",  # the rows below have the wallet's id there
    "facts.limits_met": "wallet_id",
    "facts.history_readings": "wallet_id",
    "facts.limits_lifted": "wallet_id",
    "facts.account_positions": "wallet_id",
    "facts.twap_slices": "wallet_id",
    "facts.twap_status": "coalesce(wallet_id, 0)",
    "metrics.twaps": "coalesce(wallet_id, 0)",
    "metrics.twap_slices": "case when audience = 'a' then 0 else wallet_id end",
    "metrics.twap_executions": "case when audience = 'a' then 0 else wallet_id end",
    "metrics.fill_gaps": "wallet_id",
    "facts.wallet_snapshots": "wallet_id",
    "metrics.wallet_universe_members": "wallet_id",
    "metrics.snapshot_anomalies": "wallet_id",
    "metrics.signal_contributors": "wallet_id",
    "metrics.wallet_day_metrics": "wallet_id",
    "ops.hl_ingest_cursor": "wallet_id",
    "tenancy.wallets": "id",
    "tenancy.org_wallets": "org_id",
    "tenancy.wallet_labels": "org_id",
    "tenancy.wallet_tags": "org_id",
    "tenancy.wallet_groups": "org_id",
    "tenancy.wallet_notes": "org_id",
    "tenancy.org_revisions": "org_id",
    "tenancy.orgs": "id",
    "metrics.global_day_metrics": "org_id",
    "metrics.restatements": "coalesce('org ' || org_id, 'wallet ' || wallet_id)",
    "ops.computations": "metric || ' ' || split_part(key, '/', 1)",
    "tenancy.user_profiles": "user_id",
    "ops.alert_state": ALERT_OF,
    "ops.alerts": ALERT_OF,
}
SAME_FOR_ALL_ORGS = (
    "facts.spot_pairs",
    "facts.perp_dexs",
    "facts.token_prices",
    "facts.candles",
    "facts.mids",
    "facts.leaderboard_rows",
    "facts.twap_status_repeats",
    "facts.archived_fills",
    "metrics.definitions",
    "metrics.wallet_universe_runs",
    "metrics.public_wallets",
    "metrics.signals",
    "metrics.signal_outcomes",
    "ops.etl_s3_ingest_log",
    "ops.ingest_runs",
    "ops.ingest_health",
    "ops.alert_checks",
    "ops.seals",
)
# Views have no security of their own: they read as whoever asks.
VIEWS = (
    "metrics.twap_status",
    "tenancy.wallet_names",
    "metrics.wallet_universe_current",
    "ops.v_latest_health",
    "ops.v_latest_signals",
    "ops.v_recent_alerts",
)
# Read by the readiness probe, which asks as nobody: the names of files.
OPEN = ("ops.schema_migrations",)
# What an archive says of any wallet is public; its rows name no tracked one.
WITH_PUBLIC_ROWS = (
    "facts.rejects",  # of no wallet
    "facts.twap_status",
    "metrics.twaps",
    "metrics.twap_slices",
    "metrics.twap_executions",
)
# An alert about a wallet or an org is theirs; one about neither is everybody's.
ALERTS = ("ops.alert_state", "ops.alerts")
PUBLIC = 0
SIGNALS = "signals 2025-03-10T00:00Z"  # computed for every org

ORG_A, ORG_B, ORG_WITHOUT_WALLETS = 11, 12, 13
NOTHING: dict[str, set[Any]] = {table: set() for table in NAMED_BY}
SEEN_BY_A = {
    **{table: {1, 3} for table in NAMED_BY},
    **{table: {PUBLIC, 1, 3} for table in WITH_PUBLIC_ROWS},
    **{table: {EVERYBODY, "org 11", "wallet 1", "wallet 3"} for table in ALERTS},
    "tenancy.org_wallets": {ORG_A},
    "tenancy.wallet_labels": {ORG_A},
    "tenancy.wallet_tags": {ORG_A},
    "tenancy.wallet_groups": {ORG_A},
    "tenancy.wallet_notes": {ORG_A},
    "tenancy.org_revisions": {ORG_A},
    "tenancy.orgs": {ORG_A},
    "metrics.global_day_metrics": {ORG_A},
    "metrics.restatements": {"org 11", "wallet 1", "wallet 3"},
    "ops.computations": {
        SIGNALS,
        "global_day_metrics 11",
        "wallet_day_metrics 1",
        "wallet_day_metrics 3",
    },
    "tenancy.user_profiles": {"user of A"},
}
ROWS = """
insert into tenancy.orgs (id, name) overriding system value
values (11, 'a'), (12, 'b'), (13, 'without');
insert into tenancy.wallets (id, address) overriding system value
select n, decode(lpad(n::text, 40, '0'), 'hex') from generate_series(1, 4) as n;
insert into tenancy.org_wallets (org_id, wallet_id) values (11, 1), (11, 3), (12, 2), (12, 3);
insert into tenancy.wallet_labels (org_id, wallet_id, label, labelled_at)
values (11, 1, 'a', now()), (11, 3, 'a', now()), (12, 3, 'b', now());
insert into tenancy.wallet_tags (org_id, wallet_id, tag, tagged_at)
select org_id, wallet_id, label, labelled_at from tenancy.wallet_labels;
insert into tenancy.wallet_groups (org_id, wallet_id, name, grouped_at)
select org_id, wallet_id, label, labelled_at from tenancy.wallet_labels;
insert into tenancy.wallet_notes (org_id, wallet_id, note, noted_at)
select org_id, wallet_id, label, labelled_at from tenancy.wallet_labels;
insert into tenancy.user_profiles (user_id, org_id, role)
values ('user of A', 11, 'admin'), ('other user of A', 11, 'viewer'), ('user of B', 12, 'admin');
select facts.ensure_month('pages', '2025-03-10'), facts.ensure_month('hl_fills_raw', '2025-03-10');
insert into facts.pages (
    wallet_id, source, request, asked_at, row_count, body_sha256, weight, closed)
select n, 'info.userFillsByTime', '{}', '2025-03-10', 0, '', 20, true
from (values (1), (2), (3), (4), (null)) as v (n);
insert into facts.hl_fills_raw (
    time, oid, tid, fingerprint, page_id, wallet_id, ordinal, crossed, side, coin, px, sz,
    start_position, dir, closed_pnl, hash)
select '2025-03-10', 1, 2, 3, 1, n, 0, true, 'B', 'BTC', 1, 1, 0, 'Open Long', 0,
    decode(repeat('00', 32), 'hex')
from generate_series(1, 4) as n;
insert into facts.conflicts (
    wallet_id, coin, time, oid, tid, side, fingerprint, row, page_id, first_fingerprint,
    first_page_id)
select n, 'BTC', '2025-03-10', 1, 2, 'B', 4, '{}', 1, 3, 1 from generate_series(1, 4) as n;
insert into facts.rejects (wallet_id, source, payload, payload_sha256, reason, page_id, ordinal)
select n, 'info.userFillsByTime', '{}', '', 'empty', 1, 0
from (values (1), (2), (3), (4), (null)) as v (n);
insert into facts.unread_fields (
    wallet_id, coin, time, oid, tid, side, fingerprint, extra, page_id)
select n, 'BTC', '2025-03-10', 1, 2, 'B', 4, '{}', 1 from generate_series(1, 4) as n;
insert into facts.reject_windows (reject_id, wallet_id, from_at, to_at)
select id, wallet_id, '2025-03-10', '2025-03-10' from facts.rejects where wallet_id is not null;
insert into facts.decoded_rejects (reject_id, page_id)
select reject_id, wallet_id from facts.reject_windows;
insert into facts.limits_met (wallet_id, kind, from_ms, to_ms, reason, page_id)
select n, 'history_begins', 0, 1, 'so', 1 from generate_series(1, 4) as n;
insert into facts.history_readings (wallet_id, asked_at, rows_shown, page_id)
select n, '2025-03-10', 1, 1 from generate_series(1, 4) as n;
insert into facts.account_positions (wallet_id, dex, at, positions, page_id)
select n, '', '2025-03-10', '{}', 1 from generate_series(1, 4) as n;
insert into facts.limits_lifted (limit_id, wallet_id, page_id)
select n, n, 1 from generate_series(1, 4) as n;
insert into metrics.fill_gaps (wallet_id, coin, kind, from_at, to_at, definition)
select n, 'BTC', 'position_break', '2025-03-09', '2025-03-10', 'fill_gaps/1'
from generate_series(1, 4) as n;
insert into metrics.wallet_day_metrics (
    wallet_id, day, fills, events, forced_fills, volumes, fees, builder_fees, coins, first_fill_at,
    last_fill_at, unpriced, closed, gap_ms, completeness, definition, digest, reference_digest)
select n, '2025-03-10', 1, 0, 0, '{}', '{}', '{}', 1, '2025-03-10', '2025-03-10', '[]', true, 0, 1,
    'wallet_day_metrics/1', '1:3', '0:0'
from generate_series(1, 4) as n;
insert into metrics.global_day_metrics (
    org_id, day, wallets, dau, fills, events, forced_fills, volumes, fees, builder_fees, coins,
    first_fill_at, last_fill_at, unpriced, closed, completeness, definition, digest,
    reference_digest)
select n, '2025-03-10', 2, 2, 2, 0, 0, '{}', '{}', '{}', 1, '2025-03-10', '2025-03-10', '[]', true,
    1, 'global_day_metrics/1', '2:6', '0:0'
from unnest(array[0, 11, 12]) as n;
insert into metrics.restatements (metric, wallet_id, org_id, day, cause, changes)
select 'wallet_day_metrics', n, null, date '2025-03-10', 'late facts', '{}'::jsonb
from generate_series(1, 4) as n
union all
select 'global_day_metrics', null, n, '2025-03-10', 'late facts', '{}'
from unnest(array[0, 11, 12]) as n;
insert into ops.hl_ingest_cursor (wallet_id) select generate_series(1, 4);
insert into ops.computations (metric, key)
select 'wallet_day_metrics', n || '/2025-03-10' from generate_series(1, 4) as n
union all
select 'global_day_metrics', n || '/2025-03-10' from unnest(array[0, 11, 12]) as n
union all
select 'signals', '2025-03-10T00:00Z';
-- A universe without a leaderboard is of tracked wallets.
insert into metrics.wallet_universe_runs (taken_at, source, status, members, definition)
values ('2025-03-10', 'own_facts', 'chosen', 4, 'universe/2');
insert into metrics.wallet_universe_members (run_id, wallet_id, wallet, rank, pnl_30d)
select r.id, n, '0x' || lpad(n::text, 40, '0'), n, 1
from metrics.wallet_universe_runs as r cross join generate_series(1, 4) as n;
select facts.ensure_day('wallet_snapshots', '2025-03-10');
insert into facts.wallet_snapshots (minute, wallet_id, asset, szi, fingerprint)
select '2025-03-10', n, 'BTC', n, n from generate_series(1, 4) as n;
insert into metrics.snapshot_anomalies (
    minute, wallet_id, asset, kind, known_at, dirties, definition)
select '2025-03-10', n, 'BTC', 'other', '2025-03-10', true, 'snapshot_anomalies/1'
from generate_series(1, 4) as n;
insert into metrics.signal_contributors (
    at, asset, definition, wallet_id, wallet, class, epsilon)
select '2025-03-10', 'BTC', 'smart_money/2', n, '0x' || lpad(n::text, 40, '0'), 'ADD_L', 1
from generate_series(1, 4) as n;
insert into facts.twap_status (
    twap_id, wallet, wallet_id, ts, asset, side, size_requested, status, duration_minutes,
    raw_payload, fingerprint, page_id, ordinal)
select coalesce(n, 5), '0x' || repeat('0', 40), n, '2025-03-10', 'BTC', 'B', 1, 'activated', 5,
    '{}', 1, 1, 0
from (values (1), (2), (3), (4), (null)) as v (n);
insert into facts.twap_slices (wallet_id, twap_id, time, coin, oid, tid, side, page_id)
select n, 1, '2025-03-10', 'BTC', 1, 2, 'B', 1 from generate_series(1, 4) as n;
insert into metrics.twaps (
    twap_id, wallet, wallet_id, in_archive, asset, side, status, started_at, duration_minutes,
    ends_at, size_requested, statuses, definition, digest)
select coalesce(n, 5), '0x' || repeat('0', 40), n, n is null, 'BTC', 'B', 'activated',
    '2025-03-10', 5, '2025-03-10 00:05', 1, 1, 'twaps/1', '1:1'
from (values (1), (2), (3), (4), (null)) as v (n);
insert into metrics.twap_slices (
    wallet_id, twap_id, at, oid, coin, side, fills, size_coin, notional, fees, definition, digest,
    audience)
select n % 5, n, '2025-03-10', 1, 'BTC', 'B', 1, 1, 1, '{}', 'twap_slices/1', '1:1',
    case when n > 4 then 'a' else 't' end
from generate_series(1, 9) as n;
insert into metrics.twap_executions (
    wallet_id, twap_id, coin, side, slices, slice_fills, executed_size, executed_notional, fees,
    definition, digest, reference_digest, audience)
select n % 5, n, 'BTC', 'B', 1, 1, 1, 1, '{}', 'twap_executions/1', '1:1', '0:0',
    case when n > 4 then 'a' else 't' end
from generate_series(1, 9) as n;
insert into facts.archived_fills (
    twap_id, wallet, time, coin, oid, tid, side, px, sz, raw_payload, s3_object_key, fingerprint,
    page_id, ordinal)
values (1, '0x' || repeat('0', 40), '2025-03-10', 'BTC', 1, 2, 'B', 1, 1, '{}', 'a', 1, 1, 0);
insert into facts.candles (
    coin, interval, at, open, high, low, close, volume_coin, trades, fingerprint, page_id)
values ('BTC', '1m', '2025-03-10', 1, 1, 1, 1, 1, 1, 1, 1);
insert into facts.mids (dex, at, mids, page_id) values ('', '2025-03-10', '{}', 1);
insert into ops.etl_s3_ingest_log (s3_object_key, etag) values ('a', 'b');
insert into ops.seals (dataset, number, day, rows, digest, bytes, manifest_sha256, location)
values ('wallet_snapshots', 1, '2025-03-10', 1, '1:1', 1, '', 'file:///archive');
insert into ops.alerts (
    type, subject, wallet_id, org_id, level, from_state, to_state, at, reason)
select 'restatement', s.subject, s.wallet_id, s.org_id, 'medium', 'inactive', 'firing', now(), ''
from (
    select 'wallet ' || n as subject, n as wallet_id, null::integer as org_id
    from generate_series(1, 4) as n
    union all
    select 'org ' || n, null, n from unnest(array[0, 11, 12]) as n
    union all
    select 'HYPE', null, null
) as s;
insert into ops.alert_state (type, subject, wallet_id, org_id, level)
select type, subject, wallet_id, org_id, level from ops.alerts;
insert into ops.ingest_health (state, reason) values ('stale', 'nothing yet');
insert into facts.spot_pairs (coin, base_token, quote_token, fingerprint, page_id)
values ('@1', 'A', 'USDC', 1, 1);
insert into facts.perp_dexs (dex, collateral_token, fingerprint, page_id) values ('', 'USDC', 1, 1);
insert into facts.token_prices (token, at, price_usd, source, fingerprint, page_id)
values ('A', '2025-03-10', 1, 'candle', 1, 1);
"""

Connection = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture(scope="module")
def url(make_database) -> str:
    made = make_database()
    with psycopg.connect(made, autocommit=True) as connection:
        connection.execute(ROWS)
    return made


@pytest.fixture
def api(url: str) -> Iterator[Connection]:
    with psycopg.connect(url, options="-c role=hypertally_api") as connection:
        yield connection
        connection.rollback()


def identify(connection: Connection, *, org: object, user: str = "") -> None:
    connection.execute(
        "select set_config('hypertally.org_id', %s, true), "
        "set_config('hypertally.user_id', %s, true)",
        [str(org), user],
    )


def seen(connection: Connection) -> dict[str, set[Any]]:
    return {
        table: {row[0] for row in connection.execute(f"select {named_by} from {table}".encode())}
        for table, named_by in NAMED_BY.items()
    }


# What a policy of the API asks of a row: that its wallet or its org is the caller's.
BY_ORG = re.compile(r"org_wallets|current_org\(\)")


def policy(connection: Connection, table: str) -> str:
    """What the API's policies of a table ask of a row; nothing: it shows none."""
    schema, _, name = table.partition(".")
    rows = connection.execute(
        "select qual from pg_policies where schemaname = %s and tablename = %s "
        "and roles = '{hypertally_api}'",
        [schema, name],
    ).fetchall()
    return " ".join(str(row[0]) for row in rows)


def test_row_security_is_forced_on_every_table_the_api_can_read(api: Connection) -> None:
    found = api.execute(
        """
        select format('%s.%s', n.nspname, c.relname), c.relrowsecurity and c.relforcerowsecurity
        from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
        where n.nspname not in ('pg_catalog', 'information_schema') and c.relkind <> 'i'
            and c.relkind <> 'S' and has_any_column_privilege('hypertally_api', c.oid, 'SELECT')
        """
    ).fetchall()
    listed = {*NAMED_BY, *SAME_FOR_ALL_ORGS, *VIEWS, *OPEN}
    names = {name for name, _ in found}
    assert names >= listed
    # A metric that stands in the flow alone shows no row but by the org that asks.
    added = names - listed
    assert added <= {f"metrics.{metric.name}" for metric in METRICS}
    assert {name: rule for name in added if not BY_ORG.search(rule := policy(api, name))} == {}
    assert {name for name, forced in found if not forced} == {*VIEWS, *OPEN}


def test_a_view_reads_as_whoever_asks(api: Connection) -> None:
    views = api.execute(
        "select format('%s.%s', n.nspname, c.relname), c.reloptions from pg_class as c "
        "join pg_namespace as n on n.oid = c.relnamespace "
        "where c.relkind = 'v' and n.nspname in ('facts', 'metrics', 'ops', 'tenancy')"
    ).fetchall()
    assert dict(views) == {view: ["security_invoker=true"] for view in VIEWS}


def test_nobody_sees_no_row_of_any_table(api: Connection) -> None:
    assert seen(api) == NOTHING
    for table in (*SAME_FOR_ALL_ORGS, *VIEWS):
        assert api.execute(f"select from {table}".encode()).fetchall() == []


@pytest.mark.parametrize("org", ["", ORG_WITHOUT_WALLETS, 0, -1, 999])
def test_an_org_without_wallets_sees_at_most_itself(api: Connection, org: object) -> None:
    identify(api, org=org)
    itself = {ORG_WITHOUT_WALLETS} & {org}
    assert seen(api) == {
        **NOTHING,
        **({table: {PUBLIC} for table in WITH_PUBLIC_ROWS} if org != "" else {}),
        **({"ops.computations": {SIGNALS}} if org != "" else {}),
        **({table: {EVERYBODY} for table in ALERTS} if org != "" else {}),
        "tenancy.orgs": itself,
        # Org 0 stands for all tracked wallets; no user can belong to it.
        **(
            {
                "metrics.global_day_metrics": {0},
                "metrics.restatements": {"org 0"},
                "ops.computations": {SIGNALS, "global_day_metrics 0"},
                **{table: {EVERYBODY, "org 0"} for table in ALERTS},
            }
            if org == 0
            else {}
        ),
    }


def test_an_org_sees_its_own_wallets_and_nothing_else(api: Connection) -> None:
    identify(api, org=ORG_A, user="user of A")
    assert seen(api) == SEEN_BY_A


def test_the_other_org_sees_the_other_wallets(api: Connection) -> None:
    identify(api, org=ORG_B, user="user of B")
    rows = seen(api)
    assert rows["facts.hl_fills_raw"] == {2, 3}
    for table in NAMED_BY:
        shared = {3, "wallet 3", "wallet_day_metrics 3", PUBLIC, SIGNALS, EVERYBODY}
        assert rows[table] & SEEN_BY_A[table] <= shared, table
        assert rows[table], table


def test_the_view_of_recent_alerts_shows_an_org_its_own(api: Connection) -> None:
    identify(api, org=ORG_B)
    found = api.execute(f"select {ALERT_OF} from ops.v_recent_alerts".encode()).fetchall()
    assert {name for (name,) in found} == {EVERYBODY, "org 12", "wallet 2", "wallet 3"}


def test_no_user_belongs_to_the_org_of_all_wallets(url: str) -> None:
    with (
        psycopg.connect(url, options="-c role=hypertally_tenancy") as connection,
        pytest.raises(psycopg.errors.ForeignKeyViolation),
    ):
        connection.execute(
            "insert into tenancy.user_profiles (user_id, org_id, role) values ('x', 0, 'admin')"
        )


def test_a_partition_cannot_be_read_past_its_parent(api: Connection) -> None:
    identify(api, org=ORG_A)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        api.execute("select from facts.hl_fills_raw_2025_03")


def test_the_identity_ends_with_its_transaction(api: Connection) -> None:
    identify(api, org=ORG_A, user="user of A")
    api.commit()
    assert seen(api) == NOTHING


@pytest.mark.parametrize("org", ["11; select 1", "eleven", "11 or true"])
def test_an_identity_that_is_no_number_reads_nothing(api: Connection, org: str) -> None:
    identify(api, org=org)
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        api.execute("select from tenancy.orgs")


def test_an_alert_about_a_wallet_is_the_orgs_as_long_as_it_has_the_wallet(url: str) -> None:
    own, forgotten = (f"0x{n:040}/BTC/a" for n in (1, 2))
    with psycopg.connect(url) as connection:
        for subject in (own, forgotten):
            connection.execute(
                "insert into ops.alerts (type, subject, org_id, level, from_state, to_state, at, "
                "reason) values ('wallet', %s, 11, 'medium', 'inactive', 'firing', now(), '')",
                [subject],
            )
        connection.execute(
            "insert into ops.alert_state (type, subject, org_id, level) "
            "select type, subject, org_id, level from ops.alerts where type = 'wallet'"
        )
        connection.execute("set local role hypertally_api")
        identify(connection, org=ORG_A)
        for table in ALERTS:
            rows = connection.execute(f"select subject from {table} where type = 'wallet'".encode())
            assert [row[0] for row in rows] == [own]
        connection.rollback()
