"""What wallets cost of the allowance of requests."""

from decimal import ROUND_UP, Decimal

from hypertally.jobs.paces import PACES, Pace
from hypertally.records import Record
from hypertally.sources.weights import BASE_WEIGHT

BUSIEST, *_, IDLE = PACES
_WHOLE = Decimal(1)


class PullCost(Record, frozen=True, kw_only=True):
    """What the pulls of the fills of new wallets cost of the request weight."""

    first_pulls_min: int
    idle_per_minute: int  # if all are idle
    busy_per_minute: int  # if all trade within the hour


def cost_of(wallets: int) -> PullCost:
    """What the pulls of the fills of new wallets cost."""
    return PullCost(
        first_pulls_min=wallets * BASE_WEIGHT,
        idle_per_minute=_weight(wallets, IDLE),
        busy_per_minute=_weight(wallets, BUSIEST),
    )


def cost_text(wallets: int) -> str:
    """The same in words."""
    cost = cost_of(wallets)
    return (
        f"first pulls: {cost.first_pulls_min:,} of the request weight, or more; then "
        f"{cost.idle_per_minute:,} a minute if all are idle, {cost.busy_per_minute:,} if all trade "
        "within the hour"
    )


def _weight(wallets: int, pace: Pace) -> int:
    """The weight a minute of wallets at a pace, rounded up."""
    weight = Decimal(wallets * BASE_WEIGHT * 60) / pace.seconds
    return int(weight.quantize(_WHOLE, ROUND_UP))
