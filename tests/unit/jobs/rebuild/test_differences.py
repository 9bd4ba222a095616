"""A difference names the key of the row and the values that differ, and stays short."""

from hypertally.jobs.rebuild.differences import (
    FIELDS_SHOWN_MAX,
    VALUE_CHARACTERS_MAX,
    describe,
)

KEY = {"wallet_id": "0xab", "day": "2026-03-01"}


def test_only_what_differs_is_told() -> None:
    stored = {"fills": "3", "fees": {"USDC": "1.50", "HYPE": "2"}, "coins": ["BTC", "ETH"]}
    recomputed = {"fills": "3", "fees": {"USDC": "1.5", "HYPE": "2"}, "coins": ["BTC"]}
    assert describe(stored, recomputed, key=KEY) == {
        "wallet": "0xab",
        "day": "2026-03-01",
        "fields": {"fees.USDC": ["1.50", "1.5"], "coins[1]": ["ETH", None]},
    }


def test_a_row_that_is_missing_on_one_side_is_said_to_be() -> None:
    row = {"day": "2026-03-01", "fills": "3", "dau": None}
    assert describe(None, row, key=KEY)["fields"] == {"row": ["missing", "present"]}
    assert describe(row, None, key=KEY)["fields"] == {"row": ["present", "missing"]}


def test_a_difference_stays_short_however_large_the_row() -> None:
    stored = {f"field_{n}": "x" * 10_000 for n in range(500)}
    description = describe(stored, {}, key=KEY)
    assert len(description["fields"]) == FIELDS_SHOWN_MAX
    assert description["more_fields"] == len(stored) - FIELDS_SHOWN_MAX
    assert all(
        len(before) < VALUE_CHARACTERS_MAX + 50 for before, _ in description["fields"].values()
    )
    assert description["fields"]["field_0"][0].endswith("... (10,000 characters)")
