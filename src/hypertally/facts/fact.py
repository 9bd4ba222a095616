"""The shape of a fact: where it comes from, what makes a row one row, how it is read and stored."""

from collections.abc import Callable
from typing import Any

from hypertally.records import Record
from hypertally.store.parquet_archive import Dataset


class Fact(Record, frozen=True, kw_only=True):
    """A raw dataset: a table of the schema facts."""

    name: str  # of the table
    source: str  # the door and the request that it is decoded from
    key: tuple[str, ...]
    decode: Callable[..., Any]  # an answer's rows to records, pure
    insert: Callable[..., Any]  # records to rows; a row that is stored stays as it is
    archive: Dataset | None = None  # its columns in the archive, if its days may leave the database
