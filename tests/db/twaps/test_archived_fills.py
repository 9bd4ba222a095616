"""Fills of an archive make the executions of wallets that nobody tracks, and none twice."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.db.twaps.archive import Event, as_blocks, as_lines, as_parquet, ingest, packed, put
from tests.db.twaps.desk import OTHER, START, TRACKED, TWAP, Desk, leg, opened_desk, status

from hypertally.clock import system_clock
from hypertally.facts.twaps import archived_fills
from hypertally.jobs.activity import stored_rejects
from hypertally.jobs.alerts.rejects import read_rejects
from hypertally.jobs.market.candles_and_mids import QUERIES
from hypertally.jobs.twaps.rollup import rollup_marked
from hypertally.records import TwapKey
from hypertally.sandbox.oracles.twaps import TwapBook, twap_books
from hypertally.sandbox.oracles.usd_prices import UsdPrices
from hypertally.store.postgres import transaction

PLAIN = {"builder": "0x" + "77" * 20, "priorityGas": "0.001"}  # fields that archives alone have
NO_PRICES = UsdPrices(pairs={}, collateral={}, open_at=lambda _coin, _ms: None)
EXECUTIONS = (
    "select '0x' || encode(w.address, 'hex') as wallet, e.* from metrics.twap_executions as e "
    "join tenancy.wallets as w on w.id = e.wallet_id where e.audience <> 'o' order by 1, e.twap_id"
)
SLICES = "select * from metrics.twap_slices order by wallet_id, twap_id, at, oid, audience"


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    async with opened_desk(database_url) as desk:
        yield desk


async def store(desk: Desk, events: Sequence[Event], *, object_key: str = "a.lz4") -> None:
    """Store fills as an import does, and compute what they change."""
    lines = as_lines(events).splitlines()
    decoded = [
        archived_fills.decode_line(line, first_ordinal=place, asked_at=system_clock())
        for place, line in enumerate(lines)
    ]
    assert [rejects for part in decoded for rejects in part.rejects] == []
    await desk.archive([row for part in decoded for row in part.fills], object_key=object_key)
    await rollup_marked(desk.pool, clock=system_clock)


def expected(events: Sequence[Event]) -> dict[tuple[int, str], TwapBook]:
    return twap_books([(user, dict(row)) for user, row in events], [], NO_PRICES)


def same_as_oracle(row: Mapping[str, Any], book: TwapBook) -> None:
    totals = book.executed()
    assert row["executed_size"] == totals.size
    assert row["executed_notional"] == totals.notional
    assert {token: Decimal(fee) for token, fee in row["fees"].items()} == totals.fees
    assert (row["fees_usd"], row["slices"]) == (totals.fees_usd, totals.slices)
    assert row["slice_fills"] == totals.fills


async def test_an_untracked_wallet_has_the_execution_that_the_oracle_has(desk: Desk) -> None:
    events = [
        (OTHER, leg(0, "1.5", **PLAIN)),
        (OTHER, leg(30, "0.25", px="101.5", fee="-0.01")),
        (OTHER, leg(30, "2", twapId=TWAP + 1, side="A")),
        (OTHER, leg(40, "7", twapId=None)),
        ("0x" + "EF" * 20, leg(60, "3")),
    ]
    await store(desk, events)
    rows = await desk.read(EXECUTIONS)
    books = expected([(user.lower(), row) for user, row in events])
    assert [(row["twap_id"], row["wallet"]) for row in rows] == sorted(
        books, key=lambda key: (key[1], key[0])
    )
    for row in rows:
        same_as_oracle(row, books[row["twap_id"], row["wallet"]])
        assert (row["audience"], row["is_whole"]) == ("a", False)
    twaps = await desk.read("select * from metrics.twaps order by wallet, twap_id")
    assert [row["in_archive"] for row in twaps] == [True] * 3
    assert {row["status"] for row in twaps} == {None}


@pytest.mark.parametrize("order", ["archive first", "pull first"])
@pytest.mark.parametrize("pulled_as", ["fills", "slices"])
async def test_a_fill_that_came_both_ways_counts_once(
    order: str, pulled_as: str, desk: Desk
) -> None:
    rows = [leg(0), leg(30, "2"), leg(60, "3")]

    async def pull() -> None:
        await (desk.trade(*rows) if pulled_as == "fills" else desk.list_as_slices(*rows))

    archived = [(TRACKED, row | PLAIN) for row in rows]
    if order == "pull first":
        await pull()
    await store(desk, archived)
    if order == "archive first":
        await pull()
    execution = await desk.execution()
    same_as_oracle(execution, expected([(TRACKED, row) for row in rows])[TWAP, TRACKED])
    others = await desk.read("select * from metrics.twap_executions where audience = 'o'")
    assert [row["executed_size"] for row in others] == [execution["executed_size"]]
    alone = await desk.read("select sum(fingerprint) as digest from facts.hl_fills_raw")
    assert execution["digest"] == f"3:{alone[0]['digest']}"


async def test_what_the_archive_lacks_is_known_to_those_who_track_the_wallet_alone(
    desk: Desk,
) -> None:
    rows = [leg(0), leg(30, "2")]
    await store(desk, [(TRACKED, rows[0])])
    assert await audiences(desk) == {"a": 1}
    await desk.trade(*rows)
    await desk.compute()
    assert await audiences(desk) == {"t": 3, "o": 1}
    assert sorted(row["audience"] for row in await desk.read(SLICES)) == ["o", "t", "t"]
    await store(desk, [(TRACKED, rows[1])], object_key="b.lz4")
    assert await audiences(desk) == {"t": 3, "o": 3}


async def audiences(desk: Desk) -> dict[str, Decimal]:
    rows = await desk.read("select audience::text, executed_size from metrics.twap_executions")
    return {row["audience"]: row["executed_size"] for row in rows}


PARTS = {
    "all of it": ([(0, "4"), (30, "6")], "1000", Decimal(1), True),
    "a part of it": ([(0, "4")], "1000", Decimal("0.4"), False),
    "the size at another notional": ([(0, "4"), (30, "6")], "1000.01", Decimal("0.999999"), False),
    "more than it": ([(0, "4"), (30, "7")], "1000", Decimal("0.999999"), False),
}


@pytest.mark.parametrize("part", PARTS)
async def test_an_archive_proves_a_twap_only_to_the_digit(part: str, desk: Desk) -> None:
    legs, notional, completeness, is_whole = PARTS[part]
    await store(desk, [(TRACKED, leg(at_s, size)) for at_s, size in legs])
    assert not (await desk.execution())["is_whole"]
    await desk.say(status(), archive=True)
    assert not (await desk.execution())["is_whole"]
    await desk.say(status("finished", at_s=300, size="10", notional=notional), archive=True)
    execution = await desk.execution()
    assert (execution["completeness"], execution["is_whole"]) == (completeness, is_whole)
    assert (execution["arrival_source"] == "first slice") is is_whole


async def test_a_part_becomes_whole_once_the_exchange_was_asked(desk: Desk) -> None:
    await store(desk, [(TRACKED, leg(0, "4"))])
    await desk.say(status("finished", at_s=300, size="10", notional="1000"), archive=True)
    assert not (await desk.execution())["is_whole"]
    await desk.look(until=START + timedelta(hours=1))
    execution = await desk.execution()
    assert (execution["is_whole"], execution["completeness"]) == (True, Decimal("0.4"))
    others = await desk.read("select * from metrics.twap_executions where audience = 'o'")
    assert [row["is_whole"] for row in others] == [False]


async def test_a_fill_that_the_exchange_gave_without_a_number_is_a_slice_by_the_archive(
    desk: Desk,
) -> None:
    row = leg(0)
    await desk.trade(row | {"twapId": None})
    await store(desk, [(TRACKED, row)])
    assert (await desk.execution())["executed_size"] == 1


async def test_the_content_that_was_stored_first_counts_and_the_other_is_kept(desk: Desk) -> None:
    row = leg(0)
    await store(desk, [(OTHER, row)])
    await store(desk, [(OTHER, row | {"sz": "9"}), (OTHER, row)], object_key="b.lz4")
    [execution] = await desk.read(EXECUTIONS)
    assert execution["executed_size"] == 1
    rows = await desk.read("select sz, s3_object_key from facts.archived_fills order by sz")
    assert [(row["sz"], row["s3_object_key"]) for row in rows] == [(1, "a.lz4"), (9, "b.lz4")]


async def test_a_status_of_the_archive_is_compared_with_its_slices(desk: Desk) -> None:
    await store(desk, [(TRACKED, leg(0, "4")), (TRACKED, leg(30, "6"))])
    await desk.say(status("finished", at_s=300, size="10", notional="1000"), archive=True)
    execution = await desk.execution()
    assert (execution["size_residual"], execution["completeness"]) == (0, 1)


async def test_a_market_of_an_unknown_kind_has_no_quote(desk: Desk) -> None:
    await store(desk, [(OTHER, leg(0, coin="~9", feeToken="USDH"))])
    [execution] = await desk.read(EXECUTIONS)
    assert execution["fees_usd"] is None


async def test_no_candle_is_asked_for_an_untracked_wallet(desk: Desk) -> None:
    now = system_clock()
    started_ms = int(now.timestamp() * 1000) - 600_000
    await store(desk, [(TRACKED, leg(0, time=started_ms))])
    finished = status("finished", size="1", notional="100", timestamp=started_ms)
    await desk.say(finished, archive=True, asked_at=now)
    await desk.compute()
    assert await candle_needs(desk) == []
    await desk.track()
    assert await candle_needs(desk) != []


async def candle_needs(desk: Desk) -> list[Any]:
    async with transaction(desk.pool) as connection:
        cursor = await connection.execute(
            QUERIES["list_candle_needs"].text, {"kept_candles": 5_000}
        )
        return await cursor.fetchall()


NUMBERS = count(10_000)
LEGS = st.lists(
    st.tuples(
        st.sampled_from([TRACKED, OTHER]),
        st.integers(0, 5),  # half a minute each
        st.decimals("0.001", "9", places=3).map(str),
        st.sampled_from(["archive", "pull", "pull archive", "archive pull"]),
    ),
    max_size=12,
)


@settings(max_examples=15)
@given(mix=LEGS)
async def test_any_mix_of_both_sources_equals_the_oracle(
    desk: Desk, mix: list[tuple[str, int, str, str]]
) -> None:
    twap_id = next(NUMBERS)
    events: list[Event] = []
    for user, place, size, way in mix:
        row = leg(30 * place, size, twapId=twap_id)
        events.append((user, row))
        ways = ["archive"] if user == OTHER else way.split()  # nobody pulls the other
        for source in ways:
            await (desk.trade(row) if source == "pull" else store(desk, [(user, row | PLAIN)]))
    await desk.compute(TwapKey(twap_id=twap_id, wallet=TRACKED))
    books = expected(events)
    rows = [row for row in await desk.read(EXECUTIONS) if row["twap_id"] == twap_id]
    assert {(row["twap_id"], row["wallet"]) for row in rows} == books.keys()
    for row in rows:
        same_as_oracle(row, books[row["twap_id"], row["wallet"]])


FORMS = {
    "by block, packed": lambda events: packed(as_blocks(events)),
    "a fill a line, packed": lambda events: packed(as_lines(events)),
    "packed in two parts": lambda events: b"".join(packed(as_lines([event])) for event in events),
    "lines as they are": as_lines,
    "parquet": as_parquet,
}


@pytest.mark.parametrize("form", FORMS)
async def test_every_form_of_an_archive_gives_the_same_fills(
    form: str, desk: Desk, tmp_path: Path, database_url: str
) -> None:
    events = [
        (OTHER, leg(0, "1.5", twapId=None)),
        (OTHER, leg(10, "1.50")),
        (TRACKED, leg(20, "2", fee="-0.003", liquidation=None)),
        (OTHER, leg(30, "0.00000001", px="18.62041381")),
    ]
    put(tmp_path, "2025/0", FORMS[form](events))
    readings = await ingest(desk.pool, database_url, tmp_path)
    assert readings["2025/0"].error_text is None
    assert (readings["2025/0"].rows_ingested, readings["2025/0"].rows_rejected) == (3, 0)
    rows = await desk.read(EXECUTIONS)
    books = expected(events)
    assert {(row["twap_id"], row["wallet"]) for row in rows} == books.keys()
    for row in rows:
        same_as_oracle(row, books[row["twap_id"], row["wallet"]])
    [slice_] = await desk.read("select * from facts.archived_fills where side = 'B' limit 1")
    assert slice_["time"] >= START
    assert slice_["raw_payload"]["dir"] == "Open Long"
    assert await ingest(desk.pool, database_url, tmp_path) == {}
    put(tmp_path, "2025/1", as_lines(events))
    readings = await ingest(desk.pool, database_url, tmp_path)
    assert readings["2025/1"].rows_ingested in (0, 3)  # another spelling is another content
    assert await desk.read(EXECUTIONS) == rows


async def test_a_bad_row_hides_no_good_one_and_a_bad_object_stops_no_other(
    desk: Desk, tmp_path: Path, database_url: str
) -> None:
    good, bad = leg(0), leg(30) | {"px": "much"}
    wrong = [
        b'{"coin": "BTC"}\n',
        b"[1, 2, 3]\n",
        b'["0x12", {"twapId": 5}]\n',
        b'["\xff", {}]\n',
        b"not json\n",
        b'["%s", {"twapId": 5, "x": %s}]\n' % (OTHER.encode(), b"[" * 5_000 + b"]" * 5_000),
    ]
    put(tmp_path, "a", b"".join([as_lines([(OTHER, good), (OTHER, bad)]), *wrong]))
    put(tmp_path, "b.lz4", packed(as_lines([(OTHER, good)]))[:-20])
    put(tmp_path, "c", b'{"coin": "BTC", "side_info": [{"twap_id": 1}], "time": "2025-03-22"}\n')
    put(tmp_path, "d.txt", b"notes")
    put(tmp_path, "e", as_lines([(OTHER, leg(60))]))
    put(tmp_path, "f.parquet", as_parquet([(OTHER, good)])[:-9])
    readings = await ingest(desk.pool, database_url, tmp_path)
    assert (readings["a"].rows_ingested, readings["a"].rows_rejected) == (1, 1 + len(wrong))
    assert "px is not a decimal" in " ".join(readings["a"].reject_reasons)
    assert readings["b.lz4"].is_failed
    assert "rows of node_trades have no tid" in str(readings["c"].error_text)
    assert "begins with b'note'" in str(readings["d.txt"].skipped)
    assert readings["e"].rows_ingested == 1
    assert readings["f.parquet"].is_failed
    rows = await desk.read("select payload, reason from facts.rejects order by ordinal")
    assert len(rows) == 1 + len(wrong)
    async with transaction(desk.pool) as connection:
        listed = await stored_rejects.list_stored(connection, wallet=None, every=False, limit=99)
        [alert] = await read_rejects(connection, system_clock() + timedelta(minutes=1))
    assert {(row.source, row.object, row.wallet) for row in listed} == {("fill_archive", "a", None)}
    assert sorted(row.reason for row in listed) == sorted(row["reason"] for row in rows)
    assert alert.evaluation.figures == {"rejects": len(listed)}
    assert (await ingest(desk.pool, database_url, tmp_path)).keys() == {"b.lz4", "c", "f.parquet"}


async def test_a_column_that_is_missing_is_named(
    desk: Desk, tmp_path: Path, database_url: str
) -> None:
    row = leg(0)
    del row["tid"]
    put(tmp_path, "a.parquet", as_parquet([(OTHER, row)]))
    readings = await ingest(desk.pool, database_url, tmp_path)
    assert "no column for tid" in str(readings["a.parquet"].error_text)
