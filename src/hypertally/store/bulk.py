"""Bulk rows into PostgreSQL: Arrow columns by binary copy into a temporary table, then by SQL."""

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import msgspec
from psycopg import sql

from hypertally.errors import BadPayload
from hypertally.store.logins import Role, address_of_role
from hypertally.store.postgres import Row, sql_of
from hypertally.store.queries import Query

if TYPE_CHECKING:
    import pyarrow as pa

DATA_EXCEPTION = "22"  # the class of the states, as of bytes that are no text
UNIQUE_VIOLATION = "23505"
STAGE_MEMORY = "64MB"  # a batch of 50,000 fills takes 15 MB: it stays out of files


class BulkLoader:
    """One blocking connection that acts as a role; nothing is kept without `commit`."""

    def __init__(self, url: str, *, role: Role) -> None:
        # Half a second to import, and only bulk loads need it.
        import adbc_driver_postgresql.dbapi as adbc

        driver: Any = adbc  # its types name pandas and polars, which this program does not have
        self._connection = driver.connect(address_of_role(url, role))
        self._cursor = self._connection.cursor()
        self._made: set[str] = set()
        for statement in (
            sql.SQL("set role {}").format(sql.Identifier(role)),
            sql.SQL("set timezone = 'UTC'"),
            sql.SQL("set temp_buffers = {}").format(sql.Literal(STAGE_MEMORY)),
        ):
            self._cursor.execute(statement.as_string())
        self._connection.commit()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._cursor.close()
        self._connection.close()

    def copy(
        self,
        table: str,
        columns: "Mapping[str, list[Any]] | pa.Table",
        *,
        types: Mapping[str, str],
        make: Query,
        empty: Query,
    ) -> int:
        """Fill a temporary table of this connection, made at the first use; the rows.

        `types`: column -> int32, int64, bool, binary or timestamp; text where none is given.
        Errors: `BadPayload` for a value that the database cannot hold.
        """
        if table not in self._made:
            self._cursor.execute(sql_of(make).as_string())
            self._made.add(table)
        else:
            self._cursor.execute(sql_of(empty).as_string())
        arrow = as_arrow(columns, types)
        try:
            self._cursor.adbc_ingest(table, arrow, mode="append", temporary=True)
        except self._connection.Error as error:
            if not (error.sqlstate or "").startswith(DATA_EXCEPTION):
                raise
            raise BadPayload(f"could not be stored: {error}") from error
        return arrow.num_rows

    def read_rows(self, statement: sql.Composed, *, shape: type[Row]) -> list[Row]:
        """All rows of a statement as records of `shape`; numerics come as text."""
        return msgspec.convert(self.read_table(statement).to_pylist(), list[shape])

    def read_table(self, statement: sql.Composed) -> "pa.Table":
        """All rows of a statement as Arrow columns."""
        self._cursor.execute(statement.as_string())
        return self._cursor.fetch_arrow_table()

    def execute(self, statement: sql.Composed) -> int:
        """Run a statement and answer how many rows it touched."""
        self._cursor.execute(statement.as_string())
        return max(self._cursor.rowcount, 0)

    def attempt(self, statement: sql.Composed) -> bool:
        """Run a statement; false, and nothing is changed, if it violates a unique key."""
        # The driver knows no savepoints: what stands before the attempt is kept first.
        self._connection.commit()
        try:
            self._cursor.execute(statement.as_string())
        except self._connection.Error as error:
            if error.sqlstate != UNIQUE_VIOLATION:
                raise
            self._connection.rollback()
            return False
        return True

    def commit(self) -> None:
        """Commit the transaction."""
        self._connection.commit()


def as_arrow(columns: "Mapping[str, list[Any]] | pa.Table", types: Mapping[str, str]) -> "pa.Table":
    """Columns as an Arrow table; a table stays as it is."""
    import pyarrow as pa

    from hypertally.store import arrow

    if isinstance(columns, pa.Table):
        return columns
    kinds: dict[str, pa.DataType] = {
        "int32": pa.int32(),
        "int64": pa.int64(),
        "bool": pa.bool_(),
        "binary": pa.binary(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }
    return arrow.table(
        {
            name: arrow.array(values, kinds[types[name]] if name in types else pa.string())
            for name, values in columns.items()
        }
    )
