"""Fills are stored whole, once, and whatever disagrees is kept beside them."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import msgspec
import psycopg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row
from tests.db.activity.fill_rows import ADDRESS, ORDINARY, SHAPES, TIME_MS, Row

from hypertally.clock import at
from hypertally.facts import pages
from hypertally.facts.activity import fills
from hypertally.facts.activity.fills import Inserted
from hypertally.records import Fill
from hypertally.store.bulk import BulkLoader
from hypertally.store.postgres import Connection, Pool, open_pool, transaction

MONTH = datetime(2025, 3, 1, tzinfo=UTC)
Login = psycopg.Connection[dict[str, Any]]


@pytest.fixture(scope="module")
def url(make_database) -> str:
    """One database for all; each test has wallets of its own."""
    return make_database()


@pytest.fixture
async def pool(url: str) -> AsyncIterator[Pool]:
    async with open_pool(url, role="hypertally_facts", size=4) as pool:
        await pages.ensure_months(pool, "hl_fills_raw", {MONTH, datetime(2023, 6, 15, tzinfo=UTC)})
        yield pool


@pytest.fixture
def login(url: str) -> Iterator[Login]:
    with Login.connect(url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


numbers = count(1)


@pytest.fixture
def wallet() -> int:
    """A wallet nobody else of this module writes."""
    return next(numbers)


async def store(pool: Pool, rows: Sequence[Any], *, wallet: int, page: int = 1) -> Inserted:
    decoded = fills.decode(rows, wallet=ADDRESS)
    async with transaction(pool) as connection:
        inserted = await fills.insert(connection, decoded.fills, wallet_id=wallet, page_id=page)
        await fills.insert_rejects(
            connection, decoded.rejects, wallet_id=wallet, source="test", page_id=page
        )
    return inserted


def stored(login: Login, wallet: int) -> list[dict[str, Any]]:
    return login.execute(
        "select * from facts.hl_fills_raw where wallet_id = %s order by time, oid, ordinal",
        [wallet],
    ).fetchall()


def conflicts(login: Login, wallet: int) -> list[dict[str, Any]]:
    return login.execute(
        "select * from facts.conflicts where wallet_id = %s order by id", [wallet]
    ).fetchall()


def digest(login: Login, wallet: int) -> tuple[int, Decimal | None]:
    row = login.execute(
        "select count(*), sum(fingerprint) from facts.hl_fills_raw where wallet_id = %s", [wallet]
    ).fetchone()
    assert row is not None
    return row["count"], row["sum"]


def as_sent(row: dict[str, Any]) -> Row:
    """The exchange's row again, from the columns it was put into."""
    sent: Row = {
        "coin": row["coin"],
        "px": row["px"],
        "sz": row["sz"],
        "side": row["side"].decode() if isinstance(row["side"], bytes) else row["side"],
        "time": int(row["time"].timestamp()) * 1000 + row["time"].microsecond // 1000,
        "startPosition": row["start_position"],
        "dir": row["dir"],
        "closedPnl": row["closed_pnl"],
        "hash": "0x" + row["hash"].hex(),
        "oid": row["oid"],
        "crossed": row["crossed"],
        "fee": row["fee"],
        "feeToken": row["fee_token"],
        "tid": row["tid"],
        "twapId": row["twap_id"],
        "builderFee": row["builder_fee"],
        "deployerFee": row["deployer_fee"],
        "cloid": "0x" + row["cloid"].hex() if row["cloid"] else None,
    } | (row["extra"] or {})
    if row["liquidation_method"]:
        sent["liquidation"] = {
            "liquidatedUser": "0x" + row["liquidated_user"].hex(),
            "markPx": row["liquidation_mark_px"],
            "method": row["liquidation_method"],
        }
    return {name: value for name, value in sent.items() if value is not None}


def exact(row: Row) -> Row:
    """Decimals as numbers, so that 0.0 and 0 are the same and no digit may be missing."""
    decimals = ("px", "sz", "startPosition", "closedPnl", "fee", "builderFee", "deployerFee")
    read = {name: Decimal(row[name]) if name in decimals else row[name] for name in row}
    if liquidation := row.get("liquidation"):
        read["liquidation"] = liquidation | {"markPx": Decimal(liquidation["markPx"])}
    return {name: value for name, value in read.items() if value is not None}


@pytest.mark.parametrize("name", SHAPES)
async def test_a_fill_of_every_shape_is_stored_whole(
    pool: Pool, login: Login, wallet: int, name: str
) -> None:
    assert (await store(pool, [SHAPES[name]], wallet=wallet)).fills == 1
    (row,) = stored(login, wallet)
    assert as_sent(row) == exact(SHAPES[name])
    assert row["notional"] == row["px"] * row["sz"] or name == "huge"


