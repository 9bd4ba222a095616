"""Every statement of the API, run as one org, as the other, and as nobody."""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row

from hypertally import api
from hypertally.store.queries import load

MODULES = [
    module
    for module in (
        importlib.import_module(info.name)
        for info in pkgutil.walk_packages(api.__path__, prefix="hypertally.api.")
    )
    if hasattr(module, "_QUERIES") or hasattr(module, "QUERIES")
]
# By the whole path of their module below `api`: two folders may hold modules of one name.
STATEMENTS = {
    f"{module.__name__.removeprefix('hypertally.api.')}.{name}": query
    for module in MODULES
    for name, query in vars(module).get("_QUERIES", vars(module).get("QUERIES")).items()
}
# Statements that no test below looks at may show one org's rows to another: this only grows.
STATEMENTS_MIN = 87
# They read no row that belongs to anyone.
OF_EVERYONE = {
    # They act for the caller alone: tests/security/test_sign_in.py.
    "identity.auth.admit_member",
    "identity.auth.close_session",
    "identity.auth.open_session",
    "identity.auth.set_identity",
    "service.session.read_server_time",
    "activity.totals.read_totals",
    "resource.day_range.read_today",
    "service.probes.read_schema_version",
    "service.system.read_database",
    "resource.explanation.read_definition",
    "alerts.alerts.read_last_check",
    "resource.twap_source.list_unread_objects",
    "resource.twap_source.read_totals",
    "resource.twap_source.sum_reject_reasons",
    "resource.time_range.read_minute",
    "twaps.pressure.forecast_coins",
}
SIGNAL_AT = datetime(2026, 3, 1, 12, 10, tzinfo=UTC)
MARKS = {"org_a": ("271828", "a1a1", "alice"), "org_b": ("314159", "b2b2", "bob")}


def test_every_statement_of_the_tree_is_found() -> None:
    assert len(STATEMENTS) >= STATEMENTS_MIN
    folder = Path(str(files("hypertally.api")))
    written = {
        ".".join((*path.relative_to(folder).with_suffix("").parts, name))
        for path in folder.rglob("*.sql")
        for name in load(str(path))
    }
    assert written == STATEMENTS.keys()


