"""Gaps computed again from a point in time are those computed from all facts."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from hypertally.clock import at
from hypertally.facts import pages
from hypertally.facts.activity import fills, positions
from hypertally.facts.activity.positions import AccountPositions
from hypertally.metrics.activity import fill_gaps
from hypertally.records import Answer, Gap, LimitMet, ProvenPage
from hypertally.sandbox.oracles import fill_gaps as oracle
from hypertally.store.postgres import Connection, Pool, open_pool, transaction

ADDRESS = "0x" + "ab" * 20
WALLET = 1
TIME_MS = 1_741_564_800_000
# Perps and HIP-3 chain; spot and outcomes do not.
COINS = ("BTC", "xyz:TSLA", "@107", "#30")
Row = dict[str, Any]


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with open_pool(database_url, role="hypertally_worker", size=2) as pool:
        for table in ("hl_fills_raw", "pages"):
            await pages.ensure_months(pool, table, {datetime(2025, 3, 1, tzinfo=UTC)})
        yield pool


def leg(coin: str, time_ms: int, start: int, change: int, *, oid: int, tid: int | None) -> Row:
    return {
        "coin": coin,
        "px": "10",
        "sz": str(abs(change)),
        "side": "B" if change > 0 else "A",
        "time": time_ms,
        "startPosition": str(start),
        "dir": "Open Long",
        "closedPnl": "0.0",
        "hash": "0x" + "00" * 32,
        "oid": oid,
        "crossed": True,
        "tid": tid,
    }


@dataclass
class Trader:
    """Trades at the whim of a seed, and keeps its positions."""

    random: Random
    old_rows: int = 0  # how many have no trade id, as those of 2023
    time_ms: int = TIME_MS
    steps_ms: tuple[int, ...] = (0, 0, 1, 50_000)
    coins: tuple[str, ...] = COINS
    changes: tuple[int, ...] = (-3, -2, -1, 1, 2, 3)
    positions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COINS, 0))
    rows: list[Row] = field(default_factory=list)

    def trade(self) -> None:
        coin = self.random.choice(self.coins)
        change = self.random.choice(self.changes)
        self.time_ms += self.random.choice(self.steps_ms)
        number = len(self.rows)
        tid = number + 1 if number >= self.old_rows else None
        self.rows.append(leg(coin, self.time_ms, self.positions[coin], change, oid=number, tid=tid))
        self.positions[coin] += change


async def store(connection: Connection, rows: Sequence[Row]) -> datetime:
    decoded = fills.decode(rows, wallet=ADDRESS)
    assert decoded.rejects == []
    await fills.insert(connection, decoded.fills, wallet_id=WALLET, page_id=1)
    return min(at(row["time"]) for row in rows)


async def stored(connection: Connection) -> list[dict[str, Any]]:
    found = await connection.execute(
        "select coin, kind, from_at, to_at, missing_size_coin from metrics.fill_gaps "
        "where wallet_id = %s order by coin, to_at, from_at",
        [WALLET],
    )
    return await found.fetchall()


@pytest.mark.parametrize("seed", range(12))
async def test_gaps_rebuilt_from_late_facts_are_those_rebuilt_from_all(
    pool: Pool, seed: int
) -> None:
    random = Random(seed)
    trader = Trader(random, old_rows=4 * (seed % 2))
    if seed % 3 == 0:  # one coin that goes there and back within its milliseconds
        trader.coins, trader.changes, trader.steps_ms = ("BTC",), (-1, 1), (0, 0, 0, 1)
    for _ in range(80):
        trader.trade()
    waiting = trader.rows[:]
    random.shuffle(waiting)
    incremental: list[dict[str, Any]] = []
    async with transaction(pool) as connection:
        await read_all(connection)
        while waiting:
            count = random.randint(1, 30)
            arrived, waiting = waiting[:count], waiting[count:]
            before = await stored(connection)
            since = await store(connection, sorted(arrived, key=lambda row: row["oid"]))
            since = min(since, await state(connection, trader, random))
            is_full = await fill_gaps.ends_disagree(connection, WALLET)
            changed = await fill_gaps.rebuild(connection, WALLET, since=None if is_full else since)
            incremental = await stored(connection)
            assert await fill_gaps.rebuild(connection, WALLET) == []
            assert await stored(connection) == incremental
            assert bool(changed) == (incremental != before)
        # After old rows a chain begins anew, and in a full millisecond it does not tell where.
        breaks = [row for row in incremental if row["kind"] != "end_position"]
        assert trader.old_rows or breaks == []


async def state(connection: Connection, trader: Trader, random: Random) -> datetime:
    """State positions at some of the past times, often wrong ones; the oldest of these times."""
    times = sorted(TIME_MS + random.randrange(trader.time_ms - TIME_MS + 9) for _ in range(4))
    size = random.choice(list(trader.positions.values()))
    for time_ms in times:
        stated = AccountPositions(at=at(time_ms), positions={"BTC": str(size)})
        await positions.insert(connection, stated, wallet_id=WALLET, dex="", page_id=1)
        size += random.choice((0, 0, 1))
    return at(times[0])


async def test_holes_are_those_an_independent_count_finds(pool: Pool) -> None:
    random = Random(5)
    trader = Trader(random, steps_ms=(1, 7))
    for _ in range(120):
        trader.trade()
    rows = [row for row in trader.rows if random.random() < 0.8]
    async with transaction(pool) as connection:
        await read_all(connection)
        await store(connection, rows)
        await fill_gaps.rebuild(connection, WALLET)
        found = [row for row in await stored(connection) if row["from_at"] > fill_gaps.BEGINNING]
    expected = oracle.fill_gaps((ADDRESS, row) for row in rows)
    assert len(expected) > 5
    assert [
        (row["coin"], row["from_at"], row["to_at"], row["missing_size_coin"]) for row in found
    ] == [
        (coin_of(gap, rows), at(gap.from_ms), at(gap.to_ms), gap.missing)
        for gap in sorted(expected, key=lambda gap: (coin_of(gap, rows), gap.to_ms))
    ]


def coin_of(gap: oracle.Gap, rows: Sequence[Row]) -> str:
    return next(row["coin"] for row in rows if row["time"] == gap.to_ms)


async def test_a_limit_met_is_a_gap_of_every_coin(pool: Pool) -> None:
    begins = LimitMet(kind="history_begins", from_ms=0, to_ms=TIME_MS, reason="so")
    full = LimitMet(
        kind="millisecond_overflow", from_ms=TIME_MS + 5, to_ms=TIME_MS + 5, reason="so"
    )
    async with transaction(pool) as connection:
        await store(connection, [leg("#30", TIME_MS, 0, 1, oid=1, tid=1)])
        for limit in (begins, full):
            assert await pages.insert_limit(connection, limit, wallet_id=WALLET, page_id=1)
            assert not await pages.insert_limit(connection, limit, wallet_id=WALLET, page_id=2)
        changed = await fill_gaps.rebuild(connection, WALLET)
    assert {(gap.coin, gap.kind, gap.from_at, gap.to_at) for gap in changed} == {
        ("", "history_begins", fill_gaps.BEGINNING, at(TIME_MS)),
        ("", "millisecond_overflow", at(TIME_MS + 5), at(TIME_MS + 6)),
    }
    assert {gap.missing_size_coin for gap in changed} == {None}


async def test_a_hole_that_late_facts_fill_goes_away_and_is_named(pool: Pool) -> None:
    rows = [
        leg("BTC", TIME_MS + number * 1000, number * 2, 2, oid=number, tid=number)
        for number in range(3)
    ]
    hole = Gap(
        coin="BTC",
        kind="position_break",
        from_at=at(TIME_MS),
        to_at=at(TIME_MS + 2000),
        missing_size_coin="2",
    )
    async with transaction(pool) as connection:
        await read_all(connection)
        since = await store(connection, [rows[0], rows[2]])
        assert await fill_gaps.rebuild(connection, WALLET, since=since) == [hole]
        since = await store(connection, [rows[1]])
        assert await fill_gaps.rebuild(connection, WALLET, since=since) == [hole]
        assert await stored(connection) == []


async def test_a_break_past_what_was_read_is_none_yet(pool: Pool) -> None:
    """Slices of TWAPs come from a source of their own, before the fills that lie between them."""
    rows = [leg("BTC", TIME_MS, 0, 2, oid=1, tid=1), leg("BTC", TIME_MS + 9, 4, 2, oid=3, tid=3)]
    async with transaction(pool) as connection:
        await read_all(connection, until_ms=TIME_MS + 8)
        await store(connection, rows)
        assert await fill_gaps.rebuild(connection, WALLET) == []
        await read_all(connection, until_ms=TIME_MS + 9)
        (gap,) = await fill_gaps.rebuild(connection, WALLET, since=at(TIME_MS + 9))
        assert (gap.from_at, gap.to_at) == (at(TIME_MS), at(TIME_MS + 9))
        assert await fill_gaps.rebuild(connection, WALLET) == []


async def test_an_end_is_held_against_statements_up_to_the_settled_one(pool: Pool) -> None:
    """A later statement with another size, after which no fills were read yet, judges nothing."""
    hour_ms = 3_600_000
    stated_ms = {3 * hour_ms: "3", 30 * hour_ms: "4"}  # all fills were read up to hour 24
    async with transaction(pool) as connection:
        await read_all(connection)
        await store(connection, [leg("BTC", TIME_MS, 0, 2, oid=1, tid=1)])
        for later_ms, size in stated_ms.items():
            stated = AccountPositions(at=at(TIME_MS + later_ms), positions={"BTC": size})
            await positions.insert(connection, stated, wallet_id=WALLET, dex="", page_id=1)
        for since in (None, at(TIME_MS)):
            await fill_gaps.rebuild(connection, WALLET, since=since)
            (gap,) = await stored(connection)
            assert (gap["kind"], gap["missing_size_coin"]) == ("end_position", 1)
            assert (gap["from_at"], gap["to_at"]) == (at(TIME_MS), at(TIME_MS + 3 * hour_ms))


async def test_a_history_counts_as_cut_until_it_was_read_whole(pool: Pool) -> None:
    begins = Gap(
        coin="",
        kind="history_begins",
        from_at=fill_gaps.BEGINNING,
        to_at=at(TIME_MS),
        missing_size_coin=None,
    )
    async with transaction(pool) as connection:
        await store(connection, [leg("#30", TIME_MS, 0, 1, oid=1, tid=1)])
        assert await fill_gaps.rebuild(connection, WALLET) == []  # nobody pulled it
        await pages.insert(connection, page_of(TIME_MS), wallet_id=WALLET)
        assert await fill_gaps.rebuild(connection, WALLET) == [begins]
        await read_history(connection, rows_shown=10_000)
        assert await fill_gaps.rebuild(connection, WALLET) == []
        await read_history(connection, rows_shown=9_999)
        assert await fill_gaps.rebuild(connection, WALLET) == [begins]  # which is gone
        assert await stored(connection) == []


async def test_a_thin_answer_is_a_gap_until_a_later_one_disproves_it(pool: Pool) -> None:
    thin = LimitMet(kind="thin_answer", from_ms=TIME_MS, to_ms=TIME_MS + 5, reason="so")
    async with transaction(pool) as connection:
        await pages.insert_limit(connection, thin, wallet_id=WALLET, page_id=1)
        (gap,) = await fill_gaps.rebuild(connection, WALLET)
        assert (gap.kind, gap.to_at) == ("thin_answer", at(TIME_MS + 5))
        (limit,) = await pages.list_thin_limits(connection, wallet_id=WALLET)
        for _ in range(2):
            await pages.lift_limit(connection, limit, wallet_id=WALLET, page_id=2)
        assert await pages.list_thin_limits(connection, wallet_id=WALLET) == []
        assert await fill_gaps.rebuild(connection, WALLET) == [gap]  # which is gone
        assert await stored(connection) == []


def page_of(time_ms: int) -> ProvenPage:
    answer = Answer(
        request={},
        source="info.userFillsByTime",
        body=[],
        body_sha256=b"",
        asked_at=at(time_ms),
        weight=20,
    )
    return ProvenPage(answer=answer, rows=[], covers_from_ms=0, covers_to_ms=time_ms)


async def read_all(connection: Connection, *, until_ms: int = TIME_MS + 86_400_000) -> None:
    """Record that all fills were read up to a time, from a beginning that is known."""
    await pages.insert(connection, page_of(until_ms), wallet_id=WALLET)
    await read_history(connection, rows_shown=1)


async def read_history(connection: Connection, *, rows_shown: int) -> None:
    reading = pages.HistoryReading(asked_at=at(TIME_MS), rows_shown=rows_shown, first_ms=TIME_MS)
    await pages.insert_history_reading(connection, reading, wallet_id=WALLET, page_id=1)
