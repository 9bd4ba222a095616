"""What wallets cost of the allowance of requests."""

from decimal import ROUND_UP, Decimal

from hypertally.jobs.paces import PACES, Pace
from hypertally.sources.weights import BASE_WEIGHT

BUSIEST, *_, IDLE = PACES
_WHOLE = Decimal(1)


def cost_text(wallets: int) -> str:
    """What the pulls of the fills of new wallets cost."""
    return (
        f"first pulls: {wallets * BASE_WEIGHT:,} of the request weight, or more; then "
        f"{_weight(wallets, IDLE):,} a minute if all are idle, {_weight(wallets, BUSIEST):,} if "
        "all trade within the hour"
    )


def _weight(wallets: int, pace: Pace) -> Decimal:
    """The weight a minute of wallets at a pace, rounded up."""
    return (Decimal(wallets * BASE_WEIGHT * 60) / pace.seconds).quantize(_WHOLE, ROUND_UP)
