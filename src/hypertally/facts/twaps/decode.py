"""Statuses of TWAP orders from what their sources say: an archive, and `/info twapHistory`."""

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec
import pyarrow as pa

from hypertally.facts.twaps import arrow_columns as read
from hypertally.facts.twaps.arrow_columns import pc
from hypertally.facts.twaps.payload_json import payloads
from hypertally.records import Record, Reject

STATUS_CHARS_MAX = 200
ERROR = "error"
SAID = ("twap_id", "wallet", "ts", "event_at", "asset", "side", "size_requested", "size_executed",
        "notional_executed", "status", "duration_minutes")  # fmt: skip
COLUMNS = (*SAID, "payload", "fingerprint", "ordinal")
_encoder = msgspec.json.Encoder(order="deterministic")


class Statuses(Record, frozen=True, kw_only=True):
    """The rows of an answer or a batch, the readable as Arrow columns, and the others."""

    rows: pa.Table
    rejects: list[Reject]
    warnings: list[str]

    def __len__(self) -> int:
        return self.rows.num_rows


def decode_history(rows: Iterable[Any], *, wallet: str) -> Statuses:
    """Read the rows of a `twapHistory` answer: its times are seconds, its start milliseconds."""
    flat = [_history_row(row, wallet) for row in rows]
    names = list(_history_row(None, wallet))
    columns = {name: pa.array([_word(row[name]) for row in flat], pa.string()) for name in names}
    payload = columns.pop("payload")
    return decode_batch(pa.table(columns), first_ordinal=0, payload=payload)


def decode_batch(
    table: pa.Table, *, first_ordinal: int, payload: pa.Array | None = None
) -> Statuses:
    """Read the rows of a batch, column by column; `payload` unless the columns are it.

    Errors: `BadPayload` when a column is missing without which no row can be read.
    """
    names = read.name_columns(table.schema)
    found = _read(table, names.columns)
    payload = payloads(table) if payload is None else payload
    reason = read.first_reasons(found.reasons)
    ordinal = pa.array(range(first_ordinal, first_ordinal + table.num_rows), pa.int64())
    bad = pc.is_valid(reason)
    rejects = [
        Reject(payload=row["payload"], reason=row["reason"], ordinal=row["ordinal"])
        for row in pa.table({"payload": payload, "reason": reason, "ordinal": ordinal})
        .filter(bad)
        .to_pylist()
    ]
    whole = pa.table({**found.columns, "payload": payload, "ordinal": ordinal})
    good = whole.filter(pc.invert(bad))
    fingerprints = pa.array(_fingerprints(good), pa.int64())
    rows = good.append_column("fingerprint", fingerprints).select(list(COLUMNS))
    return Statuses(rows=rows, rejects=rejects, warnings=names.warnings)


class _Read(Record, frozen=True, kw_only=True):
    columns: dict[str, pa.Array]
    reasons: list[tuple[pa.Array, str]]


def _read(table: pa.Table, names: dict[str, str]) -> _Read:

    def column(name: str) -> Any:
        return table.column(names[name]) if name in names else pa.nulls(table.num_rows, pa.string())

    def said(name: str) -> str:
        return names.get(name, name)

    columns: dict[str, Any] = {}
    reasons: list[tuple[Any, str]] = []

    def keep(name: str, values: Any, good: Any, expected: str) -> None:
        columns[name] = values
        reasons.append((good, f"{said(name)} is {expected}"))

    keep("twap_id", *read.whole_numbers(column("twap_id")), "no whole number")
    wallet = pc.utf8_lower(read.as_text(column("wallet")))
    keep("wallet", wallet, _matches(wallet, "^0x[0-9a-f]{40}$"), "no address")
    keep("ts", *_microseconds(column("ts")), "no time of a known unit")
    event_at, known = _microseconds(column("event_at"))
    keep("event_at", event_at, pc.or_(known, pc.is_null(column("event_at"))),
         "no time of a known unit")  # fmt: skip
    asset = read.as_text(column("asset"))
    keep("asset", asset, _matches(asset, "^[!-~]{1,64}$"), "no name of a market")
    side = read.as_text(column("side"))
    keep("side", side, _matches(side, "^[AB]$"), "neither A nor B")
    size, good = read.decimals(column("size_requested"))
    keep("size_requested", size, pc.and_(good, _matches(size, "^[0-9]")), "no size")
    for name in ("size_executed", "notional_executed"):
        value, good = read.decimals(column(name))
        unsigned = pc.and_(good, _matches(value, "^[0-9]"))  # what is executed only grows
        keep(name, value, pc.or_(unsigned, pc.is_null(value)), "no decimal from 0 up")
    minutes, good = read.whole_numbers(column("duration_minutes"))
    small = pc.fill_null(pc.less(minutes, 2**31), False)
    keep("duration_minutes", pc.if_else(small, minutes, None).cast(pa.int32()),
         pc.and_(good, small), "no number of minutes")  # fmt: skip
    status = _status(read.as_text(column("status")), read.as_text(column("error")))
    keep("status", status, _matches(status, rf"^[^\x00]{{1,{STATUS_CHARS_MAX}}}$"), "no status")
    return _Read(columns=columns, reasons=reasons)


def _matches(text: Any, pattern: str) -> Any:

    return pc.fill_null(pc.match_substring_regex(text, pattern), False)


def _microseconds(column: Any) -> tuple[Any, Any]:

    values, good = read.times(column)
    return values.cast(pa.timestamp("us", tz="UTC")), good


def _status(status: Any, error: Any) -> Any:
    """The source's word; with what it says of an error behind it."""
    failed = pc.and_(pc.is_valid(error), pc.fill_null(pc.not_equal(error, ""), False))
    told = pc.binary_join_element_wise(ERROR, error, ":")
    return pc.if_else(failed, told, status)


def _fingerprints(rows: pa.Table) -> list[int]:
    """64 bits, signed, of what a row says, however its source wrote it."""
    said: list[Any] = []
    for name in SAID:
        column = rows.column(name)
        plain = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
        said.append(pc.fill_null(plain.cast(pa.string()), ""))
    texts = pc.binary_join_element_wise(*said, "|").to_pylist()
    blake = hashlib.blake2b
    return [
        int.from_bytes(blake(text.encode(), digest_size=8).digest(), "big", signed=True)
        for text in texts
    ]


def _word(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) else _encoder.encode(value).decode()


def _history_row(row: Any, wallet: str) -> dict[str, Any]:
    """A row of twapHistory under the names of the archive's columns; of another shape: nulls."""
    whole = row if isinstance(row, dict) else {}
    state = whole["state"] if isinstance(whole.get("state"), dict) else {}
    status = whole["status"] if isinstance(whole.get("status"), dict) else {}
    return {
        "twap_id": whole.get("twapId"),
        "state_user": state.get("user") or wallet,
        "state_timestamp": state.get("timestamp"),
        "state_coin": state.get("coin"),
        "state_side": state.get("side"),
        "state_sz": state.get("sz"),
        "state_executedSz": state.get("executedSz"),
        "state_executedNtl": state.get("executedNtl"),
        "state_minutes": state.get("minutes"),
        "status": status.get("status"),
        "status_error": status.get("description"),
        "time": whole.get("time"),
        "payload": _encoder.encode(row).decode(),
    }
