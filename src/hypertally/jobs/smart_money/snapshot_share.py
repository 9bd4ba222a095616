"""The share of the allowance that pulls leave: for snapshots, and for the fills of exits."""

from hypertally.jobs.runtime.limited_budget import LimitedBudget
from hypertally.jobs.runtime.resources import Watch
from hypertally.records import Record
from hypertally.sources.weights import LIGHT_WEIGHT
from hypertally.store.postgres import Connection, read_row
from hypertally.store.queries import load

QUERIES = load(__file__)
# Weight reserved at a time: fifty wallets. See `Prepaid`.
PART_WEIGHT = 100


class _Waiting(Record, frozen=True, kw_only=True):
    waiting: bool


async def has_waiting_exits(connection: Connection) -> bool:
    """Whether fills of exits are still to be asked for."""
    row = await read_row(connection, QUERIES["read_waiting"], shape=_Waiting)
    return row.waiting


def share_weight(wallets: int, *, exits_weight: int = 0) -> int:
    """The share of a minute with so many watched wallets; `exits_weight`: for fills of exits.

    A part more than snapshots spend: the minute before still counts where it was answered late.
    """
    return LIGHT_WEIGHT * wallets + PART_WEIGHT + exits_weight


def exits_budget(watch: Watch, wallets: int) -> LimitedBudget:
    """What fills of exits are paid from: what the share leaves beside the next snapshot."""
    share = watch.budget.share_of(share_weight(wallets, exits_weight=watch.exits_weight))
    left = share - watch.budget.share_of(share_weight(wallets))
    return watch.budget.limited("exits", left)
