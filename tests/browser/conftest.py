"""The running system and a browser that is signed in to it."""

import os
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, StorageState, async_playwright
from tests.browser.screen import Screen, opened
from tests.browser.stack import RunningStack, started

CHROMIUM = os.environ.get("HYPERTALLY_TEST_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",  # root has no other way
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def running_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The whole system, with days and fills to look at."""
    with started(tmp_path_factory.mktemp("home")) as stack:
        yield stack


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def session_state(browser: Browser, running_stack: RunningStack) -> StorageState:
    """The cookie of a session, got as a person gets it who pastes a token."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"{running_stack.url}/sign-in?token={running_stack.token}")
    state = await context.storage_state()
    await context.close()
    return state


async def _sign_in(browser: Browser, state: StorageState) -> BrowserContext:
    context = await browser.new_context(
        storage_state=state, viewport={"width": 1440, "height": 900}
    )
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    return context


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def signed_in(browser: Browser, session_state: StorageState) -> AsyncIterator[BrowserContext]:
    """A person's browser, with its cache; shared by the tests that only look."""
    context = await _sign_in(browser, session_state)
    yield context
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def screen(signed_in: BrowserContext, running_stack: RunningStack) -> AsyncIterator[Screen]:
    """A signed-in page, 1440 wide; the test fails if the browser reports any error."""
    async with opened(signed_in, running_stack.url) as shown:
        yield shown
    assert shown.errors == shown.expected_errors


@pytest_asyncio.fixture(loop_scope="session")
async def own_screen(
    browser: Browser, running_stack: RunningStack, session_state: StorageState
) -> AsyncIterator[Screen]:
    """The same in a browser of its own, for tests that change what pages share."""
    context = await _sign_in(browser, session_state)
    async with opened(context, running_stack.url) as shown:
        yield shown
    await context.close()
    assert shown.errors == shown.expected_errors
