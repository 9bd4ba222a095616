"""What is known of a day: answers that cover it, once and twice, gaps, rejects and conflicts."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hypertally.facts import pages
from hypertally.metrics.activity import global_days, wallet_days
from hypertally.records import OrgDay, WalletDay
from hypertally.sandbox.oracles.day_readings import Answer, read_day
from hypertally.store.postgres import Connection, Pool, open_pool

DAY = date(2025, 3, 10)
FIRST = datetime(2025, 3, 10, tzinfo=UTC)
LAST = FIRST + timedelta(days=1)
NOON = FIRST + timedelta(hours=12)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MILLISECOND = timedelta(milliseconds=1)
ONCE, CONFIRMED = Decimal("0.999999"), Decimal(1)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(
            "insert into tenancy.wallets (address) select decode(repeat(n, 20), 'hex') "
            "from unnest(array['a1', 'b2']) as n"
        )
        owner.execute("insert into tenancy.org_wallets (org_id, wallet_id) values (1, 1), (1, 2)")
    async with open_pool(database_url, role="hypertally_worker", size=2) as pool:
        months = {FIRST, FIRST + timedelta(days=31)}
        await pages.ensure_months(pool, "hl_fills_raw", months)
        await pages.ensure_months(pool, "pages", months)
        yield pool


@dataclass
class Record:
    """The record of a wallet, in a transaction that is rolled back."""

    connection: Connection
    wallet_id: int = 1

    async def answer(self, asked_at: datetime, from_at: datetime, to_at: datetime) -> int:
        """Store a page that proves from one time up to another; its id."""
        cursor = await self.connection.execute(
            "insert into facts.pages (wallet_id, source, request, asked_at, row_count, "
            "body_sha256, weight, closed, covers_from_ms, covers_to_ms) "
            "values (%s, 'info.userFillsByTime', '{}', %s, 0, '', 20, true, %s, %s) returning id",
            [self.wallet_id, asked_at, milliseconds(from_at), milliseconds(to_at) - 1],
        )
        (row,) = await cursor.fetchall()
        return row["id"]

    async def fill(
        self, at: datetime, page: int, *, coin: str = "@107", ingested_at: datetime | None = None
    ) -> None:
        await self.connection.execute(
            "insert into facts.hl_fills_raw (time, oid, tid, fingerprint, page_id, wallet_id, "
            "ordinal, crossed, side, coin, px, sz, start_position, dir, closed_pnl, hash, "
            "ingested_at) values (%s, 1, 1, 3, %s, %s, 0, true, 'B', %s, 1, 1, 0, 'Buy', 0, "
            "decode(repeat('00', 32), 'hex'), coalesce(%s, now()))",
            [at, page, self.wallet_id, coin, ingested_at],
        )

    async def state_positions(self, at: datetime, page: int, *, dex: str = "") -> None:
        """Positions as the exchange stated them; an answer asked a minute later settles them."""
        await self.connection.execute(
            "insert into facts.account_positions (wallet_id, dex, at, positions, page_id) "
            "values (%s, %s, %s, '{}', %s)",
            [self.wallet_id, dex, at, page],
        )

    async def gap(self, from_at: datetime, to_at: datetime) -> None:
        await self.connection.execute(
            "insert into metrics.fill_gaps (wallet_id, coin, kind, from_at, to_at, definition) "
            "values (%s, 'BTC', 'position_break', %s, %s, 'fill_gaps/1')",
            [self.wallet_id, from_at, to_at],
        )

    async def day(self) -> dict[str, Any]:
        """The wallet's day, computed."""
        await wallet_days.rebuild(self.connection, [WalletDay(wallet_id=self.wallet_id, day=DAY)])
        cursor = await self.connection.execute(
            "select * from metrics.wallet_day_metrics where wallet_id = %s and day = %s",
            [self.wallet_id, DAY],
        )
        (row,) = await cursor.fetchall()
        return row

    async def org_day(self) -> dict[str, Any]:
        """The day of the org of both wallets, computed."""
        await global_days.rebuild(self.connection, [OrgDay(org_id=1, day=DAY)])
        cursor = await self.connection.execute("select * from metrics.global_day_metrics")
        (row,) = await cursor.fetchall()
        return row

    async def read_twice(self) -> int:
        """Answers that confirm the whole day; the first one's id."""
        first = await self.answer(LAST, FIRST, LAST + MILLISECOND)
        await self.answer(LAST + HOUR, FIRST, LAST + MILLISECOND)
        return first


def milliseconds(at: datetime) -> int:
    return (at - EPOCH) // MILLISECOND


def kinds(row: dict[str, Any]) -> list[str]:
    return [reason["kind"] for reason in row["reasons"]]


