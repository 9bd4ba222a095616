"""The figures that the definition of LP, hedge and rates prints."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest

from hypertally.metrics.lp.formulas.account.annual_rates import (
    FundingHour,
    ValueReading,
    funding_apr,
    market_funding_apr,
)
from hypertally.metrics.lp.formulas.account.hedge import hedge_state
from hypertally.metrics.lp.formulas.bounded import exactly
from hypertally.metrics.lp.formulas.exact_decimals import EXACT, whole_tokens
from hypertally.metrics.lp.formulas.pool.liquidity_amounts import (
    SqrtPriceRange,
    withdrawn_amounts,
)
from hypertally.metrics.lp.formulas.pool.prices import (
    gamma0,
    gamma1,
    gamma_per_usd,
    pool_price,
    sqrt_price_of,
)
from hypertally.metrics.lp.formulas.pool.token_pairs import PoolToken

TOKENS = PoolToken(symbol="WHYPE", decimals=18), PoolToken(symbol="USDC", decimals=18)
START = datetime(2026, 11, 1, tzinfo=UTC)
HYPE, USDC = Decimal("162.550161"), Decimal("5123.4952")  # $10,000 at 30 in 28.5 to 31.5
LIQUIDITY = 36_943_0122 * 10**14  # 36,943.0122


def sqrt_price(price: str) -> int:
    return sqrt_price_of(Decimal(price), TOKENS)


RANGE = SqrtPriceRange(lower=sqrt_price("28.5"), upper=sqrt_price("31.5"))


def amounts_at(price: str) -> list[Decimal]:
    amounts = withdrawn_amounts(LIQUIDITY, sqrt_price(price), RANGE)
    return [whole_tokens(amount, 18) for amount in amounts]


def test_what_ten_thousand_usd_deposit() -> None:
    hype, usdc = amounts_at("30")
    assert (round(hype, 6), round(usdc, 4)) == (HYPE, USDC)
    assert round(hype * 30 + usdc, 2) == 10_000


@pytest.mark.parametrize(
    ("price", "percent"),
    [("28.5", "-1.3297"), ("31.5", "-1.2046"), ("33", "-3.5015"), ("27", "-4.1268")],
)
def test_impermanent_loss_in_and_out_of_range(price: str, percent: str) -> None:
    hype, usdc = amounts_at(price)
    value, hodl = hype * Decimal(price) + usdc, HYPE * Decimal(price) + USDC
    assert round(100 * (value / hodl - 1), 4) == Decimal(percent)


def test_the_drift_to_expect_at_thirty() -> None:
    gamma = gamma0(LIQUIDITY, sqrt_price("30"), TOKENS)
    assert round(gamma, 2) == Decimal("-112.41")
    # A stablecoin at 0.998: a rise by $1 is a rise by 1.002 of it.
    assert round(gamma_per_usd(gamma, Decimal("0.998")), 2) == Decimal("-112.64")


def test_gamma_is_the_slope_of_the_amounts() -> None:
    with localcontext(EXACT):
        step = Decimal("0.0001")
        low, high = (amounts_at(str(Decimal(30) + side * step))[0] for side in (-1, 1))
        slope = Fraction(high - low) / Fraction(2 * step)
    gamma = Fraction(gamma0(LIQUIDITY, sqrt_price("30"), TOKENS))
    assert abs(slope / gamma - 1) < Fraction(1, 10**6)


def test_gamma_of_the_other_token_is_the_slope_over_its_own_price() -> None:
    tokens = PoolToken(symbol="USDC", decimals=6), PoolToken(symbol="WHYPE", decimals=18)
    low, middle, high = (
        sqrt_price_of(1 / Decimal(price), tokens) for price in ("30.0001", "30", "29.9999")
    )
    prices = SqrtPriceRange(
        lower=sqrt_price_of(1 / Decimal(40), tokens), upper=sqrt_price_of(1 / Decimal(20), tokens)
    )
    hype = [withdrawn_amounts(10**20, root, prices)[1] for root in (low, high)]
    slope = Fraction(hype[0] - hype[1], 10**18) / Fraction("0.0002")
    gamma = Fraction(gamma1(10**20, middle, tokens))
    assert gamma < 0
    assert abs(slope / gamma - 1) < Fraction(1, 10**6)


def test_a_short_of_150_hedges_most_of_it() -> None:
    lp, short = exactly(HYPE), exactly(Decimal(-150))
    hedge = hedge_state(lp, short, Decimal(30))
    assert hedge.ratio.value is not None
    assert hedge.drift_units.value is not None
    assert round(hedge.ratio.value, 4) == Decimal("0.9228")
    assert round(hedge.drift_units.value, 2) == Decimal("12.55")
    assert hedge.error.value is not None
    assert round(hedge.error.value, 4) == Decimal("0.0772")


def test_funding_that_was_paid() -> None:
    end = START + timedelta(hours=168)
    hours = [
        FundingHour(at=START + timedelta(hours=hour), usdc=Decimal("0.25"))
        for hour in range(1, 169)
    ]
    notional = [ValueReading(at=START, usd=exactly(9_000))]
    rate = funding_apr(hours, notional, end).rate.value
    assert rate is not None
    assert round(100 * rate, 2) == Decimal("24.33")


def test_funding_of_the_market_is_for_the_side() -> None:
    rates = [Decimal("0.0000125")] * 5
    assert market_funding_apr(rates, "short").value == Decimal("0.1095")
    assert market_funding_apr(rates, "long").value == Decimal("-0.1095")


@pytest.mark.parametrize("price", ["0.00000123", "1", "29.99", "123456.789"])
def test_the_price_of_a_square_root_price_is_the_price(price: str) -> None:
    for decimals in ((18, 6), (6, 18), (8, 18)):
        tokens = tuple(PoolToken(symbol="T", decimals=places) for places in decimals)
        assert len(tokens) == 2
        again = pool_price(sqrt_price_of(Decimal(price), tokens), tokens)
        assert abs(again / Decimal(price) - 1) < Decimal("1E-11")
