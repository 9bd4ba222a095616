"""The leaderboard shows the API's ranking, sorts it, pages it and hands it out."""

from decimal import Decimal
from functools import partial

import pytest
from playwright.async_api import Route
from tests.browser.screen import Screen, eventually, in_file, visible, written

pytestmark = pytest.mark.asyncio(loop_scope="session")

PER_PAGE = 50
RANKINGS = {
    "volume": "volume_usd",
    "perp_volume": "perp_volume_usd",
    "spot_volume": "spot_volume_usd",
    "hip3_volume": "hip3_volume_usd",
    "fills": "fills",
    "pnl": "gross_realised_pnl_usd",
    "fees": "fees_usd",
}


async def test_rows_are_the_ranking_of_the_api(screen: Screen) -> None:
    await screen.open("#/coverage")

    async def check(by: str) -> None:
        answer = await screen.answer(f"/api/v1/wallets/top?by={by}&window=30d")
        rows = answer["wallets"][:PER_PAGE]
        assert rows
        assert await screen.exact(screen.cells("ranks", "wallet")) == [r["wallet"] for r in rows]
        for name in ("rank", "volume_usd", "gross_realised_pnl_usd", "fees_usd", "fills"):
            shown = await screen.exact(screen.cells("ranks", name))
            assert shown == [None if r[name] is None else str(r[name]) for r in rows], name
        heading = screen.page.locator(f"[data-table=ranks] th[data-key={RANKINGS[by]}]")
        assert await heading.get_attribute("aria-sort") == "descending"

    for by in RANKINGS:
        await screen.go(f"#/leaderboard?by={by}&window=30d")
        await eventually(partial(check, by))


async def test_money_is_written_to_the_cent_with_signs_for_pnl(screen: Screen) -> None:
    await screen.open("#/leaderboard?by=pnl&window=30d")

    async def check() -> None:
        rows = (await screen.answer("/api/v1/wallets/top?by=pnl&window=30d"))["wallets"][:PER_PAGE]
        for name, kind in (("gross_realised_pnl_usd", "pnl"), ("volume_usd", "usd")):
            texts = await screen.cells("ranks", name).all_inner_texts()
            assert [visible(text) for text in texts] == [written(r[name], kind=kind) for r in rows]

    await eventually(check)


async def test_a_heading_ranks_by_its_figure(screen: Screen) -> None:
    await screen.open("#/leaderboard?window=30d")
    await screen.page.locator("[data-table=ranks] th[data-key=fills] button").click()
    await screen.settled()
    assert "by=fills" in screen.page.url
    fills = await screen.exact(screen.cells("ranks", "fills"))
    assert fills == sorted(fills, key=lambda text: -int(text or 0))


async def test_other_headings_sort_the_rows_at_hand_both_ways(screen: Screen) -> None:
    await screen.open("#/leaderboard?window=30d&ranks.sort=volume_usd:up")
    volumes = [Decimal(v) for v in await screen.exact(screen.cells("ranks", "volume_usd")) if v]
    assert volumes == sorted(volumes)
    await screen.go("#/leaderboard?window=30d&ranks.sort=days_active:down")
    days = [int(v) for v in await screen.exact(screen.cells("ranks", "days_active")) if v]
    assert days == sorted(days, reverse=True)


async def test_csv_holds_the_whole_ranking_exactly(screen: Screen) -> None:
    await screen.open("#/leaderboard?window=30d")

    async def check() -> None:
        lines = await screen.csv("ranks")
        answer = await screen.answer("/api/v1/wallets/top?by=volume&window=30d")
        rows = answer["wallets"] + answer["unpriced_wallets"]
        assert len(lines) == len(rows)
        for line, row in zip(lines, rows, strict=True):
            del line["intervals"]  # objects are compared where the API is
            assert line == {name: in_file(row, name) for name in line}

    await eventually(check)


async def test_pages_follow_one_another_without_overlap(screen: Screen) -> None:
    await screen.page.route("**/api/v1/wallets/top*", _many)
    await screen.open("#/leaderboard")
    first = await screen.exact(screen.cells("ranks", "rank"))
    await screen.page.get_by_text("Next", exact=True).click()
    await screen.settled()
    second = await screen.exact(screen.cells("ranks", "rank"))
    await screen.page.get_by_text("Next", exact=True).click()
    await screen.settled()
    third = await screen.exact(screen.cells("ranks", "rank"))
    assert first + second + third == [str(n) for n in range(1, 121)]
    assert "page=3" in screen.page.url
    assert await screen.page.locator(".pager span.off", has_text="Next").count() == 1


async def _many(route: Route) -> None:
    """The org of the sandbox is small: its first wallet stands in for 120."""
    response = await route.fetch()
    body = await response.json()
    limit = int(route.request.url.split("limit=")[1].split("&")[0])
    one = body["wallets"][0]
    body["wallets"] = [
        one | {"rank": n + 1, "wallet": f"0x{n:040x}"} for n in range(min(limit, 120))
    ]
    body["eligible"] = 120
    await route.fulfill(response=response, json=body)
