"""Slices of TWAPs are the fills they are, once, whichever endpoint showed them first."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import count, permutations
from typing import Any

import pytest

from hypertally.facts import pages
from hypertally.facts.activity import fills
from hypertally.facts.activity.fills import Inserted
from hypertally.facts.twaps import slices
from hypertally.store.bulk import BulkLoader
from hypertally.store.postgres import Pool, open_pool, transaction

ADDRESS = "0x" + "ab" * 20
TWAP = 2_087_225
TIME_MS = 1_741_564_800_123  # 2025-03-10
FILL: dict[str, Any] = {
    "coin": "BTC",
    "px": "64597.0",
    "sz": "0.02066",
    "side": "B",
    "time": TIME_MS,
    "startPosition": "4.04958",
    "dir": "Open Long",
    "closedPnl": "0.0",
    "hash": "0x" + "00" * 32,
    "oid": 511398503711,
    "crossed": True,
    "fee": "0.600558",
    "feeToken": "USDC",
    "tid": 541377480024384,
    "twapId": None,
}
NUMBERED = FILL | {"twapId": TWAP}
numbers = count(1)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with open_pool(database_url, role="hypertally_facts", size=2) as pool:
        await pages.ensure_months(pool, "hl_fills_raw", {datetime(2025, 3, 1, tzinfo=UTC)})
        yield pool


@pytest.fixture
def wallet() -> int:
    return next(numbers)


async def store(pool: Pool, rows: list[dict[str, Any]], *, wallet: int) -> Inserted:
    decoded = fills.decode(rows, wallet=ADDRESS)
    async with transaction(pool) as connection:
        return await fills.insert(connection, decoded.fills, wallet_id=wallet, page_id=1)


async def stored(pool: Pool, wallet: int) -> list[int | None]:
    """The TWAPs of the stored fills."""
    async with transaction(pool) as connection:
        found = await connection.execute(
            "select twap_id from facts.hl_fills_raw where wallet_id = %s order by oid", [wallet]
        )
        return [row["twap_id"] for row in await found.fetchall()]


async def conflicts(pool: Pool, wallet: int) -> int:
    async with transaction(pool) as connection:
        found = await connection.execute(
            "select count(*) as conflicts from facts.conflicts where wallet_id = %s", [wallet]
        )
        row = await found.fetchone()
    assert row is not None
    return row["conflicts"]


@pytest.mark.parametrize("order", list(permutations([FILL, NUMBERED])), ids=["later", "first"])
async def test_a_row_that_only_lacks_the_number_of_its_twap_is_no_conflict(
    pool: Pool, wallet: int, order: tuple[dict[str, Any], ...]
) -> None:
    for row in order * 2:
        assert (await store(pool, [row], wallet=wallet)).conflicts == 0
    assert await stored(pool, wallet) == [order[0]["twapId"]]
    assert await conflicts(pool, wallet) == 0


async def test_both_in_one_page_are_one_fill(pool: Pool, wallet: int) -> None:
    inserted = await store(pool, [FILL, NUMBERED, FILL], wallet=wallet)
    assert (inserted.fills, inserted.conflicts) == (1, 0)


async def test_a_row_that_lacks_the_number_and_differs_elsewhere_is_a_conflict(
    pool: Pool, wallet: int
) -> None:
    changes = (
        {"px": "64598"},
        {"fee": None},
        {"cloid": "0x" + "9a" * 16},
        {"crossed": False},
        {"liquidation": {"liquidatedUser": ADDRESS, "markPx": "1", "method": "market"}},
    )
    await store(pool, [NUMBERED], wallet=wallet)
    for change in changes:
        assert (await store(pool, [FILL | change], wallet=wallet)).conflicts == 1, change


async def test_two_numbers_for_one_fill_are_a_conflict(pool: Pool, wallet: int) -> None:
    await store(pool, [NUMBERED], wallet=wallet)
    assert (await store(pool, [NUMBERED | {"twapId": 1}], wallet=wallet)).conflicts == 1


async def test_a_bulk_load_merges_as_pages_do(database_url: str, pool: Pool, wallet: int) -> None:
    def columns(row: dict[str, Any]) -> dict[str, list[Any]]:
        (fill,) = fills.decode([row], wallet=ADDRESS).fills
        return fills.stage_columns([fills.Sourced(wallet_id=wallet, page_id=1, fill=fill)])

    with BulkLoader(database_url, role="hypertally_facts") as loader:
        first = fills.insert_bulk(loader, columns(NUMBERED))
        second = fills.insert_bulk(loader, columns(FILL))
        third = fills.insert_bulk(loader, columns(NUMBERED | {"oid": 5}))
    assert (first.fills, first.twaps) == (1, {(wallet, TWAP)})
    assert (second.fills, second.conflicts, second.twaps) == (0, 0, set())
    assert (third.fills, third.twaps) == (1, {(wallet, TWAP)})


async def test_new_fills_name_the_twaps_they_are_slices_of(pool: Pool, wallet: int) -> None:
    rows = [FILL | {"oid": 1}, NUMBERED, NUMBERED | {"oid": 2}, NUMBERED | {"oid": 3, "twapId": 9}]
    assert (await store(pool, rows, wallet=wallet)).twaps == {TWAP, 9}
    assert (await store(pool, rows, wallet=wallet)).twaps == set()


async def test_what_is_a_slice_of_what_is_stored_once_and_names_the_twaps_of_new_ones(
    pool: Pool, wallet: int
) -> None:
    rows = [
        slices.unwrap({"fill": FILL | {"oid": oid}, "twapId": twap_id})
        for oid, twap_id in ((1, TWAP), (2, TWAP), (3, 9))
    ]

    async def insert(rows: list[Any]) -> set[int]:
        decoded = slices.decode(rows, wallet=ADDRESS)
        assert decoded.rejects == []
        async with transaction(pool) as connection:
            return await slices.insert(connection, decoded.fills, wallet_id=wallet, page_id=1)

    assert await insert(rows[:1]) == {TWAP}
    assert await insert(rows) == {TWAP, 9}
    assert await insert(rows) == await insert([]) == set()
