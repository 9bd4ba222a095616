"""Whether a fill was forced upon its wallet is told in one place: facts.fill_is_forced."""

import re
from pathlib import Path

import psycopg
import pytest

import hypertally

SOURCES = Path(hypertally.__file__).parent
OWN_RULE = re.compile(r"liquidated_user\s+(?:=|is not distinct)|like 'Liquidated")
OF_EARLIER_VERSIONS = "metrics/smart_money/signals.sql"  # the first and the second stay as they are
WALLET, OTHER = b"\x01" * 20, b"\x02" * 20


@pytest.mark.parametrize(
    ("words", "liquidated_user", "forced"),
    [
        ("Close Long", None, False),
        ("Close Long", WALLET, True),
        ("Close Long", OTHER, False),
        ("Auto-Deleveraging", OTHER, True),
        ("Liquidated Isolated Short", None, True),
        (None, None, False),
        (None, WALLET, True),
    ],
)
def test_a_fill_is_forced_by_a_liquidation_of_its_wallet_or_a_deleveraging(
    database_url: str, words: str | None, liquidated_user: bytes | None, *, forced: bool
) -> None:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "select facts.fill_is_forced(%s, %s, %s)", [words, liquidated_user, WALLET]
        ).fetchone()
    assert row == (forced,)


def test_the_function_is_inlined(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        plan = connection.execute(
            "explain (verbose, costs off) select count(*) from facts.hl_fills_raw"
            " where facts.fill_is_forced(dir, liquidated_user, liquidated_user)"
        ).fetchall()
    assert "fill_is_forced" not in "\n".join(line for (line,) in plan)


def test_no_other_statement_tells_it() -> None:
    statements = [path for path in SOURCES.rglob("*.sql") if "store" not in path.parts]
    own = [
        str(path.relative_to(SOURCES))
        for path in statements
        if OWN_RULE.search(path.read_text(encoding="utf-8"))
    ]
    assert len(statements) > 50
    assert own == [OF_EARLIER_VERSIONS]
