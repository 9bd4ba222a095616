"""Rows of a source: one that cannot be read is a reject, and hides no other row."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Generic, TypeVar

import msgspec

from hypertally.errors import BadPayload
from hypertally.records import Record, Reject

REASON_CHARS_MAX = 500
T = TypeVar("T")
_encoder = msgspec.json.Encoder(order="deterministic", decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


class DecodedRows(Record, Generic[T], frozen=True, kw_only=True):
    """What the rows say, and those that could not be read."""

    values: list[T]
    rejects: list[Reject]


def decode_rows(
    rows: Iterable[Any],
    read: Callable[[Any, int], T | None],
    *,
    first_ordinal: int = 0,
    as_it_came: Callable[[Any], Any] | None = None,
) -> DecodedRows[T]:
    """Read each row with its ordinal; a row that cannot be read becomes a reject.

    `read` answers None for a row to leave out, and raises `BadPayload` for one to reject.
    `as_it_came`: what a reject keeps of a row that was changed before; None: the row.
    """
    values: list[T] = []
    rejects: list[Reject] = []
    for ordinal, row in enumerate(rows, start=first_ordinal):
        try:
            value = read(row, ordinal)
        except BadPayload as problem:
            original = as_it_came(row) if as_it_came else row
            rejects.append(reject_of(original, problem, ordinal=ordinal))
        else:
            if value is not None:
                values.append(value)
    return DecodedRows(values=values, rejects=rejects)


def reject_of(row: Any, problem: BadPayload, *, ordinal: int) -> Reject:
    """A row that could not be read, with the reason."""
    reason = str(problem)[:REASON_CHARS_MAX]
    return Reject(payload=payload_of(row), reason=reason, ordinal=ordinal)


def payload_of(row: Any) -> str:
    """A row as text, the same whatever the order of its fields."""
    return _encoder.encode(row).decode()


def row_of(payload: str) -> Any:
    """The row that `payload_of` made the text of; numbers stay exact."""
    return _decoder.decode(payload)
