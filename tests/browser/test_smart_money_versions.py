"""A signal's page says what both versions say of it, and why they differ."""

from typing import Any

import pytest
from playwright.async_api import Route
from tests.browser.screen import Screen, visible

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATH = "/api/v1/smart-money"


async def periods(screen: Screen, asset: str) -> list[dict[str, Any]]:
    """The asset's signals of the second version, oldest first, as the page got them."""
    await screen.open(f"#/smart-money?asset={asset}")
    return (await screen.answer(f"{PATH}/signals/{asset}"))["signals"]


def said(told: dict[str, Any]) -> str:
    band = told["band"].replace("_", " ") if told["band"] else "unknown"
    return f"{told['bias']} / {told['risk']}, CAS {band}"


@pytest.mark.parametrize("asset", ["HYPE", "ETH"])
async def test_what_the_versions_say_and_why_is_that_of_the_api(screen: Screen, asset: str) -> None:
    at = (await periods(screen, asset))[-1]["at"]
    await screen.go(f"#/smart-money/{asset}/{at}?definition=second")
    line = screen.page.locator("[data-part=versions]")
    [period] = (await screen.answer(f"{PATH}/differences"))["periods"]
    assert (period["at"], period["asset"]) == (at, asset)
    assert await line.locator("[data-version=first]").inner_text() == said(period["first"])
    assert await line.locator("[data-version=second]").inner_text() == said(period["second"])
    assert await line.locator("[data-because]").inner_text() == period["because"]
    assert period["because"]


async def test_the_line_leads_to_the_other_version(screen: Screen) -> None:
    at = (await periods(screen, "HYPE"))[-1]["at"]
    await screen.go(f"#/smart-money/HYPE/{at}?definition=second")
    await screen.page.locator("[data-part=versions]").get_by_text("v1", exact=True).click()
    await screen.settled()
    assert "definition=first" in screen.page.url
    answer = await screen.answer(f"{PATH}/signals/HYPE/{at}")
    assert answer["signal"]["definition"] == "smart_money/1"


async def test_the_newest_version_is_held_against_the_one_before(screen: Screen) -> None:
    at = (await periods(screen, "HYPE"))[-1]["at"]
    await screen.go(f"#/smart-money/HYPE/{at}")
    answer = await screen.answer(f"{PATH}/differences")
    assert (answer["earlier"], answer["later"]) == ("smart_money/2", "smart_money/3")
    text = visible(await screen.page.locator("[data-part=versions]").inner_text())
    assert text.startswith(("v2:", "v2 and v3 agree"))


async def test_where_they_agree_one_sentence_says_so(screen: Screen) -> None:
    async def agree(route: Route) -> None:
        response = await route.fetch()
        body = await response.json()
        body["periods"] = []
        body["summary"][0]["playbooks"] = [{"first": "Long / Normal", "second": "Long / Normal"}]
        body["summary"][0]["bands"] = [{"first": "strong_long", "second": "strong_long"}]
        await route.fulfill(response=response, json=body)

    at = (await periods(screen, "HYPE"))[-1]["at"]
    await screen.page.route(f"**{PATH}/differences?**", agree)
    await screen.go(f"#/smart-money/HYPE/{at}?definition=second")
    text = visible(await screen.page.locator("[data-part=versions]").inner_text())
    assert text == "v1 and v2 agree: Long / Normal, CAS strong long."


async def test_of_a_locked_period_nothing_is_said(screen: Screen) -> None:
    locked = next(row for row in await periods(screen, "HYPE") if row["locked"])
    await screen.go(f"#/smart-money/HYPE/{locked['at']}")
    assert await screen.page.locator("[data-part=versions]").count() == 0
