"""The leaderboard has the exchange's shape, its traps and its bad days, and is always the same."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import httpx2
import msgspec
import pytest

from hypertally.sandbox.exchange.faults import Fault, Faults
from hypertally.sandbox.exchange.leaderboard import HOLDER_ROWS, Leaderboard, body_chunks
from hypertally.sandbox.exchange.server import running_sandbox
from hypertally.sandbox.oracles.inputs import population_fills
from hypertally.sandbox.population.population import Population

UNTIL_MS = 1_795_000_000_000
WINDOWS = ["day", "week", "month", "allTime"]
ROWS_OF_REAL_SIZE = 45_000


@pytest.fixture(scope="module")
def world() -> Population:
    return Population(seed=5, wallets=8, days=40, until_ms=UNTIL_MS, fills=1_500)


async def answer(world: Population, **options: Any) -> httpx2.Response:
    async with (
        running_sandbox(world, manual_clock=True, **options) as url,
        httpx2.AsyncClient(base_url=url, timeout=30) as http,
    ):
        return await http.get("/leaderboard")


async def listed(world: Population, **options: Any) -> list[dict[str, Any]]:
    return (await answer(world, **options)).json()["leaderboardRows"]


def figures(row: Mapping[str, Any], window: str) -> dict[str, Decimal]:
    return {name: Decimal(value) for name, value in dict(row["windowPerformances"])[window].items()}


def readable(row: Mapping[str, Any]) -> bool:
    try:
        month = figures(row, "month")
    except (KeyError, TypeError, InvalidOperation):
        return False
    return len(row.get("ethAddress", "")) == 42 and month["pnl"].is_finite()


async def test_rows_have_the_shape_of_the_exchange(world: Population) -> None:
    for row in await listed(world, leaderboard_rows=60):
        assert list(row) == [
            "ethAddress",
            "accountValue",
            "windowPerformances",
            "prize",
            "displayName",
        ]
        assert [window for window, _ in row["windowPerformances"]] == WINDOWS
        for _, said in row["windowPerformances"]:
            assert list(said) == ["pnl", "roi", "vlm"]
            assert all(isinstance(value, str) for value in said.values())
        assert Decimal(row["accountValue"]) > 0
        assert row["prize"] == 0
        assert row["displayName"] is None or isinstance(row["displayName"], str)


async def test_every_tracked_wallet_is_listed_with_what_its_fills_came_to(
    world: Population,
) -> None:
    rows = {row["ethAddress"]: row for row in await listed(world, leaderboard_rows=30)}
    assert len(rows) == 8 + 30
    for wallet in world.wallets():
        legs = [fill for user, fill in population_fills(world) if user == wallet.address]
        turned = sum((Decimal(str(f["px"])) * Decimal(str(f["sz"])) for f in legs), Decimal(0))
        assert figures(rows[wallet.address], "allTime")["vlm"] == round(turned, 10)
        assert figures(rows[wallet.address], "month")["vlm"] <= turned


async def test_those_who_made_most_in_a_month_did_not_trade(world: Population) -> None:
    rows = await listed(world, leaderboard_rows=200)
    ranked = sorted(rows, key=lambda row: -figures(row, "month")["pnl"])[:HOLDER_ROWS]
    assert {figures(row, "month")["vlm"] for row in ranked} == {Decimal(0)}
    assert figures(ranked[0], "month")["pnl"] == 400_000_000


async def test_both_paths_say_the_same_and_say_it_again(world: Population) -> None:
    async with (
        running_sandbox(world, manual_clock=True, leaderboard_rows=50) as url,
        httpx2.AsyncClient(base_url=url) as http,
    ):
        bodies = {(await http.get(path)).content for path in ("/leaderboard",) * 2}
        assert bodies == {(await http.get("/Mainnet/leaderboard")).content}
        stats = (await http.get("/sandbox/stats")).json()
    assert stats["requests"] == {"leaderboard": 3}
    assert stats["weight"]["total"] == 0


async def test_an_answer_of_real_length_comes_in_pieces(world: Population) -> None:
    size, chunks = 0, 0
    async with (
        running_sandbox(world, manual_clock=True, leaderboard_rows=ROWS_OF_REAL_SIZE) as url,
        httpx2.AsyncClient(base_url=url, timeout=60) as http,
        http.stream("GET", "/leaderboard") as response,
    ):
        async for chunk in response.aiter_raw():
            size, chunks = size + len(chunk), chunks + 1
    assert 33_000_000 < size < 36_000_000
    assert chunks > 100


@pytest.mark.parametrize("share", [0.05, 0.2, 1.0])
async def test_an_exact_share_of_the_rows_cannot_be_read(world: Population, share: float) -> None:
    faults = Faults(invalid_rows=Fault(share=share))
    rows = await listed(world, leaderboard_rows=92, faults=faults)
    assert sum(not readable(row) for row in rows) == int(len(rows) * share)


async def test_an_empty_list_is_a_list(world: Population) -> None:
    assert await listed(world, leaderboard_rows=10, faults=Faults(empty=Fault())) == []


async def test_a_truncated_answer_ends_inside_a_row(world: Population) -> None:
    faults = Faults(truncated=Fault(types=["leaderboard"]))
    response = await answer(world, leaderboard_rows=600, faults=faults)
    assert response.status_code == 200
    assert response.content.count(b"ethAddress") == 305
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(response.content)


async def test_a_dropped_answer_breaks_the_connection(world: Population) -> None:
    with pytest.raises(httpx2.HTTPError):
        await answer(world, leaderboard_rows=600, faults=Faults(dropped=Fault()))


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [("http_5xx", {500, 502, 503, 504}), ("http_429", {429}), ("outage", {503})],
)
async def test_it_fails_as_it_is_told_to(world: Population, fault: str, statuses: set[int]) -> None:
    response = await answer(world, faults=Faults(**{fault: Fault(types=["leaderboard"])}))
    assert response.status_code in statuses


async def test_a_slow_answer_outlasts_the_patience_of_a_client(world: Population) -> None:
    async with (
        running_sandbox(
            world, manual_clock=True, faults=Faults(slow=Fault(delay_ms=400, max_count=1))
        ) as url,
        httpx2.AsyncClient(base_url=url, timeout=0.1) as http,
    ):
        with pytest.raises(httpx2.TimeoutException):
            await http.get("/leaderboard")


def test_other_seeds_have_other_rows_and_the_same_seed_the_same() -> None:
    one, again, other = (Leaderboard(seed=seed, rows=40).bodies([]) for seed in (1, 1, 2))
    assert one == again
    assert not set(one) & set(other)


def test_a_truncated_empty_leaderboard_is_not_json() -> None:
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(b"".join(body_chunks([], truncated=True)))
