"""A first visit: three steps, how far the first pulls are, and what the words mean."""

import json

import pytest
from playwright.async_api import Route, expect
from tests.browser.every_page.places import fill_in
from tests.browser.screen import Screen
from tests.browser.stack import RunningStack

pytestmark = pytest.mark.asyncio(loop_scope="session")

POINTED_AT_ONLY = """
() => [...document.querySelectorAll("[data-term]")]
  .filter((element) => element.tabIndex < 0 && !element.closest(".figure"))
  .map((element) => element.textContent.trim())
"""
WAITING = {
    "wallets": 300,
    "read": 112,
    "failing": 2,
    "rows": 45210,
    "began_at": "2026-11-20T12:00:00.000Z",
    "seconds_left": 130,
}


async def test_the_steps_are_put_away_for_good(own_screen: Screen) -> None:
    await own_screen.open()
    steps = own_screen.page.locator("[data-part=first-visit]")
    await expect(steps.locator("li")).to_have_count(3)
    await steps.get_by_role("button", name="Got it").click()
    await expect(steps).to_have_count(0)
    await own_screen.open()
    await expect(steps).to_have_count(0)


async def test_first_pulls_show_how_far_they_are_until_they_are_over(own_screen: Screen) -> None:
    async def waiting(route: Route) -> None:
        await route.fulfill(body=json.dumps(WAITING), content_type="application/json")

    await own_screen.open()
    card = own_screen.page.locator("[data-part=first-pulls]")
    await expect(card).to_have_count(0)
    await own_screen.page.route("**/api/v1/progress", waiting)
    await own_screen.page.reload()
    await expect(card).to_contain_text("112 of 300 read")
    await expect(card).to_contain_text("rows so far, about 3 minutes left")
    await expect(card).to_contain_text("2 failed")
    await own_screen.page.unroute("**/api/v1/progress")


async def test_a_word_says_what_it_means_under_the_pointer_and_with_the_focus(
    screen: Screen,
) -> None:
    await screen.open("#/wallets")
    tip = screen.page.get_by_role("tooltip")
    await expect(tip).to_be_hidden()
    head = screen.page.locator("[data-table=wallets] th[data-key=last_fill_at] .th")
    await head.hover()
    await expect(tip).to_have_text("Time of the newest fill that is stored.")
    await screen.page.keyboard.press("Escape")
    await expect(tip).to_be_hidden()
    await screen.page.locator("[data-table=wallets] th[data-key=first_fill_at] .th").focus()
    await screen.page.keyboard.press("Tab")
    await expect(tip).to_be_visible()
    await screen.page.keyboard.press("Escape")
    await expect(tip).to_be_hidden()


@pytest.mark.parametrize(
    ("place", "term"),
    [
        ("", ".statement [data-term]"),
        ("wallets/{wallet}", ".record dt[data-term]"),
        ("wallets/{wallet}?proof=wallet:{wallet}:{day}:fills", ".terms dt[data-term]"),
    ],
)
async def test_every_word_that_has_a_meaning_can_have_the_focus(
    screen: Screen, running_stack: RunningStack, place: str, term: str
) -> None:
    (filled,) = fill_in(running_stack, [place])
    await screen.open(f"#/{filled}")
    assert await screen.page.evaluate(POINTED_AT_ONLY) == []
    word = screen.page.locator(term).last
    await screen.page.keyboard.press("Tab")  # from here on the focus is seen
    await word.focus()  # which scrolls to it
    meaning = await word.get_attribute("data-term")
    assert meaning
    await expect(screen.page.get_by_role("tooltip")).to_have_text(meaning)


async def test_a_heading_keeps_its_place_among_the_stops_of_tab(screen: Screen) -> None:
    await screen.open("#/")
    head = screen.page.locator(".statement th[data-term]").nth(1)
    await head.focus()
    await screen.page.keyboard.press("ArrowUp")
    await screen.page.keyboard.press("ArrowDown")
    await expect(head).to_be_focused()
    assert await head.evaluate("head => head.tabIndex") == 0
