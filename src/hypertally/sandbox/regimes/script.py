"""The script of a regime: what many wallets do together, minute by minute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

LONG, SHORT = 1, -1


class PositionAction(StrEnum):
    """How a wallet changes its position."""

    OPEN = "open"
    ADD = "add"
    REDUCE = "reduce"
    CLOSE = "close"
    FLIP = "flip"
    RESTORE = "restore"  # back to the first position


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptStep:
    """A share of the wallets that can take an action takes it, spread over some minutes."""

    asset: str
    action: PositionAction
    side: int  # to open, or held by the wallets that act; unused by RESTORE
    first_minute: int
    minutes: int
    share: Decimal = Decimal(1)
    by: Decimal = Decimal(1)  # share of the position to add, to take off, or to hold after a flip
    forced: bool = False


def script_step(
    asset: str,
    action: PositionAction,
    side: int,
    *,
    first: int,
    minutes: int,
    share: str = "1",
    by: str = "1",
    forced: bool = False,
) -> ScriptStep:
    """Make a line of a script; shares are written as text, exactly."""
    return ScriptStep(
        asset=asset,
        action=action,
        side=side,
        first_minute=first,
        minutes=minutes,
        share=Decimal(share),
        by=Decimal(by),
        forced=forced,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFailures:
    """Minutes in which requests for a share of the wallets fail."""

    first_minute: int
    minutes: int
    share: Decimal = Decimal(1)
    prices: bool = False  # whether allMids fails too


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeScript:
    """A regime; its steps choose their wallets in this order within a minute."""

    name: str
    period: int  # minutes until the script starts again
    steps: Sequence[ScriptStep]
    failures: Sequence[RequestFailures] = ()
    price_paths: Mapping[str, Sequence[tuple[int, Decimal]]] = field(
        default_factory=dict[str, Sequence[tuple[int, Decimal]]]
    )  # asset -> minutes and their prices in USD
    delays_minutes: Mapping[str, int] = field(
        default_factory=dict[str, int]
    )  # asset -> minutes by which its steps start later


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PositionChange:
    """A change of a position by a signed size."""

    minute: int
    asset: str
    size: Decimal
    forced: bool = False

    def later(self, minutes: int) -> "PositionChange":
        """Return the same change some minutes later."""
        return replace(self, minute=self.minute + minutes)
