"""The exchange whose books a database keeps, read before its schema is touched."""

import psycopg
import stamina
from psycopg import AsyncConnection

from hypertally.errors import TryLater
from hypertally.store.migrate import WAIT_SECONDS_MAX
from hypertally.store.postgres import CONNECT_SECONDS_MAX


async def find_bound_exchange(url: str) -> str | None:
    """The exchange that a database of any version names; None: it names none yet.

    Errors: `TryLater` when the database does not answer.
    """
    try:
        async for attempt in stamina.retry_context(
            on=psycopg.OperationalError,
            attempts=None,
            timeout=WAIT_SECONDS_MAX,
            wait_initial=0.1,
            wait_max=1.0,
        ):
            with attempt:
                return await _read(url)
    except psycopg.OperationalError as error:
        raise TryLater(f"the database does not answer: {' '.join(str(error).split())}") from error
    return None


async def _read(url: str) -> str | None:
    connecting = AsyncConnection.connect(url, connect_timeout=CONNECT_SECONDS_MAX, autocommit=True)
    async with await connecting as connection:
        cursor = await connection.execute("select to_regclass('ops.exchange_identity') is not null")
        row = await cursor.fetchone()
        if row is None or not row[0]:
            return None
        cursor = await connection.execute("select exchange from ops.exchange_identity")
        row = await cursor.fetchone()
        return None if row is None else row[0]
