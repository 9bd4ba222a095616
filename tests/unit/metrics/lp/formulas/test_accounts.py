"""An account over its legs: deltas, hedge, value, and legs that were not read."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hypertally.metrics.lp.formulas.account.deltas import (
    DeltaSource,
    Exposure,
    asset_deltas,
    delta_usd,
    share_of_deployed,
)
from hypertally.metrics.lp.formulas.account.hedge import (
    NO_LIQUIDITY,
    NO_POSITION,
    DriftLevel,
    drift_level,
    hedge_state,
)
from hypertally.metrics.lp.formulas.account.missing_legs import (
    LastLiquidity,
    missing_quantity,
    missing_tokens,
    missing_value,
)
from hypertally.metrics.lp.formulas.account.value import AccountLeg, account_value
from hypertally.metrics.lp.formulas.bounded import Bounded, between, exactly, unknown
from hypertally.metrics.lp.formulas.exact_decimals import quotient, whole_tokens
from hypertally.metrics.lp.formulas.ledger.gas import TransactionGas, gas_usd
from hypertally.metrics.lp.formulas.pool.liquidity_amounts import (
    range_of_ticks,
    withdrawn_amounts,
)
from hypertally.metrics.lp.formulas.pool.tick_math import SQRT_PRICE_END, SQRT_PRICE_MIN
from hypertally.metrics.lp.formulas.pool.token_pairs import PoolToken
from hypertally.metrics.lp.formulas.pool.usd_values import usd_value

TOKENS = PoolToken(symbol="WHYPE", decimals=18), PoolToken(symbol="USDC", decimals=6)
NOT_READ = "not read"


def exposure(
    source: DeltaSource,
    units: Bounded,
    token: str = "HYPE",
    underlying: str = "HYPE",
    rate: Decimal | None = Decimal(1),
) -> Exposure:
    return Exposure(source=source, token=token, underlying=underlying, rate=rate, units=units)


ALL = [
    exposure("lp", exactly(100), token="WHYPE"),
    exposure("uncollected", exactly(2), token="WHYPE"),
    exposure("perp", exactly(-90)),
    exposure("perp", exactly(-5)),  # of another dex
    exposure("spot", exactly(7)),
    exposure("wallet", exactly(10), token="kHYPE", rate=Decimal("1.01")),
]


def test_net_delta_is_of_everything_and_strategy_delta_of_liquidity_and_perps() -> None:
    (hype,) = asset_deltas(ALL)
    assert hype.asset == "HYPE"
    assert (hype.lp.value, hype.perp.value) == (102, -95)
    assert (hype.strategy.value, hype.net.value) == (7, Decimal("24.1"))


def test_a_staked_token_without_a_rate_counts_apart() -> None:
    staked = exposure("wallet", exactly(10), token="kHYPE", rate=None)
    hype, apart = asset_deltas([*ALL[:-1], staked])
    assert (hype.asset, hype.net.value) == ("HYPE", 14)
    assert (apart.asset, apart.net.value, apart.strategy.value) == ("kHYPE", 10, 0)


SIGNED = st.decimals(-1_000, 1_000, places=2)
POSITIVE = st.decimals("0.01", 1_000, places=2)


@given(SIGNED, POSITIVE, st.none() | POSITIVE, st.none() | POSITIVE)
def test_a_delta_in_usd_contains_every_completion(
    units: Decimal, price: Decimal, width: Decimal | None, price_width: Decimal | None
) -> None:
    some_units, some_price = exactly(units), exactly(price)
    if width is not None:
        some_units = between(units - width, units + width, NOT_READ)
    if price_width is not None:
        some_price = between(price / 2, price + price_width, NOT_READ)
    usd = delta_usd(some_units, some_price)
    assert usd.contains(units * price)
    assert usd.value in {None, units * price}


def test_a_delta_is_a_share_of_what_is_deployed() -> None:
    usd = delta_usd(exactly(-4), exactly(30))
    assert usd.value == -120
    assert share_of_deployed(usd, exactly(1_000)).value == Decimal("-0.12")
    assert share_of_deployed(usd, exactly(0)) == unknown("nothing is deployed")
    without_end = delta_usd(between(Decimal(1), None, NOT_READ), between(Decimal(2), None, "price"))
    assert (without_end.lower, without_end.upper) == (2, None)
    assert without_end.reasons == (NOT_READ, "price")


LAST = LastLiquidity(liquidity=10**21, tick_lower=-600, tick_upper=1_200, tokens=TOKENS)


def test_a_missing_liquidity_bounds_the_delta_between_nothing_and_its_most() -> None:
    most = missing_tokens(LAST, NOT_READ)[0]
    (hype,) = asset_deltas([exposure("lp", most), *ALL[2:]])
    assert hype.net.value is None
    assert most.upper is not None
    assert (hype.net.lower, hype.net.upper) == (
        Decimal("-77.9"),
        Decimal("-77.9") + most.upper,
    )
    assert hype.net.reasons == (NOT_READ,)


@given(
    st.integers(SQRT_PRICE_MIN, SQRT_PRICE_END - 1),
    st.decimals("0.01", 1_000, places=2),
    st.decimals("0.01", 1_000, places=2),
)
def test_no_price_puts_a_missing_liquidity_outside_its_bounds(
    sqrt_price: int, price0: Decimal, price1: Decimal
) -> None:
    prices = range_of_ticks(LAST.tick_lower, LAST.tick_upper)
    amounts = withdrawn_amounts(LAST.liquidity, sqrt_price, prices)
    for amount, token, most in zip(amounts, TOKENS, missing_tokens(LAST, NOT_READ), strict=True):
        assert most.contains(whole_tokens(amount, token.decimals))
    worth = usd_value(amounts, TOKENS, (price0, price1)).value
    assert worth is not None
    assert missing_value(LAST, (price0, price1), NOT_READ).contains(worth)


def test_a_missing_liquidity_without_a_price_has_no_largest_value() -> None:
    value = missing_value(LAST, (None, Decimal(1)), NOT_READ)
    assert (value.value, value.lower, value.upper) == (None, 0, None)


@pytest.mark.parametrize(
    ("last", "bounds"),
    [("5", ("0", "5")), ("-5", ("-5", "0")), ("0", ("0", "0"))],
)
def test_a_missing_quantity_lies_between_nothing_and_the_last(
    last: str, bounds: tuple[str, str]
) -> None:
    missing = missing_quantity(Decimal(last), NOT_READ)
    assert missing == between(Decimal(bounds[0]), Decimal(bounds[1]), NOT_READ)
    assert missing_quantity(None, NOT_READ) == unknown(NOT_READ)


def test_a_leg_that_is_missing_makes_the_sum_unknown_and_never_smaller() -> None:
    legs = [
        AccountLeg(kind="lp", usd=exactly(500)),
        AccountLeg(kind="uncollected", usd=exactly(5)),
        AccountLeg(kind="perp_equity", usd=between(Decimal(0), Decimal(300), NOT_READ)),
        AccountLeg(kind="spot", usd=exactly(20)),
    ]
    value = account_value(legs)
    assert (value.total.value, value.total.lower, value.total.upper) == (None, 525, 825)
    assert (value.deployed.lower, value.deployed.upper) == (505, 805)
    assert value.missing == ("perp_equity",)
    assert account_value([leg for leg in legs if leg.usd.value]).deployed.value == 505


UNITS = st.decimals(0, 1_000, places=2)


@given(UNITS, st.decimals(-1_000, 1_000, places=2), st.none() | UNITS, UNITS)
def test_the_hedge_of_a_missing_leg_contains_every_completion(
    liquidity: Decimal, perp: Decimal, more_liquidity: Decimal | None, more_size: Decimal
) -> None:
    assume(liquidity)
    lp_bounds = exactly(liquidity)
    if more_liquidity is not None:
        lp_bounds = between(Decimal(0), liquidity + more_liquidity, NOT_READ)
    perp_bounds = between(perp - more_size, perp + more_size, NOT_READ)
    bounds = hedge_state(lp_bounds, perp_bounds, Decimal(30))
    hedge = hedge_state(exactly(liquidity), exactly(perp), None)
    assert bounds.error.value is None
    assert hedge.error.value is not None
    assert hedge.ratio.value is not None
    assert bounds.error.contains(hedge.error.value)
    assert bounds.drift_units.contains(abs(liquidity + perp))
    if liquidity * 30 >= 1:
        assert bounds.ratio.contains(hedge.ratio.value)


@pytest.mark.parametrize(
    ("lp", "perp", "error"),
    [(100, -100, "0"), (100, -90, "0.1"), (90, -100, "0.1"), (100, 0, "1"), (100, 100, "2")],
)
def test_the_error_is_the_drift_over_the_larger_side(lp: int, perp: int, error: str) -> None:
    hedge = hedge_state(exactly(lp), exactly(perp), Decimal(30))
    assert hedge.error.value == Decimal(error)
    assert hedge.ratio.value == quotient(-perp, lp)


def test_what_fees_leave_is_no_liquidity_to_hedge() -> None:
    dust = exactly(Decimal("0.0051"))
    hedge = hedge_state(dust, exactly(0), Decimal(30))
    assert (hedge.ratio, hedge.error) == (unknown(NO_LIQUIDITY), unknown(NO_POSITION))
    alone = hedge_state(dust, exactly(-50), Decimal(30))
    assert alone.ratio == unknown(NO_LIQUIDITY)
    assert alone.error.value is not None
    assert alone.error.value > Decimal("0.99")
    assert alone.drift_units.value == Decimal("49.9949")


@pytest.mark.parametrize(
    ("error", "before", "after"),
    [
        ("0.05", None, None),
        ("0.0501", None, "medium"),
        ("0.04", "medium", "medium"),
        ("0.0399", "medium", None),
        ("0.1001", "medium", "high"),
        ("0.08", "high", "high"),
        ("0.0799", "high", "medium"),
        ("0.0399", "high", None),
        ("0.2001", None, "critical"),
        ("0.16", "critical", "critical"),
        ("0.1599", "critical", "high"),
        ("0.09", "critical", "high"),
        ("0.09", "medium", "medium"),
        ("0.045", "critical", "medium"),
    ],
)
def test_a_level_ends_later_than_it_begins(
    error: str, before: DriftLevel | None, after: DriftLevel | None
) -> None:
    assert drift_level(Decimal(error), before) == after


def transaction(
    name: str, price: str | None = "30", gas_used: int | None = 10**6
) -> TransactionGas:
    return TransactionGas(
        tx_hash=name,
        gas_used=gas_used,
        effective_gas_price_wei=10**9,
        native_price_usd=None if price is None else Decimal(price),
    )


def test_gas_of_a_transaction_counts_once() -> None:
    cost = gas_usd([transaction("a"), transaction("b", "40"), transaction("a")])
    assert cost.value == Decimal("0.07")


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        (transaction("b", gas_used=None), "the receipt of b was not read"),
        (transaction("b", price=None), "gas of b has no price at that time"),
    ],
)
def test_gas_that_was_not_read_is_at_least_what_was(missing: TransactionGas, reason: str) -> None:
    cost = gas_usd([transaction("a"), missing])
    assert (cost.value, cost.lower, cost.upper) == (None, Decimal("0.03"), None)
    assert cost.reasons == (reason,)
    assert gas_usd([transaction("c", price=None, gas_used=0)]).value == 0
