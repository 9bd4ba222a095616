"""A PostgreSQL of the measurement alone, in a folder that goes away with it."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from hypertally.cli.runtime import bring_up_to_date
from hypertally.store.embedded.join import ensure_running


@asynccontextmanager
async def fresh_database() -> AsyncIterator[str]:
    """The address of a new embedded server's migrated database; stopped and removed afterwards."""
    with tempfile.TemporaryDirectory(
        prefix="hypertally-bench-", ignore_cleanup_errors=True
    ) as home:
        async with await ensure_running(Path(home)) as server:
            await bring_up_to_date(server.url)
            yield server.url