@asynccontextmanager
async def record_in(pool: Pool) -> AsyncIterator[Record]:
    async with pool.connection() as connection, connection.transaction(force_rollback=True):
        yield Record(connection)


@pytest.fixture
async def record(pool: Pool) -> AsyncIterator[Record]:
    async with record_in(pool) as record:
        yield record


async def test_a_day_read_once_is_confirmed_by_a_second_reading_an_hour_later(
    record: Record,
) -> None:
    await record.fill(NOON, await record.answer(LAST, FIRST, LAST))
    row = await record.day()
    assert (row["completeness"], kinds(row)) == (ONCE, ["read_once"])
    await record.answer(LAST + HOUR - MILLISECOND, FIRST, LAST)
    assert (await record.day())["completeness"] == ONCE
    await record.answer(LAST + HOUR, FIRST, LAST)
    row = await record.day()
    assert (row["completeness"], row["reasons"]) == (CONFIRMED, [])


async def test_a_reading_that_brought_something_new_confirms_nothing(record: Record) -> None:
    await record.answer(LAST, FIRST, LAST)
    second = await record.answer(LAST + HOUR, FIRST, LAST)
    await record.fill(NOON, second)
    assert (await record.day())["completeness"] == ONCE
    await record.answer(LAST + 2 * HOUR - MILLISECOND, FIRST, LAST)
    assert (await record.day())["completeness"] == ONCE
    await record.answer(LAST + 2 * HOUR, FIRST, LAST)
    assert (await record.day())["completeness"] == CONFIRMED


async def test_time_after_the_last_proof_is_not_known(record: Record) -> None:
    page = await record.answer(NOON, FIRST - HOUR, NOON)
    await record.fill(FIRST + HOUR, page)
    row = await record.day()
    assert (row["completeness"], row["closed"]) == (Decimal("0.5"), False)
    assert row["reasons"][0] == {
        "kind": "not_read",
        "from_at": "2025-03-10T12:00:00.000Z",
        "to_at": "2025-03-11T00:00:00.000Z",
        "ms": 43_200_000,
        "rows": None,
    }


async def test_an_answer_covers_nothing_after_it_was_asked_for(record: Record) -> None:
    page = await record.answer(NOON, FIRST, LAST + HOUR)
    await record.fill(FIRST + HOUR, page)
    row = await record.day()
    assert (row["completeness"], row["closed"]) == (Decimal("0.5"), False)


async def test_a_gap_of_a_millisecond_never_shows_as_complete(record: Record) -> None:
    await record.fill(NOON, await record.read_twice())
    await record.gap(NOON, NOON + MILLISECOND)
    row = await record.day()
    assert (row["completeness"], row["gap_ms"], kinds(row)) == (ONCE, 1, ["position_break"])


async def test_a_break_inside_one_millisecond_is_a_gap_too(record: Record) -> None:
    await record.fill(NOON, await record.read_twice())
    await record.gap(NOON, NOON)
    row = await record.day()
    assert (row["completeness"], row["gap_ms"]) == (ONCE, 1)


async def test_overlapping_gaps_count_once(record: Record) -> None:
    await record.fill(NOON, await record.read_twice())
    await record.gap(FIRST, FIRST + 2 * HOUR)
    await record.gap(FIRST + HOUR, FIRST + 6 * HOUR)
    row = await record.day()
    assert (row["completeness"], row["gap_ms"]) == (Decimal("0.75"), 6 * 3_600_000)


async def test_rejects_and_conflicts_lower_their_day_by_their_share_of_its_rows(
    record: Record,
) -> None:
    page = await record.read_twice()
    for coin in ("@1", "@2"):
        await record.fill(NOON, page, coin=coin)
    await record.connection.execute(
        "with r as (insert into facts.rejects (wallet_id, source, payload, payload_sha256, reason, "
        "page_id, ordinal) values (1, 'info.userFillsByTime', '{}', '', 'px', %s, 0) returning id) "
        "insert into facts.reject_windows (reject_id, wallet_id, from_at, to_at) "
        "select id, 1, %s, %s from r",
        [page, NOON, NOON],
    )
    row = await record.day()
    assert (row["completeness"], kinds(row)) == (Decimal("0.666666"), ["reject"])
    assert row["reasons"][0]["rows"] == 1
    await record.connection.execute(
        "insert into facts.conflicts (wallet_id, coin, time, oid, tid, side, fingerprint, row, "
        "page_id, first_fingerprint, first_page_id) "
        "values (1, '@1', %s, 1, 1, 'B', 4, '{}', 1, 3, 1)",
        [NOON],
    )
    row = await record.day()
    assert (row["completeness"], kinds(row)) == (Decimal("0.5"), ["conflict", "reject"])
    await record.connection.execute(
        "insert into facts.decoded_rejects (reject_id, page_id) select id, 1 from facts.rejects"
    )
    assert (await record.day())["completeness"] == Decimal("0.666666")


