"""The queue: rows of ops.jobs, claimed under a lease.

    enqueue -> queued -- claim --> running -- finish --> done
                 ^                   |  |
                 |    put back,      |  +-- fail, tries used up --> dead
                 +-- lease ran out --+                               |
                 +--------------------- requeue (by hand) -----------+

A claim counts as the attempt, so a job that kills its worker is dead after `max_attempts`.
Each claim draws a fencing token. Whatever a job writes is committed together with a check that
its token is still the one in the row: a worker that was thought dead cannot write afterwards.
At most one job of a dedupe key is queued; another of that key may be running meanwhile, because
what it reads may be older than what the queued one was asked for.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from hypertally.errors import LeaseLost
from hypertally.records import Record
from hypertally.store.postgres import Connection, Jsonb, Pool, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
CHANNEL = "hypertally_jobs"


class Job(Record, frozen=True, kw_only=True):
    """A claimed row of ops.jobs."""

    id: int
    kind: str
    payload: dict[str, Any]
    attempts: int  # this one included
    max_attempts: int
    lease_token: int


async def enqueue(
    connection: Connection,
    kind: str,
    payload: dict[str, Any] | None = None,
    *,
    dedupe_key: str | None = None,
    priority: int = 0,
    delay_seconds: int = 0,
    max_attempts: int = 10,
) -> bool:
    """Add a job in the caller's transaction; false when its key is queued already.

    A queued job of the key then keeps the earlier of the two times and the higher priority.
    """
    cursor = await connection.execute(
        QUERIES["enqueue"].text,
        {
            "kind": kind,
            "payload": Jsonb(payload or {}),
            "dedupe_key": dedupe_key,
            "priority": priority,
            "delay_seconds": delay_seconds,
            "max_attempts": max_attempts,
            "channel": CHANNEL,
        },
    )
    row = await cursor.fetchone()
    return bool(row and row["added"])


async def claim(
    pool: Pool,
    *,
    worker: str,
    lease_seconds: float,
    limit: int,
    kinds: Collection[str] = (),
    among: bool = False,
) -> list[Job]:
    """Take up to `limit` jobs that are due, the most urgent first.

    `kinds`: all kinds but these or, with `among`, these alone.
    """
    async with transaction(pool) as connection:
        cursor = await connection.execute(
            QUERIES["claim"].text,
            {
                "worker": worker,
                "lease_seconds": lease_seconds,
                "limit": limit,
                "kinds": list(kinds),
                "among": among,
            },
        )
        return [Job(**row) for row in await cursor.fetchall()]


async def renew(pool: Pool, jobs: Sequence[Job], *, lease_seconds: float) -> None:
    """Say that these jobs are still being worked on."""
    async with transaction(pool) as connection:
        await connection.execute(
            QUERIES["renew"].text,
            {
                "tokens": [job.lease_token for job in jobs],
                "lease_seconds": lease_seconds,
            },
        )


async def hold(connection: Connection, job: Job) -> None:
    """Make sure, until this transaction ends, that the job is still ours.

    Errors: `LeaseLost` when it is not.
    """
    cursor = await connection.execute(
        QUERIES["hold"].text, {"id": job.id, "lease_token": job.lease_token}
    )
    if await cursor.fetchone() is None:
        raise LeaseLost(f"job {job.id} ({job.kind}) was given to another worker")


@asynccontextmanager
async def finishing(pool: Pool, job: Job) -> AsyncIterator[Connection]:
    """The last transaction of a job: what is written in it and `done` are one commit."""
    async with transaction(pool) as connection:
        await hold(connection, job)
        yield connection
        await connection.execute(QUERIES["finish"].text, {"id": job.id})


async def put_back(
    pool: Pool,
    job: Job,
    *,
    error: str,
    at: datetime | None = None,
    counted: bool = True,
) -> None:
    """Queue a failed job again with exponential backoff, or declare it dead.

    `at`: not before then. `counted=False`: this attempt was not the job's fault.
    """
    async with transaction(pool) as connection:
        await connection.execute(
            QUERIES["put_back"].text,
            {
                "id": job.id,
                "lease_token": job.lease_token,
                "error": error,
                "at": at,
                "counted": counted,
            },
        )


async def release(pool: Pool, jobs: Sequence[Job]) -> None:
    """Give back jobs that were not done, for others to take at once; the attempt does not count."""
    async with transaction(pool) as connection:
        await connection.execute(
            QUERIES["release"].text, {"tokens": [job.lease_token for job in jobs]}
        )


async def bury(pool: Pool, job: Job, *, error: str) -> None:
    """Declare a job dead at once: trying again cannot help."""
    async with transaction(pool) as connection:
        await connection.execute(
            QUERIES["bury"].text,
            {"id": job.id, "lease_token": job.lease_token, "error": error},
        )


async def reap(pool: Pool) -> int:
    """Put back the jobs whose lease ran out; how many."""
    async with transaction(pool) as connection:
        cursor = await connection.execute(QUERIES["reap"].text, {"channel": CHANNEL})
        return cursor.rowcount


async def prune(pool: Pool, *, keep_hours: int) -> int:
    """Forget jobs done longer ago; dead ones stay until they are looked at."""
    async with transaction(pool) as connection:
        cursor = await connection.execute(QUERIES["prune"].text, {"keep_hours": keep_hours})
        return cursor.rowcount


async def is_idle(pool: Pool, *, kinds: Collection[str] = (), among: bool = False) -> bool:
    """Whether nothing is due and nothing pulled waits to be rolled up; `kinds` as for `claim`."""
    bound = {"kinds": list(kinds), "among": among}
    async with transaction(pool) as connection:
        row = await (await connection.execute(QUERIES["read_idle"].text, bound)).fetchone()
        return bool(row and row["idle"])


async def list_dead(pool: Pool, *, limit: int) -> list[dict[str, Any]]:
    """The dead jobs, newest first."""
    async with transaction(pool) as connection:
        return await (
            await connection.execute(QUERIES["list_dead"].text, {"limit": limit})
        ).fetchall()


async def requeue_dead(pool: Pool, ids: Sequence[int] | None) -> int:
    """Queue dead jobs again with all their attempts; None: all of them."""
    async with transaction(pool) as connection:
        cursor = await connection.execute(
            QUERIES["requeue_dead"].text, {"ids": ids, "channel": CHANNEL}
        )
        return cursor.rowcount
