"""Ingest: new and repeated fills, by our bulk copy, our pages, and the rivals' inserts."""

import asyncio
import multiprocessing
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import Any

import msgspec
import psycopg
import pyarrow as pa

from bench.database import fresh_database
from bench.given_fills import COLUMNS, FillBatch, address_of
from bench.machine import announce
from bench.measuring import Claim, report_claims, run_interleaved, show_rates
from bench.stored_fills import store
from hypertally.facts.activity import fills
from hypertally.store.bulk import BulkLoader
from hypertally.store.postgres import Connection, connection_string, open_pool, transaction

ROLE = "hypertally_worker"
BATCH = 50_000
VALUES_ROWS = 1_000  # the specification's
PAGE_ROWS = 2_000
SHARE_SECONDS_MAX = 120

INSERT = f"insert into facts.hl_fills_raw ({', '.join(COLUMNS)}) values "
ONE = "(" + ", ".join(["%s"] * len(COLUMNS)) + ")"
VALUES = (INSERT + ", ".join([ONE] * VALUES_ROWS) + " on conflict do nothing").encode()
EACH = (INSERT + ONE + " on conflict do nothing").encode()


def by_values(url: str, rows: Sequence[tuple[Any, ...]]) -> float:
    """Insert as the specification does, by statements of 1,000 rows; rows a second."""
    with psycopg.connect(connection_string(url, role=ROLE)) as connection:
        started = time.perf_counter()
        for first in range(0, len(rows), VALUES_ROWS):
            bound = [value for row in rows[first : first + VALUES_ROWS] for value in row]
            connection.execute(VALUES, bound)
        connection.commit()
        return len(rows) / (time.perf_counter() - started)


def by_executemany(url: str, rows: Sequence[tuple[Any, ...]]) -> float:
    """Insert by the driver's pipeline of prepared single-row statements; rows a second."""
    with psycopg.connect(connection_string(url, role=ROLE)) as connection:
        started = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.executemany(EACH, rows)
        connection.commit()
        return len(rows) / (time.perf_counter() - started)


def by_bulk(url: str, tables: Sequence[pa.Table], *, new: bool) -> float:
    """Insert by our bulk copy, a transaction a batch; rows a second."""
    rows = sum(table.num_rows for table in tables)
    with BulkLoader(url, role=ROLE) as loader:
        started = time.perf_counter()
        added = sum(fills.insert_bulk(loader, table).fills for table in tables)
        seconds = time.perf_counter() - started
    assert added == (rows if new else 0), (added, rows)
    return rows / seconds


def by_page(url: str, pages: Sequence[FillBatch], *, new: bool) -> float:
    """Insert by our pages, as a pull does: one statement and one transaction a page."""
    return asyncio.run(_by_page(url, pages, new=new))


async def _by_page(url: str, pages: Sequence[FillBatch], *, new: bool) -> float:
    decoded = [[sourced.fill for sourced in page.sourced] for page in pages]
    rows = sum(len(page) for page in decoded)
    async with open_pool(url, role=ROLE, size=1) as pool:
        await pool.wait()
        started = time.perf_counter()
        added = 0
        for page, of_page in zip(pages, decoded, strict=True):
            async with transaction(pool) as connection:
                added += await _insert_page(connection, of_page, page.wallet_ids[0])
        seconds = time.perf_counter() - started
    assert added == (rows if new else 0), (added, rows)
    return rows / seconds


async def _insert_page(connection: Connection, page: list[Any], wallet_id: int) -> int:
    return (await fills.insert(connection, page, wallet_id=wallet_id, page_id=1)).fills


class RowRanges:
    """Ranges of rows, each row in one range alone; a range inserted twice is a repeat."""

    def __init__(self) -> None:
        self._first = count(0)
        self._next = 0

    def take(self, rows: int, *, wallet_id: int | None = None) -> FillBatch:
        """The next rows."""
        batch = FillBatch(seed=self._next + 1, count=rows, first=self._next, wallet_id=wallet_id)
        self._next += rows
        return batch

    def batches(self, rows: int) -> list[pa.Table]:
        """The next rows as batches of the bulk copy."""
        return [self.take(min(BATCH, rows - first)).arrow() for first in range(0, rows, BATCH)]


class RoundRows:
    """The prepared rows of a round; each method has its own."""

    def __init__(self, slices: RowRanges, *, scale: float) -> None:
        self.bulk = slices.batches(int(150_000 * scale))
        self.values = slices.take(int(20_000 * scale)).tuples()
        self.each = slices.take(int(60_000 * scale)).tuples()
        self.pages = [
            slices.take(PAGE_ROWS, wallet_id=1 + number * 37 % 10_000)
            for number in range(max(2, int(20 * scale)))
        ]