async def test_the_notional_of_the_largest_numbers_is_exact(
    pool: Pool, login: Login, wallet: int
) -> None:
    await store(pool, [SHAPES["huge"]], wallet=wallet)
    (row,) = stored(login, wallet)
    digits = int("9" * 38) ** 2
    assert f"{row['notional']:f}" == f"{str(digits)[:-36]}.{str(digits)[-36:]}"


async def test_every_shape_at_once_is_as_many_fills(pool: Pool, login: Login, wallet: int) -> None:
    rows = [row | {"oid": number} for number, row in enumerate(SHAPES.values())]
    assert (await store(pool, rows, wallet=wallet)).fills == len(SHAPES)
    assert {row["ordinal"]: row["oid"] for row in stored(login, wallet)} == {
        number: number for number in range(len(SHAPES))
    }


async def test_one_malformed_row_is_kept_and_hides_no_other(
    pool: Pool, login: Login, wallet: int
) -> None:
    bad = ORDINARY | {"px": "a lot", "oid": 1}
    rows = [ORDINARY, bad, None, ORDINARY | {"oid": 78}]
    assert (await store(pool, rows, wallet=wallet, page=5)).fills == 2
    await store(pool, rows, wallet=wallet, page=6)
    rejects = login.execute(
        "select payload, reason, page_id, ordinal from facts.rejects where wallet_id = %s "
        "order by ordinal",
        [wallet],
    ).fetchall()
    assert [(row["page_id"], row["ordinal"]) for row in rejects] == [(5, 1), (5, 2)]
    assert msgspec.json.decode(rejects[0]["payload"]) == bad
    assert "'a lot'" in rejects[0]["reason"]


async def test_the_same_page_twice_inserts_once(pool: Pool, login: Login, wallet: int) -> None:
    rows = [row | {"oid": number} for number, row in enumerate(SHAPES.values())]
    await store(pool, rows, wallet=wallet, page=1)
    again = await store(pool, rows, wallet=wallet, page=2)
    assert (again.fills, again.conflicts, again.days) == (0, 0, {})
    assert {row["page_id"] for row in stored(login, wallet)} == {1}


async def test_a_null_that_becomes_an_absent_field_is_no_conflict(
    pool: Pool, login: Login, wallet: int
) -> None:
    await store(pool, [ORDINARY | {"cloid": None}], wallet=wallet)
    await store(pool, [{n: ORDINARY[n] for n in ORDINARY if n != "twapId"}], wallet=wallet)
    assert (len(stored(login, wallet)), conflicts(login, wallet)) == (1, [])


async def test_a_repeated_key_with_other_content_is_kept_beside_the_first_once(
    pool: Pool, login: Login, wallet: int
) -> None:
    amended = ORDINARY | {"sz": "0.02", "cloid": "0x" + "9a" * 16}
    await store(pool, [ORDINARY], wallet=wallet, page=1)
    assert (await store(pool, [amended], wallet=wallet, page=2)).conflicts == 1
    assert (await store(pool, [amended, ORDINARY], wallet=wallet, page=3)).conflicts == 0
    (row,) = conflicts(login, wallet)
    (first,) = stored(login, wallet)
    assert (row["first_page_id"], row["page_id"]) == (1, 2)
    assert row["first_fingerprint"] == first["fingerprint"] != row["fingerprint"]
    assert (row["row"]["sz"], row["row"]["cloid"]) == ("0.02", "9a" * 16)
    assert first["sz"] == Decimal("0.01")
    assert (await store(pool, [ORDINARY | {"sz": "0.03"}], wallet=wallet, page=4)).conflicts == 1


async def test_two_contents_of_one_key_in_one_page_are_one_fill_and_one_conflict(
    pool: Pool, login: Login, wallet: int
) -> None:
    inserted = await store(pool, [ORDINARY, ORDINARY | {"px": "1"}, ORDINARY], wallet=wallet)
    assert (inserted.fills, inserted.conflicts) == (1, 1)
    assert stored(login, wallet)[0]["px"] == Decimal("63000.5")


async def test_rows_of_2023_are_told_apart_by_price_size_and_position(
    pool: Pool, login: Login, wallet: int
) -> None:
    old = SHAPES["of 2023"]
    rows = [old, old | {"px": "63000.6"}, old | {"sz": "0.02"}, old | {"startPosition": "0.01"}]
    assert (await store(pool, [*rows, old], wallet=wallet)).fills == 4
    amended = await store(pool, [old | {"dir": "Close Short"}], wallet=wallet)
    assert (amended.fills, amended.conflicts) == (0, 1)
    assert len(stored(login, wallet)) == 4


