"""The JSON form of decimals and times, as every answer writes them.

Decimals are strings without exponent and without zeros at the end; times are UTC with
milliseconds and Z; days are YYYY-MM-DD.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias, cast

import msgspec

from hypertally.records import Record

Json: TypeAlias = msgspec.Raw

_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def json_text(value: object) -> Any:
    """Return decimals and times as the API writes them, and any other value unchanged."""
    match value:
        case Decimal():
            # By format alone: any arithmetic would round to the context's precision.
            text = format(value, "f")
            return text.rstrip("0").rstrip(".") if "." in text else text
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
        case _:
            return value


def json_row(row: Mapping[str, object]) -> dict[str, Any]:
    """Return a row with its decimals and times as the API writes them."""
    return {name: json_text(value) for name, value in row.items()}


def json_record(record: Record) -> dict[str, object]:
    """Return a record with its decimals and times as the API writes them."""
    names = zip(record.__struct_encode_fields__, record.__struct_fields__, strict=True)
    return {shown: json_text(getattr(record, name)) for shown, name in names}


def json_tree(value: object) -> Any:
    """Return stored JSON whose numbers, also those inside text, are written as the API does."""
    match value:
        case str() if _NUMBER.fullmatch(value):
            return json_text(Decimal(value))
        case dict():
            fields = cast("Mapping[str, object]", value)
            return {name: json_tree(field) for name, field in fields.items()}
        case list():
            return [json_tree(item) for item in cast("Sequence[object]", value)]
        case _:
            return json_text(value)


def as_json(text: str | None) -> Json | None:
    """Return JSON that the database wrote, unchanged; None stays null."""
    return None if text is None else Json(text.encode())
