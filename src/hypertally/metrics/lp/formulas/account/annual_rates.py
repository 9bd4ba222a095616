"""Rates a year: of fees, of funding, and of both with costs, each over a window that it names.

A value stands from its reading until the next one; the mean of a window is weighted by time.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final, Literal

from hypertally.metrics.lp.formulas.bounded import (
    Bounded,
    difference,
    exactly,
    multiple,
    ratio,
    total,
    unknown,
)
from hypertally.metrics.lp.formulas.exact_decimals import quotient
from hypertally.records import Record

DAYS_OF_YEAR: Final = Decimal(365)
HOURS_OF_YEAR: Final = Decimal(8_760)
FEE_WINDOW_MIN: Final = timedelta(days=1)  # a rate of less would be one of a few swaps
MICROSECOND: Final = timedelta(microseconds=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


class ValueReading(Record, frozen=True, kw_only=True):
    """What something was worth when it was read."""

    at: datetime
    usd: Bounded


class FundingHour(Record, frozen=True, kw_only=True):
    """What was paid at one full hour; zero where no position was open."""

    at: datetime
    usdc: Decimal  # received is above zero


class AnnualRate(Record, frozen=True, kw_only=True):
    """A share a year (0.1 is 10 %)."""

    rate: Bounded
    from_at: datetime
    to_at: datetime


def time_weighted_mean(readings: Sequence[ValueReading], end: datetime) -> Bounded:
    """The mean of a window that begins with the first reading. The readings are in order of time.

    Errors: `ValueError` where the window is empty or the order another.
    """
    if not readings or end <= readings[-1].at:
        raise ValueError("the window ends before its last reading")
    ends = [*(reading.at for reading in readings), end]
    lengths = [_microseconds(later - earlier) for earlier, later in pairwise(ends)]
    if min(lengths) <= 0:
        raise ValueError("readings are not in order of time")
    weighted = total(
        multiple(reading.usd, Decimal(length))
        for reading, length in zip(readings, lengths, strict=True)
    )
    return ratio(weighted, exactly(sum(lengths)), of_nothing="the window is empty")


def fee_apr(fees_usd: Bounded, readings: Sequence[ValueReading], end: datetime) -> AnnualRate:
    """Fees of the window, uncollected ones included, over the position's mean value."""
    start = readings[0].at
    if end - start < FEE_WINDOW_MIN:
        rate = unknown("there is less than a day of data")
    else:
        mean = time_weighted_mean(readings, end)
        a_year = multiple(fees_usd, _years(start, end))
        rate = ratio(a_year, mean, of_nothing="the position was worth nothing")
    return AnnualRate(rate=rate, from_at=start, to_at=end)


def funding_apr(
    hours: Sequence[FundingHour], notionals: Sequence[ValueReading], end: datetime
) -> AnnualRate:
    """Funding that was paid in (start, end], over the mean of the position's absolute notional.

    The window begins with the first reading of the notional. Errors: `ValueError` unless it is of
    full hours, since funding of a part of an hour is not paid.
    """
    start = notionals[0].at
    if (end - start) % HOUR:
        raise ValueError(f"the window from {start} to {end} is not of full hours")
    paid = {hour.at: hour.usdc for hour in hours}
    due = [start + HOUR * count for count in range(1, (end - start) // HOUR + 1)]
    absent = [at for at in due if at not in paid]
    if absent:
        reason = f"funding of {len(absent)} of {len(due)} hours was not read"
        return AnnualRate(rate=unknown(reason), from_at=start, to_at=end)
    received = total(exactly(paid[at]) for at in due)
    mean = time_weighted_mean(notionals, end)
    a_year = multiple(received, _years(start, end))
    rate = ratio(a_year, mean, of_nothing="there was no position")
    return AnnualRate(rate=rate, from_at=start, to_at=end)


def market_funding_apr(hourly_rates: Sequence[Decimal], side: Literal["long", "short"]) -> Bounded:
    """What a side earns at the mean of the market's hourly rates: longs pay a rate above zero."""
    if not hourly_rates:
        return unknown("no rate of the market is known")
    summed = total(exactly(rate) for rate in hourly_rates)
    signed = multiple(summed, HOURS_OF_YEAR if side == "short" else -HOURS_OF_YEAR)
    return ratio(signed, exactly(len(hourly_rates)), of_nothing="no rate of the market is known")


class Earnings(Record, frozen=True, kw_only=True):
    """What an account earned and paid in a window, in USD."""

    lp_fees: Bounded
    funding: Bounded  # received is above zero
    trading_fees: Bounded  # paid is above zero
    gas: Bounded  # paid

    def net(self) -> Bounded:
        """Earned less paid; unknown if a part is."""
        return difference(total([self.lp_fees, self.funding]), total([self.trading_fees, self.gas]))


def combined_apr(earnings: Earnings, equities: Sequence[ValueReading], end: datetime) -> AnnualRate:
    """All that was earned less all that was paid, over the account's mean equity."""
    start = equities[0].at
    mean = time_weighted_mean(equities, end)
    a_year = multiple(earnings.net(), _years(start, end))
    rate = ratio(a_year, mean, of_nothing="the account was worth nothing")
    return AnnualRate(rate=rate, from_at=start, to_at=end)


def pool_apr(
    fees_usd: Bounded, liquidity_usd: Bounded, *, share: Decimal, days: Decimal
) -> Bounded:
    """A pool's fees to its liquidity, over all of it: another figure than a position's fee APR.

    `share` is what the protocol leaves of the fees.
    """
    a_year = multiple(fees_usd, quotient(share * DAYS_OF_YEAR, days))
    return ratio(a_year, liquidity_usd, of_nothing="the pool is empty")


def breakeven_days(cost_usd: Bounded, daily_gain_usd: Bounded) -> Bounded:
    """After how many days a rebalance has earned what it cost."""
    nothing = "nothing is gained a day"
    if daily_gain_usd.upper is not None and daily_gain_usd.upper <= 0:
        return unknown(nothing)
    return ratio(cost_usd, daily_gain_usd, of_nothing=nothing)


def _years(start: datetime, end: datetime) -> Decimal:
    """How many such windows a year of 365 days has."""
    return quotient(_microseconds(DAY) * DAYS_OF_YEAR, _microseconds(end - start))


def _microseconds(span: timedelta) -> int:
    return span // MICROSECOND
