"""Sums over days: each total with its interval where a part of it is not known."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

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


async def read_wallet_totals(
    connection: Connection,
    days: Json,
    *,
    days_unknown: int,
    days_without_fills: int,
    complete: Decimal,
) -> Json:
    """Return the totals of a wallet's days: entries of `read_days`.

    `days_without_fills`: how many more days the range has, `complete` the sum of their
    completeness; `days_unknown` of them may have fills.
    """
    values = {
        "days": bytes(days).decode(),
        "days_unknown": days_unknown,
        "days_without_fills": days_without_fills,
        "complete": complete,
    }
    return await read_json(connection, _QUERIES["read_wallet_totals"], values)
