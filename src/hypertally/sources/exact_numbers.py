"""Numbers of the exchange, read exactly: text or JSON numbers, with or without an exponent."""

import re
from decimal import Decimal

from hypertally.records import is_array, is_object

# No price, size or position needs more, and the columns keep every digit of such numbers, of their
# products and of any sum of them. A longer number is nonsense, or an attempt to fill the disk.
WHOLE_DIGITS_MAX = 100
DECIMALS_MAX = 100
TEXT_CHARS_MAX = 2 * (WHOLE_DIGITS_MAX + DECIMALS_MAX)
EXPONENT_MAX = 1000  # of a number that is kept unread: jsonb refuses one of 131,073 digits
_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")


def exact_decimal(value: object) -> str | None:
    """A number as plain decimal text, with all of its digits; None where it cannot be read so.

    `38.10` stays `38.10`, `3.8e1` becomes `38`. A float is refused: it is not what was sent.
    """
    text = _text_of(value)
    if text is None or len(text) > TEXT_CHARS_MAX or not _NUMBER.fullmatch(text):
        return None
    number = Decimal(text)
    if number.adjusted() >= WHOLE_DIGITS_MAX or _exponent(number) < -DECIMALS_MAX:
        return None
    return text if _PLAIN.fullmatch(text) else f"{number:f}"


def exact_integer(value: object) -> int | None:
    """A whole number; None where the value is not one."""
    text = exact_decimal(value)
    if text is None:
        return None
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else None


def has_exact_numbers(value: object) -> bool:
    """Whether every number within decoded JSON is one that a jsonb column can hold."""
    pending = [value]
    while pending:  # no recursion: a row may be nested deeper than Python calls
        inner = pending.pop()
        if is_object(inner):
            pending.extend(inner.values())
        elif is_array(inner):
            pending.extend(inner)
        elif isinstance(inner, Decimal) and not _may_be_kept(inner):
            return False
    return True


def _may_be_kept(number: Decimal) -> bool:
    if not number.is_finite():
        return False
    return number.adjusted() <= EXPONENT_MAX and _exponent(number) >= -EXPONENT_MAX


def _text_of(value: object) -> str | None:
    match value:
        case bool():
            return None
        case str():
            return value.strip(" \t\r\n")
        case int():
            return str(value) if abs(value) < 10**WHOLE_DIGITS_MAX else None
        case Decimal():
            return str(value)
        case _:
            return None


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)  # no infinity comes this far
    return exponent
