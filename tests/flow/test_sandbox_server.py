"""The sandbox over HTTP: the exchange's endpoints, limits and faults."""

from collections.abc import AsyncGenerator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
import pytest_asyncio

from hypertally.sandbox.exchange.market_json import spot_meta
from hypertally.sandbox.exchange.server import running_sandbox
from hypertally.sandbox.oracles.inputs import population_fills
from hypertally.sandbox.oracles.usd_prices import market_kind
from hypertally.sandbox.population.population import Population
from hypertally.sandbox.replay.replay import ReplayExchange

pytestmark = pytest.mark.asyncio

UNTIL_MS = 1_795_000_000_000
NOBODY = "0x" + "0" * 40
RECORDED = Path(__file__).parents[3] / "shared" / "real"
ALWAYS = {
    "fee",
    "feeToken",
    "tid",
    "twapId",
    "startPosition",
    "dir",
    "closedPnl",
    "hash",
    "oid",
} | {
    "coin",
    "px",
    "sz",
    "side",
    "time",
    "crossed",
}
NUMBERS = {"px", "sz", "startPosition", "closedPnl", "fee", "builderFee", "deployerFee"}


def small(**options: Any) -> Population:
    return Population(seed=9, wallets=4, days=2, until_ms=UNTIL_MS, fills=800, **options)


class Desk:
    """A client with the requests these tests send."""

    def __init__(self, url: str, population: Population) -> None:
        self.http = httpx2.AsyncClient(base_url=url, timeout=10)
        self.user = population.wallets()[0].address
        self.count = population.wallets()[0].legs

    async def info(self, **request: Any) -> httpx2.Response:
        return await self.http.post("/info", json=request)

    async def fills(self, **window: Any) -> list[dict[str, Any]]:
        window = {"user": self.user, "startTime": 0} | window
        answer = await self.info(type="userFillsByTime", **window)
        assert answer.status_code == 200
        return answer.json()


def last_positions(population: Population, user: str) -> dict[str, Decimal]:
    ends: dict[str, Decimal] = {}
    for wallet, fill in population_fills(population):
        coin, sign = str(fill["coin"]), 1 if fill["side"] == "B" else -1
        if wallet == user and market_kind(coin) in ("core", "hip3"):
            ends[coin] = Decimal(str(fill["startPosition"])) + sign * Decimal(str(fill["sz"]))
    return ends


async def opened(population: Population, **options: Any) -> AsyncGenerator[Desk]:
    async with running_sandbox(population, manual_clock=True, **options) as url:
        desk = Desk(url, population)
        async with desk.http:
            yield desk


@pytest_asyncio.fixture
async def desk() -> AsyncGenerator[Desk]:
    async for made in opened(small(), weight_limit=10**9, page_rows_max=50):
        yield made


async def test_rows_have_the_exchanges_fields_and_types(desk: Desk) -> None:
    for row in await desk.fills():
        assert row.keys() >= ALWAYS
        assert all(isinstance(row[name], str) for name in NUMBERS & row.keys())
        assert all(isinstance(row[name], int) for name in ("time", "oid", "tid"))
        assert row["twapId"] is None or isinstance(row["twapId"], int)
        assert isinstance(row["crossed"], bool)


async def test_inclusive_pages_join_to_the_whole_history(desk: Desk) -> None:
    seen: list[dict[str, Any]] = []
    start_ms, last_page = 0, 50
    while last_page == 50:
        page = await desk.fills(startTime=start_ms)
        last_page, start_ms = len(page), page[-1]["time"]
        assert page == sorted(page, key=lambda row: row["time"])
        seen += [row for row in page if row not in seen]
    assert len(seen) == desk.count


async def test_the_end_of_a_window_is_inclusive(desk: Desk) -> None:
    row = (await desk.fills())[10]
    same_ms = await desk.fills(startTime=row["time"], endTime=row["time"])
    assert row in same_ms
    assert {other["time"] for other in same_ms} == {row["time"]}


async def test_user_fills_is_newest_first_and_by_time_oldest_first(desk: Desk) -> None:
    newest = (await desk.info(type="userFills", user=desk.user)).json()
    assert newest == sorted(newest, key=lambda row: -row["time"])
    upward = sorted(newest, key=lambda row: row["time"])
    window = {"startTime": newest[-1]["time"] + 1}
    assert await desk.fills(**window) == [
        row for row in upward if row["time"] >= window["startTime"]
    ]
    assert await desk.fills(reversed=True) == newest


async def test_the_order_of_2023_gives_the_newest_rows_of_the_window() -> None:
    options = {"page_rows_max": 10, "fills_by_time_order": "newest"}
    async for desk in opened(small(), **options):
        newest = (await desk.info(type="userFills", user=desk.user)).json()
        assert await desk.fills() == newest


async def test_only_the_horizon_of_newest_fills_is_available() -> None:
    async for desk in opened(small(), horizon_rows=30):
        assert len(await desk.fills()) == 30
        assert len((await desk.info(type="userFills", user=desk.user)).json()) == 30


