"""Reductions: which positions became smaller, when their fills are known, and what these say."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from random import Random

import psycopg
import pytest
from tests.db.smart_money.recorded_minutes import (
    WALLETS,
    Answers,
    RecordedMinutes,
    changing,
    minute_at,
)

from hypertally.metrics.smart_money.v3.ends import SeenSize
from hypertally.metrics.smart_money.v3.reductions import Reduction, Reductions, list_reductions
from hypertally.store.postgres import Pool, transaction

SECOND = timedelta(seconds=1)
TRADES = count(1)
FILL = """
insert into facts.watched_fills (
    wallet_id, time, coin, oid, tid, side, px, sz, start_position, dir, liquidated_user,
    raw_payload, fingerprint, page_id, ordinal)
values (%(wallet)s, %(at)s, 'BTC', 1, %(trade)s, %(side)s, 1, %(size)s, %(start)s, %(dir)s,
    %(liquidated)s, '{}', 7, 1, 0)
"""
READING = """
insert into facts.watched_readings (page_id, wallet_id, from_at, to_at, asked_at, fills)
select coalesce(max(page_id), 0) + 1, %s, %s, %s, %s, 0 from facts.watched_readings
"""
World = Callable[[Answers], RecordedMinutes]


@pytest.fixture
def world(database_url: str, worker_pool: Pool) -> World:
    return lambda answers: RecordedMinutes(database_url, worker_pool, answers)


def sizes(*by_minute: int | None, asset: str = "BTC") -> Answers:
    """Wallet 1 holds these sizes minute by minute; nobody else holds anything."""

    def answer(wallet: int, of_asset: str, minute: int) -> Decimal | None:
        if (wallet, of_asset) != (1, asset):
            return Decimal(0)
        size = by_minute[min(minute, len(by_minute) - 1)]
        return None if size is None else Decimal(size)

    return answer


async def seen(minutes: RecordedMinutes, *, until: int) -> list[Reduction]:
    async with transaction(minutes.pool) as connection:
        return await list_reductions(connection, after=minute_at(0), until=minute_at(until))


def places(reductions: list[Reduction]) -> list[tuple[datetime, datetime, Decimal]]:
    return [(each.from_minute, each.to_minute, each.held_size) for each in reductions]


async def test_a_position_is_reduced_when_it_shrinks_or_changes_its_side(world: World) -> None:
    minutes = world(sizes(10, 10, 8, 12, -20, -25, -3, 0, 0))
    minutes.record(range(9))
    reductions = await seen(minutes, until=8)
    assert places(reductions) == [
        (minute_at(1), minute_at(2), Decimal(10)),
        (minute_at(3), minute_at(4), Decimal(12)),
        (minute_at(5), minute_at(6), Decimal(-25)),
        (minute_at(6), minute_at(7), Decimal(-3)),
    ]
    assert not any(each.is_known for each in reductions)


async def test_minutes_that_were_not_observed_are_part_of_the_time_between(world: World) -> None:
    minutes = world(sizes(10, *[None] * 30, 4))
    minutes.record(range(32))
    async with transaction(minutes.pool) as connection:
        reductions = await list_reductions(connection, after=minute_at(30), until=minute_at(31))
    assert places(reductions) == [(minute_at(0), minute_at(31), Decimal(10))]


async def test_a_minute_that_was_held_back_counts_as_not_observed(world: World) -> None:
    def holders(wallet: int, asset: str, minute: int) -> Decimal:
        return Decimal(5 if wallet <= 100 and asset == "BTC" else 0)

    minutes = world(changing(holders, {3: lambda *_: Decimal(0)}))
    minutes.record(range(6))
    await minutes.find_anomalies(range(6))
    assert await seen(minutes, until=5) == []


def _fill(
    connection: psycopg.Connection[dict[str, object]],
    at: datetime,
    *,
    wallet: int = 1,
    side: str = "A",
    start: int = 10,
    size: int = 6,
    liquidated: int | None = None,
    words: str = "Close Long",
) -> None:
    address = None if liquidated is None else bytes.fromhex(f"{liquidated:040x}")
    values = {"wallet": wallet, "at": at, "side": side, "dir": words, "liquidated": address}
    values |= {"start": start, "size": size, "trade": next(TRADES)}
    connection.execute(FILL, values)


@pytest.mark.parametrize(
    ("words", "liquidated", "forced"),
    [
        ("Close Long", None, False),
        ("Close Long", 1, True),
        ("Close Long", 2, False),  # it closed against another wallet's liquidation
        ("Auto-Deleveraging", None, True),
        ("Liquidated Cross Long", None, True),
    ],
)
async def test_an_exit_is_forced_by_its_own_liquidation_alone(
    world: World, words: str, liquidated: int | None, *, forced: bool
) -> None:
    minutes = world(sizes(10, 10, 4, 4))
    minutes.record(range(4))
    with minutes.connect() as connection:
        _add_wallets(connection)
        _fill(connection, minute_at(2) - 30 * SECOND, liquidated=liquidated, words=words)
    if not forced:
        assert await _judged(minutes) is None  # who knows what else happened
    with minutes.connect() as connection:
        _read(connection, minute_at(1) - 2 * SECOND, minute_at(2))
    assert await _judged(minutes) is forced


def _add_wallets(connection: psycopg.Connection[dict[str, object]]) -> None:
    connection.execute(
        "insert into tenancy.wallets (id, address) overriding system value "
        "select n, decode(lpad(to_hex(n), 40, '0'), 'hex') from generate_series(1, %s) as n",
        [WALLETS],
    )


def _read(
    connection: psycopg.Connection[dict[str, object]], from_at: datetime, to_at: datetime
) -> None:
    connection.execute(READING, [1, from_at, to_at, to_at])


async def _judged(minutes: RecordedMinutes, *, before: int = 0, now: int = 3) -> bool | None:
    def end(minute: int) -> SeenSize:
        return SeenSize(size=Decimal(0), age=timedelta(0), minute=minute_at(minute), fingerprint=0)

    reductions = Reductions()
    async with transaction(minutes.pool) as connection:
        await reductions.advance_to(connection, minute_at(now))
    return reductions.judge("BTC", 1, before=end(before), now=end(now)).forced


@pytest.mark.parametrize("missing", ["begin", "end", "fill", "nothing"])
async def test_fills_are_known_if_all_of_the_time_was_read_and_one_reduced_the_position(
    world: World, missing: str
) -> None:
    """A fill that is late leaves the exit unknown; two answers may share the time."""
    minutes = world(sizes(10, 10, 4, 4))
    minutes.record(range(4))
    begin, middle, end = (
        minute_at(1) - 2 * SECOND,
        minute_at(1) + 20 * SECOND,
        minute_at(2),
    )
    with minutes.connect() as connection:
        _fill(connection, minute_at(2) - 30 * SECOND, side="B" if missing == "fill" else "A")
        _read(connection, begin + SECOND if missing == "begin" else begin, middle)
        _read(connection, middle, end - SECOND if missing == "end" else end)
    assert await _judged(minutes) is (False if missing == "nothing" else None)


@pytest.mark.parametrize(
    ("shown", "is_known"),
    [
        ([(10, -10)], True),
        ([(10, -1)], False),  # a liquidation of the other nine that came late
        ([(1, -1)], False),
        ([(10, -4), (6, -6)], True),
        ([(10, -4), (2, -2)], False),
        ([(10, 5), (15, -15)], True),
        ([(7, 3), (10, -10)], False),  # what led away from the larger position is late
        ([(10, -10), (0, 3), (3, -3)], True),
        ([(10, -10), (0, 10)], False),  # what closed it again is late
        ([(10, -5), (2, -1), (4, -4)], False),  # the sum is right, the fills do not connect
        ([(10, -1), (8, -1), (8, -8)], False),
        ([(10, -3), (3, -1), (2, 1), (7, -7)], False),  # a circle elsewhere: what led there is late
        ([(10, -2), (6, -1), (8, -2), (5, -5)], False),  # nobody holds 6 before 8 is left
        ([(10, -3), (7, 3), (10, -3), (7, -7)], True),
    ],
)
async def test_fills_are_known_if_they_lead_from_the_larger_position_to_the_smaller(
    world: World, shown: list[tuple[int, int]], *, is_known: bool
) -> None:
    """A sale of 1 of 100 was shown, the liquidation of 99 came later: forced was said to be 0."""
    minutes = world(sizes(10, 10, 0, 0))
    minutes.record(range(4))
    with minutes.connect() as connection:
        for second, (start, change) in enumerate(shown):
            _fill(
                connection,
                minute_at(2) - (30 - second) * SECOND,
                side="A" if change < 0 else "B",
                start=start,
                size=abs(change),
            )
        _read(connection, minute_at(1) - 2 * SECOND, minute_at(2))
    assert await _judged(minutes) is (False if is_known else None)


@pytest.mark.parametrize(("seconds", "is_known"), [(-1, True), (1, False)])
async def test_the_state_before_a_reduction_may_be_two_seconds_old(
    world: World, seconds: int, *, is_known: bool
) -> None:
    minutes = world(sizes(10, 10, 0, 0))
    minutes.record(range(4))
    with minutes.connect() as connection:
        _fill(connection, minute_at(1) + seconds * SECOND, side="B", start=7, size=3)
        _fill(connection, minute_at(2) - 30 * SECOND, start=10, size=10)
        _read(connection, minute_at(1) - 2 * SECOND, minute_at(2))
    assert await _judged(minutes) is (False if is_known else None)


async def test_the_order_inside_a_millisecond_is_not_known(world: World) -> None:
    minutes = world(sizes(10, 10, 0, 0))
    minutes.record(range(4))
    at = minute_at(2) - 30 * SECOND
    with minutes.connect() as connection:
        for start, size in ((6, 2), (10, 4)):
            _fill(connection, at, start=start, size=size)
        for side, start in (("B", 1), ("A", 4), ("A", 4)):  # there and back, and on to 1 again
            _fill(connection, at + SECOND, side=side, start=start, size=3)
        _fill(connection, at + 2 * SECOND, start=1, size=1)
        _read(connection, minute_at(1) - 2 * SECOND, minute_at(2))
    assert await _judged(minutes) is False


async def test_a_whole_chain_is_known_and_none_that_lacks_a_fill(world: World) -> None:
    """Few sizes, so that chains come back to where they were, several fills in a millisecond."""
    random = Random(5)
    minutes = world(sizes(0))
    minutes.record(range(1))
    at = minute_at(1) + 20 * SECOND
    with minutes.connect() as connection:
        for whole in range(1, 300, 2):
            path = [random.randint(0, 3)]
            for _ in range(random.randint(1, 6)):
                path.append((path[-1] + random.randint(1, 3)) % 4)
            times = sorted(random.randint(0, 3) for _ in path[1:])
            shown = list(zip(times, path, path[1:], strict=False))
            random.shuffle(shown)
            if path[0] == path[-1]:
                continue
            for wallet, fills in ((whole, shown), (whole + 1, shown[1:])):
                for second, start, end in fills:
                    _fill(
                        connection,
                        at + second * SECOND,
                        wallet=wallet,
                        side="B" if end > start else "A",
                        start=start,
                        size=abs(end - start),
                    )
                connection.execute(READING, [wallet, minute_at(1), minute_at(2), minute_at(2)])
                row = connection.execute(
                    "select facts.reduction_is_known(%s, 'BTC', %s, %s, %s, %s) as known",
                    [wallet, path[0], path[-1], minute_at(1), minute_at(2)],
                ).fetchone()
                assert row == {"known": fills is shown}, fills


@pytest.mark.parametrize(
    ("liquidated_at", "start", "forced"),
    [
        (minute_at(1) - SECOND, 12, False),  # it led to the larger position
        (minute_at(2) - SECOND, 4, False),  # it led away from the smaller one
        (minute_at(1) - SECOND, 10, True),
        (minute_at(2) - SECOND, 6, True),
    ],
)
async def test_a_liquidation_before_or_after_a_reduction_does_not_force_it(
    world: World, liquidated_at: datetime, start: int, *, forced: bool
) -> None:
    """The states of two snapshots may be two seconds old, and their fills overlap so far."""
    minutes = world(sizes(12, 10, 4, 2))
    minutes.record(range(4))
    own_start, own_size = {12: (10, 6), 4: (10, 6), 10: (8, 4), 6: (10, 4)}[start]
    with minutes.connect() as connection:
        _add_wallets(connection)
        _fill(connection, liquidated_at, start=start, size=2, liquidated=1)
        _fill(connection, minute_at(2) - 30 * SECOND, start=own_start, size=own_size)
        _read(connection, minute_at(0) - 2 * SECOND, minute_at(3))
    assert await _judged(minutes, before=1, now=2) is forced


async def test_one_unknown_reduction_leaves_the_exit_unknown(world: World) -> None:
    minutes = world(sizes(10, 8, 8, 4))
    minutes.record(range(4))
    with minutes.connect() as connection:
        _fill(connection, minute_at(1) - 30 * SECOND, size=2)
        _read(connection, minute_at(0) - 2 * SECOND, minute_at(1))
    assert await _judged(minutes) is None
    assert await _judged(minutes, now=2) is False
    assert await _judged(minutes, before=1, now=2) is None  # nothing was reduced: nothing is known


async def test_reductions_carried_along_are_those_read_at_once(world: World) -> None:
    minutes = world(sizes(9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 9, 8, 7, 6, 5, 4))
    minutes.record(range(16))
    carried = Reductions()
    for at in (2, 5, 6, 15):
        fresh = Reductions()
        async with transaction(minutes.pool) as connection:
            await carried.advance_to(connection, minute_at(at))
            await fresh.advance_to(connection, minute_at(at))
        assert vars(carried)["_of"] == vars(fresh)["_of"]
