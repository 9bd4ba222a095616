"""Mids: the middle price of every market of a dex at one moment, from `/info allMids`."""

import re
from collections.abc import Mapping
from datetime import datetime

from hypertally.errors import BadPayload
from hypertally.facts.fact import Fact
from hypertally.records import Answer, is_object
from hypertally.sources.exact_numbers import exact_decimal
from hypertally.store.postgres import Connection, Jsonb
from hypertally.store.queries import load

QUERIES = load(__file__)
_PRICE = re.compile(r"[0-9]{1,20}(\.[0-9]{1,18})?")


def decode(answer: Answer) -> dict[str, str]:
    """The prices of an `allMids` answer, coin by coin; what is no price is left out.

    Errors: `BadPayload` when the answer is not of that shape.
    """
    if not is_object(answer.body):
        raise BadPayload("allMids did not answer with an object")
    return {
        coin: price
        for coin, value in answer.body.items()
        if (price := exact_decimal(value)) is not None and _PRICE.fullmatch(price)
    }


async def insert(
    connection: Connection, prices: Mapping[str, str], *, dex: str, at: datetime, page_id: int
) -> int:
    """Append the prices of one moment."""
    cursor = await connection.execute(
        QUERIES["insert_mids"].text,
        {"dex": dex, "at": at, "mids": Jsonb(prices), "page_id": page_id},
    )
    return cursor.rowcount


FACT = Fact(name="mids", source="info.allMids", key=("dex", "at"), decode=decode, insert=insert)
