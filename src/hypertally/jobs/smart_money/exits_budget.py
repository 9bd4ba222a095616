"""What fills of exits are paid from: a little that pulls leave them, and what pulls do not need."""

from hypertally.errors import RateLimited
from hypertally.jobs.runtime.limited_budget import LimitedBudget
from hypertally.jobs.runtime.shared_budget import SharedBudget
from hypertally.jobs.smart_money.snapshot_share import share_weight
from hypertally.settings import PAGE_WEIGHT_MAX
from hypertally.sources.weights import BASE_WEIGHT, Budget

EXITS = "exits"  # what their part of the allowance is called
EXITS_OF_SHARE = "exits, kept"  # of it, what pulls leave free for them
ASKED_WEIGHT = BASE_WEIGHT + 1  # what a request for a few fills costs, whatever is reserved for it


class ExitsBudget:
    """An allowance for requests that can wait a minute: without weight they are refused at once.

    First from what pulls keep free, so that the fills come in the end; then from what pulls do not
    need: the next pull of a full page must still find its weight. Each try and each page asks anew.
    """

    def __init__(self, *, part: Budget | None, rest: Budget, pulls: Budget) -> None:
        self._part = part
        self._rest = rest
        self._pulls = pulls
        self._reserved_of: dict[int, Budget] = {}

    async def reserve(self, weight: int) -> int:
        """Spend weight; the reservation's number.

        Errors: `RateLimited` when none is left.
        """
        budget = await self._choose(weight)
        if budget is None:
            raise RateLimited("pulls and snapshots left no weight for another request")
        reservation = await budget.reserve(weight)
        self._reserved_of[reservation] = budget
        return reservation

    async def settle(self, reservation: int, weight: int) -> None:
        """Say what the request really cost."""
        await self._reserved_of.pop(reservation).settle(reservation, weight)

    async def read_free(self) -> int:
        """The weight that may be spent now; less than a full page is none."""
        budget = await self._choose(PAGE_WEIGHT_MAX)
        return await budget.read_free() if budget else 0

    async def _choose(self, weight: int) -> Budget | None:
        if self._part and await self._part.read_free() >= weight:
            return self._part
        is_left = (
            await self._rest.read_free() >= weight
            and await self._pulls.read_free() >= PAGE_WEIGHT_MAX + ASKED_WEIGHT
        )
        return self._rest if is_left else None


def exits_budget(snapshots: SharedBudget, *, wallets: int, weight_max: int) -> ExitsBudget:
    """What the fills of exits are paid from beside the snapshots of so many wallets.

    `weight_max`: what they may spend in a minute, of both parts.
    """
    share = snapshots.share_of(share_weight(wallets, exits=True))
    part_weight = share - snapshots.share_of(share_weight(wallets))
    pulls = snapshots.pulls()
    part_spends = _part(snapshots, EXITS_OF_SHARE, part_weight)
    exits_spends = _part(snapshots, EXITS, weight_max)
    return ExitsBudget(
        # An allowance may be too small for a part. It is counted by itself too: what pulls left
        # to exits in the same minute takes nothing of it.
        part=LimitedBudget(LimitedBudget(snapshots, exits_spends), part_spends)
        if part_weight
        else None,
        rest=LimitedBudget(pulls, exits_spends),
        pulls=pulls,
    )


def _part(budget: SharedBudget, purpose: str, weight: int) -> SharedBudget:
    # What a request costs is known after it: one is asked for while less than the weight is spent.
    return budget.part(purpose, weight + PAGE_WEIGHT_MAX - 1)
