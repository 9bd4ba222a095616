"""Fills: executions of a wallet's orders, from `/info userFillsByTime`."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from hypertally.clock import AHEAD_MAX, at
from hypertally.errors import BadPayload
from hypertally.facts.fact import Fact
from hypertally.facts.rows import decode_rows
from hypertally.records import TIME_MS_MAX, Fill, JsonObject, Record, Reject, is_object
from hypertally.sources.exact_numbers import (
    DECIMALS_MAX,
    WHOLE_DIGITS_MAX,
    exact_decimal,
    exact_integer,
    has_exact_numbers,
)
from hypertally.store.bulk import BulkLoader
from hypertally.store.postgres import Connection, read_rows, sql_of, with_source
from hypertally.store.queries import load

if TYPE_CHECKING:
    import pyarrow as pa

QUERIES = load(__file__)
INSERT_PAGE = with_source(QUERIES["insert_fills"], QUERIES["page_rows"])
INSERT_PAGE_CONFLICTS = with_source(QUERIES["insert_conflicts"], QUERIES["page_rows"])
INSERT_STAGE = with_source(QUERIES["insert_fills"], QUERIES["stage_rows"])
INSERT_STAGE_CONFLICTS = with_source(QUERIES["insert_conflicts"], QUERIES["stage_rows"])
INSERT_STAGE_NEW = sql_of(QUERIES["insert_new"])
LIST_STAGE_DAYS = sql_of(QUERIES["list_stage_days"])
FORGET_STORED = sql_of(QUERIES["forget_stored"])
STAGE_TYPES = {
    "wallet_id": "int32",
    "ordinal": "int32",
    "page_id": "int64",
    "oid": "int64",
    "tid": "int64",
    "twap_id": "int64",
    "fingerprint": "int64",
    "time": "timestamp",
    "crossed": "bool",
    "hash": "binary",
    "cloid": "binary",
    "liquidated_user": "binary",
}
TEXT_CHARS_MAX = 200  # an index takes no longer ones; the longest name seen has 20
_NUL = re.compile(r"(?<!\\)(\\\\)*\\u0000")  # escaped, as JSON writes it
_HEX = {"hash": 32, "cloid": 16, "liquidatedUser": 20}
INTEGER_MAX = 2**63 - 1
_COLUMNS = frozenset(
    (
        "coin", "px", "sz", "side", "time", "startPosition", "dir", "closedPnl", "hash", "oid",
        "crossed", "fee", "feeToken", "tid", "twapId", "cloid", "builderFee", "deployerFee",
        "liquidation",
    )
)  # fmt: skip
Value = TypeVar("Value")
_encoder = msgspec.json.Encoder(order="deterministic", decimal_format="number")


class BulkInserted(Record, frozen=True, kw_only=True):
    """The counts and keys that a bulk load added."""

    fills: int
    days: dict[tuple[int, date], datetime | None]  # (wallet id, day) -> its earliest new fill
    twaps: set[tuple[int, int]]  # (wallet id, TWAP) that new fills are slices of
    conflicts: int


class Decoded(Record, frozen=True, kw_only=True):
    """The rows of an answer: fills, and rejects that could not be read."""

    fills: list[Fill]
    rejects: list[Reject]


def decode(rows: Iterable[Any], *, wallet: str, asked_at: datetime | None = None) -> Decoded:
    """Turn the rows of one answer into fills, in the order received; bad rows become rejects.

    `asked_at`: our clock then; a fill of more than five minutes later is a reject. None: any time
    is believed.
    """

    def read(row: Any, ordinal: int) -> Fill:
        return decode_row(row, wallet=wallet, ordinal=ordinal, asked_at=asked_at)

    decoded = decode_rows(rows, read)
    return Decoded(fills=decoded.values, rejects=decoded.rejects)


def decode_row(row: Any, *, wallet: str, ordinal: int, asked_at: datetime | None = None) -> Fill:
    """Decode one fill, of any shape used from 2023 to 2026; `asked_at` as in `decode`.

    Errors: `BadPayload` when a field the exchange always sends is missing, or any is of no use.
    """
    if not is_object(row):
        raise BadPayload("the row is not an object")
    liquidation = _liquidation(row)
    return Fill(
        time_ms=_time_ms(row, asked_at),
        coin=_text(row, "coin"),
        side=_side(row),
        px=_decimal(row, "px", signed=False),
        sz=_decimal(row, "sz", signed=False),
        start_position=_decimal(row, "startPosition"),
        dir=_text(row, "dir"),
        closed_pnl=_decimal(row, "closedPnl"),
        crossed=_boolean(row, "crossed"),
        oid=_integer(row, "oid"),
        tid=_optional(row, "tid", _integer),
        hash=_hex(row, "hash"),
        fee=_optional(row, "fee", _decimal),
        fee_token=_optional(row, "feeToken", _text),
        builder_fee=_optional(row, "builderFee", _decimal),
        deployer_fee=_optional(row, "deployerFee", _decimal),
        twap_id=_optional(row, "twapId", _integer),
        cloid=_optional(row, "cloid", _hex),
        liquidated_user=_optional(liquidation, "liquidatedUser", _hex),
        liquidation_mark_px=_optional(liquidation, "markPx", _decimal),
        liquidation_method=_optional(liquidation, "method", _text),
        extra=_extra(row),
        fingerprint=fingerprint(row, wallet=wallet),
        ordinal=ordinal,
    )


def _liquidation(row: JsonObject) -> JsonObject:
    liquidation = row.get("liquidation")
    if not liquidation:
        return {}
    if not is_object(liquidation):
        raise BadPayload("liquidation is not an object")
    return liquidation


def fingerprint(row: JsonObject, *, wallet: str) -> int:
    """64 bits, signed, of the wallet and the row's fields by name; null is the same as absent."""
    canonical = _encoder.encode({name: row[name] for name in row if row[name] is not None})
    digest = hashlib.blake2b(wallet.encode() + canonical, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _value(row: JsonObject, name: str) -> Any:
    value = row.get(name)
    if value is None:
        raise BadPayload(f"{name} is missing")
    return value


def _optional(row: JsonObject, name: str, read: Callable[[JsonObject, str], Value]) -> Value | None:
    return None if row.get(name) is None else read(row, name)


def _text(row: JsonObject, name: str) -> str:
    value = _value(row, name)
    if not isinstance(value, str) or not 0 < len(value) <= TEXT_CHARS_MAX or "\x00" in value:
        raise BadPayload(f"{name} is not a text of at most {TEXT_CHARS_MAX} characters: {value!r}")
    return value


def _decimal(row: JsonObject, name: str, *, signed: bool = True) -> str:
    value = _value(row, name)
    number = exact_decimal(value)
    if number is None:
        raise BadPayload(
            f"{name} is not a decimal of at most {WHOLE_DIGITS_MAX} digits and {DECIMALS_MAX} "
            f"decimals: {value!r}"
        )
    if not signed and number[0] == "-":
        raise BadPayload(f"{name} is negative: {value!r}")
    return number


def _integer(row: JsonObject, name: str, *, high: int = INTEGER_MAX) -> int:
    value = _value(row, name)
    number = exact_integer(value)
    if number is None or not 0 <= number <= high:
        raise BadPayload(f"{name} is not an integer from 0 to {high}: {value!r}")
    return number


def _time_ms(row: JsonObject, asked_at: datetime | None) -> int:
    time_ms = _integer(row, "time", high=TIME_MS_MAX)
    if asked_at is not None and at(time_ms) > asked_at + AHEAD_MAX:
        raise BadPayload(
            f"time is more than {AHEAD_MAX.seconds // 60} minutes ahead of our clock: "
            f"{at(time_ms).isoformat()}, asked at {asked_at.isoformat()}"
        )
    return time_ms


def _boolean(row: JsonObject, name: str) -> bool:
    value = _value(row, name)
    if not isinstance(value, bool):
        raise BadPayload(f"{name} is not true or false: {value!r}")
    return value


def _side(row: JsonObject) -> str:
    value = _value(row, "side")
    if value not in ("A", "B"):
        raise BadPayload(f"side is neither A nor B: {value!r}")
    return value


def _hex(row: JsonObject, name: str) -> bytes:
    value = _value(row, name)
    try:
        decoded = bytes.fromhex(value.removeprefix("0x"))
    except (AttributeError, ValueError):
        decoded = b""
    if len(decoded) != _HEX[name]:
        raise BadPayload(f"{name} is not {_HEX[name]} bytes in hex: {value!r}")
    return decoded


def _extra(row: JsonObject) -> str | None:
    extra = {name: row[name] for name in row if name not in _COLUMNS}
    liquidation = _liquidation(row)
    unknown = {
        name: liquidation[name]
        for name in liquidation
        if name not in ("liquidatedUser", "markPx", "method")
    }
    if unknown:
        extra["liquidation"] = unknown
    if not has_exact_numbers(extra):
        raise BadPayload("a number that is too large or too small for the database")
    encoded = _encoder.encode(extra).decode() if extra else None
    if encoded and _NUL.search(encoded):
        raise BadPayload(f"a NUL character, which the database cannot hold, in {encoded!r}")
    return encoded


class Inserted(Record, frozen=True, kw_only=True):
    """The counts and keys that an insert added."""

    fills: int
    days: dict[date, datetime | None]  # day -> its earliest new fill; None: conflicts alone
    twaps: set[int]  # TWAPs that new fills are slices of
    conflicts: int


class _AddedDay(Record, frozen=True, kw_only=True):
    """The new fills of a wallet on a UTC day."""

    wallet_id: int
    day: date
    from_at: datetime
    fills: int
    twap_ids: list[int]


class _ConflictDay(Record, frozen=True, kw_only=True):
    """The new conflicts of a wallet on a UTC day."""

    wallet_id: int
    day: date
    conflicts: int


class _StoredPlace(Record, frozen=True, kw_only=True):
    place: int  # from 1: among the fills that were asked about


async def insert(
    connection: Connection, fills: Sequence[Fill], *, wallet_id: int, page_id: int
) -> Inserted:
    """Append fills; those already stored are left, and kept beside where their content differs."""
    fills = await _unknown(connection, fills, wallet_id=wallet_id)
    if not fills:
        return Inserted(fills=0, days={}, twaps=set(), conflicts=0)
    bound = {**_columns(fills), "wallet_id": wallet_id, "page_id": page_id}
    added = await read_rows(connection, INSERT_PAGE, bound, shape=_AddedDay)
    count = sum(row.fills for row in added)
    conflicts: Sequence[_ConflictDay] = ()
    if count < len(fills):
        conflicts = await read_rows(connection, INSERT_PAGE_CONFLICTS, bound, shape=_ConflictDay)
    return Inserted(
        fills=count,
        days={row.day: None for row in conflicts} | {row.day: row.from_at for row in added},
        twaps={twap_id for row in added for twap_id in row.twap_ids},
        conflicts=sum(row.conflicts for row in conflicts),
    )


async def _unknown(
    connection: Connection, fills: Sequence[Fill], *, wallet_id: int
) -> Sequence[Fill]:
    """The fills that are not stored yet with the same content; of a repeated request, few."""
    if not fills:
        return fills
    bound = {
        "wallet_id": wallet_id,
        "time": [at(fill.time_ms) for fill in fills],
        **{
            name: [getattr(fill, name) for fill in fills]
            for name in ("coin", "oid", "tid", "side", "fingerprint")
        },
    }
    rows = await read_rows(connection, QUERIES["list_stored"], bound, shape=_StoredPlace)
    stored = {row.place for row in rows}
    return [fill for place, fill in enumerate(fills, start=1) if place not in stored]


def _columns(fills: Sequence[Fill]) -> dict[str, list[Any]]:
    columns = {name: [getattr(fill, name) for fill in fills] for name in Fill.__struct_fields__}
    return {"time": [at(ms) for ms in columns.pop("time_ms")], **columns}


class Sourced(Record, frozen=True, kw_only=True):
    """A fill of a bulk load, with the wallet it is of and the page it came from."""

    wallet_id: int
    page_id: int
    fill: Fill


def stage_columns(fills: Sequence[Sourced]) -> dict[str, list[Any]]:
    """The columns of `fills_stage`, by name."""
    return {
        "wallet_id": [sourced.wallet_id for sourced in fills],
        "page_id": [sourced.page_id for sourced in fills],
        **_columns([sourced.fill for sourced in fills]),
    }


def insert_bulk(loader: BulkLoader, columns: "Mapping[str, list[Any]] | pa.Table") -> BulkInserted:
    """Append many fills in one transaction through a copy; blocking, one connection.

    `columns` as `stage_columns` gives them. The months must exist. The same facts and conflicts
    come of it as of `insert`, page by page. Most loads are new throughout or repeated throughout:
    the first costs no look at a key, and fails at the first fill of the second.
    """
    rows = loader.copy(
        "fills_stage",
        columns,
        types=STAGE_TYPES,
        make=QUERIES["make_stage"],
        empty=QUERIES["empty_stage"],
    )
    conflicts: Sequence[_ConflictDay] = ()
    if loader.attempt(INSERT_STAGE_NEW):
        added = loader.read_rows(LIST_STAGE_DAYS, shape=_AddedDay)
    else:
        rows -= loader.execute(FORGET_STORED)
        added = loader.read_rows(INSERT_STAGE, shape=_AddedDay) if rows else []
        if sum(row.fills for row in added) < rows:
            conflicts = loader.read_rows(INSERT_STAGE_CONFLICTS, shape=_ConflictDay)
    loader.commit()
    return BulkInserted(
        fills=sum(row.fills for row in added),
        days={(row.wallet_id, row.day): None for row in conflicts}
        | {(row.wallet_id, row.day): row.from_at for row in added},
        twaps={(row.wallet_id, twap_id) for row in added for twap_id in row.twap_ids},
        conflicts=sum(row.conflicts for row in conflicts),
    )


async def insert_rejects(
    connection: Connection,
    rejects: Sequence[Reject],
    *,
    wallet_id: int | None,
    source: str,
    page_id: int,
) -> int:
    """Keep rows that could not be read; the same row of the same wallet once."""
    if not rejects:
        return 0
    cursor = await connection.execute(
        QUERIES["insert_rejects"].text,
        reject_values(rejects, wallet_id=wallet_id, source=source, page_id=page_id),
    )
    return cursor.rowcount


def reject_values(
    rejects: Sequence[Reject], *, wallet_id: int | None, source: str, page_id: int
) -> dict[str, Any]:
    """The parameters of `insert_rejects`."""
    return {
        "wallet_id": wallet_id,
        "source": source,
        "page_id": page_id,
        "payload": [reject.payload for reject in rejects],
        "reason": [reject.reason for reject in rejects],
        "ordinal": [reject.ordinal for reject in rejects],
    }


FACT = Fact(
    name="hl_fills_raw",
    source="info.userFillsByTime",
    key=("wallet_id", "coin", "time", "oid", "tid", "side"),
    decode=decode,
    insert=insert,
)
