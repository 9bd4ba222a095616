"""The overview shows the org's figures as the API gives them."""

from functools import partial

import pytest
from tests.browser.screen import DASH, Screen, eventually, visible, written, written_short

pytestmark = pytest.mark.asyncio(loop_scope="session")

HEADLINES = {
    "dau_average": "mean",
    "legs_volume_usd": "usd",
    "gross_realised_pnl_usd": "pnl",
    "fees_usd": "usd",
    "fills": "count",
    "unique_volume_usd": "usd",
    "internal_volume_usd": "usd",
    "perp_volume_usd": "usd",
    "hip3_volume_usd": "usd",
    "spot_volume_usd": "usd",
    "outcome_volume_usd": "usd",
}
STATEMENT = {
    "fills": "count",
    "legs_volume_usd": "usd",
    "unique_volume_usd": "usd",
    "perp_volume_usd": "usd",
    "spot_volume_usd": "usd",
    "taker_volume_usd": "usd",
    "gross_realised_pnl_usd": "pnl",
    "fees_usd": "usd",
}


async def test_headlines_are_the_totals_of_the_range(screen: Screen) -> None:
    await screen.open("#/coverage")

    async def check(span: str) -> None:
        total = (await screen.answer("/api/v1/dashboard/summary"))["ranges"][span]
        for name, kind in HEADLINES.items():
            value = screen.figure(name).locator(".figure-value > :first-child")
            assert visible(await value.inner_text()) == written_short(total[name], kind=kind), name
            if total[name] is not None:
                assert await value.get_attribute("data-exact") == str(total[name])

    for span in ("7d", "30d", "90d"):
        await screen.go(f"#/?range={span}")
        await eventually(partial(check, span))


async def test_statement_holds_each_span_exactly(screen: Screen) -> None:
    await screen.open()

    async def check() -> None:
        summary = await screen.answer("/api/v1/dashboard/summary")
        spans = {"today": summary["today"], "previous": summary["previous"], **summary["ranges"]}
        for name, kind in STATEMENT.items():
            line = screen.page.locator(f".statement tr[data-field={name}]")
            for key, values in spans.items():
                text = await line.locator(f"td[data-key='{key}']").inner_text()
                assert visible(text) == written(values and values[name], kind=kind), (name, key)

    await eventually(check)


async def test_days_table_has_a_row_for_each_calendar_day(screen: Screen) -> None:
    await screen.open("#/?range=30d")

    async def check() -> None:
        days = (await screen.answer("/api/v1/metrics/global?range=30d"))["days"][::-1]
        assert await screen.exact(screen.cells("days", "day")) == [day["day"] for day in days]
        for name in ("fills", "legs_volume_usd", "unique_volume_usd", "fees_usd"):
            shown = await screen.exact(screen.cells("days", name))
            assert shown == [None if day[name] is None else str(day[name]) for day in days], name

    await eventually(check)


async def test_the_current_day_is_marked_as_not_over(screen: Screen) -> None:
    await screen.open("#/?range=7d")
    rows = screen.page.locator("[data-table=days] tbody tr.partial")
    assert await rows.count() == 1
    assert "so far" in await rows.first.inner_text()


async def test_range_is_chosen_by_a_link_and_back_returns(screen: Screen) -> None:
    await screen.open()
    await screen.page.get_by_role("navigation", name="Range").get_by_text("7 days").click()
    await screen.settled()
    assert "range=7d" in screen.page.url
    assert await screen.cells("days", "day").count() == 7
    await screen.page.go_back()
    await screen.settled()
    assert await screen.cells("days", "day").count() == 30


async def test_every_chart_has_a_table_that_says_the_same(screen: Screen) -> None:
    await screen.open("#/?range=7d")
    charts = await screen.page.locator("[data-series]").evaluate_all(
        "all => all.map(one => one.dataset.series)"
    )
    assert {"volume", "active", "pnl", "fees", "fills"} <= set(charts)
    await screen.page.locator("[data-series=fees]").get_by_text("Table", exact=True).click()
    days = (await screen.answer("/api/v1/metrics/global?range=7d"))["days"][::-1]
    shown = await screen.exact(screen.page.locator("[data-series=fees] td[data-key=fees_usd]"))
    assert shown == [day["fees_usd"] for day in days]
    assert "fees.as=table" in screen.page.url


async def test_a_chart_reads_out_the_day_under_the_pointer(screen: Screen) -> None:
    await screen.open("#/?range=7d")
    plot = screen.page.locator("[data-series=volume] .u-over")
    box = await plot.bounding_box()
    assert box is not None
    days = (await screen.answer("/api/v1/metrics/global?range=7d"))["days"]
    await screen.page.mouse.move(box["x"] + box["width"] * 1.5 / 7, box["y"] + 40)
    chart = screen.page.locator("[data-series=volume]")
    assert await chart.locator(".day-shown").inner_text() == days[1]["day"]
    perp = chart.locator(".legend li").first.locator(".num, .null")
    assert await perp.inner_text() == written_short(days[1]["perp_volume_usd"], kind="usd")


async def test_unknown_is_a_dash_with_its_reason_and_never_zero(screen: Screen) -> None:
    why = {"token": "USDH", "reason": "no stored price", "fills": 3}

    async def forget(route) -> None:
        response = await route.fetch()
        body = await response.json()
        body["days"][2] |= {"fees_usd": None, "unpriced": [why]}
        await route.fulfill(response=response, json=body)

    await screen.page.route("**/api/v1/metrics/global*", forget)
    await screen.open("#/?range=7d")
    cell = screen.cells("days", "fees_usd").nth(4)
    assert visible(await cell.inner_text()) == DASH
    title = await cell.locator("[title]").first.get_attribute("title")
    assert title is not None
    assert "USDH" in title
    assert "no stored price" in title


async def test_incomplete_figures_carry_a_ring_with_the_share(screen: Screen) -> None:
    async def thin(route) -> None:
        response = await route.fetch()
        body = await response.json()
        body["ranges"]["30d"] |= {"completeness": "0.98769", "fills": 12, "fees_usd": "1.5"}
        await route.fulfill(response=response, json=body)

    await screen.page.route("**/api/v1/dashboard/summary", thin)
    await screen.open()
    assert await screen.figure("fills").locator("[data-part=ring-text]").inner_text() == "98.7%"
