"""What the database does for an answer grows with the answer, not with the books."""

import json
import re
from typing import Any

import psycopg

from hypertally.api.activity import wallet_days

PARAMETERS = {"address": "bytea", "first": "date", "last": "date", "proof_due_minutes": "integer"}


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for part in plan.get("Plans", ()) for node in nodes(part))]


def test_the_state_of_a_range_reads_the_computations_of_its_own_days(world: str) -> None:
    """It read those of all wallets: a second an answer, once the statement was prepared."""
    text = wallet_days._QUERIES["read_range_state"].text
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
    reads = [node for node in nodes(plan[0]["Plan"]) if node.get("Relation Name") == "computations"]
    assert reads
    for node in reads:
        assert "(key =" in node["Index Cond"]
