"""A mid price is read however its number is written; what is no price is left out."""

from datetime import UTC, datetime
from decimal import Decimal

from hypertally.facts.market import mids
from hypertally.records import Answer


def test_prices_keep_their_digits_and_no_other_value_is_one() -> None:
    body = {
        "BTC": "100000.50",
        "ETH": "4e3",
        "SOL": Decimal("1.10"),
        "a": "-1",
        "b": None,
        "c": "x",
    }
    answer = Answer(
        request={}, source="info.allMids", body=body, body_sha256=b"",
        asked_at=datetime(2026, 3, 1, tzinfo=UTC), weight=2,
    )  # fmt: skip
    assert mids.decode(answer) == {"BTC": "100000.50", "ETH": "4000", "SOL": "1.10"}
