"""What requests to the exchange cost, and the contract of the allowance they are paid from.

The exchange allows one address 1,200 weight a minute. The cost of a request is known only after its
answer, so the worst case is reserved before the request and the difference given back after it.
"""

import asyncio
from dataclasses import dataclass
from math import ceil
from types import TracebackType
from typing import Protocol, Self

from hypertally.settings import PAGE_WEIGHT_MAX

BASE_WEIGHT = 20
LIGHT_WEIGHT = 2
LIGHT = frozenset({"l2Book", "allMids", "clearinghouseState", "orderStatus"})
ROWS_PER_WEIGHT = {
    "userFills": 20,
    "userFillsByTime": 20,
    "userTwapSliceFillsByTime": 20,
    "twapHistory": 20,
    "userFunding": 20,
    "candleSnapshot": 60,
}
ROWS_MAX = {"candleSnapshot": 5000}
PAGE_ROWS = 2000  # a fills answer never holds more


class Budget(Protocol):
    """An allowance shared by every process that asks one upstream host."""

    async def reserve(self, weight: int) -> int:
        """Wait until `weight` may be spent; a reservation's number."""
        ...

    async def settle(self, reservation: int, weight: int) -> None:
        """Say what the request really cost."""
        ...

    async def read_free(self) -> int:
        """The weight that may be spent now."""
        ...


@dataclass(slots=True)
class _Part:
    """A reservation that several requests are paid from."""

    reservation: int
    left: int
    spent: int = 0
    unanswered: int = 0
    settled: bool = False


class Prepaid:
    """Weight reserved in parts of many requests, and spent request by request.

    A reservation counts from its last answer on. One for all that is asked each minute would count
    until after the next minute began, and make it late; of parts, the first is free again first.
    """

    def __init__(self, budget: Budget, *, expected: int, part: int) -> None:
        self._budget = budget
        self._expected = expected  # all that will be asked if nothing is asked twice
        self._part = part
        self._parts: list[_Part] = []
        self._reserving = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """What no request has spent is free again; what failed requests cost stays spent."""
        for part in self._parts:
            await self._settle(part)

    async def reserve(self, weight: int) -> int:
        """Spend of the part in hand, or wait for another; the number of the part."""
        async with self._reserving:
            if not self._parts or self._parts[-1].left < weight:
                size = max(weight, min(self._part, self._expected))
                self._parts.append(_Part(await self._budget.reserve(size), left=size))
                self._expected -= size
            part = self._parts[-1]
            part.left -= weight
            part.spent += weight
            part.unanswered += 1
            return len(self._parts) - 1

    async def settle(self, reservation: int, weight: int) -> None:
        """Say that a request of a part is answered: each was reserved at its price."""
        del weight
        part = self._parts[reservation]
        part.unanswered -= 1
        if not part.left and not part.unanswered:
            await self._settle(part)

    async def read_free(self) -> int:
        """The weight that may be spent now, beside what is reserved."""
        return await self._budget.read_free()

    async def _settle(self, part: _Part) -> None:
        if not part.settled:
            part.settled = True
            await self._budget.settle(part.reservation, part.spent)


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
