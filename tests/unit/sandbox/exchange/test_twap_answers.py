"""The requests for slices and statuses of TWAPs: shapes, windows, pages, faults, weights."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
import pytest_asyncio

from hypertally.sandbox.exchange.population_exchange import PopulationExchange
from hypertally.sandbox.exchange.protocol import Exchange
from hypertally.sandbox.exchange.server import Sandbox, ServerOptions
from hypertally.sandbox.population.population import Population
from hypertally.sandbox.replay.replay import ReplayExchange

UNTIL_MS = 1_795_000_000_000
NOBODY = "0x" + "0" * 40
ALICE = "0x" + "a" * 40
PAGE = 50
PAGES_MAX = 30
Row = dict[str, Any]


def small(**options: Any) -> Population:
    sizes = {"wallets": 4, "days": 6, "until_ms": UNTIL_MS, "fills": 2_000}
    return Population(seed=9, **(sizes | options))


class Desk:
    """A client of one sandbox and the requests these tests send."""

    def __init__(self, exchange: Exchange, http: httpx2.AsyncClient, user: str) -> None:
        self.exchange = exchange
        self.http = http
        self.user = user

    async def ask(self, type_name: str, **request: Any) -> httpx2.Response:
        body = {"type": type_name, "user": self.user} | request
        return await self.http.post("/info", json=body)

    async def rows(self, type_name: str, **request: Any) -> list[Row]:
        answer = await self.ask(type_name, **request)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def by_time(self, **window: Any) -> list[Row]:
        return await self.rows("userTwapSliceFillsByTime", **({"startTime": 0} | window))

    async def every_slice(self) -> list[Row]:
        found: list[Row] = []
        start_ms = 0
        for _ in range(PAGES_MAX):
            page = await self.by_time(startTime=start_ms)
            found += [row for row in page if row not in found]
            if len(page) < PAGE:
                return found
            start_ms = page[-1]["fill"]["time"]
        raise AssertionError("the pages do not end")


@asynccontextmanager
async def opened(exchange: Exchange, user: str, **options: Any) -> AsyncGenerator[Desk]:
    usual = {"manual_clock": True, "weight_limit": 10**9, "page_rows_max": PAGE}
    sandbox = Sandbox(exchange, msgspec.convert(usual | options, ServerOptions))
    transport = httpx2.ASGITransport(sandbox.app())
    async with httpx2.AsyncClient(transport=transport, base_url="http://sandbox") as http:
        yield Desk(exchange, http, user)


def busiest(world: Population) -> str:
    return max(world.by_address.values(), key=lambda trader: len(trader.twap_slices)).address


@asynccontextmanager
async def populated(world: Population, **options: Any) -> AsyncGenerator[Desk]:
    async with opened(PopulationExchange(world), busiest(world), **options) as desk:
        yield desk


@pytest.fixture(scope="module")
def world() -> Population:
    return small()


@pytest_asyncio.fixture
async def desk(world: Population) -> AsyncGenerator[Desk]:
    async with populated(world) as made:
        yield made


async def test_a_slice_names_its_twap_beside_the_fill_and_not_inside(desk: Desk) -> None:
    rows = await desk.rows("userTwapSliceFills")
    assert len(rows) == PAGE
    for row in rows:
        assert row.keys() == {"fill", "twapId"}
        assert isinstance(row["twapId"], int)
        assert row["fill"]["twapId"] is None
        assert set(row["fill"]["hash"][2:]) == {"0"}


async def test_inclusive_pages_join_to_every_slice_there_is(desk: Desk, world: Population) -> None:
    rows = await desk.every_slice()
    assert len(rows) == len(world.by_address[desk.user].twap_slices) > 2 * PAGE
    assert rows == sorted(rows, key=lambda row: row["fill"]["time"])
    window = {"startTime": rows[60]["fill"]["time"], "endTime": rows[70]["fill"]["time"]}
    inside = [
        row for row in rows if window["startTime"] <= row["fill"]["time"] <= window["endTime"]
    ]
    assert await desk.by_time(**window) == inside


async def test_the_newest_slices_come_newest_first_and_so_do_reversed_windows(desk: Desk) -> None:
    newest = await desk.rows("userTwapSliceFills")
    assert newest == sorted(newest, key=lambda row: -row["fill"]["time"])
    assert await desk.by_time(reversed=True) == newest


async def test_the_order_of_2023_holds_for_slices_too(world: Population) -> None:
    async with populated(world, fills_by_time_order="newest") as desk:
        assert await desk.by_time() == await desk.rows("userTwapSliceFills")


async def test_only_the_horizon_of_newest_slices_is_available(
    desk: Desk, world: Population
) -> None:
    newest = (await desk.every_slice())[-PAGE - 30 :]
    async with populated(world, horizon_rows=PAGE + 30) as other:
        assert await other.by_time() == newest[:PAGE]
        assert await other.every_slice() == newest


def test_pages_and_horizon_are_those_of_fills() -> None:
    assert (ServerOptions().page_rows_max, ServerOptions().horizon_rows) == (2_000, 10_000)


async def test_slices_and_fills_show_the_same_fills(desk: Desk) -> None:
    slices = await desk.every_slice()
    first_ms, last_ms = slices[0]["fill"]["time"], slices[10]["fill"]["time"]
    window = {"startTime": first_ms, "endTime": last_ms}
    fills = [row for row in await desk.rows("userFillsByTime", **window) if row["twapId"]]
    expected = [row["fill"] | {"twapId": row["twapId"]} for row in await desk.by_time(**window)]
    assert fills == expected


async def test_fills_can_show_slices_without_their_number(desk: Desk, world: Population) -> None:
    async with populated(world, twap_slices_in_fills="without_id") as other:
        plain = await desk.rows("userFills")
        hidden = await other.rows("userFills")
        assert any(row["twapId"] for row in plain)
        assert hidden == [row | {"twapId": None} for row in plain]
        assert await other.by_time() == await desk.by_time()


async def test_fills_can_leave_slices_out(desk: Desk, world: Population) -> None:
    async with populated(world, twap_slices_in_fills="absent", page_rows_max=2_000) as other:
        rows = await other.rows("userFillsByTime", startTime=0)
        trader = world.by_address[desk.user]
        assert len(rows) == len(trader.fills) - len(trader.twap_slices)
        assert not any(row["twapId"] for row in rows)
        assert (await other.by_time())[:PAGE] == await desk.by_time()


def test_there_is_no_other_way_to_show_slices(world: Population) -> None:
    with pytest.raises(ValueError, match="perhaps"):
        Sandbox(PopulationExchange(world), ServerOptions(twap_slices_in_fills="perhaps"))


async def test_history_is_newest_first_in_seconds_with_the_start_in_milliseconds(
    desk: Desk, world: Population
) -> None:
    rows = await desk.rows("twapHistory")
    assert rows == sorted(rows, key=lambda row: -row["time"])
    told = [event for event in world.twap_statuses() if event.user == desk.user]
    assert len(told) > 5
    for row, event in zip(rows, reversed(told), strict=False):
        assert row.keys() == {"time", "state", "status", "twapId"}
        assert row["time"] == event.time_ms // 1000
        assert row["state"]["timestamp"] == event.started_ms
        assert row["state"]["user"] == desk.user
        assert (row["twapId"], row["status"]["status"]) == (event.twap_id, event.status)
        numbers = {row["state"][name] for name in ("sz", "executedSz", "executedNtl")}
        assert all(isinstance(number, str) for number in numbers)


async def test_an_error_says_why_and_no_other_status_does(world: Population) -> None:
    described: set[tuple[str, ...]] = set()
    async with populated(world, page_rows_max=2_000) as desk:
        for user in world.by_address:
            for row in await desk.rows("twapHistory", user=user):
                described.add(tuple(row["status"].values()))
    assert described == {
        ("activated",),
        ("finished",),
        ("terminated",),
        ("error", "Insufficient margin"),
    }


async def test_wallets_without_twaps_have_none_and_wrong_requests_are_422(desk: Desk) -> None:
    for type_name in ("userTwapSliceFills", "twapHistory"):
        assert await desk.rows(type_name, user=NOBODY) == []
        assert await desk.rows(type_name, user="0x" + desk.user[2:].upper()) == (
            await desk.rows(type_name)
        )
        assert (await desk.ask(type_name, user="0x12")).status_code == 422
    assert (await desk.ask("userTwapSliceFillsByTime")).status_code == 422


async def test_rows_of_twaps_cost_weight(world: Population) -> None:
    async with populated(world) as desk:
        await desk.by_time()
        history = len(await desk.rows("twapHistory"))
        stats = (await desk.http.get("/sandbox/stats")).json()
        assert stats["weight"]["total"] == 20 + 3 + 20 - (-history // 20)


@pytest.mark.parametrize("type_name", ["userTwapSliceFillsByTime", "twapHistory"])
async def test_every_good_row_survives_a_spoilt_answer(desk: Desk, type_name: str) -> None:
    until_ms = (await desk.by_time())[20]["fill"]["time"]
    window = {"startTime": 0, "endTime": until_ms}  # history knows no window
    good = await desk.rows(type_name, **window)
    assert 0 < len(good) < PAGE - 10
    for name in ("repeated", "reordered", "amended", "malformed_row"):
        await desk.http.post("/sandbox/faults", json={name: {"max_count": 1}})
        spoilt = await desk.rows(type_name, **window)
        await desk.http.request("DELETE", "/sandbox/faults")
        assert spoilt != good, name
        assert all(row in spoilt for row in good), name


async def test_spoilt_rows_are_wrong_in_their_inner_part(desk: Desk) -> None:
    extra = [await _spoilt(desk, name) for name in ("amended", "malformed_row")]
    assert extra[0]["state"]["executedNtl"] == "123.456"
    assert "coin" not in extra[1]["state"] or extra[1]["state"]["sz"] == "NaN"


async def _spoilt(desk: Desk, fault: str) -> Row:
    good = await desk.rows("twapHistory")
    await desk.http.post("/sandbox/faults", json={fault: {"max_count": 1}})
    (extra,) = [row for row in await desk.rows("twapHistory") if row not in good]
    return extra


async def test_a_late_fill_is_late_as_a_slice_too() -> None:
    world = small(live_per_second=1)
    trader = world.by_address[busiest(world)]
    async with populated(world, page_rows_max=2_000) as desk:
        late = {"delay_ms": 60_000, "max_count": 10**6}
        await desk.http.post("/sandbox/faults", json={"late": late})
        await desk.http.post("/sandbox/advance", json={"ms": 45_000})
        live = [row for row in trader.twap_slices.rows() if row.time_ms > UNTIL_MS]
        assert live
        assert await desk.by_time(startTime=UNTIL_MS + 1) == []
        await desk.http.post("/sandbox/advance", json={"ms": 60_000})
        shown = await desk.by_time(startTime=UNTIL_MS + 1, endTime=live[-1].time_ms)
        assert len(shown) == len(live)


async def test_only_the_newest_five_thousand_minutes_have_candles(desk: Desk) -> None:
    span = {"coin": "BTC", "interval": "1m", "startTime": 0, "endTime": UNTIL_MS}
    rows = (await desk.ask("candleSnapshot", req=span)).json()
    assert len(rows) == 5_000
    assert rows[-1]["t"] == UNTIL_MS // 60_000 * 60_000
    early = span | {"endTime": rows[0]["t"] - 1}
    assert (await desk.ask("candleSnapshot", req=early)).json() == []


def record(folder: Path, type_name: str, content: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "answer.json").write_bytes(msgspec.json.encode(content))
    request = {"type": type_name, "user": ALICE}
    entry = {"file": "answer.json", "request": request, "http_status": 200}
    (folder / "_requests.json").write_bytes(msgspec.json.encode([entry]))


async def test_a_replay_serves_recorded_slices_and_no_statuses(tmp_path: Path) -> None:
    fill = {"coin": "BTC", "px": "1.0", "sz": "2.0", "side": "B", "time": 5, "oid": 9}
    rows = [{"fill": fill | {"twapId": None}, "twapId": 77}]
    record(tmp_path, "userTwapSliceFills", rows)
    async with opened(ReplayExchange(tmp_path), ALICE) as desk:
        assert await desk.rows("userTwapSliceFills") == await desk.by_time() == rows
        assert await desk.rows("userFills") == [fill | {"twapId": 77}]
        assert await desk.rows("twapHistory") == []
        assert await desk.rows("userTwapSliceFills", user=NOBODY) == []
        assert (await desk.ask("twapHistory", user="0x12")).status_code == 422