async def test_positions_check_the_end_of_a_day_only_if_stated_after_its_last_fill(
    record: Record,
) -> None:
    page = await record.read_twice()
    await record.fill(NOON, page, coin="BTC")
    for stated_at in (NOON - HOUR, NOON):
        await record.state_positions(stated_at, page)
        row = await record.day()
        assert (row["completeness"], kinds(row)) == (ONCE, ["end_not_checked"])
    await record.state_positions(NOON + HOUR, page, dex="xyz")
    assert kinds(await record.day()) == ["end_not_checked"]
    await record.state_positions(NOON + HOUR, page)
    row = await record.day()
    assert (row["completeness"], kinds(row)) == (CONFIRMED, [])


async def test_each_part_of_a_day_waits_its_own_hour_for_the_second_reading(
    record: Record,
) -> None:
    await record.fill(NOON - HOUR, await record.answer(NOON, FIRST, NOON))
    await record.answer(LAST, NOON, LAST)
    await record.answer(LAST + HOUR - MILLISECOND, FIRST, LAST)
    row = await record.day()
    (once,) = row["reasons"]
    assert (row["completeness"], once["kind"]) == (ONCE, "read_once")
    assert once["from_at"] == "2025-03-10T12:00:00.000Z"
    await record.answer(LAST + HOUR, FIRST, LAST)
    assert (await record.day())["completeness"] == CONFIRMED


async def test_an_org_day_is_the_mean_of_its_wallets_also_of_those_without_fills(
    record: Record,
) -> None:
    await record.fill(NOON, await record.read_twice())
    await record.day()
    row = await record.org_day()
    assert (row["completeness"], row["closed"]) == (Decimal("0.5"), False)
    assert [(reason["kind"], reason["wallets"]) for reason in row["reasons"]] == [("not_read", 1)]
    other = Record(record.connection, wallet_id=2)
    await other.read_twice()
    row = await record.org_day()
    assert (row["completeness"], row["closed"], row["reasons"]) == (CONFIRMED, True, [])
    await other.gap(FIRST - HOUR, FIRST + 6 * HOUR)  # ends inside a day without fills
    assert (await record.org_day())["completeness"] == Decimal("0.875")


async def test_an_answer_up_to_midnight_says_nothing_of_the_day_that_begins(
    record: Record,
) -> None:
    await record.fill(NOON, await record.read_twice())
    await record.day()
    await Record(record.connection, wallet_id=2).answer(LAST, FIRST - HOUR, FIRST)
    assert (await record.org_day())["completeness"] == Decimal("0.5")


async def test_a_fill_that_an_earlier_release_stored_ahead_of_the_clock_counts_for_nothing(
    record: Record,
) -> None:
    asked_at = NOON - timedelta(minutes=5)
    page = await record.answer(asked_at, EPOCH, FIRST)
    await record.fill(NOON, page, ingested_at=asked_at)
    await record.fill(NOON + MILLISECOND, page, coin="@108", ingested_at=asked_at)
    assert (await record.day())["fills"] == 1
    assert (await record.org_day())["coins"] == 1


TIMES = st.integers(min_value=-6, max_value=40).map(lambda hours: FIRST + hours * HOUR / 2)
ANSWERS = st.lists(
    st.builds(
        lambda from_at, length, delay: Answer(
            asked_at=from_at + length + delay, from_at=from_at, to_at=from_at + length
        ),
        TIMES,
        st.sampled_from([HOUR / 2, HOUR, 5 * HOUR, 24 * HOUR]),
        st.sampled_from([-HOUR / 4, timedelta(0), HOUR / 2, HOUR, 30 * HOUR]),
    ),
    min_size=1,
    max_size=7,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=ANSWERS, bringer=st.integers(min_value=0, max_value=6))
async def test_any_answers_prove_what_looking_at_each_moment_gives(
    pool: Pool, answers: Sequence[Answer], bringer: int
) -> None:
    brought = answers[bringer % len(answers)]
    async with record_in(pool) as record:
        ids = [await record.answer(each.asked_at, each.from_at, each.to_at) for each in answers]
        await record.fill(NOON, ids[bringer % len(answers)])
        row = await record.day()
    expected = read_day(answers, first=FIRST, last=LAST, news_at=brought.asked_at)
    lost = {reason["kind"]: reason["ms"] * MILLISECOND for reason in row["reasons"]}
    assert LAST - FIRST - lost.get("not_read", timedelta(0)) == expected.covered
    once = lost.get("read_once", timedelta(0))
    assert expected.covered - once == expected.confirmed
    complete = expected.confirmed == LAST - FIRST
    assert (row["completeness"] == 1) == complete
