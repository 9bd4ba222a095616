"""A fill that cannot be read is kept, listed, and read again once it can be."""

import json
import os
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.flow.books import Books, serving
from tests.flow.handmade import ALICE, BOB, Row, fill, ms, world

from hypertally.clock import at
from hypertally.facts.rows import payload_of
from hypertally.jobs.activity import stored_rejects

DAY = date(2025, 10, 1)
NOON = ms("2025-10-01T12:00")
MINUTE_MS = 60_000
COMMAND_SECONDS_MAX = 60


def spoilt(time_ms: int, **fields: Any) -> Row:
    """A fill whose coin holds a character that the database cannot hold."""
    return fill(time_ms) | {"coin": "BT\x00C"} | fields


async def pulled(books: Books, folder: Path, rows: list[Row]) -> None:
    async with serving(world(folder, {ALICE: rows})) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)


async def test_numbers_that_can_be_read_exactly_are_fills(books: Books, tmp_path: Path) -> None:
    rows = [
        fill(NOON, px="3.8e1"),
        fill(NOON + 1, px=38.125, startPosition="1"),
        fill(NOON + 2, sz="0.123456789012345678901234567890", startPosition="2"),
    ]
    await pulled(books, tmp_path / "world", rows)
    assert await books.value("select count(*) from facts.rejects") == 0
    stored = await books.read("select px, sz, notional from facts.hl_fills_raw order by time")
    assert [(row["px"], row["sz"]) for row in stored] == [
        (Decimal(38), Decimal(1)),
        (Decimal("38.125"), Decimal(1)),
        (Decimal(100), Decimal("0.123456789012345678901234567890")),
    ]
    assert stored[2]["notional"] == Decimal("12.345678901234567890123456789000")


async def test_a_reject_has_its_own_time_or_the_place_between_its_neighbours(
    books: Books, tmp_path: Path
) -> None:
    rows = [fill(NOON), spoilt(NOON + MINUTE_MS), fill(NOON + 2 * MINUTE_MS, startPosition="1")]
    await pulled(books, tmp_path / "world", rows)
    (window,) = await books.read("select * from facts.reject_windows")
    assert window["from_at"] == window["to_at"] == at(NOON + MINUTE_MS)


async def test_a_fill_dated_ahead_is_kept_and_moves_nothing(books: Books, tmp_path: Path) -> None:
    ahead = fill(ms("9999-12-31T00:00"), startPosition="1")
    await pulled(books, tmp_path / "world", [fill(NOON), ahead])
    (reject,) = await books.read("select reason from facts.rejects")
    assert reject["reason"].startswith("time is more than 5 minutes ahead of our clock: 9999-12-31")
    assert await books.value("select max(day) from metrics.global_day_metrics") == DAY
    assert await books.value("select cursor_ms from ops.hl_ingest_cursor") == NOON


async def stored_by_an_earlier_release(books: Books, row: Row) -> None:
    """Put a reject there as releases did that could not read exponents, and migrate over it."""
    payload = payload_of(row)
    await books.execute(
        "insert into facts.rejects (wallet_id, source, payload, payload_sha256, reason, page_id, "
        "ordinal) select w.id, 'info.userFillsByTime', %s, sha256(convert_to(%s, 'UTF8')), "
        "'px is not a decimal', p.id, 7 from tenancy.wallets as w join facts.pages as p "
        "on p.wallet_id = w.id order by p.id limit 1",
        payload,
        payload,
    )
    await books.execute(
        "insert into facts.reject_windows (reject_id, wallet_id, from_at, to_at) "
        "select id, wallet_id, %s, %s from facts.rejects on conflict do nothing",
        at(row["time"]),
        at(row["time"]),
    )


async def test_rejects_are_read_again_once_and_their_days_computed(
    books: Books, tmp_path: Path
) -> None:
    async with serving(world(tmp_path / "world", {ALICE: [fill(NOON)]})) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)
        missing = fill(NOON + MINUTE_MS, px="3.8e1", startPosition="1")
        await stored_by_an_earlier_release(books, missing)
        await stored_by_an_earlier_release(books, spoilt(NOON + 2 * MINUTE_MS))
        first = await stored_rejects.read_again(books.pool)
        assert (first.read, first.unread, first.fills) == (1, 1, 1)
        second = await stored_rejects.read_again(books.pool)
        assert (second.read, second.unread, second.fills) == (0, 1, 0)
        await books.settle(exchange)
    (day,) = await books.read("select * from metrics.wallet_day_metrics")
    assert (day["fills"], day["perp_volume_usd"]) == (2, 138)
    assert await books.value("select count(*) from facts.rejects") == 2


async def test_a_reject_that_comes_again_and_can_be_read_counts_as_read(
    books: Books, tmp_path: Path
) -> None:
    row = fill(NOON + MINUTE_MS, px="3.8e1", startPosition="1")
    rows = [fill(NOON), row]
    async with serving(world(tmp_path / "world", {ALICE: rows})) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)
        await stored_by_an_earlier_release(books, row)
        await books.pull_deep(exchange)
    assert await books.value("select count(*) from facts.decoded_rejects") == 1


async def test_the_command_lists_and_reads(books: Books, tmp_path: Path) -> None:
    await pulled(books, tmp_path / "world", [fill(NOON), spoilt(NOON + MINUTE_MS)])
    (listed,) = map(json.loads, command(books, "list", "--json").stdout.splitlines())
    assert (listed["wallet"], listed["from_at"]) == (ALICE, "2025-10-01T12:01:00Z")
    assert "coin" in listed["reason"]
    assert listed["page_id"]
    assert "2025-10-01 12:01:00.000" in command(books, "list", "--wallet", ALICE).stdout
    assert command(books, "list", "--wallet", BOB).stdout == "no rejects\n"
    line = command(books, "decode").stdout
    assert line == "0 read (0 new fills), 1 still cannot be read\n"
    refused = command(books, "list", "--wallet", "0x12")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)


async def test_the_list_says_of_rows_without_a_trade_that_they_stay_rejects(
    books: Books, tmp_path: Path
) -> None:
    """The exchange mends such a row later: nothing tells that its fill is the one that was bad."""
    stays = "that a fill can have: they stay rejects even if the exchange mends them later"
    await pulled(books, tmp_path / "world", [fill(NOON), spoilt(NOON + MINUTE_MS)])
    assert stays not in command(books, "list").stdout, "this one names both"
    await stored_by_an_earlier_release(books, fill(NOON + 2 * MINUTE_MS, px="x", tid=None))
    listed = command(books, "list").stdout
    assert listed.splitlines()[-1].startswith("1 of these rows, the newest ")
    assert stays in listed
    rows = [json.loads(line) for line in command(books, "list", "--json").stdout.splitlines()]
    assert [row["stays"] for row in rows] == [True, False]
    for number, key in enumerate([{"oid": -1}, {"oid": 2**63}, {"tid": -1}, {"tid": 2**63}]):
        await stored_by_an_earlier_release(books, fill(NOON + (3 + number) * MINUTE_MS) | key)
    rows = [json.loads(line) for line in command(books, "list", "--json").stdout.splitlines()]
    assert [row["stays"] for row in rows] == [*5 * [True], False]
    await books.execute(
        "insert into facts.decoded_rejects (reject_id, page_id) select id, page_id "
        "from facts.rejects"
    )
    assert stays not in command(books, "list", "--all").stdout, "all were read since"


def command(books: Books, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hypertally", "rejects", *arguments],
        env=os.environ | {"HYPERTALLY_DATABASE_URL": books.url},
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS_MAX,
        check=False,
    )
