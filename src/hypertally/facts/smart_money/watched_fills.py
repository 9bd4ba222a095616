"""Fills of watched wallets in the time in which a position became smaller.

An exit of the wallet's own will and a liquidation leave the same positions: only fills tell them
apart. These fills are no part of the record of a tracked wallet, which begins with a first pull: so
they lie in tables of their own. Of an answer the fills of the signals' assets are kept.
"""

from collections.abc import Sequence

from hypertally.clock import at
from hypertally.facts import pages
from hypertally.facts.activity.fills import decode
from hypertally.facts.fact import Fact
from hypertally.facts.rows import payload_of
from hypertally.records import ASSETS, Fill, ProvenPage, Record
from hypertally.store.postgres import Connection
from hypertally.store.queries import load

QUERIES = load(__file__)
SOURCE = "userFillsByTime"


class WatchedFill(Record, frozen=True, kw_only=True):
    """facts.watched_fills: a fill of a watched wallet, and the row that it was read from."""

    fill: Fill
    payload: str  # the row as it came


class WatchedPage(Record, frozen=True, kw_only=True):
    """One answer about a watched wallet."""

    fills: list[WatchedFill]  # of the signals' assets
    unread: str | None  # why the answer does not show every fill of its time; None: it does


def decode_page(page: ProvenPage, *, wallet: str) -> WatchedPage:
    """Read the fills of the signals' assets; a row that cannot be read may be any fill."""
    decoded = decode(page.rows, wallet=wallet, asked_at=page.answer.asked_at)
    unread = page.limit.reason if page.limit else None
    if decoded.rejects:
        rejects = len(decoded.rejects)
        unread = f"{rejects} rows could not be read, the first: {decoded.rejects[0].reason}"
    return WatchedPage(
        fills=[
            WatchedFill(fill=fill, payload=payload_of(page.rows[fill.ordinal]))
            for fill in decoded.fills
            if fill.coin in ASSETS
        ],
        unread=unread,
    )


async def store_page(
    connection: Connection, page: ProvenPage, shown: WatchedPage, *, wallet_id: int
) -> None:
    """Append an answer, its fills, and the time of which it shows every fill."""
    # Without the wallet: it says nothing about the record of a tracked wallet.
    page_id = await pages.insert_reference(connection, page.answer, row_count=len(page.rows))
    await insert(connection, shown.fills, wallet_id=wallet_id, page_id=page_id)
    if shown.unread is None and page.covers_from_ms <= page.covers_to_ms:
        await connection.execute(
            QUERIES["insert_reading"].text,
            {
                "page_id": page_id,
                "wallet_id": wallet_id,
                "from_at": at(page.covers_from_ms),
                "to_at": at(page.covers_to_ms),
                "asked_at": page.answer.asked_at,
                "fills": len(shown.fills),
            },
        )


async def insert(
    connection: Connection, watched: Sequence[WatchedFill], *, wallet_id: int, page_id: int
) -> int:
    """Append fills, each content once; how many were new."""
    fills = [each.fill for each in watched]
    names = (
        "coin", "oid", "tid", "side", "px", "sz", "start_position", "dir", "liquidated_user",
        "fingerprint", "ordinal",
    )  # fmt: skip
    inserted = await connection.execute(
        QUERIES["insert_watched_fills"].text,
        {
            **{name: [getattr(fill, name) for fill in fills] for name in names},
            "time": [at(fill.time_ms) for fill in fills],
            "payload": [each.payload for each in watched],
            "wallet_id": wallet_id,
            "page_id": page_id,
        },
    )
    return inserted.rowcount


FACT = Fact(
    name="watched_fills",
    source="info.userFillsByTime",
    key=("wallet_id", "time", "coin", "oid", "tid", "side", "fingerprint"),
    decode=decode_page,
    insert=insert,
)
