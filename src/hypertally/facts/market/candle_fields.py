"""Fields of candles: the market that one is of, its prices and its volume."""

import re
from collections.abc import Mapping

from hypertally.errors import BadPayload
from hypertally.sources.exact_numbers import exact_decimal

_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,18})?")


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
