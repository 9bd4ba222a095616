"""Rates a year: windows, missing hours, and what cannot be a rate yet."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypertally.metrics.lp.formulas.account.annual_rates import (
    Earnings,
    FundingHour,
    ValueReading,
    breakeven_days,
    combined_apr,
    fee_apr,
    funding_apr,
    market_funding_apr,
    pool_apr,
    time_weighted_mean,
)
from hypertally.metrics.lp.formulas.bounded import between, exactly, unknown

START = datetime(2026, 11, 1, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def worth(*values: tuple[timedelta, int]) -> list[ValueReading]:
    return [ValueReading(at=START + after, usd=exactly(usd)) for after, usd in values]


def test_fees_of_ten_days_are_shown_a_year() -> None:
    rate = fee_apr(exactly(20), worth((DAY * 0, 1_000), (DAY * 5, 3_000)), START + DAY * 10)
    assert rate.rate.value == Decimal("0.365")
    assert rate.to_at - rate.from_at == DAY * 10


def test_less_than_a_day_of_data_is_no_rate() -> None:
    almost = fee_apr(exactly(20), worth((DAY * 0, 1_000)), START + DAY - HOUR)
    assert almost.rate == unknown("there is less than a day of data")
    assert fee_apr(exactly(20), worth((DAY * 0, 1_000)), START + DAY).rate.value == Decimal("7.3")


def test_a_position_worth_nothing_has_no_rate() -> None:
    rate = fee_apr(exactly(20), worth((DAY * 0, 0)), START + DAY).rate
    assert rate == unknown("the position was worth nothing")


def test_a_value_that_was_not_read_bounds_the_rate() -> None:
    readings = [
        *worth((DAY * 0, 1_000)),
        ValueReading(at=START + DAY, usd=between(Decimal(0), Decimal(3_000), "not read")),
    ]
    rate = fee_apr(exactly(10), readings, START + DAY * 2).rate
    assert (rate.value, rate.reasons) == (None, ("not read",))
    assert (rate.lower, rate.upper) == (Decimal("0.9125"), Decimal("3.65"))


@given(
    st.lists(
        st.tuples(st.integers(1, 10**12), st.integers(0, 10**9)),
        min_size=1,
        max_size=6,
        unique_by=lambda reading: reading[0],
    )
)
def test_the_mean_is_weighted_by_time(readings: list[tuple[int, int]]) -> None:
    ordered = sorted(readings)
    end = ordered[-1][0] + 7
    ends = [*(at for at, _ in ordered[1:]), end]
    area = sum(usd * (until - at) for (at, usd), until in zip(ordered, ends, strict=True))
    mean = time_weighted_mean(
        worth(*((timedelta(microseconds=at), usd) for at, usd in ordered)),
        START + timedelta(microseconds=end),
    )
    assert mean.value is not None
    expected = Fraction(area, end - ordered[0][0])
    assert abs(Fraction(mean.value) - expected) <= Fraction(1, 2 * 10**30)


@pytest.mark.parametrize(
    ("readings", "end"),
    [([], DAY), (worth((DAY, 1)), DAY), (worth((DAY, 1), (HOUR, 1)), DAY * 2)],
)
def test_a_window_is_not_empty_and_its_readings_are_in_order(
    readings: list[ValueReading], end: timedelta
) -> None:
    with pytest.raises(ValueError, match=r"window|order"):
        time_weighted_mean(readings, START + end)


def paid(hours: range) -> list[FundingHour]:
    return [FundingHour(at=START + HOUR * hour, usdc=Decimal(1)) for hour in hours]


def test_a_missing_hour_of_funding_leaves_the_rate_unknown() -> None:
    hours = [hour for hour in paid(range(1, 25)) if hour.at != START + HOUR * 7]
    rate = funding_apr(hours, worth((DAY * 0, 100)), START + DAY).rate
    assert rate == unknown("funding of 1 of 24 hours was not read")


def test_funding_of_the_window_alone_counts_its_end_included() -> None:
    rate = funding_apr(paid(range(30)), worth((DAY * 0, 100)), START + DAY).rate
    assert rate.value == Decimal("87.6")


def test_funding_of_a_part_of_an_hour_is_refused() -> None:
    with pytest.raises(ValueError, match="full hours"):
        funding_apr(paid(range(25)), worth((DAY * 0, 100)), START + DAY + HOUR / 2)


def test_funding_without_a_position_has_no_rate() -> None:
    rate = funding_apr(paid(range(25)), worth((DAY * 0, 0)), START + DAY).rate
    assert rate == unknown("there was no position")
    assert market_funding_apr([], "long") == unknown("no rate of the market is known")


EARNED = Earnings(lp_fees=exactly(30), funding=exactly(-4), trading_fees=exactly(5), gas=exactly(1))


def test_the_combined_rate_is_of_all_parts_over_the_equity() -> None:
    rate = combined_apr(EARNED, worth((DAY * 0, 7_300)), START + DAY).rate
    assert rate.value == 1


def test_a_part_that_is_missing_leaves_the_combined_rate_unknown_with_bounds() -> None:
    earned = Earnings(
        lp_fees=exactly(30),
        funding=exactly(-4),
        trading_fees=between(Decimal(0), Decimal(6), "fills not read"),
        gas=exactly(6),
    )
    rate = combined_apr(earned, worth((DAY * 0, 7_300)), START + DAY).rate
    assert (rate.value, rate.reasons) == (None, ("fills not read",))
    assert (rate.lower, rate.upper) == (Decimal("0.7"), Decimal(1))


def test_the_rate_of_a_pool_is_after_the_share_of_the_protocol() -> None:
    rate = pool_apr(exactly(120), exactly(36_500), share=Decimal("0.75"), days=Decimal(1))
    assert rate.value == Decimal("0.9")
    assert pool_apr(exactly(1), exactly(0), share=Decimal(1), days=Decimal(1)) == unknown(
        "the pool is empty"
    )


def test_days_to_earn_what_a_rebalance_cost() -> None:
    assert breakeven_days(exactly(12), exactly(4)).value == 3
    for gain in (0, -4):
        assert breakeven_days(exactly(12), exactly(gain)) == unknown("nothing is gained a day")
    perhaps = breakeven_days(exactly(12), between(Decimal(0), Decimal(4), "not read"))
    assert (perhaps.value, perhaps.lower, perhaps.upper) == (None, Decimal(3), None)
