"""Rows of market data: one that cannot be read is a reject, and hides no other row."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

from hypertally.errors import BadPayload
from hypertally.facts.activity.fills import REASON_CHARS_MAX, payload_of
from hypertally.records import Record, Reject
from hypertally.sources.exact_numbers import exact_decimal

_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,18})?")
T = TypeVar("T")


class DecodedRows(Record, Generic[T], frozen=True, kw_only=True):
    """What the rows of an answer say, and the rows that could not be read."""

    values: list[T]
    rejects: list[Reject]


def decode_rows(rows: Iterable[Any], read: Callable[[Any], T | None]) -> DecodedRows[T]:
    """Read each row; `read` answers None for one to leave out, and raises `BadPayload`."""
    values: list[T] = []
    rejects: list[Reject] = []
    for ordinal, row in enumerate(rows):
        try:
            value = read(row)
        except BadPayload as problem:
            reason = str(problem)[:REASON_CHARS_MAX]
            rejects.append(Reject(payload=payload_of(row), reason=reason, ordinal=ordinal))
        else:
            values += [value] if value is not None else []
    return DecodedRows(values=values, rejects=rejects)


def require_market(row: Mapping[str, object], *, coin: str, interval: str) -> None:
    """Require that a candle is of the market and length that were asked for.

    Errors: `BadPayload` with what it is of.
    """
    if row.get("s", coin) != coin or row.get("i", interval) != interval:
        raise BadPayload(f"asked for {coin} {interval}, got {row.get('s')!r} {row.get('i')!r}")


def read_amount(value: object, name: str) -> str:
    """A price or an amount from 0 up, with the digits that the source gave.

    Errors: `BadPayload` for anything else.
    """
    number = exact_decimal(value)
    if number is None or not _DECIMAL.fullmatch(number):
        raise BadPayload(f"{name} is not a decimal of at most 20 and 18 digits: {value!r}")
    return number
