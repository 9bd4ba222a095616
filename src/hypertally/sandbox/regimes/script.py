"""The words in which a regime is written: what many wallets do together, minute by minute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

LONG, SHORT = 1, -1


class Deed(StrEnum):
    """What a wallet does to its position."""

    OPEN = "open"
    ADD = "add"
    REDUCE = "reduce"
    CLOSE = "close"
    FLIP = "flip"
    RESTORE = "restore"  # back to what it held at first


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """So large a share of those who could do something do it, spread over some minutes."""

    asset: str
    deed: Deed
    side: int  # opened, or held by those who act; means nothing to restore
    first_minute: int
    minutes: int
    share: Decimal = Decimal(1)
    by: Decimal = Decimal(1)  # of the holding: added, taken off, or held after a flip
    forced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """Minutes in which requests for a share of the wallets get no answer."""

    first_minute: int
    minutes: int
    share: Decimal = Decimal(1)
    prices: bool = False  # and allMids gets none either


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A regime: acts in the order in which they choose their wallets within a minute."""

    name: str
    period: int  # minutes until it starts again
    acts: Sequence[Act]
    failings: Sequence[Failing] = ()
    paths: Mapping[str, Sequence[tuple[int, Decimal]]] = field(default_factory=dict)  # USD, minute
    shifts: Mapping[str, int] = field(default_factory=dict)  # minutes an asset comes later


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Change:
    """A position changes by a signed size."""

    minute: int
    asset: str
    size: Decimal
    forced: bool = False

    def later(self, minutes: int) -> "Change":
        """Give the same change some minutes later."""
        return replace(self, minute=self.minute + minutes)
