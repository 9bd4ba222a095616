"""Pressure: what running TWAPs still have to do, as the API says, and how fresh that is."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Route
from tests.browser.screen import Screen, eventually, visible

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATH = "/api/v1/twaps/pressure"
COINS = (
    "asset",
    "running",
    "buy_size_left",
    "sell_size_left",
    "net_size_left",
    "net_usd_left",
    "observed",
    "last_ends_at",
)
RUNNING = ("twap_id", "wallet", "asset", "side", "size_left", "basis", "completes_at", "ends_at")


def _texts(rows: list[dict[str, Any]], name: str) -> list[str | None]:
    return [None if row[name] is None else str(row[name]) for row in rows]


async def test_coins_and_running_twaps_are_those_of_the_api(screen: Screen) -> None:
    await screen.open("#/twaps?view=pressure")

    async def check() -> None:
        answer = await screen.answer(PATH)
        assert answer["coins"]
        for name in COINS:
            shown = await screen.exact(screen.cells("pressure", name))
            assert shown == _texts(answer["coins"], name), name
        for name in RUNNING:
            shown = await screen.exact(screen.cells("running", name))
            assert shown == _texts(answer["running"], name), name

    await eventually(check)


async def test_bars_point_the_way_of_the_net_and_the_largest_is_full(screen: Screen) -> None:
    await screen.open("#/twaps?view=pressure")

    async def check() -> None:
        coins = (await screen.answer(PATH))["coins"]
        most = max(abs(float(coin["net_usd_left"])) for coin in coins if coin["net_usd_left"])
        for number, coin in enumerate(coins):
            bars = screen.cells("pressure", "bar").nth(number).locator(".buy, .sell")
            if coin["net_usd_left"] is None:
                assert await bars.count() == 0
                continue
            net = float(coin["net_usd_left"])
            kind = await bars.get_attribute("class")
            assert kind == ("sell" if net < 0 else "buy")
            width = await bars.evaluate("one => parseFloat(one.style.width)")
            assert abs(width - abs(net) / most * 50) <= 0.01

    await eventually(check)


async def test_the_basis_says_how_many_are_seen_by_their_slices(screen: Screen) -> None:
    await screen.open("#/twaps?view=pressure")

    async def check() -> None:
        coins = (await screen.answer(PATH))["coins"]
        texts = await screen.cells("pressure", "observed").all_inner_texts()
        expected = [f"{coin['observed']} of {coin['running']}" for coin in coins]
        assert [visible(text) for text in texts] == expected

    await eventually(check)


async def test_a_coin_shows_its_forecast_and_its_twaps_alone(screen: Screen) -> None:
    await screen.open("#/twaps?view=pressure")
    asset = (await screen.exact(screen.cells("pressure", "asset")))[0]
    await screen.cells("pressure", "asset").first.locator("a").click()
    await screen.settled()
    assert f"asset={asset}" in screen.page.url
    assert set(await screen.exact(screen.cells("running", "asset"))) == {asset}
    chart = screen.page.locator("[data-series=forecast]")
    assert await chart.locator("canvas").count() == 1
    await chart.get_by_text("Table", exact=True).click()

    async def check() -> None:
        coins = (await screen.answer(PATH))["coins"]
        forecast = next(coin["forecast"] for coin in coins if coin["asset"] == asset)
        for name in ("at", "net_size_left"):
            shown = await screen.exact(screen.cells("forecast", name))
            assert shown == _texts(forecast, name), name

    await eventually(check)
    await screen.page.go_back()
    await screen.settled()
    assert "asset=" not in screen.page.url


async def test_freshness_is_said_and_no_warning_while_it_is_young(screen: Screen) -> None:
    await screen.open("#/twaps?view=pressure")

    async def check() -> None:
        until = (await screen.answer(PATH))["statuses_known_until"]
        shown = screen.page.locator(f".page-head [data-exact='{until}']")
        assert await shown.count() == 1

    await eventually(check)
    assert await screen.page.locator("main > .warning-line").count() == 0


async def test_statuses_older_than_a_day_are_warned_about(screen: Screen) -> None:
    async def age(route: Route) -> None:
        response = await route.fetch()
        body = await response.json()
        known = datetime.fromisoformat(body["as_of"]) - timedelta(days=1, minutes=1)
        body["statuses_known_until"] = known.strftime("%Y-%m-%dT%H:%M:%SZ")
        await route.fulfill(response=response, json=body)

    await screen.page.route(f"**{PATH}", age)
    await screen.open("#/twaps?view=pressure")
    warning = await screen.page.locator("main > .warning-line").inner_text()
    assert "more than a day ago" in warning
    assert "hypertally twap ingest --incremental" in warning


async def test_when_nothing_runs_the_command_is_named(screen: Screen) -> None:
    async def calm(route: Route) -> None:
        response = await route.fetch()
        body = await response.json()
        await route.fulfill(response=response, json=body | {"coins": [], "running": []})

    await screen.page.route(f"**{PATH}", calm)
    await screen.open("#/twaps?view=pressure")
    empty = await screen.page.locator(".empty").inner_text()
    assert "hypertally twap ingest --incremental" in empty