async def test_dust_rows_are_told_apart_by_their_order(
    pool: Pool, login: Login, wallet: int
) -> None:
    rows = [SHAPES["dust"], SHAPES["other dust"], SHAPES["dust"] | {"coin": "@2"}]
    assert (await store(pool, [*rows, *rows], wallet=wallet)).fills == 3
    assert {row["tid"] for row in stored(login, wallet)} == {0}


@pytest.mark.parametrize(
    "change", [{"coin": "ETH"}, {"time": TIME_MS + 1}, {"oid": 1}, {"tid": 1}, {"side": "A"}]
)
async def test_each_part_of_the_key_makes_another_fill(
    pool: Pool, wallet: int, change: Row
) -> None:
    inserted = await store(pool, [ORDINARY, ORDINARY | change], wallet=wallet)
    assert (inserted.fills, inserted.conflicts) == (2, 0)


async def test_both_sides_of_a_trade_are_a_fill_each(pool: Pool, login: Login, wallet: int) -> None:
    other = next(numbers)
    await store(pool, [ORDINARY], wallet=wallet)
    await store(pool, [ORDINARY | {"side": "A", "oid": 2}], wallet=other)
    assert (len(stored(login, wallet)), len(stored(login, other))) == (1, 1)


async def test_an_insert_says_which_days_it_touched_and_from_when(pool: Pool, wallet: int) -> None:
    midnight = 1_741_651_200_000
    rows = [
        ORDINARY | {"time": time, "oid": number}
        for number, time in enumerate([midnight + 5, midnight - 1, midnight, TIME_MS])
    ]
    inserted = await store(pool, rows, wallet=wallet)
    assert inserted.days == {
        date(2025, 3, 10): at(TIME_MS),
        date(2025, 3, 11): at(midnight),
    }


async def test_two_pulls_of_one_page_at_once_insert_it_once(
    pool: Pool, login: Login, wallet: int
) -> None:
    rows = [ORDINARY | {"oid": number} for number in range(200)]
    turned = [row | {"fee": "0.29"} if row["oid"] == 7 else row for row in rows]
    done = await asyncio.gather(
        *(store(pool, chosen, wallet=wallet, page=n) for n, chosen in enumerate([rows, turned] * 3))
    )
    assert sum(one.fills for one in done) == len(stored(login, wallet)) == 200
    assert len(conflicts(login, wallet)) == 1


# --- whatever the order, the repetition and the pages, the same facts -----------------------------

