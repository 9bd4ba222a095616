"""The share of the allowance that pulls leave: for snapshots, and for the fills of exits."""

from hypertally.records import Record
from hypertally.settings import EXITS_WEIGHT_KEPT
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


def share_weight(wallets: int, *, exits: bool = False) -> int:
    """The share of a minute with so many watched wallets; `exits`: fills of exits are waited for.

    A part more than snapshots spend: the minute before still counts where it was answered late.
    """
    return LIGHT_WEIGHT * wallets + PART_WEIGHT + (EXITS_WEIGHT_KEPT if exits else 0)
