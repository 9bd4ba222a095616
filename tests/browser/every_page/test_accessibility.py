"""Accessibility: every page and its main states without a violation of axe, in both themes."""

from typing import Any, Final

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser
from tests.browser.every_page.places import PAGES, STATES, fill_in
from tests.browser.screen import Screen, opened
from tests.browser.stack import RunningStack

pytestmark = pytest.mark.asyncio(loop_scope="session")

EVERY_RULE: Final = {"resultTypes": ["violations"]}  # what passes needs no words
CONTRAST: Final = {**EVERY_RULE, "runOnly": ["color-contrast"]}  # all that a theme changes


@pytest_asyncio.fixture(loop_scope="session")
async def signed_out(browser: Browser, running_stack: RunningStack):
    """The page of somebody without a session."""
    context = await browser.new_context()
    async with opened(context, running_stack.url) as shown:
        yield shown
    await context.close()


async def find_violations(screen: Screen, options: dict[str, Any] = EVERY_RULE) -> list[str]:
    """What axe finds on the page, one line for each element."""
    results = await Axe().run(screen.page, options=options)
    return [
        f"{violation['id']}: {node['html'][:120]}"
        for violation in results.response["violations"]
        for node in violation["nodes"]
    ]


async def in_both_themes(screen: Screen) -> list[str]:
    await screen.page.emulate_media(color_scheme="light")
    light = await find_violations(screen)
    await screen.page.emulate_media(color_scheme="dark")
    return light + await find_violations(screen, CONTRAST)


async def test_no_page_has_a_violation_in_either_theme(
    screen: Screen, running_stack: RunningStack
) -> None:
    places = fill_in(running_stack, PAGES + STATES)
    violations: dict[str, list[str]] = {}
    for place in places:
        await screen.open("#/nowhere")  # a new page, not a change of the one before
        await screen.open(f"#/{place}")
        lines = await in_both_themes(screen)
        if lines:
            violations[place] = lines
    assert violations == {}
    assert len(places) == len(set(places)) == 23
    screen.expected_errors = [text for text in screen.errors if "404" in text]


async def test_what_opens_over_a_page_has_no_violation(screen: Screen) -> None:
    await screen.open("#/")
    await screen.page.keyboard.press("?")
    await screen.page.get_by_role("dialog").wait_for()
    assert await in_both_themes(screen) == []
    await screen.page.keyboard.press("Escape")
    await screen.page.keyboard.press("/")
    await screen.page.keyboard.type("0x")
    await screen.settled()
    assert await in_both_themes(screen) == []
    await screen.open("#/leaderboard")
    await screen.page.locator("[data-table=ranks] .chooser summary").click()
    assert await in_both_themes(screen) == []


async def test_signing_in_has_no_violation(signed_out: Screen) -> None:
    await signed_out.page.goto(signed_out.base)
    await signed_out.page.get_by_role("textbox").wait_for()
    assert await in_both_themes(signed_out) == []
