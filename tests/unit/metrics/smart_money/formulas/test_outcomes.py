"""What came after a signal is read at its time alone, and rated on windows that do not overlap."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypertally.metrics.smart_money.formulas.consensus import Band
from hypertally.metrics.smart_money.formulas.outcomes import (
    HitRate,
    Outcome,
    hit_rates,
    later_returns,
    wilson,
)
from hypertally.metrics.smart_money.formulas.thresholds import HORIZONS

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
DAY = AT + timedelta(days=1)
MARKS = {
    AT + timedelta(minutes=5): Decimal(101),
    AT + timedelta(hours=1): Decimal(99),
    AT + timedelta(hours=24): Decimal(103),
}


def test_returns_are_of_the_mark_of_the_very_minute() -> None:
    assert later_returns(AT, Decimal(100), MARKS, as_of=DAY) == {
        "5m": Decimal("0.01"),
        "1h": Decimal("-0.01"),
        "4h": None,
        "24h": Decimal("0.03"),
    }
    assert later_returns(AT, Decimal(3), MARKS, as_of=DAY)["5m"] == Decimal("32.66666667")


def test_a_horizon_that_is_not_over_has_no_return() -> None:
    found = later_returns(AT, Decimal(100), MARKS, as_of=AT + timedelta(hours=1))
    assert found["1h"] is not None
    assert found["24h"] is None
    before = later_returns(AT, Decimal(100), MARKS, as_of=AT + timedelta(minutes=59))
    assert before["1h"] is None


def test_without_a_mark_at_the_signal_no_return_is_known() -> None:
    assert set(later_returns(AT, None, MARKS, as_of=DAY).values()) == {None}


@given(
    st.datetimes(AT.replace(tzinfo=None), DAY.replace(tzinfo=None)),
    st.dictionaries(st.integers(0, 1500), st.decimals(1, 1000, places=2), max_size=20),
)
def test_marks_after_as_of_change_nothing(as_of: datetime, poison: dict[int, Decimal]) -> None:
    known_at = as_of.replace(tzinfo=UTC)
    later = {AT + timedelta(minutes=number): mark for number, mark in poison.items()}
    poisoned = MARKS | {at: mark for at, mark in later.items() if at > known_at}
    clean = later_returns(AT, Decimal(100), MARKS, as_of=known_at)
    assert later_returns(AT, Decimal(100), poisoned, as_of=known_at) == clean


@pytest.mark.parametrize(
    ("hits", "n", "lower", "upper"),
    [(7, 10, "0.397", "0.892"), (70, 100, "0.604", "0.781")],
)
def test_wilson_vectors(hits: int, n: int, lower: str, upper: str) -> None:
    found = [bound.quantize(Decimal("0.001")) for bound in wilson(hits, n)]
    assert found == [Decimal(lower), Decimal(upper)]


def outcome(minutes: int, change: str | None, band: Band = "long", asset: str = "BTC") -> Outcome:
    value = None if change is None else Decimal(change)
    return Outcome(
        asset=asset,
        at=AT + timedelta(minutes=minutes),
        band=band,
        mark=Decimal(100),
        returns=dict.fromkeys(HORIZONS, value),
    )


def rates(*outcomes: Outcome) -> Mapping[tuple[str, str, str], HitRate]:
    return {(one.asset, one.band, one.horizon): one for one in hit_rates(outcomes)}


def test_a_hit_is_a_return_to_the_side_of_the_band() -> None:
    changes = ["0.01"] * 3 + ["-0.01"] * 2 + ["0"]
    longs = [outcome(5 * number, change) for number, change in enumerate(changes)]
    shorts = [outcome(5 * number, change, "short") for number, change in enumerate(changes)]
    found = rates(*longs, *shorts)
    assert found["BTC", "long", "5m"].rate == Decimal("0.5")
    assert found["BTC", "short", "5m"].hits == 2
    lower, upper = found["BTC", "short", "5m"].lower, found["BTC", "short", "5m"].upper
    assert (lower, upper) == wilson(2, 6)


def test_overlapping_windows_count_once() -> None:
    found = rates(*(outcome(5 * number, "0.01") for number in range(100)))
    assert [found["BTC", "long", name].n_all for name in HORIZONS] == [100] * 4
    assert [found["BTC", "long", name].n for name in HORIZONS] == [100, 9, 3, 1]
    assert found["BTC", "long", "1h"].rate == 1
    assert found["BTC", "long", "4h"].rate is None


def test_a_rate_of_fewer_than_five_is_not_given() -> None:
    four = rates(*(outcome(5 * number, "0.01") for number in range(4)))["BTC", "long", "5m"]
    assert (four.n, four.hits, four.rate, four.lower) == (4, 4, None, None)


def test_a_neutral_band_has_no_side_to_be_right_about() -> None:
    found = rates(*(outcome(5 * number, "0.01", "neutral") for number in range(9)))
    one = found["BTC", "neutral", "5m"]
    assert (one.n, one.hits, one.rate) == (9, None, None)


def test_unknown_returns_are_left_out() -> None:
    found = rates(outcome(0, None), outcome(5, "0.01"))["BTC", "long", "5m"]
    assert (found.n_all, found.n, found.hits) == (1, 1, 1)


def test_coins_and_bands_are_rated_apart_in_any_order() -> None:
    every = [outcome(0, "0.01", asset="ETH"), outcome(0, "0.01"), outcome(1, "0.01", "strong_long")]
    assert hit_rates(every) == hit_rates(every[::-1])
    assert len(hit_rates(every)) == 12
    assert {one.n for one in hit_rates(every)} == {1}
