"""Arrow columns and tables, with the types that the stubs of pyarrow leave open.

pyarrow makes most of its compute functions when it is imported, and its stubs name types of numpy,
which this program does not have. The calls that a type checker cannot see through stand here.
"""

import io
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, TypeAlias

import pyarrow as pa
import pyarrow.compute as pyarrow_compute
import pyarrow.parquet as pyarrow_parquet

from hypertally.records import JsonObject

if TYPE_CHECKING:
    Array: TypeAlias = pa.Array[Any]
    Column: TypeAlias = pa.ChunkedArray[Any] | Array
else:  # pyarrow's classes take no type arguments at run time
    Array, Column = pa.Array, pa.ChunkedArray | pa.Array

STREAM_BYTES = 1024 * 1024  # of an unpacked file that are held

compute: Any = pyarrow_compute
_pyarrow: Any = pa
_parquet: Any = pyarrow_parquet


def array(values: Iterable[object], kind: pa.DataType) -> Array:
    """Python values as a column of a type."""
    return _pyarrow.array(values, kind)


def table(columns: Mapping[str, Column]) -> pa.Table:
    """Columns of equal length as a table."""
    return _pyarrow.table(dict(columns))


def field_types(schema: pa.Schema) -> dict[str, pa.DataType]:
    """The type of each column, by name."""
    fields: Any = schema
    return {field.name: field.type for field in fields}


def in_one_piece(column: Column) -> Array:
    """A column as a single array."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def plain_values(column: Array) -> Array:
    """A column whose dictionary codes, if it has any, are replaced by the values they mean."""
    values: Any = column
    return values.dictionary_decode() if isinstance(column, pa.DictionaryArray) else values


def select_columns(rows: pa.Table, names: Sequence[str]) -> pa.Table:
    """The named columns, in that order."""
    whole: Any = rows
    return whole.select(list(names))


def select_rows(rows: pa.Table, mask: Array) -> pa.Table:
    """The rows where the mask is true."""
    whole: Any = rows
    return whole.filter(mask)


def select_values(column: Array, mask: Array) -> Array:
    """The values where the mask is true."""
    whole: Any = column
    return whole.filter(mask)


def sort_rows(rows: pa.Table, names: Sequence[str]) -> pa.Table:
    """The rows in ascending order of the named columns."""
    whole: Any = rows
    return whole.sort_by([(name, "ascending") for name in names])


def read_batches(file: pyarrow_parquet.ParquetFile, rows: int) -> Iterator[pa.RecordBatch]:
    """The rows of a Parquet file, some at a time."""
    whole: Any = file
    return whole.iter_batches(batch_size=rows)


@contextmanager
def open_stream(path: Path, *, compression: Literal["lz4"] | None) -> Generator[BinaryIO]:
    """A file to read line by line, unpacked where it is packed; several packed parts are one."""
    stream: Any = _pyarrow.input_stream(str(path), compression=compression)
    with stream, io.BufferedReader(stream, STREAM_BYTES) as file:
        yield file


def to_objects(rows: pa.Table) -> list[JsonObject]:
    """The rows as objects of Python values."""
    return rows.to_pylist()


def write_parquet(path: Path, rows: pa.Table, *, compression_level: int) -> None:
    """Write rows as a Parquet file, compressed by zstd."""
    _parquet.write_table(rows, path, compression="zstd", compression_level=compression_level)


def read_parquet(path: Path) -> pa.Table:
    """Read all rows of a Parquet file."""
    return _parquet.read_table(path)
