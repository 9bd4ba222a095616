"""The market of a coin is told by its name, in one place: facts.market_of and facts.dex_of."""

import re
from pathlib import Path

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hypertally

SOURCES = Path(hypertally.__file__).parent
NAMES = st.lists(
    st.sampled_from(["@", "#", "/", ":", "%", "_", "~", "+", "$", "1", "xyz", "BTC", "币"])
).map("".join)
# How a statement looks that tells a market by a coin's name without the function.
OWN_RULE = re.compile(r"like '(@|#|%%?/|%%?:)|split_part\([a-z.]*(coin|asset), ':'")


def expected_market(coin: str) -> str:
    """The rule in Python."""
    if re.fullmatch("[@#][0-9]+", coin):
        return "spot" if coin[0] == "@" else "outcome"
    if not coin or (coin[0].isascii() and not coin[0].isalnum()):
        return "other"
    if "/" in coin:
        return "spot"
    return "hip3" if ":" in coin else "perp"


@pytest.mark.parametrize(
    ("coin", "market", "dex"),
    [
        ("BTC", "perp", None),
        ("kPEPE", "perp", None),
        ("", "other", None),
        ("币安人生", "perp", None),
        ("@107", "spot", None),
        ("PURR/USDC", "spot", None),
        ("#90", "outcome", None),
        ("xyz:TSLA", "hip3", "xyz"),
        (":TSLA", "other", ""),
        ("xyz:A/B", "spot", "xyz"),  # a slash is spot, wherever it stands
        ("#1:2", "other", "#1"),
        ("~9", "other", None),
        ("+30", "other", None),
        ("$x", "other", None),
        ("@", "other", None),
        ("@x", "other", None),
        ("#", "other", None),
        (" BTC", "other", None),
        ("_BTC", "other", None),
        ("1INCH", "perp", None),
        ("éa", "perp", None),
        ("BTC@1", "perp", None),  # the marks of spot and outcome count at the beginning alone
        ("BTC#1", "perp", None),
    ],
)
def test_a_name_has_one_market(database_url: str, coin: str, market: str, dex: str | None) -> None:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "select facts.market_of(%(coin)s), facts.dex_of(%(coin)s)", {"coin": coin}
        ).fetchone()
    assert row == (market, dex)


@settings(max_examples=30)
@given(coins=st.lists(NAMES, min_size=20, max_size=50))
def test_any_name_has_the_market_of_the_rule(database_url: str, coins: list[str]) -> None:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "select u.coin, facts.market_of(u.coin), facts.dex_of(u.coin)"
            " from unnest(%s::text[]) as u (coin)",
            [coins],
        ).fetchall()
    assert rows == [
        (coin, expected_market(coin), coin.partition(":")[0] if ":" in coin else None)
        for coin in coins
    ]


def test_the_functions_are_inlined(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        plan = connection.execute(
            "explain (verbose, costs off) select facts.market_of(coin), facts.dex_of(coin)"
            " from facts.hl_fills_raw where facts.market_of(coin) = 'spot'"
        ).fetchall()
    text = "\n".join(line for (line,) in plan)
    assert "CASE WHEN" in text
    assert not re.search(r"market_of|dex_of", text)


def test_no_other_statement_tells_a_market_by_a_name() -> None:
    statements = [path for path in SOURCES.rglob("*.sql") if "store" not in path.parts]
    own = [
        str(path.relative_to(SOURCES))
        for path in statements
        if OWN_RULE.search(path.read_text(encoding="utf-8"))
    ]
    assert len(statements) > 50
    assert own == []
