"""A pause is kept by all processes; of all who ask, one gets the probe."""

import asyncio
from collections import Counter

from hypertally.jobs.runtime.source_pause import SharedPause, list_pauses
from hypertally.sources.pause import Entry
from hypertally.store.postgres import Pool, transaction


def pause(pool: Pool, host: str = "exchange") -> SharedPause:
    return SharedPause(pool, upstream_host=host)


async def let_probe(pool: Pool) -> None:
    async with transaction(pool) as connection:
        await connection.execute("update ops.source_pauses set probe_at = now() - interval '1 s'")


async def test_a_pause_holds_for_every_process_and_its_host_alone(worker_pool: Pool) -> None:
    assert await pause(worker_pool).enter() is Entry.OPEN
    await pause(worker_pool).begin("HTTP 503")
    assert await pause(worker_pool).enter() is Entry.CLOSED
    assert await pause(worker_pool, "other").enter() is Entry.OPEN
    (row,) = await list_pauses(worker_pool)
    assert (row.upstream_host, row.reason) == ("exchange", "HTTP 503")


async def test_one_of_many_gets_the_probe(worker_pool: Pool) -> None:
    await pause(worker_pool).begin("HTTP 503")
    for _ in range(2):
        await let_probe(worker_pool)
        assert await pause(worker_pool).look() is Entry.PROBE
        entries = await asyncio.gather(*(pause(worker_pool).enter() for _ in range(8)))
        assert Counter(entries) == {Entry.PROBE: 1, Entry.CLOSED: 7}


async def test_a_pause_that_stands_keeps_its_beginning_and_ends_for_all(worker_pool: Pool) -> None:
    await pause(worker_pool).begin("first")
    await pause(worker_pool).begin("second")
    (row,) = await list_pauses(worker_pool)
    assert row.reason == "first"
    await pause(worker_pool).end()
    assert await pause(worker_pool).enter() is Entry.OPEN