async def test_aggregation_keeps_the_size_and_needs_fewer_rows() -> None:
    async for desk in opened(small()):
        plain, merged = await desk.fills(), await desk.fills(aggregateByTime=True)
        assert len(merged) < len(plain)
        assert sum(not row["crossed"] for row in merged) == sum(not row["crossed"] for row in plain)


async def test_unknown_wallets_have_no_fills_and_wrong_requests_are_422(desk: Desk) -> None:
    assert await desk.fills(user=NOBODY) == []
    bad: list[dict[str, Any]] = [
        {"type": "leaderboard"},
        {"type": "userFills"},
        {"type": "userFills", "user": "0x12"},
        {"type": "userFillsByTime", "user": desk.user},
        {"type": "userFillsByTime", "user": desk.user, "startTime": "0"},
        {},
    ]
    for request in bad:
        answer = await desk.info(**request)
        assert answer.status_code == 422, request
        assert answer.text == "Failed to deserialize the JSON body into the target type"
    assert (await desk.http.post("/info", content=b"{")).status_code == 422


async def test_an_address_may_be_written_in_capitals(desk: Desk) -> None:
    assert await desk.fills(user="0x" + desk.user[2:].upper()) == await desk.fills()


async def test_unknown_coins_and_dexs_are_a_null_body(desk: Desk) -> None:
    span = {"interval": "1h", "startTime": 0, "endTime": UNTIL_MS}
    for request in (
        {"type": "candleSnapshot", "req": {"coin": "kpepe", **span}},
        {"type": "meta", "dex": "nowhere"},
    ):
        answer = await desk.info(**request)
        assert (answer.status_code, answer.text) == (500, "null")


async def test_market_answers_have_the_exchanges_shape(desk: Desk) -> None:
    meta, figures = (await desk.info(type="spotMetaAndAssetCtxs")).json()
    assert meta == (await desk.info(type="spotMeta")).json() == spot_meta()
    assert any(pair["index"] != at for at, pair in enumerate(meta["universe"]))
    assert len(figures) > len(meta["universe"])
    assert (await desk.info(type="perpDexs")).json()[0] is None
    flx = (await desk.info(type="meta", dex="flx")).json()
    token = next(row for row in meta["tokens"] if row["index"] == flx["collateralToken"])
    assert token["name"] == "USDH"
    universe, rows = (await desk.info(type="metaAndAssetCtxs", dex="xyz")).json()
    assert len(universe["universe"]) == len(rows)
    mids = (await desk.info(type="allMids")).json()
    assert {"BTC", "kPEPE", "@107", "PURR/USDC"} <= mids.keys()
    assert (await desk.info(type="allMids", dex="flx")).json().keys() == {"flx:CRCL"}


async def test_candles_cover_the_window_and_open_on_the_hour(desk: Desk) -> None:
    span = {"interval": "1h", "startTime": UNTIL_MS - 7_200_000, "endTime": UNTIL_MS}
    rows = (await desk.info(type="candleSnapshot", req={"coin": "@230", **span})).json()
    assert [row["t"] % 3_600_000 for row in rows] == [0, 0, 0]
    assert rows[0].keys() == set("tTsiochlvn")
    assert rows[0]["t"] <= UNTIL_MS - 7_200_000 <= rows[0]["T"]


async def test_positions_end_where_the_fills_do() -> None:
    population = small()
    async for desk in opened(population):
        shown: dict[str, Decimal] = {}
        for dex in ("", "xyz", "flx"):
            state = (await desk.info(type="clearinghouseState", user=desk.user, dex=dex)).json()
            for held in state["assetPositions"]:
                assert held["position"]["coin"].startswith(f"{dex}:" if dex else "")
                shown[held["position"]["coin"]] = Decimal(held["position"]["szi"])
        last = last_positions(population, desk.user)
        assert shown == {coin: size for coin, size in last.items() if size}
        nobody = (await desk.info(type="clearinghouseState", user=NOBODY)).json()
        assert nobody["assetPositions"] == []


async def test_the_account_value_is_cash_plus_signed_positions(desk: Desk) -> None:
    state = (await desk.info(type="clearinghouseState", user=desk.user)).json()
    signed = sum(
        Decimal(held["positionValue"]).copy_sign(Decimal(held["szi"]))
        for held in (row["position"] for row in state["assetPositions"])
    )
    summary = state["marginSummary"]
    assert Decimal(summary["accountValue"]) == Decimal(summary["totalRawUsd"]) + signed


async def test_the_true_limit_is_1200_in_a_minute_and_429_says_no_more() -> None:
    async for desk in opened(small()):
        statuses = [(await desk.info(type="userFills", user=NOBODY)).status_code for _ in range(61)]
        assert statuses == [200] * 60 + [429]
        refused = await desk.info(type="userFills", user=NOBODY)
        assert "retry-after" not in refused.headers
        stats = (await desk.http.get("/sandbox/stats")).json()
        assert stats["too_many_requests"] == 2
        assert stats["weight"]["peak_in_window"] == stats["weight"]["total"] == 1_200
        assert stats["requests"] == {"userFills": 62}
        assert stats["statuses"] == {"200": 60, "429": 2}


