"""Alerts, hit rates and the feed's past on the page of smart money."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from playwright.async_api import Route
from tests.browser.screen import DASH, Screen, visible

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATH = "/api/v1/smart-money"
WALLET = "0x31ca8395cf837de08b24da3f660e77761dfb974b"
SINCE = "2026-11-20T11:50:00Z"
TENTH = Decimal("0.1")


def standing(name: str, subject: str, state: str, level: str = "high") -> dict[str, Any]:
    return {
        "type": name,
        "subject": subject,
        "level": level,
        "state": state,
        "since": SINCE,
        "reason": f"why {name} is {state}",
        "periods": 0,
        "last_fired_at": None,
        "last_value": None,
    }


async def answered(screen: Screen, path: str, body: dict[str, Any]) -> None:
    """Let the page see this in place of what the API says."""

    async def answer(route: Route) -> None:
        response = await route.fetch()
        assert response.ok
        await route.fulfill(response=response, json=(await response.json()) | body)

    await screen.page.route(f"**{PATH}/{path}", answer)


async def shown(screen: Screen, part: str) -> list[str | None]:
    """The alerts of a part of the page, from the top."""
    lines = screen.page.locator(f"[data-part={part}] [data-alert]")
    return await lines.evaluate_all("lines => lines.map(line => line.dataset.alert)")


async def test_what_stands_is_on_top_and_the_most_urgent_first(screen: Screen) -> None:
    states = [
        standing("universe_churn", "system", "firing", "low"),
        standing("data_gap", WALLET, "acknowledged"),
        standing("regime_change", "BTC", "suppressed", "medium"),
        standing("exit_cluster", "ETH", "firing"),
        standing("system_stale", "system", "firing", "critical"),
        standing("exit_cluster", "BTC", "pending"),
    ]
    await answered(screen, "alerts/state?standing=true", {"states": states})
    await screen.open("#/smart-money")
    assert await shown(screen, "active-alerts") == [
        "system_stale system",
        "exit_cluster ETH",
        "universe_churn system",
        f"data_gap {WALLET}",
    ]
    assert await shown(screen, "waiting-alerts") == ["regime_change BTC", "exit_cluster BTC"]
    now = screen.page.locator("[data-part=active-alerts]")
    above = screen.page.locator("[data-part=health]")
    top, below = await now.bounding_box(), await above.bounding_box()
    assert top
    assert below
    assert top["y"] + top["height"] <= below["y"]


async def test_a_line_says_level_name_subject_why_state_and_since_when(screen: Screen) -> None:
    states = [standing("data_gap", WALLET, "acknowledged")]
    await answered(screen, "alerts/state?standing=true", {"states": states})
    await screen.open("#/smart-money")
    line = screen.page.locator("[data-part=active-alerts] [data-alert]")
    text = visible(await line.inner_text())
    assert text.startswith("high Fills missing 0x31ca83")
    assert "why data_gap is acknowledged acknowledged" in text
    assert await line.locator("time").get_attribute("datetime") == SINCE
    address = line.locator("a.address")
    assert await address.get_attribute("href") == f"#/wallets/{WALLET}"


async def test_an_alert_that_is_about_to_end_does_not_say_why_it_fired(screen: Screen) -> None:
    """Beside a health line that says healthy again, "no worker" would be untrue."""
    firing = standing("system_stale", "system", "firing", "critical")
    fired = firing | {"last_value": firing["reason"]}
    better = firing | {"periods": 1, "last_value": "minutes are recorded again"}
    for state, text in (
        (fired, "why system_stale is firing"),
        (better, "minutes are recorded again: it ends if the next check agrees"),
    ):
        await answered(screen, "alerts/state?standing=true", {"states": [state]})
        await screen.open("#/smart-money")
        await screen.page.reload()
        reason = screen.page.locator("[data-part=active-alerts] .alert-reason")
        assert visible(await reason.inner_text()) == text


async def test_nothing_is_shown_on_top_when_nothing_stands(screen: Screen) -> None:
    states = [standing("exit_cluster", "BTC", "pending")]
    await answered(screen, "alerts/state?standing=true", {"states": states})
    await screen.open("#/smart-money")
    assert await screen.page.locator("[data-part=active-alerts]").count() == 0
    assert await shown(screen, "waiting-alerts") == ["exit_cluster BTC"]


async def test_that_nobody_checks_is_said_above_all(screen: Screen) -> None:
    body = {"states": [], "checked_at": SINCE, "unchecked": True}
    await answered(screen, "alerts/state?standing=true", body)
    await screen.open("#/smart-money")
    banner = screen.page.locator("[data-part=unchecked-alerts]")
    text = visible(await banner.inner_text())
    assert "No worker checks alerts now." in text
    assert "an alert that is not shown here may have fired since" in text
    assert await banner.locator("time").get_attribute("datetime") == SINCE
    header = visible(await screen.page.locator("header.top").inner_text())
    assert "alerts unchecked" in header


@pytest.mark.parametrize("unchecked", [False, True])
async def test_the_page_says_when_alerts_were_checked_last(
    screen: Screen, *, unchecked: bool
) -> None:
    body = {"states": [], "checked_at": SINCE, "unchecked": unchecked}
    await answered(screen, "alerts/state?standing=true", body)
    await screen.open("#/smart-money")
    last_check = screen.page.locator("[data-part=last-check] time")
    assert await last_check.get_attribute("datetime") == SINCE
    banners = await screen.page.locator("[data-part=unchecked-alerts]").count()
    assert banners == int(unchecked)


async def test_many_at_once_are_folded_away_and_counted(screen: Screen) -> None:
    states = [standing("data_gap", f"0x{number:040x}", "firing") for number in range(30)]
    await answered(screen, "alerts/state?standing=true", {"states": states})
    await screen.open("#/smart-money")
    now = screen.page.locator("[data-part=active-alerts]")
    assert await now.locator("[data-alert]:visible").count() == 5
    await now.get_by_text("25 more").click()
    assert await now.locator("[data-alert]:visible").count() == 30


async def test_a_suppressed_move_says_what_keeps_it_silent(screen: Screen) -> None:
    move = {
        "id": 1,
        "at": SINCE,
        "type": "regime_change",
        "subject": "BTC",
        "level": "medium",
        "from_state": "pending",
        "to_state": "suppressed",
        "reason": "cap: 4 alerts of BTC fired within 24 hours",
        "value": {},
        "created_at": SINCE,
    }
    spot = {"subject": f"{WALLET}/@232/7", "coin": "@232", "coin_name": "HYPE/USDH"}
    await answered(screen, "alerts?*", {"alerts": [move, move | spot | {"id": 2}], "next": None})
    await screen.open("#/smart-money")
    pair = screen.cells("alerts", "subject").last
    assert "/HYPE/USDH/7" in await pair.inner_text()
    for name in ("type", "subject", "level", "to_state", "reason"):
        assert (await screen.exact(screen.cells("alerts", name)))[0] == move[name]
    title = screen.cells("alerts", "to_state").locator("[title]").first
    assert "held back" in (await title.get_attribute("title") or "")


def rate(asset: str, band: str, **changes: Any) -> dict[str, Any]:
    unknown = dict.fromkeys(("hits", "rate", "lower", "upper"))
    few = {"unknown": "there are fewer than 5 signals that do not overlap"}
    return {"asset": asset, "band": band, "n": 3, "n_apart": 2} | unknown | few | changes


KNOWN = rate(
    "BTC",
    "long",
    n=120,
    n_apart=40,
    hits=25,
    rate="0.625",
    lower="0.47034212",
    upper="0.75780311",
    unknown=None,
)


def percents(*shares: str) -> str:
    numbers = ((Decimal(share) * 100).quantize(TENTH, ROUND_HALF_UP) for share in shares)
    return f" {DASH} ".join(f"{number.normalize():f}%" for number in numbers)


async def test_hit_rates_are_one_click_away_with_interval_and_n(screen: Screen) -> None:
    rates = [KNOWN, rate("BTC", "neutral")]
    await answered(screen, "outcomes?*", {"rates": rates})
    await screen.open("#/smart-money")
    assert await screen.page.locator("[data-table=rates]").count() == 0
    await screen.page.get_by_text("Show hit rates").click()
    await screen.settled()
    for name in ("band", "rate"):
        assert await screen.exact(screen.cells("rates", name)) == [row[name] for row in rates]
    for name in ("n", "n_apart"):
        assert await screen.exact(screen.cells("rates", name)) == [str(row[name]) for row in rates]
    between = await screen.cells("rates", "between").all_inner_texts()
    assert visible(between[0]) == percents("0.47034212", "0.75780311")
    assert visible(between[1]) == DASH
    reason = screen.cells("rates", "rate").nth(1).locator("[title]")
    assert "fewer than 5" in (await reason.get_attribute("title") or "")


async def test_hit_rates_are_those_of_the_api_after_the_chosen_time(screen: Screen) -> None:
    await screen.open("#/smart-money?outcomes=1h")
    await screen.page.locator("[data-part=outcomes]").get_by_text("5 min", exact=True).click()
    await screen.settled()
    rates = (await screen.answer(f"{PATH}/outcomes?horizon=5m"))["rates"]
    assert await screen.exact(screen.cells("rates", "n")) == [str(row["n"]) for row in rates]
    assert any(row["n"] for row in rates)


async def test_the_feeds_past_is_one_click_away(screen: Screen) -> None:
    await screen.open("#/smart-money")
    await screen.page.get_by_text("Show history").click()
    await screen.settled()
    health = await screen.answer(f"{PATH}/health")
    for name in ("state", "coverage_least"):
        shown = await screen.exact(screen.cells("health", name))
        assert shown == [row[name] for row in health["states"]]
    facts = screen.page.locator("[data-part=feed-history] dd [data-exact]")
    exact = await facts.evaluate_all("all => all.map(one => one.dataset.exact)")
    names = ("success", "partial", "failed", "unrecorded")
    assert exact == [str(health["minutes"][name]) for name in names]


async def test_everything_open_fits_a_narrow_screen(own_screen: Screen) -> None:
    states = [standing("data_gap", WALLET, "firing"), standing("exit_cluster", "BTC", "pending")]
    await answered(own_screen, "alerts/state?standing=true", {"states": states})
    await own_screen.page.set_viewport_size({"width": 390, "height": 800})
    await own_screen.open("#/smart-money?outcomes=1h&feed=open&open=record")
    assert await own_screen.page.evaluate("document.documentElement.scrollWidth") == 390