ROWS: list[Row] = (
    [
        ORDINARY | {"time": TIME_MS + number // 3, "oid": number % 5, "tid": number}
        for number in range(9)
    ]
    + [SHAPES["of 2023"] | {"startPosition": str(number)} for number in range(3)]
    + [SHAPES["dust"], SHAPES["other dust"]]
)

SPLITS = st.lists(st.lists(st.integers(0, len(ROWS) - 1), max_size=12), min_size=1, max_size=5).map(
    lambda pages: [*pages, list(range(len(ROWS)))]
)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def lasting(url: str, runner: asyncio.Runner) -> Iterator[Connection]:
    """A connection for tests that run many examples."""

    async def connect() -> Connection:
        return await Connection.connect(
            url, autocommit=True, row_factory=dict_row, options="-c role=hypertally_facts"
        )

    connection = runner.run(connect())
    for month in ("2023-06-01", "2025-03-01"):
        runner.run(connection.execute(fills_month(month)))
    yield connection
    runner.run(connection.close())


def fills_month(month: str) -> bytes:
    return f"select facts.ensure_month('hl_fills_raw', '{month}T00:00Z')".encode()


async def insert_pages(connection: Connection, chosen: list[list[int]], wallet: int) -> int:
    added = 0
    for page, places in enumerate(chosen):
        decoded = fills.decode([ROWS[place] for place in places], wallet=ADDRESS)
        async with connection.transaction():
            inserted = await fills.insert(connection, decoded.fills, wallet_id=wallet, page_id=page)
        assert inserted.conflicts == 0
        added += inserted.fills
    return added


async def read_digest(connection: Connection, wallet: int) -> tuple[int, Decimal]:
    found = await connection.execute(
        "select count(*), sum(fingerprint) from facts.hl_fills_raw where wallet_id = %s", [wallet]
    )
    row = await found.fetchone()
    assert row is not None
    return row["count"], row["sum"]


EXPECTED_DIGEST = (
    len(ROWS),
    Decimal(sum(fills.fingerprint(row, wallet=ADDRESS) for row in ROWS)),
)


@settings(max_examples=60)
@given(chosen=SPLITS, turned=st.booleans())
def test_any_order_repetition_and_paging_give_the_same_facts(
    runner: asyncio.Runner, lasting: Connection, chosen: list[list[int]], *, turned: bool
) -> None:
    wallet = next(numbers)
    ordered = chosen[::-1] if turned else chosen
    assert runner.run(insert_pages(lasting, ordered, wallet)) == len(ROWS)
    assert runner.run(read_digest(lasting, wallet)) == EXPECTED_DIGEST


@settings(max_examples=15)
@given(chosen=SPLITS)
def test_a_bulk_load_gives_the_same_facts(
    url: str, runner: asyncio.Runner, lasting: Connection, chosen: list[list[int]]
) -> None:
    wallet = next(numbers)
    with BulkLoader(url, role="hypertally_facts") as loader:
        for page, places in enumerate(chosen):
            decoded = fills.decode([ROWS[place] for place in places], wallet=ADDRESS)
            columns = fills.stage_columns(sourced(decoded.fills, wallet=wallet, page=page))
            assert fills.insert_bulk(loader, columns).conflicts == 0
    assert runner.run(read_digest(lasting, wallet)) == EXPECTED_DIGEST


def sourced(decoded: list[Fill], *, wallet: int, page: int) -> list[fills.Sourced]:
    return [fills.Sourced(wallet_id=wallet, page_id=page, fill=fill) for fill in decoded]


async def test_a_bulk_load_keeps_conflicts_and_names_days_as_pages_do(
    url: str, pool: Pool, login: Login, wallet: int
) -> None:
    other = next(numbers)
    first = [ORDINARY, SHAPES["of 2023"]]
    second = [row | {"dir": "Close Short"} for row in first] + [ORDINARY | {"oid": 5}]
    by_page = [await store(pool, rows, wallet=wallet) for rows in (first, second)]
    with BulkLoader(url, role="hypertally_facts") as loader:
        loaded = [
            fills.insert_bulk(
                loader,
                fills.stage_columns(
                    sourced(fills.decode(rows, wallet=ADDRESS).fills, wallet=other, page=1)
                ),
            )
            for rows in (first, second)
        ]
    assert [(one.fills, one.conflicts) for one in loaded] == [
        (one.fills, one.conflicts) for one in by_page
    ]
    assert [{day: at for (_, day), at in one.days.items()} for one in loaded] == [
        one.days for one in by_page
    ]
    assert digest(login, other) == digest(login, wallet)
    assert [row["row"]["dir"] for row in conflicts(login, other)] == ["Close Short"] * 2


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**80) | st.text(max_size=300) | st.decimals(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=150)
@given(changes=st.dictionaries(st.sampled_from([*ORDINARY, "liquidation", "cloid", "x"]), VALUES))
@example(changes={"dir": "a\x00b"})
@example(changes={"x": {"y": ["a\x00b"]}})
@example(changes={"px": "\u0661\u0662"})
@example(changes={"x": [{"y": Decimal("1e200000")}]})
@example(changes={"x": Decimal("1e-20000")})
@example(changes={"x": Decimal("Infinity")})
@example(changes={"coin": random.Random(1).randbytes(5000).hex()})
def test_no_row_the_exchange_could_send_stops_a_page(
    runner: asyncio.Runner, lasting: Connection, changes: Row
) -> None:
    row = ORDINARY | {name: value for name, value in changes.items() if name != "time"}

    async def insert() -> int:
        decoded = fills.decode([row, ORDINARY], wallet=ADDRESS)
        wallet = next(numbers)
        async with lasting.transaction():
            inserted = await fills.insert(lasting, decoded.fills, wallet_id=wallet, page_id=1)
            rejects = await fills.insert_rejects(
                lasting, decoded.rejects, wallet_id=wallet, source="test", page_id=1
            )
        return inserted.fills + inserted.conflicts + rejects

    assert runner.run(insert()) in (1, 2)


async def test_a_field_that_the_exchange_began_to_send_is_kept_and_no_conflict(
    pool: Pool, login: Login, wallet: int
) -> None:
    newer = ORDINARY | {"priorityGas": "0.5"}
    await store(pool, [ORDINARY], wallet=wallet)
    for _ in range(2):
        assert (await store(pool, [newer], wallet=wallet, page=2)).conflicts == 0
    assert conflicts(login, wallet) == []
    fields = login.execute(
        "select extra, page_id from facts.unread_fields where wallet_id = %s", [wallet]
    ).fetchall()
    assert fields == [{"extra": {"priorityGas": "0.5"}, "page_id": 2}]
    await store(pool, [newer | {"px": "7"}], wallet=wallet)
    assert len(conflicts(login, wallet)) == 1


async def test_the_same_number_written_otherwise_is_no_conflict(
    pool: Pool, login: Login, wallet: int
) -> None:
    await store(pool, [ORDINARY | {"px": "38"}], wallet=wallet)
    await store(pool, [ORDINARY | {"px": "3.8e1"}], wallet=wallet)
    await store(pool, [ORDINARY | {"px": Decimal("38.0")}], wallet=wallet)
    assert conflicts(login, wallet) == []
