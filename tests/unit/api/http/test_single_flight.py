"""Work asked for by many is done once, and survives who asked first."""

import asyncio

import pytest

from hypertally.api.http.single_flight import SingleFlight


async def test_all_who_ask_meanwhile_get_the_one_result() -> None:
    single_flight: SingleFlight[str, int] = SingleFlight()
    done = asyncio.Event()
    started = 0

    async def work() -> int:
        nonlocal started
        started += 1
        await done.wait()
        return 7

    waiting = [asyncio.create_task(single_flight.run("a", work)) for _ in range(10)]
    await asyncio.sleep(0)
    assert len(single_flight) == 1
    done.set()
    assert await asyncio.gather(*waiting) == [7] * 10
    assert started == 1
    await asyncio.sleep(0)
    assert len(single_flight) == 0


async def test_who_leaves_does_not_take_the_work_away() -> None:
    single_flight: SingleFlight[str, int] = SingleFlight()
    done = asyncio.Event()

    async def work() -> int:
        await done.wait()
        return 7

    first = asyncio.create_task(single_flight.run("a", work))
    second = asyncio.create_task(single_flight.run("a", work))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    done.set()
    assert await second == 7


async def test_a_failure_reaches_all_and_the_next_starts_anew() -> None:
    single_flight: SingleFlight[str, int] = SingleFlight()
    results = iter([ValueError("no"), 7])

    async def work() -> int:
        await asyncio.sleep(0)
        result = next(results)
        if isinstance(result, Exception):
            raise result
        return result

    outcomes = await asyncio.gather(
        *(single_flight.run("a", work) for _ in range(3)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [ValueError] * 3
    assert await single_flight.run("a", work) == 7
