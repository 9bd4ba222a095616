"""A PostgreSQL of the measurement alone, in a folder that goes away with it."""

import os
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.server import superuser_server

from hypertally.cli.database import bring_up_to_date
from hypertally.jobs.runtime.exchange_identity import adopt
from hypertally.store.postgres import open_pool

# Every measurement serves its own exchange, and its books are of it; what serves none asks nobody.
EXCHANGE = os.environ.setdefault("HYPERTALLY_NETWORK", "bench")
os.environ.setdefault("HYPERTALLY_INFO_URL", "http://127.0.0.1:9/info")


async def prepare_books(url: str, exchange: str = EXCHANGE) -> None:
    """Bring a database to today's schema, as books of the exchange that is measured."""
    await bring_up_to_date(url)
    async with open_pool(url, role="hypertally_worker", size=1) as pool:
        await adopt(pool, exchange)


@asynccontextmanager
async def fresh_database() -> AsyncGenerator[str]:
    """The address of a new embedded server's migrated database; stopped and removed afterwards."""
    with tempfile.TemporaryDirectory(
        prefix="hypertally-bench-", ignore_cleanup_errors=True
    ) as home:
        async with await superuser_server(Path(home)) as server:
            await prepare_books(server.url)
            yield server.url
