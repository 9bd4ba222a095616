"""Connections to PostgreSQL: one login and role a pool, UTC always, driver errors made ours."""

import select
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, LiteralString, TypeAlias, TypeVar, cast

import psycopg
from psycopg import AsyncConnection, AsyncCursor, conninfo, sql
from psycopg.rows import DictRow, class_row, dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from hypertally.errors import KeyTaken, Refused, TryLater
from hypertally.store.logins import Role, address_of_role, require_may_become
from hypertally.store.queries import Query

Connection: TypeAlias = AsyncConnection[DictRow]
Pool: TypeAlias = AsyncConnectionPool[Connection]
Row = TypeVar("Row")

__all__ = [
    "Connection",
    "Jsonb",
    "Pool",
    "Role",
    "committed_transaction",
    "connection_string",
    "filled_in",
    "find_row",
    "in_schema",
    "login_connection",
    "notifications",
    "open_pool",
    "owner_connection",
    "read_row",
    "read_rows",
    "send",
    "sql_of",
    "transaction",
    "translated",
    "with_source",
]

CONNECT_SECONDS_MAX = 10  # a database that answers slower than this is away
ACQUIRE_SECONDS_MAX = 30  # longer than any job waits for a connection when all is well


def connection_string(url: str, *, role: Role, statement_seconds_max: int = 0) -> str:
    """The address for a role, with the settings of every connection; 0 seconds: no limit."""
    options = f"-c role={role} -c timezone=UTC -c statement_timeout={statement_seconds_max}s"
    if role == "hypertally_api":
        # All statements of an answer see one snapshot, so that its parts add up.
        options += r" -c default_transaction_isolation=repeatable\ read"
    return _with_settings(address_of_role(url, role), options, name=role)


def _with_settings(url: str, options: str, *, name: str) -> str:
    return conninfo.make_conninfo(
        url,
        options=options,
        connect_timeout=CONNECT_SECONDS_MAX,
        application_name=name,
        keepalives_idle=30,
    )


@asynccontextmanager
async def owner_connection(url: str, *, role: Role | None = None) -> AsyncGenerator[Connection]:
    """One connection of the owner, to bring a database up to date; `role`: acting as that role."""
    options = "-c timezone=UTC" + (f" -c role={role}" if role else "")
    async with _connection(_with_settings(url, options, name="hypertally_owner")) as connection:
        yield connection


@asynccontextmanager
async def login_connection(url: str, *, role: Role) -> AsyncGenerator[Connection]:
    """One connection of a login, to look at a database before a pool is opened.

    Errors: `Refused` when the login may not become the role; a pool would try again and again.
    """
    try:
        async with _connection(connection_string(url, role=role)) as connection:
            yield connection
    except TryLater as problem:
        if "permission denied to set role" not in str(problem):
            raise
        raise Refused(
            f"the login of HYPERTALLY_DATABASE_URL may not become {role}: name the right login, or "
            "run `hypertally migrate` with HYPERTALLY_OWNER_DATABASE_URL first"
        ) from problem


@asynccontextmanager
async def _connection(url: str) -> AsyncGenerator[Connection]:
    with translated():
        connecting = AsyncConnection[DictRow].connect(url, row_factory=dict_row, autocommit=True)
        async with await connecting as connection:
            yield connection


def in_schema(query: Query, schema: str) -> sql.Composed:
    """The statement with its tables in `schema`: the real one, or one to compare with."""
    return sql.SQL(query.text).format(schema=sql.Identifier(schema))


def with_source(query: Query, source: Query, *, schema: str | None = None) -> sql.Composed:
    """The statement over the rows that another one answers; `schema`: of the tables of both."""
    if schema is None:
        return sql.SQL(query.text).format(source=sql.SQL(source.text))
    named = sql.Identifier(schema)
    rows = sql.SQL(source.text).format(schema=named)
    return sql.SQL(query.text).format(source=rows, schema=named)


def sql_of(query: Query) -> sql.Composed:
    """The statement as it stands."""
    return sql.Composed([sql.SQL(query.text)])


def filled_in(statement: sql.Composed, values: Mapping[str, Any]) -> sql.Composed:
    """The statement with its parameters as literals, for a connection that takes none."""
    literals = {name: sql.Literal(value).as_string() for name, value in values.items()}
    # What is filled in was quoted above; the rest comes from a file of this package.
    text = cast("LiteralString", statement.as_string() % literals)
    return sql.Composed([sql.SQL(text)])


