"""The overview shows the org's figures as the API gives them."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial

import pytest
from playwright.async_api import Route
from tests.browser.screen import DASH, MINUS, Screen, eventually, visible, written, written_short

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
        total = (await screen.answer(f"/api/v1/metrics/global?range={span}"))["total"]
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
        shown = await screen.answer("/api/v1/metrics/global?range=30d")
        days = {day["day"]: day for day in shown["days"]}
        spans = {name: days[summary[name]["day"]] for name in ("today", "previous")}
        spans |= {**summary["ranges"], "30d": shown["total"]}
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
        body["total"] |= {"completeness": "0.98769", "fills": 12, "fees_usd": "1.5"}
        await route.fulfill(response=response, json=body)

    await screen.page.route("**/api/v1/metrics/global*", thin)
    await screen.open()
    assert await screen.figure("fills").locator("[data-part=ring-text]").inner_text() == "98.7%"


@pytest.mark.parametrize("hours_late", [0, 1])
async def test_the_rest_of_today_is_no_lack(screen: Screen, hours_late: int) -> None:
    async def answer(route) -> None:
        response = await route.fetch()
        body = await response.json()
        now = datetime.now(UTC)
        first, after = now.date() - timedelta(days=6), now.date() + timedelta(days=1)
        days_left = (datetime.combine(after, time(), UTC) - now) / timedelta(days=1)
        share = 1 - (days_left + hours_late / 24) / 7
        body["total"] |= {"completeness": f"{share:.6f}", "from": f"{first}", "to": f"{now.date()}"}
        await route.fulfill(response=response, json=body)

    await screen.page.route("**/api/v1/metrics/global*", answer)
    await screen.open("#/?range=7d")
    ring = screen.page.locator(".page-head .ring")
    whole = "whole" in (await ring.get_attribute("class") or "").split()
    words = "only the rest of today is missing" in (await ring.get_attribute("title") or "")
    assert (whole, words) == (hours_late == 0, hours_late == 0)


async def test_cards_cells_and_charts_agree_with_the_proof_to_the_digit(screen: Screen) -> None:
    await screen.open("#/?range=30d")
    await screen.figure("fees_usd").locator(".figure-value a").first.click()
    await screen.settled()
    card = screen.figure("fees_usd").locator("[data-exact]").first
    proof = screen.page.locator(".proof-value [data-exact]").first
    total = await card.get_attribute("data-exact")
    assert await proof.get_attribute("data-exact") == total
    for table in ("days", "proof-days"):
        shown = await screen.exact(screen.cells(table, "fees_usd"))
        assert sum(Decimal(fee or 0) for fee in shown) == Decimal(total or 0)


INTERVAL = {"known": "243300.1", "lower": "243300.1", "upper": None, "unpriced": {"USDH": "12.3"}}


async def test_a_figure_without_a_price_says_what_is_known_and_what_is_not(
    screen: Screen,
) -> None:
    async def unpriced(route: Route) -> None:
        response = await route.fetch()
        body = await response.json()
        for row in (body["total"], body["days"][2]):
            row["legs_volume_usd"] = row["outcome_volume_usd"] = row["fees_usd"] = None
            row["intervals"] = {
                "legs_volume_usd": INTERVAL,
                "outcome_volume_usd": INTERVAL | {"known": "0", "lower": "0"},
                "fees_usd": INTERVAL | {"lower": None, "unpriced": {"USDH": "-1", "HYPE": "2"}},
            }
        await route.fulfill(response=response, json=body)

    await screen.page.route("**/api/v1/metrics/global*", unpriced)
    await screen.open("#/?range=7d")

    async def words(field: str) -> str:
        return visible(await screen.figure(field).locator(".figure-value").inner_text())

    assert await words("legs_volume_usd") == "at least $243.30K + 12.3 USDH not priced yet"
    assert await words("outcome_volume_usd") == "12.3 USDH not priced yet"
    assert await words("fees_usd") == f"known $243.30K {MINUS} 1 USDH + 2 HYPE not priced yet"
    cell = screen.cells("days", "legs_volume_usd").nth(4)
    assert visible(await cell.inner_text()) == "≥ 243,300.10"
    title = await cell.locator("[title]").first.get_attribute("title")
    assert title is not None
    assert title.startswith("at least 243,300.10 + 12.3 USDH not priced yet")
    line = screen.page.locator(".statement tr[data-field=legs_volume_usd] td[data-key='7d']")
    assert visible(await line.inner_text()) == "≥ 243,300.10"
    await screen.go("#/?range=7d&proof=range:7d:legs_volume_usd")
    proof = screen.page.locator(".proof-value")
    assert "at least $243.30K + 12.3 USDH not priced yet" in visible(await proof.inner_text())


async def test_a_calendar_month_is_chosen_and_stepped_through(screen: Screen) -> None:
    await screen.open()
    await screen.page.get_by_role("navigation", name="Range").get_by_text("Month").click()
    await screen.settled()
    today = (await screen.answer("/api/v1/metrics/global?month="))["to"]
    assert f"range={today[:7]}" in screen.page.url
    assert await screen.cells("days", "day").count() == int(today[8:])
    await screen.page.get_by_label("Previous month").click()
    await screen.settled()
    month = last_of_month_before(today)
    assert f"range={month:%Y-%m}" in screen.page.url
    assert await screen.cells("days", "day").count() == month.day
    heading = visible(await screen.page.locator(".page-head").inner_text())
    assert f"{month:%Y-%m}-01 to {month}" in heading
    await screen.page.get_by_label("Choose the month").select_option(today[:7])
    await screen.settled()
    assert f"range={today[:7]}" in screen.page.url
    assert await screen.page.get_by_label("Next month").count() == 0


async def test_a_quarter_and_a_year_are_ranges_of_days(screen: Screen) -> None:
    await screen.open("#/?range=2024-Q1")
    answer = await screen.answer("/api/v1/metrics/global?from=2024-01-01&to=2024-03-31")
    assert await screen.cells("days", "day").count() == len(answer["days"]) == 91
    await screen.go("#/?range=2024")
    assert await screen.cells("days", "day").count() == 366
    await screen.go("#/?range=2999")  # not begun: the default range
    assert await screen.cells("days", "day").count() == 30


async def test_the_choice_of_a_month_fits_a_narrow_screen(screen: Screen) -> None:
    await screen.page.set_viewport_size({"width": 390, "height": 844})
    await screen.open("#/?range=2026-10")
    wider = await screen.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wider <= 0
    assert await screen.page.get_by_label("Choose the month").is_visible()


def last_of_month_before(day: str) -> date:
    """The last day of the month before that of a day."""
    return date.fromisoformat(f"{day[:7]}-01") - timedelta(days=1)
