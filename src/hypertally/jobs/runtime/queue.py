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

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import stamina

from hypertally.errors import KeyTaken, LeaseLost
from hypertally.records import Record
from hypertally.store.postgres import Connection, Jsonb, Pool, read_row, read_rows, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
CHANNEL = "hypertally_jobs"
# A job that returns to the queue may meet one of its key that is queued at that very moment.
_seeing_the_faster_one = stamina.retry(on=KeyTaken, attempts=5, timeout=None, wait_initial=0.01)


class Job(Record, frozen=True, kw_only=True):
    """A claimed row of ops.jobs."""

    id: int
    kind: str
    payload: dict[str, object]
    attempts: int  # this one included
    max_attempts: int
    lease_token: int


async def insert_job(
    connection: Connection,
    kind: str,
    payload: Mapping[str, object],
    *,
    dedupe_key: str | None = None,
    priority: int = 0,
    delay_seconds: int = 0,
    attempts_max: int = 10,
) -> bool:
    """Store the row of a job in the caller's transaction; false when its key is queued already.

    For `kinds.enqueue`, which knows the key, priority and attempts of a kind.
    """
    cursor = await connection.execute(
        QUERIES["insert_job"].text,
        {
            "kind": kind,
            "payload": Jsonb(dict(payload)),
            "dedupe_key": dedupe_key,
            "priority": priority,
            "delay_seconds": delay_seconds,
            "max_attempts": attempts_max,
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
    only_kinds: Collection[str] | None = None,
    except_kinds: Collection[str] = (),
) -> list[Job]:
    """Lease up to `limit` jobs that are due, the most urgent first.

    `only_kinds`: of these kinds; None: of all kinds. `except_kinds`: of none of these kinds.
    """
    async with transaction(pool) as connection:
        return await read_rows(
            connection,
            QUERIES["claim"],
            {
                "worker": worker,
                "lease_seconds": lease_seconds,
                "limit": limit,
                "only_kinds": None if only_kinds is None else list(only_kinds),
                "except_kinds": list(except_kinds),
            },
            shape=Job,
        )


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


@_seeing_the_faster_one
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


@_seeing_the_faster_one
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


@_seeing_the_faster_one
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


async def is_idle(
    pool: Pool,
    *,
    only_kinds: Collection[str] | None = None,
    except_kinds: Collection[str] = (),
    awaited_kinds: Collection[str] = (),
) -> bool:
    """Whether no job is due, and none of the awaited kinds is queued for later.

    `only_kinds`, `except_kinds`: the jobs that count, as for `claim`.
    """
    parameters = {
        "only_kinds": None if only_kinds is None else list(only_kinds),
        "except_kinds": list(except_kinds),
        "awaited_kinds": list(awaited_kinds),
    }
    async with transaction(pool) as connection:
        row = await read_row(connection, QUERIES["read_idle"], parameters, shape=_Idle)
    return row.idle


class _Idle(Record, frozen=True, kw_only=True):
    idle: bool


class DeadJob(Record, frozen=True, kw_only=True):
    """A row of ops.jobs that used up its attempts."""

    id: int
    kind: str
    payload: dict[str, object]
    attempts: int
    last_error: str
    finished_at: datetime


async def list_dead(pool: Pool, *, limit: int) -> list[DeadJob]:
    """The dead jobs, newest first."""
    async with transaction(pool) as connection:
        return await read_rows(connection, QUERIES["list_dead"], {"limit": limit}, shape=DeadJob)


@_seeing_the_faster_one
async def requeue_dead(pool: Pool, ids: Sequence[int] | None) -> int:
    """Queue dead jobs again with all their attempts; None: all of them."""
    async with transaction(pool) as connection:
        cursor = await connection.execute(
            QUERIES["requeue_dead"].text, {"ids": ids, "channel": CHANNEL}
        )
        return cursor.rowcount