def methods(
    url: str, rounds: Sequence[RoundRows], *, new: bool
) -> dict[str, Callable[[int], float]]:
    """The methods by name; each inserts its rows of a round."""
    return {
        "specification: VALUES, 1,000 rows": lambda n: by_values(url, rounds[n].values),
        "executemany, pipelined": lambda n: by_executemany(url, rounds[n].each),
        "ours: page of 2,000, one statement": lambda n: by_page(url, rounds[n].pages, new=new),
        "ours: copy, batches of 50,000": lambda n: by_bulk(url, rounds[n].bulk, new=new),
    }


def _load(url: str, tables: list[pa.Table], barrier: Any, *, new: bool) -> None:
    rows = sum(table.num_rows for table in tables)
    with BulkLoader(url, role=ROLE) as loader:
        barrier.wait()
        added = sum(fills.insert_bulk(loader, table).fills for table in tables)
        barrier.wait()  # the exit of the process is not measured
    assert added == (rows if new else 0)


def by_processes(url: str, shares: Sequence[list[pa.Table]], *, new: bool) -> float:
    """Insert each share by bulk copy in its own process and connection; rows a second."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(len(shares) + 1, timeout=SHARE_SECONDS_MAX)
    processes = [
        context.Process(target=_load, args=(url, share, barrier), kwargs={"new": new})
        for share in shares
    ]
    for process in processes:
        process.start()
    barrier.wait()
    started = time.perf_counter()
    barrier.wait()
    seconds = time.perf_counter() - started
    for process in processes:
        process.join()
    assert all(process.exitcode == 0 for process in processes)
    return sum(table.num_rows for share in shares for table in share) / seconds


def _by_shares(
    url: str, shares: Sequence[Sequence[list[pa.Table]]], number: int, *, new: bool
) -> float:
    return by_processes(url, shares[number], new=new)


def by_body(url: str, body: bytes, wallet_ids: Sequence[int]) -> tuple[float, float]:
    """From the answer's bytes to stored rows, on one core; decoded and stored rows a second."""
    addresses = {wallet_id: address_of(wallet_id) for wallet_id in set(wallet_ids)}
    with BulkLoader(url, role=ROLE) as loader:
        started = time.perf_counter()
        rows = msgspec.json.decode(body)
        sourced = [
            fills.Sourced(
                wallet_id=owner,
                page_id=1,
                fill=fills.decode_row(row, wallet=addresses[owner], ordinal=0),
            )
            for row, owner in zip(rows, wallet_ids, strict=True)
        ]
        decoded = time.perf_counter()
        inserted = fills.insert_bulk(loader, fills.stage_columns(sourced))
        ended = time.perf_counter()
    assert inserted.fills == len(rows)
    return len(rows) / (decoded - started), len(rows) / (ended - started)


def measure(url: str, *, rounds: int, scale: float) -> list[Claim]:
    """Measure everything on one database; the claims with their figures."""
    slices = RowRanges()
    claims: list[Claim] = []
    rows_of_rounds = [RoundRows(slices, scale=scale) for _ in range(rounds)]
    for new, kind in ((True, "new fills"), (False, "fills that are all stored already")):
        figures = run_interleaved(methods(url, rows_of_rounds, new=new), rounds=rounds)
        show_rates(f"{kind}, one connection", figures, unit="fills/s")
        values, each, _, bulk = (statistics.median(found) for found in figures.values())
        claims += [
            Claim(
                text=f"{kind}: copy / VALUES",
                measured=bulk / values,
                bound=12,
                unit="x",
                at_least=True,
            ),
            Claim(
                text=f"{kind}: copy / executemany",
                measured=bulk / each,
                bound=2.5,
                unit="x",
                at_least=True,
            ),
        ]
    del rows_of_rounds
    shares = [[slices.batches(int(200_000 * scale)) for _ in range(3)] for _ in range(rounds)]
    for new, kind in ((True, "new fills"), (False, "fills that are all stored already")):
        connections: dict[str, Callable[[int], float]] = {
            "one connection": partial(_by_shares, url, [share[:1] for share in shares], new=new),
            "two connections": partial(_by_shares, url, [share[1:] for share in shares], new=new),
        }
        figures = run_interleaved(connections, rounds=rounds)
        show_rates(f"{kind}, copy, a process each", figures, unit="fills/s")
        claims.append(
            Claim(
                text=f"{kind}: copy on two connections",
                measured=statistics.median(figures["two connections"]),
                bound=250_000,
                unit="fills/s",
                at_least=True,
            )
        )
    bodies = [slices.take(int(100_000 * scale)) for _ in range(rounds)]
    both = [by_body(url, batch.body(), batch.wallet_ids) for batch in bodies]
    end_to_end = {
        "decode: JSON bytes -> fills": [decoded for decoded, _ in both],
        "JSON bytes -> stored fills": [stored for _, stored in both],
    }
    show_rates("end to end, one process, one connection", end_to_end, unit="fills/s")
    return claims


async def run(*, base: int, rounds: int, scale: float) -> None:
    """Measure on a base of `base` fills."""
    async with fresh_database() as url:
        announce(f"ingest, into a table of {base:,} fills with all its columns and indexes", url)
        store(url, fills=base)
        report_claims(await asyncio.to_thread(measure, url, rounds=rounds, scale=scale))
