"""What requests to the exchange cost, and the contract of the allowance they are paid from.

The exchange allows one egress address 1,200 weight a minute. A request's cost is known only after
its answer, so the worst case is reserved before it and the difference given back after it.
"""

from math import ceil
from typing import Protocol

from hypertally.settings import PAGE_WEIGHT_MAX

BASE_WEIGHT = 20
LIGHT_WEIGHT = 2
LIGHT = frozenset({"l2Book", "allMids", "clearinghouseState", "orderStatus"})
ROWS_PER_WEIGHT = {
    "userFills": 20,
    "userFillsByTime": 20,
    "userTwapSliceFillsByTime": 20,
    "userFunding": 20,
    "candleSnapshot": 60,
}
ROWS_MAX = {"candleSnapshot": 5000}
PAGE_ROWS = 2000  # a fills answer never holds more


class Budget(Protocol):
    """An allowance shared by every process of one egress address."""

    async def reserve(self, weight: int) -> int:
        """Wait until `weight` may be spent; a reservation's number."""
        ...

    async def settle(self, reservation: int, weight: int) -> None:
        """Say what the request really cost."""
        ...


def weight(request_type: str, rows: int) -> int:
    """What a request cost, given how many rows its answer held."""
    if request_type in LIGHT:
        return LIGHT_WEIGHT
    rows_per_weight = ROWS_PER_WEIGHT.get(request_type)
    return BASE_WEIGHT + (ceil(rows / rows_per_weight) if rows_per_weight else 0)


def weight_max(request_type: str) -> int:
    """The most a request can cost."""
    return max(
        weight(request_type, ROWS_MAX.get(request_type, PAGE_ROWS)),
        PAGE_WEIGHT_MAX if request_type == "userFillsByTime" else 0,
    )