async def test_rows_cost_weight() -> None:
    async for desk in opened(small(), page_rows_max=50):
        await desk.fills()
        stats = (await desk.http.get("/sandbox/stats")).json()
        assert stats["weight"]["total"] == 20 + 3


async def test_a_manual_clock_lets_the_population_go_on() -> None:
    async for desk in opened(small(live_per_second=50), weight_limit=10**9):
        before = (await desk.http.get("/sandbox/wallets")).json()
        answer = await desk.http.post("/sandbox/advance", json={"ms": 60_000})
        assert answer.json() == {"now_ms": UNTIL_MS + 60_000}
        after = (await desk.http.get("/sandbox/wallets")).json()
        assert sum(row["legs"] for row in after) > sum(row["legs"] for row in before) + 1_000
        assert (await desk.http.post("/sandbox/advance", json={"ms": -1})).status_code == 422


async def test_a_real_clock_cannot_be_moved() -> None:
    async with running_sandbox(small()) as url, httpx2.AsyncClient(base_url=url) as http:
        assert (await http.post("/sandbox/advance", json={"ms": 1})).status_code == 409


async def test_faults_can_be_switched_at_run_time(desk: Desk) -> None:
    await desk.http.post("/sandbox/faults", json={"http_5xx": {"max_count": 1}, "outage": {}})
    assert (await desk.info(type="meta")).status_code == 503
    await desk.http.post("/sandbox/faults", json={"outage": None})
    assert (await desk.info(type="meta")).status_code >= 500
    assert (await desk.info(type="meta")).status_code == 200
    shown = await desk.http.request("DELETE", "/sandbox/faults")
    assert shown.json()["active"] == {}
    wrong = await desk.http.post("/sandbox/faults", json={"outages": {}})
    assert wrong.status_code == 422
    assert "outages" in wrong.text


async def test_a_dropped_answer_breaks_the_connection(desk: Desk) -> None:
    await desk.http.post("/sandbox/faults", json={"dropped": {"max_count": 1}})
    with pytest.raises(httpx2.RemoteProtocolError):
        await desk.fills()
    assert len(await desk.fills()) == 50


async def test_a_truncated_answer_is_complete_http_and_broken_json(desk: Desk) -> None:
    await desk.http.post("/sandbox/faults", json={"truncated": {"max_count": 1}})
    answer = await desk.info(type="userFills", user=desk.user)
    assert answer.status_code == 200
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(answer.content)


async def test_a_late_fill_shows_when_its_delay_has_passed() -> None:
    async for desk in opened(small(live_per_second=50), weight_limit=10**9):
        await desk.http.post(
            "/sandbox/faults", json={"late": {"delay_ms": 30_000, "max_count": 100_000}}
        )
        await desk.http.post("/sandbox/advance", json={"ms": 20_000})
        before = await desk.fills(startTime=UNTIL_MS)
        assert before == []
        await desk.http.post("/sandbox/advance", json={"ms": 30_000})
        after = await desk.fills(startTime=UNTIL_MS)
        assert UNTIL_MS + 15_000 < after[-1]["time"] <= UNTIL_MS + 20_000


async def test_faults_of_the_constructor_are_on_from_the_start() -> None:
    async for desk in opened(small(), faults={"not_json": {"max_count": 1}}):
        assert (await desk.info(type="meta")).text.startswith("<html>")
        assert (await desk.info(type="meta")).status_code == 200


# Recordings are not part of the project; where they lie beside it, they are served.
if RECORDED.is_dir():

    async def test_recorded_answers_come_back_byte_for_byte() -> None:
        sdk = RECORDED / "hyperliquid-python-sdk"
        entries = msgspec.json.decode(
            (sdk / "_requests.json").read_bytes(), type=list[dict[str, Any]]
        )
        newest = {msgspec.json.encode(entry["request"]): entry for entry in entries}
        async with (
            running_sandbox(ReplayExchange(RECORDED), weight_limit=10**9) as url,
            httpx2.AsyncClient(base_url=url) as http,
        ):
            same = 0
            for entry in entries:
                answer = await http.post("/info", json=entry["request"])
                same += answer.content == (sdk / entry["file"]).read_bytes()
                assert answer.status_code == entry["http_status"]
            assert same == len(newest)
            counts = {
                row["address"]: row["legs"] for row in (await http.get("/sandbox/wallets")).json()
            }
            assert counts["0xb7b6f3cea3f66bf525f5d8f965f6dbf6d9b017b2"] == 500
            assert counts["0x193bd350ec838b1e22d6f302da5343b920aa1c2b"] == 4
            assert counts["0xe746435d136c4714383a64ee28e35c8bdb8d5cb1"] == 2
            assert sum(counts.values()) == 518
