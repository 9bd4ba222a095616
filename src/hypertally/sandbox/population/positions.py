"""What one wallet holds: perp positions at average cost, and token balances."""

from dataclasses import dataclass, field
from decimal import Decimal

from hypertally.sandbox.population.decimals import ZERO, rounded

COST_PLACES = 6  # perp notional has at most six decimals, so realised results are exact
SPOT_COST_PLACES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class FillEffect:
    """How a fill met what the wallet held: the three columns a fill row shows of it."""

    start: Decimal
    direction: str
    closed_pnl: Decimal


@dataclass(slots=True)
class Position:
    """A perp position; `cost` carries the sign of `size`."""

    size: Decimal = ZERO
    cost: Decimal = ZERO

    def apply(self, signed_size: Decimal, price: Decimal) -> FillEffect:
        """Trade a signed size at a price; a flip closes all, then opens the rest."""
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
    """A token or outcome balance with what was paid for it, in the quote token."""

    size: Decimal = ZERO
    cost: Decimal = ZERO

    def deposit(self, size: Decimal, price: Decimal) -> None:
        """Receive tokens from outside the market; no fill row shows it."""
        self.size += size
        self.cost += rounded(size * price, SPOT_COST_PLACES)

    def buy(self, size: Decimal, price: Decimal, *, fee_in_base: Decimal) -> FillEffect:
        """Receive the size less the fee taken in the token bought."""
        start = self.size
        self.size += size - fee_in_base
        self.cost += size * price
        return FillEffect(start=start, direction="Buy", closed_pnl=ZERO)

    def sell(self, size: Decimal, price: Decimal) -> FillEffect:
        """Give up a size that is held."""
        start = self.size
        assert start >= size, "the caller deposits what is missing first"
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
    """Everything one wallet holds, by coin, and its cash per dex."""

    positions: dict[str, Position] = field(default_factory=dict[str, Position])
    balances: dict[str, Balance] = field(default_factory=dict[str, Balance])
    cash: dict[str, Decimal] = field(default_factory=dict[str, Decimal])

    def position(self, coin: str) -> Position:
        """Give the position of a perp coin, flat at first."""
        return self.positions.setdefault(coin, Position())

    def balance(self, coin: str) -> Balance:
        """Give the balance behind a spot or outcome coin, empty at first."""
        return self.balances.setdefault(coin, Balance())
