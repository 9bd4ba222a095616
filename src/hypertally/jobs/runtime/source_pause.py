"""The pause of an upstream host that is down, shared by all processes that ask it.

A row of ops.source_pauses stands for a host that does not answer. While it stands, jobs that ask
the host are not claimed and no request is sent, but for one probe at a time. The first answer to a
probe takes the row away and wakes the workers.
"""

from datetime import datetime

from hypertally.jobs.runtime.queue import CHANNEL
from hypertally.records import Record
from hypertally.sources.pause import Entry
from hypertally.store.postgres import Pool, find_row, read_rows, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
PROBE_SECONDS = 20  # so that all goes on within a minute of the host's return
REASON_CHARS_MAX = 500


class SourcePause(Record, frozen=True, kw_only=True):
    """A row of ops.source_pauses."""

    upstream_host: str
    since: datetime
    reason: str


class _Probe(Record, frozen=True, kw_only=True):
    is_due: bool


class SharedPause:
    """The pause of one upstream host, kept in ops.source_pauses."""

    def __init__(self, pool: Pool, *, upstream_host: str) -> None:
        self._pool = pool
        self._host = {"upstream_host": upstream_host}

    async def enter(self) -> Entry:
        """What may be asked now; of a pause, one caller at a time gets the probe."""
        entry = await self.look()
        if entry is not Entry.PROBE:
            return entry
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["take_probe"].text, self._host | {"seconds": PROBE_SECONDS}
            )
        return Entry.PROBE if cursor.rowcount else Entry.CLOSED

    async def look(self) -> Entry:
        """The same, without taking the probe."""
        async with transaction(self._pool) as connection:
            probe = await find_row(connection, QUERIES["read_probe"], self._host, shape=_Probe)
        if probe is None:
            return Entry.OPEN
        return Entry.PROBE if probe.is_due else Entry.CLOSED

    async def begin(self, reason: str) -> None:
        """Pause all requests: the host is down."""
        async with transaction(self._pool) as connection:
            await connection.execute(
                QUERIES["begin_pause"].text,
                self._host | {"reason": reason[:REASON_CHARS_MAX], "seconds": PROBE_SECONDS},
            )

    async def end(self) -> None:
        """Let all requests through again, and wake the workers."""
        async with transaction(self._pool) as connection:
            await connection.execute(QUERIES["end_pause"].text, self._host | {"channel": CHANNEL})


async def list_pauses(pool: Pool) -> list[SourcePause]:
    """The upstream hosts that are down."""
    async with transaction(pool) as connection:
        return await read_rows(connection, QUERIES["list_pauses"], shape=SourcePause)
