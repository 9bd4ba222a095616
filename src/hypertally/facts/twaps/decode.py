"""Decoding of TWAP statuses, from the TWAP source's files and from `/info twapHistory`."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
import pyarrow as pa

from hypertally.clock import AHEAD_MAX
from hypertally.facts.twaps import arrow_columns as read
from hypertally.facts.twaps.payload_json import payloads
from hypertally.records import JsonObject, Record, Reject, is_object
from hypertally.store import arrow
from hypertally.store.arrow import Array, Column, compute

STATUS_CHARS_MAX = 200
MINUTES_MAX = 7 * 24 * 60  # the exchange takes no longer TWAP: a longer one is a damaged row
AHEAD = f"more than {AHEAD_MAX.seconds // 60} minutes ahead of our clock"
ERROR = "error"
SAID = ("twap_id", "wallet", "ts", "event_at", "asset", "side", "size_requested", "size_executed",
        "notional_executed", "status", "duration_minutes")  # fmt: skip
COLUMNS = (*SAID, "payload", "fingerprint", "ordinal")
_encoder = msgspec.json.Encoder(order="deterministic")


class Statuses(Record, frozen=True, kw_only=True):
    """The statuses of an answer or a batch, as Arrow columns, and the rejected rows."""

    rows: pa.Table
    rejects: list[Reject]
    warnings: list[str]

    def __len__(self) -> int:
        return self.rows.num_rows


def decode_history(rows: Iterable[Any], *, wallet: str, asked_at: datetime) -> Statuses:
    """Read the rows of a `twapHistory` answer: its times are seconds, its start milliseconds."""
    flat = [_history_row(row, wallet) for row in rows]
    names = list(_history_row(None, wallet))
    columns: dict[str, Array] = {
        name: arrow.array([_word(row[name]) for row in flat], pa.string()) for name in names
    }
    payload = columns.pop("payload")
    return decode_batch(arrow.table(columns), first_ordinal=0, asked_at=asked_at, payload=payload)


def decode_batch(
    table: pa.Table, *, first_ordinal: int, asked_at: datetime, payload: Array | None = None
) -> Statuses:
    """Read the rows of a batch, column by column; `payload` unless the columns are it.

    `asked_at` is our clock when the source was asked: no time ahead of it is believed.
    Errors: `BadPayload` when a column is missing without which no row can be read.
    """
    names = read.name_columns(table.schema)
    read_columns = _read(table, names.columns, believed_until=asked_at + AHEAD_MAX)
    payload = payloads(table) if payload is None else payload
    reason = read.first_reasons(read_columns.reasons)
    ordinal = arrow.array(range(first_ordinal, first_ordinal + table.num_rows), pa.int64())
    bad = compute.is_valid(reason)
    rejected = arrow.table({"payload": payload, "reason": reason, "ordinal": ordinal})
    rejects = msgspec.convert(arrow.to_objects(arrow.select_rows(rejected, bad)), list[Reject])
    whole = arrow.table({**read_columns.columns, "payload": payload, "ordinal": ordinal})
    good = arrow.select_rows(whole, compute.invert(bad))
    with_fingerprints = good.append_column(
        "fingerprint", arrow.array(_fingerprints(good), pa.int64())
    )
    rows = arrow.select_columns(with_fingerprints, COLUMNS)
    return Statuses(rows=rows, rejects=rejects, warnings=names.warnings)


class _Read(Record, frozen=True, kw_only=True):
    columns: dict[str, Array]
    reasons: list[tuple[Array, str]]


def _read(table: pa.Table, names: dict[str, str], *, believed_until: datetime) -> _Read:

    def column(name: str) -> Column:
        return table.column(names[name]) if name in names else pa.nulls(table.num_rows, pa.string())

    def source_name(name: str) -> str:
        return names.get(name, name)

    columns: dict[str, Array] = {}
    reasons: list[tuple[Array, str]] = []

    def keep(name: str, values: Array, good: Array, expected: str) -> None:
        columns[name] = values
        reasons.append((good, f"{source_name(name)} is {expected}"))

    keep("twap_id", *read.whole_numbers(column("twap_id")), "no whole number")
    wallet = compute.utf8_lower(read.as_text(column("wallet")))
    keep("wallet", wallet, _matches(wallet, "^0x[0-9a-f]{40}$"), "no address")
    started_at, readable = _microseconds(column("ts"))
    keep("ts", started_at, readable, "no time of a known unit")
    keep("ts", started_at, _not_after(started_at, believed_until), AHEAD)
    event_at, known = _microseconds(column("event_at"))
    keep("event_at", event_at, compute.or_(known, compute.is_null(column("event_at"))),
         "no time of a known unit")  # fmt: skip
    keep("event_at", event_at, _not_after(event_at, believed_until), AHEAD)
    asset = read.as_text(column("asset"))
    keep("asset", asset, _matches(asset, "^[!-~]{1,64}$"), "no name of a market")
    side = read.as_text(column("side"))
    keep("side", side, _matches(side, "^[AB]$"), "neither A nor B")
    size, good = read.decimals(column("size_requested"))
    keep("size_requested", size, compute.and_(good, _matches(size, "^[0-9]")), "no size")
    for name in ("size_executed", "notional_executed"):
        value, good = read.decimals(column(name))
        unsigned = compute.and_(good, _matches(value, "^[0-9]"))  # what is executed only grows
        keep(name, value, compute.or_(unsigned, compute.is_null(value)), "no decimal from 0 up")
    minutes, good = read.whole_numbers(column("duration_minutes"))
    small = compute.fill_null(compute.less(minutes, 2**31), False)
    minutes = compute.if_else(small, minutes, None).cast(pa.int32())
    keep("duration_minutes", minutes, compute.and_(good, small), "no number of minutes")
    short = compute.fill_null(compute.less_equal(minutes, MINUTES_MAX), True)
    keep("duration_minutes", minutes, short, f"over {MINUTES_MAX} minutes, which are 7 days")
    status = _status(read.as_text(column("status")), read.as_text(column("error")))
    keep("status", status, _matches(status, rf"^[^\x00]{{1,{STATUS_CHARS_MAX}}}$"), "no status")
    return _Read(columns=columns, reasons=reasons)


def _matches(text: Array, pattern: str) -> Array:
    return compute.fill_null(compute.match_substring_regex(text, pattern), False)


def _not_after(times: Array, until: datetime) -> Array:
    early = compute.less_equal(times, pa.scalar(until, pa.timestamp("us", tz="UTC")))
    return compute.fill_null(early, True)


def _microseconds(column: Column) -> tuple[Array, Array]:
    values, good = read.times(column)
    return values.cast(pa.timestamp("us", tz="UTC")), good


def _status(status: Array, error: Array) -> Array:
    """The status as the source names it; an error is followed by its text."""
    failed = compute.and_(
        compute.is_valid(error), compute.fill_null(compute.not_equal(error, ""), False)
    )
    told = compute.binary_join_element_wise(ERROR, error, ":")
    return compute.if_else(failed, told, status)


def _fingerprints(rows: pa.Table) -> list[int]:
    """64 bits, signed, of what a row says, however its source wrote it."""
    source_name: list[Any] = []
    for name in SAID:
        column = rows.column(name)
        plain = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
        source_name.append(compute.fill_null(plain.cast(pa.string()), ""))
    texts = compute.binary_join_element_wise(*source_name, "|").to_pylist()
    blake = hashlib.blake2b
    return [
        int.from_bytes(blake(text.encode(), digest_size=8).digest(), "big", signed=True)
        for text in texts
    ]


def _word(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) else _encoder.encode(value).decode()


def _object_or_empty(value: Any) -> JsonObject:
    return value if is_object(value) else {}


def _history_row(row: Any, wallet: str) -> JsonObject:
    """A row of twapHistory under the names of the archive's columns; of another shape: nulls."""
    whole = _object_or_empty(row)
    state, status = _object_or_empty(whole.get("state")), _object_or_empty(whole.get("status"))
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
