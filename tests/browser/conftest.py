"""The running system and a browser that is signed in to it."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, StorageState, async_playwright
from screen import Screen, watch

CHROMIUM = os.environ.get("HYPERTALLY_TEST_CHROMIUM", "/usr/bin/chromium")  # noqa: TID251
ARGUMENTS = [
    "--no-sandbox",  # root has no other way
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
ANSWER_SECONDS_MAX = 20
PATIENCE_MS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningStack:
    """A system with fills in it: where it is, and how to get in."""

    url: str
    sign_in_url: str
    token: str

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON of any shape
        """Answer of the API for the bearer of the token."""
        request = urllib.request.Request(  # noqa: S310 - our own loopback address
            self.url + path, headers={"Authorization": f"Bearer {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS_MAX) as answer:  # noqa: S310
            return json.loads(answer.read())


@pytest.fixture(scope="session")
def running_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """`hypertally up --sandbox` in a home of its own, once it has printed its link."""
    home = tmp_path_factory.mktemp("home")
    command = Path(sys.executable).with_name("hypertally")
    environment = os.environ | {"HYPERTALLY_HOME": str(home), "HYPERTALLY_PORT": "0"}
    with subprocess.Popen(
        [command, "up", "--sandbox"], env=environment, stdout=subprocess.PIPE, text=True
    ) as up:
        try:
            assert up.stdout is not None
            link = next(
                found for line in up.stdout if (found := re.search(r"http\S+token=\S+", line))
            )
            token = subprocess.run(
                [command, "token", "--org", "default", "--role", "analyst"],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
            yield RunningStack(url=link[0].split("/sign-in")[0], sign_in_url=link[0], token=token)
        finally:
            up.terminate()


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


@asynccontextmanager
async def opened(context: BrowserContext, base: str) -> AsyncIterator[Screen]:
    """One page of a context; every error the browser reports is kept."""
    page: Page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    yield watch(page, base)
    await page.unroute_all(behavior="ignoreErrors")
    await page.close()


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
