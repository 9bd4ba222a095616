"""Sums over days: each total with its interval where a part of it is not known."""

from collections.abc import Mapping, Sequence

import msgspec

from hypertally.api.resource.json_text import Json
from hypertally.api.resource.rows import read_json
from hypertally.store import queries
from hypertally.store.postgres import Connection

_QUERIES = queries.load(__file__)


async def read_totals(
    connection: Connection, days: Json, *, sizes: Sequence[int]
) -> Mapping[int, Json]:
    """Return the totals of an org's newest days, by how many days they sum.

    `days` are entries of `read_global_days`; so a total is the sum of what is shown beside it.
    """
    values = {"days": bytes(days).decode(), "sizes": list(sizes)}
    totals = await read_json(connection, _QUERIES["read_totals"], values)
    return msgspec.json.decode(totals, type=dict[int, msgspec.Raw])