@contextmanager
def translated() -> Generator[None]:
    """Turn "the database is away" and "try that transaction again" into `TryLater`."""
    try:
        yield
    except psycopg.errors.UniqueViolation as error:
        # A key is written twice only by two transactions at once: every insert says what to do
        # with a key it can see.
        raise KeyTaken(f"another transaction was faster: {error}") from error
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
        # OperationalError holds lost connections, start-up, shutdown, deadlocks and serialisation.
        raise TryLater(f"the database is not ready: {error}") from error


@asynccontextmanager
async def open_pool(
    url: str, *, role: Role, size: int, statement_seconds_max: int = 0
) -> AsyncGenerator[Pool]:
    """A pool of up to `size` connections that act as `role`; closed on the way out.

    Errors: `Refused` for the address of a login that may not.
    """
    require_may_become(url, role)

    async def check(connection: Connection) -> None:
        try:
            if not _is_quiet(connection):
                await pool.check_connection(connection)
        except psycopg.OperationalError:
            # The database went away and took all connections with it. Left to find them one by one,
            # the pool waits twice as long after each, and its caller's patience ends first.
            await pool.check()
            raise

    pool = AsyncConnectionPool(
        connection_string(url, role=role, statement_seconds_max=statement_seconds_max),
        connection_class=AsyncConnection[DictRow],
        # Every transaction is opened by name: see `transaction`.
        kwargs={"row_factory": dict_row, "autocommit": True},
        min_size=1,
        max_size=size,
        timeout=ACQUIRE_SECONDS_MAX,
        check=check,
        open=False,
    )
    async with pool:
        yield pool


def _is_quiet(connection: Connection) -> bool:
    """Whether nothing came since the last answer: a server that goes away says so or hangs up."""
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return not waiting.poll(0)


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncGenerator[Connection]:
    """One transaction on a pooled connection: committed at the end, rolled back on any error."""
    with translated():
        async with pool.connection() as connection, connection.transaction():
            yield connection


@asynccontextmanager
async def committed_transaction(pool: Pool) -> AsyncGenerator[Connection]:
    """The same, in which each statement sees what others committed, whatever the role's default.

    Of two that change one row the second waits for the first, and then sees it.
    """
    with translated():
        async with pool.connection() as connection:
            await connection.set_isolation_level(psycopg.IsolationLevel.READ_COMMITTED)
            try:
                async with connection.transaction():
                    yield connection
            finally:
                await connection.set_isolation_level(None)


async def send(
    connection: Connection,
    statement: Query | sql.Composed,
    parameters: Mapping[str, object] | None = None,
    *,
    shape: type[Row],
) -> AsyncCursor[Row]:
    """Send a statement whose rows are records of `shape`, whose fields are its columns.

    In a pipeline nothing is waited for before the rows of the returned cursor are fetched.
    """
    cursor = connection.cursor(row_factory=class_row(shape))
    return await cursor.execute(_text_of(statement), parameters)


async def read_rows(
    connection: Connection,
    statement: Query | sql.Composed,
    parameters: Mapping[str, object] | None = None,
    *,
    shape: type[Row],
) -> list[Row]:
    """All rows of a statement as records of `shape`."""
    cursor = await send(connection, statement, parameters, shape=shape)
    return await cursor.fetchall()


async def find_row(
    connection: Connection,
    statement: Query | sql.Composed,
    parameters: Mapping[str, object] | None = None,
    *,
    shape: type[Row],
) -> Row | None:
    """The only row of a statement as a record of `shape`; None when there is no row."""
    rows = await read_rows(connection, statement, parameters, shape=shape)
    assert len(rows) <= 1, "a statement of one row answers at most one"
    return rows[0] if rows else None


async def read_row(
    connection: Connection,
    statement: Query | sql.Composed,
    parameters: Mapping[str, object] | None = None,
    *,
    shape: type[Row],
) -> Row:
    """The row of a statement that always has exactly one, such as a count."""
    row = await find_row(connection, statement, parameters, shape=shape)
    assert row is not None, "an aggregate answers one row whatever there is"
    return row


def _text_of(statement: Query | sql.Composed) -> LiteralString | sql.Composed:
    return statement.text if isinstance(statement, Query) else statement


async def notifications(pool: Pool, channel: LiteralString) -> AsyncIterator[str]:
    """What is notified on a channel, over a connection of its own.

    Errors: `TryLater` when that connection is lost; what was notified meanwhile is lost too.
    """
    with translated():
        connecting = AsyncConnection.connect(str(pool.conninfo), autocommit=True)
        async with await connecting as connection:
            await connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
            async for notification in connection.notifies():
                yield notification.payload