@pytest.fixture
def connection(world: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(world, row_factory=dict_row, options="-c timezone=UTC") as connection:
        yield connection
        connection.rollback()


def parameters_of(connection: psycopg.Connection, org: str) -> dict[str, object]:
    """All that the statements ask for, naming what belongs to `org`."""
    mark = {"org_a": "a1", "org_b": "b2"}[org]
    found = connection.execute(
        "select o.id as org_id, p.user_id, w.id as wallet_id, w.address, current_date - 1 as day "
        "from tenancy.orgs as o join tenancy.user_profiles as p on p.org_id = o.id, "
        "tenancy.wallets as w where o.name = %s and p.role = 'admin' and w.address = %s",
        (org, bytes.fromhex(mark * 20)),
    ).fetchone()
    assert found is not None
    number = {"org_a": 271828, "org_b": 314159}[org] * 1000 + 1
    places = connection.execute(
        "select time, oid from facts.hl_fills_raw where twap_id = %s", [number]
    ).fetchall()
    wallet = "0x" + mark * 20
    now = datetime.now(UTC)
    twap = {
        "start": now - timedelta(days=9), "end": "infinity", "as_of": now, "of_past": True,
        "period": timedelta(minutes=5),
        "status": None, "asset": "BTC", "wallet": wallet, "twap_id": number,
        "started_at": "infinity", "place_wallet": "", "twap_ids": [number], "wallets": [wallet],
        "places": [1], "wallet_ids": [found["wallet_id"]], "seconds_max": 86_400,
        "after_at": "-infinity", "after_oid": 0, "assets": ["BTC"], "sides": ["B"],
        "sizes": [Decimal(1)], "ends": [now + timedelta(hours=1)], "bases": ["slices"], "steps": 6,
        "mid_minutes_max": 10, "since": "-infinity", "until": "infinity",
    }  # fmt: skip
    fixed = {
        "offset": 0, "rows_before": 0,
        "limit": 100, "first": None, "last": None, "days": 7, "by": "volume", "text": "",
        "pair": "hype/usdc",
        "tag": None, "group": None,
        "proof_due_minutes": 120, "after": None, "from_at": "-infinity", "to_at": "infinity",
        "only_coin": None, "at": "infinity", "coin": None, "oid": None, "tid": None, "side": None,
        "ordinal": None, "fingerprint": None, "kind": None, "metric": "wallet_day_metrics",
        "definition": None, "empty": "[]", "wallet_ids": [found["wallet_id"]],
        "times": [place["time"] for place in places],
        "oids": [place["oid"] for place in places],
        "keys": [f"{found['wallet_id']}/{found['day']}"], "sizes": [7],
        "without_days": None, "emptiness": None, "token_id": "", "issued_at": None,
        "addresses": [bytes.fromhex(mark * 20), bytes.fromhex("c3" * 20)],
    }  # fmt: skip
    smart = {
        "moves": None, "standing": False,
        "run_id": connection.execute(
            "select max(id) as id from metrics.wallet_universe_runs").fetchone()["id"],
        "minute": datetime(2026, 3, 1, 12, 10, tzinfo=UTC), "subject": None, "type": None,
        "horizon": 60, "before": None, "before_at": "infinity", "before_id": 0, "after_wallet": "",
        "after_asset": "", "window_minutes": 5, "older": True, "band": "strong_short",
        "earlier": "smart_money/1", "later": "smart_money/2",
    }  # fmt: skip
    return fixed | twap | smart | found


def days_of(name: str, day: date) -> dict[str, object]:
    """The days that statements over a range of days ask for."""
    if name.startswith("activity.totals."):
        return {"days": "[]"}
    if name == "activity.explain_range.list_range_restatements":
        return {"org_id": None}
    if name.startswith(("activity.global_days.", "activity.ranking.")):
        return {"first": day - timedelta(days=5), "last": day}
    return {}


def run(
    connection: psycopg.Connection, name: str, *, caller: dict | None, asked: dict
) -> list[dict]:
    """Run a statement as the API's role for `caller` (None: nobody), asking for `asked`."""
    parameters = dict(asked)
    parameters |= days_of(name, asked["day"])
    if name.startswith(("smart_money.", "alerts.")):
        parameters |= {"definition": "smart_money/2", "at": SIGNAL_AT, "as_of": datetime.now(UTC)}
    if name.startswith("smart_money.past_hits"):
        parameters |= {"definition": "smart_money/3", "at": datetime.now(UTC)}
    if name.startswith("smart_money.outcomes"):
        parameters["days"] = 36_500
    if name == "activity.coverage.list_gaps":
        parameters["to_at"] = None
    if name.startswith("activity.explain.") and "global" in name:
        parameters["metric"] = "global_day_metrics"
    if name == "activity.explain.list_restatements":
        parameters["org_id"] = None
    if name == "explain.metric_rows.list_restatements":
        parameters |= {"org_id": None, "twap_id": None}
    if name == "activity.explain.list_day_gaps":
        parameters["day"] = asked["day"] - timedelta(days=20)
    with connection.transaction(force_rollback=True):
        connection.execute("set local role hypertally_api")
        if caller:
            connection.execute(
                "select set_config('hypertally.org_id', %s, true), "
                "set_config('hypertally.user_id', %s, true)",
                (str(caller["org_id"]), caller["user_id"]),
            )
        return connection.execute(STATEMENTS[name].text.encode(), parameters).fetchall()


def shown(rows: list[dict]) -> str:
    return json.dumps(
        rows, default=lambda value: value.hex() if isinstance(value, bytes) else str(value)
    )


@pytest.mark.parametrize("name", sorted(set(STATEMENTS) - OF_EVERYONE))
def test_an_org_sees_nothing_of_another_whatever_it_asks_for(connection, name: str) -> None:
    mine, theirs = (parameters_of(connection, org) for org in ("org_a", "org_b"))
    for caller, asked in ((mine, mine), (mine, theirs), (theirs, mine), (theirs, theirs)):
        foreign = MARKS["org_b" if caller is mine else "org_a"]
        # What was asked comes back in the words of no statement, so marks are data.
        text = shown(run(connection, name, caller=caller, asked=asked))
        assert not any(mark in text for mark in foreign)


@pytest.mark.parametrize("name", sorted(set(STATEMENTS) - OF_EVERYONE))
def test_nobody_sees_nothing(connection, name: str) -> None:
    for org in ("org_a", "org_b"):
        asked = parameters_of(connection, org)
        text = shown(run(connection, name, caller=None, asked=asked))
        assert not any(mark in text for marks in MARKS.values() for mark in (*marks, "577215"))


# Whether wallets still wait for their first pull, and how many others alone track: of these none.
SAME_FOR_BOTH = {
    "activity.wallets.has_unpulled_wallets",
    "activity.first_pulls.read_progress",
    "smart_money.snapshots.count_hidden",
}


@pytest.mark.parametrize("name", sorted(set(STATEMENTS) - OF_EVERYONE - SAME_FOR_BOTH))
def test_an_org_sees_its_own(connection, name: str) -> None:
    mine = parameters_of(connection, "org_a")
    theirs = run(connection, name, caller=None, asked=mine)
    assert shown(run(connection, name, caller=mine, asked=mine)) != shown(theirs)


@pytest.mark.parametrize(
    "change",
    [
        "update tenancy.org_wallets set to_day = null",
        "delete from tenancy.user_profiles",
        "insert into tenancy.orgs (name) values ('mine')",
        "update facts.hl_fills_raw set px = 1",
        "delete from facts.hl_fills_raw",
        "truncate metrics.wallet_day_metrics",
        "update metrics.wallet_day_metrics set fills = 1",
        "delete from ops.computations",
        "create table tenancy.mine ()",
        "create table public.mine ()",
        "select facts.ensure_month('pages', now())",
    ],
)
def test_the_apis_role_can_only_read(connection, change: str) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute("set local role hypertally_api")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(change.encode())
