"""What amounts of both tokens are worth in USD, at prices some of which may be unknown."""

from decimal import Decimal

from hypertally.metrics.lp.formulas.bounded import Bounded, between, exactly, total
from hypertally.metrics.lp.formulas.exact_decimals import product, whole_tokens
from hypertally.metrics.lp.formulas.pool.token_pairs import (
    ExactAmounts,
    PoolToken,
    PoolTokens,
    TokenAmounts,
    UsdPrices,
)


def usd_value(
    amounts: TokenAmounts | ExactAmounts, tokens: PoolTokens, prices: UsdPrices
) -> Bounded:
    """Exact; where a price is unknown, bounded by nothing on the side of what has no price."""
    return total(
        _usd_of_token(Decimal(amount), token, price)
        for amount, token, price in zip(amounts, tokens, prices, strict=True)
    )


def _usd_of_token(amount: Decimal, token: PoolToken, price: Decimal | None) -> Bounded:
    if price is not None:
        return exactly(product(whole_tokens(amount, token.decimals), price))
    if not amount:
        return exactly(0)  # nothing is worth nothing at any price
    nothing = Decimal(0)
    lower, upper = (nothing, None) if amount > 0 else (None, nothing)
    return between(lower, upper, f"{token.symbol} has no price at that time")
