"""A part of an allowance for one purpose: what it spends counts in the part and in the whole."""

from hypertally.sources.weights import Budget


class LimitedBudget:
    """An allowance whose spends also stay within a smaller one."""

    def __init__(self, whole: Budget, part: Budget) -> None:
        self._whole = whole
        self._part = part
        self._of_part: dict[int, int] = {}  # reservation of the whole -> that of the part

    async def reserve(self, weight: int) -> int:
        """Wait until both allow the weight; the reservation's number."""
        of_part = await self._part.reserve(weight)
        reservation = await self._whole.reserve(weight)
        self._of_part[reservation] = of_part
        return reservation

    async def settle(self, reservation: int, weight: int) -> None:
        """Say what the request really cost."""
        await self._part.settle(self._of_part.pop(reservation), weight)
        await self._whole.settle(reservation, weight)

    async def read_free(self) -> int:
        """The weight that may be spent now."""
        return min(await self._part.read_free(), await self._whole.read_free())
