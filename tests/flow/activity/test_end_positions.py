"""The end of a chain is held against what the exchange states: a missing last fill is a gap now."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.flow.activity.test_marks import ACTIVITY, differing
from tests.flow.books import Books, milliseconds, serving, small_population
from tests.flow.handmade import ALICE, Row, fill, holding, ms, world

from hypertally.errors import BadPayload
from hypertally.facts.activity import positions
from hypertally.jobs.activity import tracked_wallets
from hypertally.jobs.activity.end_positions import enqueue_check
from hypertally.store.postgres import transaction

NOON = ms("2025-10-04T12:00")
HOUR_MS = 3_600_000
ASKED = datetime(2025, 10, 4, 12, tzinfo=UTC)
FIRST = fill(NOON)
LAST = fill(NOON + 2 * HOUR_MS, startPosition="1.0")
LATER = fill(NOON + 5 * HOUR_MS, startPosition="1.0")


async def ends(books: Books) -> list[dict[str, Any]]:
    rows = await books.read(
        "select coin, from_at, to_at, trim_scale(missing_size_coin)::text as missing "
        "from metrics.fill_gaps where kind = 'end_position' order by to_at"
    )
    return [row | {name: milliseconds(row[name]) for name in ("from_at", "to_at")} for row in rows]


async def checked(books: Books, folder: Path, fills: list[Row], state: Row) -> None:
    """The books after a pull and a check of positions."""
    async with serving(world(folder, {ALICE: fills}, positions={ALICE: state})) as exchange:
        await books.pull(exchange)
        (wallet,) = await tracked_wallets.list_tracked(books.pool, [ALICE])
        async with transaction(books.pool) as connection:
            await enqueue_check(connection, wallet.id)
        await books.run_kind(exchange, "check_positions")


async def start(books: Books, folder: Path, fills: list[Row]) -> None:
    async with serving(world(folder, {ALICE: fills})) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)


async def test_a_missing_last_fill_is_a_gap_until_it_comes(books: Books, tmp_path: Path) -> None:
    await start(books, tmp_path / "first", [FIRST])
    stated = NOON + 3 * HOUR_MS
    for hours in (3, 4):  # a later statement of the same moves nothing
        state = holding(NOON + hours * HOUR_MS, BTC="2.0")
        await checked(books, tmp_path / f"state {hours}", [FIRST], state)
        assert await ends(books) == [
            {"coin": "BTC", "from_at": NOON, "to_at": stated, "missing": "1"}
        ]
        assert await books.value("select min(completeness) from metrics.wallet_day_metrics") < 0.9
    async with serving(world(tmp_path / "whole", {ALICE: [FIRST, LAST]})) as exchange:
        books.later += timedelta(minutes=1)
        await books.run_kind(exchange, "repair_gap")
    assert (await books.facts_digest())[0] == 2
    assert await ends(books) == []


async def test_what_was_traded_since_the_last_reading_is_no_gap(
    books: Books, tmp_path: Path
) -> None:
    """Alerts told of missing fills of every wallet that traded between a pull and its check."""
    now_ms = milliseconds(books.clock())
    shown = fill(now_ms - HOUR_MS)
    traded = fill(now_ms - 20_000, startPosition="1.0")
    state = holding(now_ms, BTC="2.0")
    await start(books, tmp_path / "first", [shown])
    await checked(books, tmp_path / "state", [shown], state)
    assert await ends(books) == []
    reasons = await books.value("select max(reasons::text) from metrics.wallet_day_metrics")
    assert "end_not_checked" in reasons
    books.later += timedelta(minutes=2)
    await checked(books, tmp_path / "missing", [shown], state)
    assert [gap["missing"] for gap in await ends(books)] == ["1"]
    await checked(books, tmp_path / "traded", [shown, traded], state)
    assert await ends(books) == []


@pytest.mark.parametrize(("stated", "missing"), [("1.0", []), ("2.0", ["1"])])
async def test_the_reading_that_settles_a_statement_judges_the_end(
    books: Books, tmp_path: Path, stated: str, missing: list[str]
) -> None:
    """The day said that its end was not checked until the next check, up to six hours later."""
    now_ms = milliseconds(books.clock())
    shown = fill(now_ms - HOUR_MS)
    state = holding(now_ms, BTC=stated)
    await start(books, tmp_path / "first", [shown])
    await checked(books, tmp_path / "stated", [shown], state)
    assert await ends(books) == []
    reasons = "select max(reasons::text) from metrics.wallet_day_metrics"
    assert "end_not_checked" in await books.value(reasons)
    books.later += timedelta(minutes=2)
    async with serving(world(tmp_path / "pulled", {ALICE: [shown]})) as exchange:
        await books.pull(exchange)
    assert "end_not_checked" not in await books.value(reasons)
    assert [gap["missing"] for gap in await ends(books)] == missing


@pytest.mark.parametrize("later", ["the next fill", "a fill of another coin"])
async def test_a_fill_after_a_statement_hides_nothing_that_it_settles(
    books: Books, tmp_path: Path, later: str
) -> None:
    now_ms = milliseconds(books.clock())
    old = fill(now_ms - 72 * HOUR_MS)
    is_next = later == "the next fill"
    new = fill(now_ms + 60_000, startPosition="1.0") if is_next else fill(now_ms, coin="ETH")
    await start(books, tmp_path / "first", [old])
    await checked(
        books, tmp_path / "stated", [old], holding(now_ms, BTC="1.0" if is_next else "2.0")
    )
    books.later += timedelta(minutes=2)
    async with serving(world(tmp_path / "later", {ALICE: [old, new]})) as exchange:
        await books.pull(exchange)
    assert await differing(books) == dict.fromkeys(ACTIVITY, 0)
    assert [gap["missing"] for gap in await ends(books)] == ([] if is_next else ["1"])


async def test_what_is_missing_lies_behind_the_last_statement_that_agreed(
    books: Books, tmp_path: Path
) -> None:
    await start(books, tmp_path / "first", [FIRST])
    agreed, other = NOON + 40 * HOUR_MS, NOON + 41 * HOUR_MS
    await checked(books, tmp_path / "agrees", [FIRST], holding(agreed, BTC="1.0"))
    await checked(books, tmp_path / "other", [FIRST], holding(other, BTC="3.0"))
    assert await ends(books) == [{"coin": "BTC", "from_at": agreed, "to_at": other, "missing": "2"}]


async def test_positions_from_before_the_last_fill_prove_nothing(
    books: Books, tmp_path: Path
) -> None:
    await start(books, tmp_path / "first", [FIRST, LAST])
    await checked(books, tmp_path / "early", [FIRST, LAST], holding(NOON + HOUR_MS, BTC="7.0"))
    assert await ends(books) == []


async def test_a_newer_statement_that_agrees_ends_the_gap(books: Books, tmp_path: Path) -> None:
    await start(books, tmp_path / "first", [FIRST])
    await checked(books, tmp_path / "wrong", [FIRST], holding(NOON + HOUR_MS))
    assert [(gap["coin"], gap["missing"]) for gap in await ends(books)] == [("BTC", "-1")]
    await checked(books, tmp_path / "right", [FIRST], holding(NOON + 2 * HOUR_MS, BTC="1.0"))
    assert await ends(books) == []


async def test_a_position_that_was_stated_twice_stays_a_gap(books: Books, tmp_path: Path) -> None:
    """Two fills that never came, there and back: the day said 1, and the alert was taken back."""
    await start(books, tmp_path / "first", [FIRST])
    for hours, size in ((1, "3.0"), (2, "3.0"), (3, "1.0")):
        state = holding(NOON + hours * HOUR_MS, BTC=size)
        await checked(books, tmp_path / f"state {hours}", [FIRST], state)
    there_and_back = [(NOON, NOON + HOUR_MS, "2"), (NOON + 2 * HOUR_MS, NOON + 3 * HOUR_MS, "-2")]
    assert [(gap["from_at"], gap["to_at"], gap["missing"]) for gap in await ends(books)] == (
        there_and_back
    )
    assert await differing(books) == dict.fromkeys(ACTIVITY, 0)
    async with serving(world(tmp_path / "later", {ALICE: [FIRST, LATER]})) as exchange:
        books.later += timedelta(minutes=2)
        await books.pull(exchange)
    assert [gap["missing"] for gap in await ends(books)] == ["2", "-2"]
    completeness = "select min(completeness) from metrics.wallet_day_metrics"
    assert await books.value(completeness) == Decimal("0.916666")  # of 24 hours two
    assert await differing(books) == dict.fromkeys(ACTIVITY, 0)


async def test_a_position_without_any_fill_is_missing_since_the_coin_was_flat(
    books: Books, tmp_path: Path
) -> None:
    await start(books, tmp_path / "first", [FIRST])
    flat, stated = NOON + HOUR_MS, NOON + 2 * HOUR_MS
    await checked(books, tmp_path / "flat", [FIRST], holding(flat, BTC="1.0"))
    await checked(books, tmp_path / "held", [FIRST], holding(stated, BTC="1.0", ETH="-3.5"))
    assert await ends(books) == [
        {"coin": "ETH", "from_at": flat, "to_at": stated, "missing": "-3.5"}
    ]


async def test_whole_records_agree_with_every_dex(books: Books) -> None:
    scene = small_population(41, wallets=6, days=4, fills=400)
    async with serving(scene) as exchange:
        await books.track(await exchange.addresses())
        await books.settle(exchange)
        await books.run_kind(exchange, "check_positions")
    dexs = await books.read("select distinct dex from facts.account_positions")
    assert len(dexs) > 1
    assert await ends(books) == []


@pytest.mark.parametrize(
    "body",
    [
        None,
        {"assetPositions": []},
        {"assetPositions": [{"position": {"coin": "BTC"}}], "time": NOON},
        {"assetPositions": [{"position": {"coin": "BTC", "szi": "1e400"}}], "time": NOON},
        {"assetPositions": [{"position": ["BTC", "1"]}], "time": NOON},
        {"assetPositions": 2 * [{"position": {"coin": "BTC", "szi": "1"}}], "time": NOON},
        {"assetPositions": [], "time": NOON + 6 * 60_000},
    ],
)
def test_an_answer_without_positions_or_time_is_refused(body: object) -> None:
    with pytest.raises(BadPayload):
        positions.decode(body, asked_at=ASKED)


@pytest.mark.parametrize(
    ("size", "read_as"), [("1.50", "1.50"), ("-2.5e-3", "-0.0025"), (Decimal("4.0"), "4.0")]
)
def test_a_size_is_read_however_the_number_is_written(size: object, read_as: str) -> None:
    body = {"assetPositions": [{"position": {"coin": "BTC", "szi": size}}], "time": NOON}
    assert positions.decode(body, asked_at=ASKED).positions == {"BTC": read_as}
