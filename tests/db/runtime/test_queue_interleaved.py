"""Whatever workers do to the queue, in whatever order, no job is lost."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from hypertally.errors import LeaseLost
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.queue import Job
from hypertally.store.postgres import Pool, transaction

Login = psycopg.Connection[dict[str, Any]]


@pytest.fixture
def login(database_url: str) -> Iterator[Login]:
    """The login, to look at rows and to make time pass."""
    with Login.connect(database_url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


async def put(pool: Pool, payload: dict[str, Any], **options: Any) -> bool:
    async with transaction(pool) as connection:
        return await queue.insert_job(connection, "work", payload, **options)


async def finish(pool: Pool, job: Job) -> None:
    async with queue.finishing(pool, job):
        pass


class Interleaving:
    """Workers that come and go over a few keys, at the whim of a seed.

    Each enqueue asks for a newer version of its key. A job shows the version of the moment it was
    claimed, so a key is served when a finished job was claimed after the last enqueue of it.
    """

    def __init__(self, pool: Pool, login: Login, random: Random) -> None:
        self.pool = pool
        self.login = login
        self.random = random
        self.wanted: Counter[str] = Counter()
        self.served: dict[str, int] = {}
        self.held: list[tuple[Job, int]] = []

    async def step(self) -> None:
        often = [self.enqueue, self.claim, self.finish]
        seldom = [self.fail, self.expire, self.reap, self.release, self.pass_time]
        await self.random.choice([*often, *often, *seldom])()

    async def enqueue(self) -> None:
        key = self.random.choice("abcd")
        self.wanted[key] += 1
        delay = self.random.choice([0, 0, 5])
        await put(self.pool, {"key": key}, dedupe_key=key, attempts_max=3, delay_seconds=delay)

    async def claim(self) -> None:
        for job in await queue.claim(
            self.pool, worker="one", lease_seconds=60, limit=self.random.randint(1, 3)
        ):
            self.held.append((job, self.wanted[job.payload["key"]]))

    async def finish(self) -> None:
        for job, version in self.some():
            try:
                await finish(self.pool, job)
            except LeaseLost:
                continue
            key = job.payload["key"]
            self.served[key] = max(version, self.served.get(key, 0))

    async def fail(self) -> None:
        for job, _ in self.some():
            counted = self.random.random() < 0.7
            await queue.put_back(self.pool, job, error="so", counted=counted)

    async def release(self) -> None:
        await queue.release(self.pool, [job for job, _ in self.some(3)])

    async def expire(self) -> None:
        # The worker does not know, and goes on with the job.
        self.login.execute(
            "update ops.jobs set lease_until = now() - interval '1 s' where id in ("
            "select id from ops.jobs where status = 'running' order by id limit 2)"
        )

    async def reap(self) -> None:
        await queue.reap(self.pool)

    async def pass_time(self) -> None:
        self.make_due()

    def make_due(self) -> None:
        self.login.execute("update ops.jobs set run_at = now() where status = 'queued'")

    def some(self, at_most: int = 1) -> list[tuple[Job, int]]:
        count = min(at_most, len(self.held))
        return [self.held.pop(self.random.randrange(len(self.held))) for _ in range(count)]

    async def drain(self) -> None:
        """The workers of before are gone; a new one does what is left."""
        self.held.clear()
        self.login.execute("update ops.jobs set lease_until = now() where status = 'running'")
        await queue.reap(self.pool)
        self.make_due()
        while True:
            await self.claim()
            if not self.held:
                return
            await self.finish()


@pytest.mark.parametrize("seed", range(8))
async def test_no_interleaving_loses_a_job(worker_pool: Pool, login: Login, seed: int) -> None:
    run = Interleaving(worker_pool, login, Random(seed))
    for _ in range(120):
        await run.step()
    await run.drain()
    found = login.execute("select status, dedupe_key from ops.jobs").fetchall()
    assert {row["status"] for row in found} <= {"done", "dead"}
    dead = {row["dedupe_key"] for row in found if row["status"] == "dead"}
    for key, version in run.wanted.items():
        assert run.served.get(key, 0) == version or key in dead, key


async def test_workers_side_by_side_lose_no_job(worker_pool: Pool, login: Login) -> None:
    finished: set[int] = set()

    async def work(random: Random, worker: str) -> None:
        while len(finished) < 60:
            for job in await queue.claim(worker_pool, worker=worker, lease_seconds=0.02, limit=3):
                # Some die with a job in hand, some dawdle until it is another's.
                fate = random.random()
                if fate < 0.2:
                    continue
                await asyncio.sleep(0.04 if fate < 0.4 else 0)
                with suppress(LeaseLost):
                    await finish(worker_pool, job)
                    assert job.payload["number"] not in finished
                    finished.add(job.payload["number"])
            await queue.reap(worker_pool)

    for number in range(60):
        await put(worker_pool, {"number": number}, attempts_max=100)
    async with asyncio.timeout(30):
        await asyncio.gather(*(work(Random(n), f"worker {n}") for n in range(4)))
    assert {row["status"] for row in login.execute("select status from ops.jobs")} == {"done"}
