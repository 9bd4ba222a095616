"""The holdings of one wallet: perp positions at average cost, and token balances."""

from dataclasses import dataclass, field
from decimal import Decimal

from hypertally.sandbox.population.decimals import ZERO, rounded

COST_PLACES = 6  # a perp notional has six decimals at most, so realised PnL is exact
SPOT_COST_PLACES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class FillEffect:
    """The effect of a fill on a wallet's holding, as three fields of the fill row show it."""

    start: Decimal
    direction: str
    closed_pnl: Decimal


@dataclass(slots=True)
class Position:
    """A perp position; `cost` carries the sign of `size`."""

    size: Decimal = ZERO
    cost: Decimal = ZERO

    def apply(self, signed_size: Decimal, price: Decimal) -> FillEffect:
        """Trade a signed size at a price; a flip closes the position, then opens the rest."""
        start = self.size
        end = start + signed_size
        if start * signed_size >= ZERO:
            self.size, self.cost = end, self.cost + signed_size * price
            side = "Long" if signed_size > ZERO else "Short"
            return FillEffect(start=start, direction=f"Open {side}", closed_pnl=ZERO)
        closing = signed_size if abs(signed_size) <= abs(start) else -start
        released = (
            self.cost if closing == -start else rounded(self.cost * -closing / start, COST_PLACES)
        )
        opened = signed_size - closing
        self.size, self.cost = end, self.cost - released + opened * price
        return FillEffect(
            start=start,
            direction=_closing_direction(start, end),
            closed_pnl=-closing * price - released,
        )


def _closing_direction(start: Decimal, end: Decimal) -> str:
    if start > ZERO:
        return "Close Long" if end >= ZERO else "Long > Short"
    return "Close Short" if end <= ZERO else "Short > Long"


@dataclass(slots=True)
class Balance:
    """A token or outcome balance and its cost in the quote token."""

    size: Decimal = ZERO
    cost: Decimal = ZERO

    def deposit(self, size: Decimal, price: Decimal) -> None:
        """Receive tokens by a transfer, which makes no fill row."""
        self.size += size
        self.cost += rounded(size * price, SPOT_COST_PLACES)

    def buy(self, size: Decimal, price: Decimal, *, fee_in_base: Decimal) -> FillEffect:
        """Buy a size; a fee in the bought token reduces it."""
        start = self.size
        self.size += size - fee_in_base
        self.cost += size * price
        return FillEffect(start=start, direction="Buy", closed_pnl=ZERO)

    def sell(self, size: Decimal, price: Decimal) -> FillEffect:
        """Sell a size of the balance."""
        start = self.size
        assert start >= size, "the caller deposits the missing tokens first"
        released = (
            self.cost if start == size else rounded(self.cost * size / start, SPOT_COST_PLACES)
        )
        self.size -= size
        self.cost -= released
        return FillEffect(
            start=start,
            direction="Sell",
            closed_pnl=rounded(size * price - released, SPOT_COST_PLACES),
        )


@dataclass(slots=True)
class Holdings:
    """The positions and balances of one wallet by coin, and its cash by dex."""

    positions: dict[str, Position] = field(default_factory=dict[str, Position])
    balances: dict[str, Balance] = field(default_factory=dict[str, Balance])
    cash: dict[str, Decimal] = field(default_factory=dict[str, Decimal])

    def position(self, coin: str) -> Position:
        """Return the position in a perp coin, flat at first."""
        return self.positions.setdefault(coin, Position())

    def balance(self, coin: str) -> Balance:
        """Return the balance of a spot or outcome coin, zero at first."""
        return self.balances.setdefault(coin, Balance())
