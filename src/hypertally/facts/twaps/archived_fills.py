"""Fills of an archive that are slices of TWAPs, of any wallet: facts.archived_fills.

An archive of the exchange's own node holds lines: `[user, fill]`, or a block with its events, each
`[user, fill]`. Other fills of it are passed over: there are a thousand times more of them.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from hypertally.clock import at
from hypertally.errors import BadPayload
from hypertally.facts.activity import fills
from hypertally.facts.fact import Fact
from hypertally.facts.rows import decode_rows, payload_of, row_of
from hypertally.records import Fill, Record, Reject
from hypertally.store.postgres import Connection, read_row
from hypertally.store.queries import load

QUERIES = load(__file__)
SOURCE = "fill_archive"
PAYLOAD_CHARS_MAX = 100_000  # of a line that is kept as a reject: a block may hold megabytes
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_OF_TWAP = re.compile(rb'"twapId"\s*:(?!\s*null\b)')


class ArchivedFill(Record, frozen=True, kw_only=True):
    """A fill of a TWAP, and the wallet whose order it was."""

    wallet: str
    fill: Fill
    payload: str  # the row as it came


class ArchivedFills(Record, frozen=True, kw_only=True):
    """The fills of TWAPs among the rows of an archive, and the rows that could not be read."""

    fills: list[ArchivedFill]
    rejects: list[Reject]

    def __len__(self) -> int:
        return len(self.fills) + len(self.rejects)


class _Block(msgspec.Struct, frozen=True):
    events: list[tuple[str, msgspec.Raw]]


_block_decoder = msgspec.json.Decoder(_Block)
_event_decoder = msgspec.json.Decoder(tuple[str, msgspec.Raw])


def decode_line(line: bytes, *, first_ordinal: int, asked_at: datetime) -> ArchivedFills:
    """Read the fills of TWAPs in a line of the archive; `asked_at`: our clock then.

    Errors: `BadPayload` for a line of `node_trades`, whose rows are no fills.
    """
    text = line.strip()
    try:
        events = [_event_decoder.decode(text)] if text[:1] == b"[" else _events(text)
        rows = [
            (user, row_of(bytes(fill).decode())) for user, fill in events if _OF_TWAP.search(fill)
        ]
    except (ValueError, RecursionError) as problem:  # of msgspec, or text that is no UTF-8
        if b'"side_info"' in text:
            raise BadPayload("rows of node_trades have no tid, fee or position") from problem
        payload = text.decode(errors="replace").replace("\x00", r"\x00")[:PAYLOAD_CHARS_MAX]
        reason = f"neither [user, fill] nor a block of such events: {problem}"
        return ArchivedFills(
            fills=[], rejects=[Reject(payload=payload, reason=reason, ordinal=first_ordinal)]
        )
    return decode_events(rows, first_ordinal=first_ordinal, asked_at=asked_at)


def _events(text: bytes) -> list[tuple[str, msgspec.Raw]]:
    return _block_decoder.decode(text).events if text else []


def decode_events(
    rows: Sequence[tuple[Any, Any]], *, first_ordinal: int, asked_at: datetime
) -> ArchivedFills:
    """Read users and their fills of TWAPs; bad rows become rejects."""

    def read(row: tuple[Any, Any], ordinal: int) -> ArchivedFill:
        return _decode_row(*row, ordinal=ordinal, asked_at=asked_at)

    decoded = decode_rows(rows, read, first_ordinal=first_ordinal)
    return ArchivedFills(fills=decoded.values, rejects=decoded.rejects)


def _decode_row(user: Any, row: Any, *, ordinal: int, asked_at: datetime) -> ArchivedFill:
    wallet = user.lower() if isinstance(user, str) else ""
    if not _ADDRESS.fullmatch(wallet):
        raise BadPayload(f"the user is no address: {user!r}")
    fill = fills.decode_row(row, wallet=wallet, ordinal=ordinal, asked_at=asked_at)
    if fill.tid is None or fill.twap_id is None:
        raise BadPayload(f"{'tid' if fill.tid is None else 'twapId'} is missing")
    return ArchivedFill(wallet=wallet, fill=fill, payload=payload_of(row))


class Added(Record, frozen=True, kw_only=True):
    """How many fills were not stored before."""

    added: int


_OF_FILL = ("twap_id", "coin", "oid", "tid", "side", "px", "sz", "fee", "fee_token", "fingerprint",
            "ordinal")  # fmt: skip


async def insert(
    connection: Connection,
    archived: Sequence[ArchivedFill],
    *,
    object_key: str,
    page_id: int,
) -> int:
    """Append fills and mark their TWAPs for computing; how many were new."""
    if not archived:
        return 0
    values: dict[str, object] = {
        name: [getattr(row.fill, name) for row in archived] for name in _OF_FILL
    }
    values |= {
        "wallet": [row.wallet for row in archived],
        "time": [at(row.fill.time_ms) for row in archived],
        "payload": [row.payload for row in archived],
        "object_key": object_key,
        "page_id": page_id,
    }
    row = await read_row(connection, QUERIES["insert_archived_fills"], values, shape=Added)
    return row.added


FACT = Fact(
    name="archived_fills",
    source=SOURCE,
    key=("twap_id", "wallet", "time", "coin", "oid", "tid", "side", "fingerprint"),
    decode=decode_line,
    insert=insert,
)
