"""A bulk load stores what the same fills would, page by page."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import psycopg
import pytest

from hypertally.facts.activity import fills
from hypertally.facts.activity.fills import Sourced
from hypertally.records import Fill
from hypertally.store.bulk import BulkLoader
from hypertally.store.postgres import Pool, transaction

ROLE = "hypertally_worker"
MONTH = "2026-11-01"
START_MS = 1_794_000_000_000  # in that month
WALLET_ID = 7
KEPT = (
    "select wallet_id, coin, time, oid, tid, side, px, sz, notional, fee, fingerprint, ordinal, "
    "extra::text from facts.hl_fills_raw order by wallet_id, time, oid, tid"
)


def fill(number: int, **changes: Any) -> Fill:
    row = {
        "coin": "BTC",
        "px": "101.50",
        "sz": "0.1",
        "side": "B",
        "time": START_MS + number * 50_000_000,  # a few a day
        "startPosition": "0.0",
        "dir": "Open Long",
        "closedPnl": "0.0",
        "hash": f"0x{number:064x}",
        "oid": number,
        "crossed": True,
        "fee": "0.01",
        "tid": number + 1,
        "feeToken": "USDC",
        "unheardOf": number,
    }
    return fills.decode_row(row | changes, wallet="0xaa", ordinal=number)


def sourced(given: Sequence[Fill], *, page_id: int = 1) -> dict[str, list[Any]]:
    return fills.stage_columns(
        [Sourced(wallet_id=WALLET_ID, page_id=page_id, fill=one) for one in given]
    )


@pytest.fixture
def loader(database_url: str) -> Iterator[BulkLoader]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("select facts.ensure_month('hl_fills_raw', %s)", (MONTH,))
    with BulkLoader(database_url, role=ROLE) as loader:
        yield loader


def stored(url: str, statement: str = KEPT) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


def count(url: str, table: str) -> int:
    return stored(url, f"select count(*) from facts.{table}")[0][0]


async def test_a_bulk_load_stores_what_a_page_stores(
    loader: BulkLoader, database_url: str, worker_pool: Pool
) -> None:
    given = [fill(n) for n in range(20)] + [fill(20, tid=None), fill(21, fee="-0.5", px="0.000001")]
    loaded = fills.insert_bulk(loader, sourced(given))
    by_bulk = stored(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("truncate facts.hl_fills_raw")
    async with transaction(worker_pool) as connection:
        paged = await fills.insert(connection, given, wallet_id=WALLET_ID, page_id=1)
    assert by_bulk == stored(database_url)
    assert (loaded.fills, loaded.conflicts) == (paged.fills, paged.conflicts) == (22, 0)
    assert {day: at for (_, day), at in loaded.days.items()} == paged.days


def test_a_repeated_load_adds_nothing(loader: BulkLoader, database_url: str) -> None:
    given = [fill(n) for n in range(20)] + [fill(20, tid=None)]
    fills.insert_bulk(loader, sourced(given))
    before = stored(database_url)
    again = fills.insert_bulk(loader, sourced(given))
    assert (again.fills, again.days, again.conflicts) == (0, {}, 0)
    assert stored(database_url) == before
    assert count(database_url, "conflicts") == 0


def test_a_load_keeps_the_new_the_known_and_the_amended_apart(
    loader: BulkLoader, database_url: str
) -> None:
    fills.insert_bulk(loader, sourced([fill(n) for n in range(10)] + [fill(10, tid=None)]))
    amended = [fill(3, fee="9"), fill(10, tid=None, fee="9")]
    again = fills.insert_bulk(
        loader, sourced([fill(2), *amended, fill(15), fill(15), fill(16)], page_id=2)
    )
    assert (again.fills, again.conflicts) == (2, 2)
    assert count(database_url, "hl_fills_raw") == 13
    assert (
        stored(database_url, "select page_id, first_page_id from facts.conflicts") == [(2, 1)] * 2
    )


def test_a_load_that_fails_leaves_nothing_for_the_next(
    loader: BulkLoader, database_url: str
) -> None:
    beyond = msgspec.structs.replace(fill(1), time_ms=START_MS + 400 * 86_400_000)  # no such month
    with pytest.raises(Exception, match="no partition"):
        fills.insert_bulk(loader, sourced([fill(0), beyond]))
    with BulkLoader(database_url, role=ROLE) as other:
        assert fills.insert_bulk(other, sourced([fill(5)])).fills == 1
    assert count(database_url, "hl_fills_raw") == 1


async def test_a_page_asked_for_again_is_known_without_being_sent_again(
    loader: BulkLoader, worker_pool: Pool
) -> None:
    fills.insert_bulk(loader, sourced([fill(n) for n in range(10)]))
    given = [*(fill(n) for n in range(10)), fill(4, fee="9"), fill(25)]
    async with transaction(worker_pool) as connection:
        inserted = await fills.insert(connection, given, wallet_id=WALLET_ID, page_id=3)
    assert (inserted.fills, inserted.conflicts) == (1, 1)


def test_the_fills_of_a_wallet_and_a_time_are_found_through_the_key(
    loader: BulkLoader, database_url: str
) -> None:
    fills.insert_bulk(loader, sourced([fill(n) for n in range(10)]))
    with psycopg.connect(database_url) as connection:
        connection.execute("set enable_seqscan = off")
        plan = connection.execute(
            "explain select px from facts.hl_fills_raw where wallet_id = 7 and time > now()"
        ).fetchall()
    assert "Index Cond: ((wallet_id = 7) AND" in "\n".join(line for (line,) in plan)
