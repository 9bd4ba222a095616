"""Bulk rows into PostgreSQL: Arrow columns by binary copy into a temporary table, then by SQL."""

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from psycopg import sql

from hypertally.errors import BadPayload
from hypertally.store.postgres import Role, sql_of
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

        self._connection = adbc.connect(url)
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

    def query(self, statement: sql.Composed) -> list[dict[str, Any]]:
        """Run a statement and answer its rows."""
        return self.fetch(statement).to_pylist()

    def fetch(self, statement: sql.Composed) -> "pa.Table":
        """Run a statement and answer its rows as Arrow columns."""
        self._cursor.execute(statement.as_string())
        return self._cursor.fetch_arrow_table()

    def execute(self, statement: sql.Composed) -> int:
        """Run a statement and answer how many rows it touched."""
        self._cursor.execute(statement.as_string())
        return max(self._cursor.rowcount, 0)

    def attempt(self, statement: sql.Composed) -> bool:
        """Run a statement that meets no key twice; false when it does, and nothing is changed."""
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
        """Keep what was done."""
        self._connection.commit()


def as_arrow(columns: "Mapping[str, list[Any]] | pa.Table", types: Mapping[str, str]) -> "pa.Table":
    """Columns as Arrow; a table is taken as it is."""
    import pyarrow as pa

    arrow = {
        "int32": pa.int32(),
        "int64": pa.int64(),
        "bool": pa.bool_(),
        "binary": pa.binary(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }
    if isinstance(columns, pa.Table):
        return columns
    return pa.table(
        {
            name: pa.array(values, arrow[types[name]] if name in types else pa.string())
            for name, values in columns.items()
        }
    )
