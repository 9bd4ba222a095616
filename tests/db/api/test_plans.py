"""What the database does for an answer grows with the answer, not with the books."""

import json
import re
from typing import Any

import psycopg

from hypertally.api.activity import wallet_days

OTHERS = 2_000  # wallets with a day each
ROWS_READ_MAX = 50
DAYS_OF_OTHERS = f"""
insert into tenancy.wallets (id, address) overriding system value
select n, decode(lpad(to_hex(n), 40, '0'), 'hex')
from generate_series(900000, 900000 + {OTHERS} - 1) as n;
create temporary table one_day on commit drop as
select * from metrics.wallet_day_metrics limit 1;
update one_day set wallet_id = 900000;
insert into metrics.wallet_day_metrics
select (jsonb_populate_record(d, jsonb_build_object('wallet_id', d.wallet_id + n))).*
from one_day as d, generate_series(0, {OTHERS} - 1) as n;
analyze metrics.wallet_day_metrics;
"""
PARAMETERS = {"address": "bytea", "first": "date", "last": "date", "proof_due_minutes": "integer"}


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for part in plan.get("Plans", ()) for node in nodes(part))]


def test_a_range_reads_its_own_days_and_their_computations(world: str) -> None:
    """It read those of all wallets: a second an answer, once the statement was prepared."""
    text = wallet_days._QUERIES["read_wallet_range"].text
    numbered = re.sub(
        r"%\((\w+)\)s", lambda name: f"${[*PARAMETERS].index(name[1]) + 1}", text
    ).replace("%%", "%")
    with psycopg.connect(world) as connection:
        for statement in (
            "set role hypertally_api",
            "set plan_cache_mode = force_generic_plan",
            "set enable_seqscan = off",  # so few rows are read whole
            f"prepare state({','.join(PARAMETERS.values())}) as {numbered}",
        ):
            connection.execute(statement.encode())
        shown = connection.execute(
            b"explain (format json) execute state('\\xa1', null, null, 120)"
        ).fetchone()
    assert shown is not None
    plan = shown[0] if isinstance(shown[0], list) else json.loads(shown[0])
    conditions = [
        (node["Relation Name"], node.get("Index Cond", ""))
        for node in nodes(plan[0]["Plan"])
        if node.get("Relation Name") in {"computations", "wallet_day_metrics"}
    ]
    assert all("(key =" in text for name, text in conditions if name == "computations")
    days = [text for name, text in conditions if name == "wallet_day_metrics"]
    # By day, the index was searched once a day; without bounds, a wallet's days are all read.
    assert sum("ROW(wallet_id, day) >=" in text and "<=" in text for text in days) == 1
    assert {name for name, _ in conditions} == {"computations", "wallet_day_metrics"}


def test_days_without_fills_are_counted_by_the_days_of_the_wallet(world: str) -> None:
    """All wallets' days were read, twice an answer, to find those of one."""
    with psycopg.connect(world) as connection:
        connection.execute(DAYS_OF_OTHERS.encode())
        before = rows_read(connection)
        counted = connection.execute(
            "select days, days_unknown from metrics.list_days_without_fills("
            "array[900007], array[(select day - 5 from one_day)], "
            "array[(select day + 5 from one_day)], now())"
        ).fetchone()
        read = rows_read(connection) - before
        connection.rollback()
    assert counted == (10, 10)
    assert 0 < read < ROWS_READ_MAX


def rows_read(connection: psycopg.Connection) -> int:
    row = connection.execute(
        "select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables "
        "where schemaname = 'metrics' and relname = 'wallet_day_metrics'"
    ).fetchone()
    assert row
    return int(row[0])
