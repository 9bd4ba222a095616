"""A phone, 390 wide: pages that end, controls for a finger, and no column cut without a word."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Route, StorageState, expect
from tests.browser.every_page.places import PAGES, fill_in
from tests.browser.every_page.test_accessibility import find_violations
from tests.browser.screen import Screen, opened
from tests.browser.stack import RunningStack

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE = {"width": 390, "height": 844}
HEIGHT_MAX = 2_000
TARGET_MIN = 44  # of a control; of a link in text or in a table 24 (WCAG 2.5.8)
LINK_MIN = 24
LABEL_MAX = 64
ALERTS = 5  # at once: more are folded away
FIRING = {
    "type": "exit_cluster",
    "level": "high",
    "state": "firing",
    "since": "2026-11-20T11:50:00Z",
    "reason": "ECS 65.6: 20 of 78 holders left within an hour, 12 of them by force",
    "periods": 0,
    "last_fired_at": None,
    "last_value": None,
}
# How much wider the hint of the search is than the room for it.
HINT_CUT = """
() => {
  const field = document.getElementById("search");
  const style = getComputedStyle(field);
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = style.font;
  const room = field.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  return pen.measureText(field.placeholder).width - room;
}
"""

MEASURE = """
() => {
  const box = (element) => {
    const { width, height } = element.getBoundingClientRect();
    return [element.tagName, element.className, element.textContent.trim().slice(0, 30),
      Math.round(width), Math.round(height)];
  };
  const shown = (selector) => [...document.querySelectorAll(selector)].filter((element) =>
    element.checkVisibility({ visibilityProperty: true }) && element.offsetParent !== null);
  const isLink = (element) => element.matches("main a:not(.quiet, .switch a, .stepper a, "
    + ".fold-head), td *, .figure *, .period *");
  const touched = shown("a, button, select, summary, input:not(label input)")
    .concat(shown("label:has(input[type=checkbox])"));
  return {
    height: document.documentElement.scrollHeight,
    width: document.documentElement.scrollWidth,
    controls: touched.filter((element) => !isLink(element)).map(box),
    links: touched.filter(isLink).map(box),
    cut: shown(".scroll").filter((element) => element.scrollWidth > element.clientWidth + 1)
      .map((element) => shown(".more-columns").some((note) => note.parentElement
        === element.parentElement)),
    uncovered: shown("#main *").filter((element) => element.scrollWidth > element.clientWidth + 1
      && ["auto", "scroll"].includes(getComputedStyle(element).overflowX)
      && !element.matches(".scroll")).map(box),
  };
}
"""


@pytest_asyncio.fixture(loop_scope="session")
async def phone(
    browser: Browser, running_stack: RunningStack, session_state: StorageState
) -> AsyncIterator[Screen]:
    """A signed-in page on a phone."""
    context = await browser.new_context(
        storage_state=session_state, viewport=PHONE, has_touch=True, is_mobile=True
    )
    async with opened(context, running_stack.url) as shown:
        yield shown
    await context.close()


async def test_every_page_ends_and_can_be_touched(
    phone: Screen, running_stack: RunningStack
) -> None:
    faults: dict[str, Any] = {}
    cut = links = controls = 0
    for place in fill_in(running_stack, PAGES):
        await phone.open("#/nowhere")
        await phone.open(f"#/{place}")
        page = await phone.page.evaluate(MEASURE)
        small = [box for box in page["controls"] if min(box[3:]) < TARGET_MIN]
        thin = [box for box in page["links"] if min(box[3:]) < LINK_MIN]
        tall = page["height"] > HEIGHT_MAX or page["width"] > PHONE["width"]
        if tall or small or thin or not all(page["cut"]) or page["uncovered"]:
            faults[place] = (page["height"], page["width"], small, thin, page["uncovered"])
        cut += len(page["cut"])
        links += len(page["links"])
        controls += len(page["controls"])
    assert faults == {}
    assert cut > 5
    assert links > 100
    assert controls > 100
    phone.expected_errors = [text for text in phone.errors if "404" in text]


async def test_a_section_opens_on_demand_and_the_address_remembers_it(phone: Screen) -> None:
    await phone.open("#/")
    fold = phone.page.locator("[data-fold=charts] .fold-head")
    assert await fold.get_attribute("aria-expanded") == "false"
    assert "4 charts" in await fold.inner_text() or "charts" in await fold.inner_text()
    assert await phone.page.locator("[data-series=volume]").count() == 0
    await fold.click()
    await phone.settled()
    assert "open=charts" in phone.page.url
    assert await phone.page.locator("[data-series=volume]").count() == 1
    await phone.page.reload()
    await phone.settled()
    assert await phone.page.locator("[data-series=volume]").count() == 1
    await fold.click()
    assert "open=" not in phone.page.url


async def test_the_filters_of_twaps_fold_to_a_line_that_says_what_is_set(phone: Screen) -> None:
    await phone.open("#/twaps?status=activated")
    table = phone.page.locator("[data-table=twaps] tbody tr").first
    await expect(table).to_be_in_viewport()
    fold = phone.page.get_by_role("button", name="Filters")
    assert " ".join((await fold.inner_text()).split()) == "Filters 7 days, 1 set"
    field = phone.page.locator(".filter input[name=wallet]")
    await expect(field).to_have_count(0)
    await fold.press("Space")
    await expect(field).to_be_visible()
    assert "open=filters" in phone.page.url
    assert await find_violations(phone) == []
    await phone.page.get_by_role("link", name="Finished").press("Enter")
    await phone.settled()
    assert "status=finished" in phone.page.url
    await fold.press("Enter")
    await expect(field).to_have_count(0)


async def test_a_link_to_what_stands_in_a_section_opens_the_section(phone: Screen) -> None:
    await phone.open("#/smart-money?universe=open")
    assert await phone.page.locator("[data-fold=record] [data-part=universe] table").count() == 1
    await phone.page.locator("[data-fold=record] .fold-head").click()
    await phone.settled()
    assert await phone.page.locator("[data-part=universe]").count() == 0
    assert "universe=" not in phone.page.url


async def test_alerts_that_fire_make_smart_money_no_page_without_end(phone: Screen) -> None:
    async def fire(route: Route) -> None:
        response = await route.fetch()
        states = [{**FIRING, "subject": f"COIN{number}"} for number in range(ALERTS)]
        await route.fulfill(response=response, json=(await response.json()) | {"states": states})

    await phone.page.route("**/smart-money/alerts/state?standing=true", fire)
    await phone.open("#/smart-money")
    assert await phone.page.locator("[data-part=active-alerts] [data-alert]").count() == ALERTS
    assert await phone.page.evaluate("document.documentElement.scrollHeight") <= HEIGHT_MAX


async def test_a_long_label_without_spaces_is_broken(
    phone: Screen, running_stack: RunningStack
) -> None:
    (place,) = fill_in(running_stack, ["wallets/{wallet}"])

    async def name(route: Route) -> None:
        response = await route.fetch()
        body = await response.json() | {"label": "W" * LABEL_MAX}
        await route.fulfill(response=response, json=body)

    await phone.page.route(f"**/api/v1/{place}", name)
    await phone.open(f"#/{place}")
    assert await phone.page.locator("h1 [data-part=label]").inner_text() == "W" * LABEL_MAX
    assert await phone.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


async def test_the_hint_of_the_search_is_not_cut(phone: Screen) -> None:
    await phone.open("#/nowhere")
    assert await phone.page.evaluate(HINT_CUT) <= 0


async def test_the_bar_has_room_to_say_that_the_exchange_is_made_up(phone: Screen) -> None:
    await phone.open("#/nowhere")
    words = phone.page.locator(".top [data-part=exchange]")
    assert await words.inner_text() == "made-up exchange"
    assert await words.evaluate("words => words.scrollWidth <= words.clientWidth")
    assert await phone.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
