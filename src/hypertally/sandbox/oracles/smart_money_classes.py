"""The class of a wallet's behaviour in a window, of both versions, by the table of definitions.

The typical position of a wallet is the median over the full minutes of (t - 24 h, t] that were
observed, flat minutes included: as every other window, it ends at t.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

WINDOW_MINUTES = 5
DAY_MINUTES = 1_440
FLOORS = {"HYPE": Decimal("0.01"), "BTC": Decimal("0.0001"), "ETH": Decimal("0.001")}
ADDERS_LONG = ("OPEN_L", "ADD_L", "FLIP_L")
ADDERS_SHORT = ("OPEN_S", "ADD_S", "FLIP_S")
BUYERS = ("OPEN_L", "ADD_L", "CLOSE_S", "REDUCE_S", "FLIP_L")
SELLERS = ("OPEN_S", "ADD_S", "CLOSE_L", "REDUCE_L", "FLIP_S")
LEAVERS = ("REDUCE_L", "REDUCE_S", "CLOSE_L", "CLOSE_S", "FLIP_L", "FLIP_S")

#: (wallet, full minute) -> its position in one asset; None when it was not observed
PositionLookup = Callable[[str, int], Decimal | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletBehaviour:
    """The behaviour of one wallet in a window."""

    wallet: str
    behaviour: str
    v1_class: str  # adder_long, adder_short, reducer, flat, missing
    before: Decimal | None
    now: Decimal | None
    epsilon: Decimal
    forced: bool

    @property
    def change(self) -> Decimal | None:
        """The change of the position; None if an end was not observed."""
        return None if self.before is None or self.now is None else self.now - self.before

    @property
    def side(self) -> int:
        """The side held before the window, beyond noise: 1, -1, or 0 for none and unknown."""
        if self.before is None or self.now is None or abs(self.before) <= self.epsilon:
            return 0
        return 1 if self.before > 0 else -1

    @property
    def side_now(self) -> int:
        """The side held at the end of the window."""
        if self.now is None or abs(self.now) <= self.epsilon:
            return 0
        return 1 if self.now > 0 else -1


def classify_wallet(
    asset: str,
    wallet: str,
    position_at: PositionLookup,
    *,
    minute: int,
    forced: Callable[[str], bool],
    dirty: bool,
    from_minute: int,
) -> WalletBehaviour:
    """Classify one wallet's window; positions were recorded from a minute on."""
    before, now = position_at(wallet, minute - WINDOW_MINUTES), position_at(wallet, minute)
    epsilon = typical_noise(
        asset, wallet, position_at=position_at, minute=minute, from_minute=from_minute
    )
    behaviour = behaviour_of(before, now, epsilon)
    if dirty and behaviour != "MISSING":
        behaviour = "DIRTY"
    return WalletBehaviour(
        wallet=wallet,
        behaviour=behaviour,
        v1_class=v1_class_of(behaviour, before=before, now=now, epsilon=epsilon),
        before=before,
        now=now,
        epsilon=epsilon,
        forced=behaviour in LEAVERS and forced(wallet),
    )


def typical_noise(
    asset: str, wallet: str, *, position_at: PositionLookup, minute: int, from_minute: int
) -> Decimal:
    """Return the wallet's epsilon in a window that ends at a full minute."""
    first = max(minute - DAY_MINUTES + 1, from_minute)
    minutes = range(first, minute + 1)
    sizes = [
        abs(held) for at_minute in minutes if (held := position_at(wallet, at_minute)) is not None
    ]
    if not sizes:
        return FLOORS[asset]
    return max(FLOORS[asset], Decimal("0.02") * median(sizes))


def behaviour_of(before: Decimal | None, now: Decimal | None, epsilon: Decimal) -> str:  # noqa: PLR0911 - a line for each row of the table
    """Return the class of a wallet by its sizes at both ends."""
    if before is None or now is None:
        return "MISSING"
    if abs(before) <= epsilon and abs(now) <= epsilon:
        return "FLAT"
    if abs(now - before) <= epsilon:
        return "HOLD"
    if abs(before) <= epsilon:
        return "OPEN_L" if now > 0 else "OPEN_S"
    if abs(now) <= epsilon:
        return "CLOSE_L" if before > 0 else "CLOSE_S"
    if before * now < 0:
        return "FLIP_L" if now > 0 else "FLIP_S"
    return ("ADD_" if abs(now) > abs(before) else "REDUCE_") + ("L" if now > 0 else "S")


def v1_class_of(
    behaviour: str, *, before: Decimal | None, now: Decimal | None, epsilon: Decimal
) -> str:
    """Return the class of the first version."""
    if now is None or behaviour == "DIRTY":
        return "missing"
    if before is None:
        return "flat"
    if now - before > epsilon and now > 0:
        return "adder_long"
    if now - before < -epsilon and now < 0:
        return "adder_short"
    return "reducer" if abs(now) < abs(before) - epsilon else "flat"
