"""A newcomer's walk: from the printed link to a story, its mark, its proof, and back."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, StorageState, expect
from tests.browser.screen import Screen, opened, visible
from tests.browser.stack import RunningStack

pytestmark = pytest.mark.asyncio(loop_scope="session")

SIZES = [(390, 844), (1440, 900)]
DIALOG = "Proof of a figure"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def newcomer(browser: Browser, running_stack: RunningStack) -> AsyncIterator[StorageState]:
    """A session got by the printed link, which opens the page once; it ends at "Sign out"."""
    context = await browser.new_context()
    async with opened(context, running_stack.url) as screen:
        await screen.page.goto(running_stack.sign_in_url)
        await screen.settled()
        assert await screen.page.locator(".figure").count() > 0
        assert "token" not in screen.page.url
        state = await context.storage_state()
    await context.close()
    again = await browser.new_context()
    async with opened(again, running_stack.url) as screen:
        await screen.page.goto(running_stack.sign_in_url)
        await expect(screen.page.get_by_role("main")).to_contain_text("it works once")
        await expect(screen.page.get_by_role("alert")).to_contain_text("The link was refused")
        assert "refused" not in screen.page.url
    await again.close()
    yield state
    leaving = await browser.new_context(storage_state=state)
    async with opened(leaving, running_stack.url) as screen:
        await screen.page.goto(running_stack.url)
        await screen.page.get_by_role("link", name="Sign out").click()
        await expect(screen.page.get_by_role("main")).to_contain_text("You are not signed in")
        await leaving.clear_cookies()
        await leaving.add_cookies([{**cookie} for cookie in state["cookies"]])
        await screen.page.reload()
        await expect(screen.page.get_by_role("main")).to_contain_text("You are not signed in")
    await leaving.close()


@pytest_asyncio.fixture(loop_scope="session", params=SIZES, ids=["phone", "desk"])
async def walk(
    request: pytest.FixtureRequest,
    browser: Browser,
    newcomer: StorageState,
    running_stack: RunningStack,
) -> AsyncIterator[Screen]:
    """The newcomer's page, of a phone and of a desk."""
    width, height = request.param
    context = await browser.new_context(
        storage_state=newcomer, viewport={"width": width, "height": height}
    )
    async with opened(context, running_stack.url) as shown:
        yield shown
    await context.close()
    assert shown.errors == []


def stories_of(stack: RunningStack) -> dict[str, dict[str, Any]]:
    return {story["kind"]: story for story in stack.get("/api/v1/stories")["stories"]}


async def test_from_the_overview_to_a_proof_and_back(
    walk: Screen, running_stack: RunningStack
) -> None:
    late = stories_of(running_stack)["late_fill"]
    page = walk.page
    await walk.open()
    await expect(page.locator("[data-part=first-visit] li")).to_have_count(3)
    line = page.locator("[data-part=stories] [data-story=late_fill]")
    sentence = f"{late['at'][:10]} was published, then 1 fill of it came in"
    await expect(line).to_contain_text(sentence)
    await line.get_by_role("link", name="A fill that came late").click()
    await walk.settled()
    proof = page.get_by_role("dialog", name=DIALOG)
    changed = [visible(row) for row in await proof.locator("tbody tr.current").all_inner_texts()]
    fills = await proof.locator(".proof-value [data-exact]").first.get_attribute("data-exact")
    assert changed == [f"Fills {int(fills or 0) - 1} {fills}"]
    await page.get_by_role("button", name="Close the proof").click()
    await expect(proof).to_have_count(0)
    note = page.locator(".story-note[data-story=late_fill]")
    await expect(note).to_be_in_viewport()
    await expect(note).to_contain_text(sentence)
    await note.get_by_role("link", name="Proof").click()
    await expect(proof).to_be_visible()
    await page.go_back()
    await expect(proof).to_have_count(0)
    await page.go_back()
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()


async def test_every_story_is_listed_and_leads_where_its_mark_is_shown(
    walk: Screen, running_stack: RunningStack
) -> None:
    stories = stories_of(running_stack)
    assert stories.keys() >= {"late_fill", "gap_repaired", "herding", "twap"}
    events = {(story["wallet"], story["at"], story["coin"]) for story in stories.values()}
    assert len(events) == len(stories)
    page = walk.page
    for kind in stories:
        await walk.open("#/nowhere")
        await walk.open()
        await expect(page.locator("[data-part=stories] li")).to_have_count(len(stories))
        await page.locator(f"[data-part=stories] [data-story={kind}] a").click()
        await walk.settled()
        note = page.locator(f".story-note[data-story={kind}]")
        await expect(note).to_be_visible()
        assert not re.search(r"undefined|null|\b1 fills|@\d", await note.inner_text())
        if kind != "twap":
            proof = page.get_by_role("dialog", name=DIALOG)
            await expect(proof.locator(".proof-value")).to_be_in_viewport()
            await expect(proof.locator("section table, section dl").first).to_be_in_viewport()
