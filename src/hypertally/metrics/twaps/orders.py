"""TWAPs: the latest state of each TWAP order, from its statuses."""

from collections.abc import Sequence
from datetime import date

from hypertally.records import TwapKey
from hypertally.store.postgres import Connection, in_schema
from hypertally.store.queries import load

QUERIES = load(__file__)
DEFINITION = "twaps/1"
WORDS = (
    "The latest state of a TWAP order of a wallet is its latest status: by the time it was taken "
    "(where the source does not say, the time the TWAP began), then by the size executed, then in "
    "the order received; a TWAP that has left activated does not go back to it. Sizes are as that "
    "status says: they are true at its time only, so they are not the progress of one that runs. "
    "It ends when it was asked to; when it ended is the time of a status other than activated."
)
FIRST = TwapKey(twap_id=-1, wallet="")  # before every key


async def rebuild(
    connection: Connection, keys: Sequence[TwapKey], *, schema: str = "metrics"
) -> int:
    """Compute these rows again from the facts, in the caller's transaction; how many there are."""
    bound = {**bind(keys), "definition": DEFINITION}
    await connection.execute(in_schema(QUERIES["delete_twaps"], schema), bound)
    inserted = await connection.execute(in_schema(QUERIES["insert_twaps"], schema), bound)
    return inserted.rowcount


def bind(keys: Sequence[TwapKey]) -> dict[str, list[int] | list[str]]:
    """The keys as a statement takes them."""
    return {
        "twap_ids": [key.twap_id for key in keys],
        "wallets": [key.wallet for key in keys],
    }


async def list_keys(
    connection: Connection, *, after: TwapKey, from_day: date, to_day: date, limit: int
) -> list[TwapKey]:
    """The next TWAPs that began in these days, by number and wallet, as statuses or rows say."""
    found = await connection.execute(
        QUERIES["list_twaps"].text,
        {
            "twap_id": after.twap_id,
            "wallet": after.wallet,
            "from_day": from_day,
            "to_day": to_day,
            "limit": limit,
        },
    )
    return [TwapKey(**row) for row in await found.fetchall()]
