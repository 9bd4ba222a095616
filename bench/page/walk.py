"""A newcomer's walk: from the start of a prepared desk to the fill behind a figure, in Chromium.

Each step is timed from the start of the server. The seed is made before, as `make run` does, and
its time is shown apart: it is made once.
"""

import asyncio
import os
import signal
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Page, async_playwright

from bench.machine import console

CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
STEP_MS_MAX = 60_000


async def run(*, world: str) -> None:
    """Make the seed, start the desk, and walk to a fill."""
    with tempfile.TemporaryDirectory(prefix="hypertally-walk-") as home:
        begun = time.perf_counter()
        await _make_seed(home, world)
        console.print(f"the seed was made in {time.perf_counter() - begun:.0f} s, once")
        begun = time.perf_counter()
        async with _desk(home) as link:
            _show("the link is printed", begun)
            await _walk(link, begun)


def _show(step: str, begun: float) -> None:
    console.print(f"{time.perf_counter() - begun:6.1f} s  {step}")


async def _make_seed(home: str, world: str) -> None:
    made = await _start(home, "sandbox", "seed", "--world", world)
    if await made.wait():
        raise SystemExit("no seed was made: see the lines above")


async def _start(home: str, *command: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hypertally",
        *command,
        env={**os.environ, "HYPERTALLY_HOME": home, "HYPERTALLY_PORT": "0"},
        stdout=asyncio.subprocess.PIPE,
    )


@asynccontextmanager
async def _desk(home: str) -> AsyncGenerator[str]:
    """The link that the started desk prints."""
    process = await _start(home, "up", "--sandbox")
    assert process.stdout is not None
    try:
        async for line in process.stdout:
            if b"token=" in line:
                yield line.decode().split()[-1]
                break
    finally:
        process.send_signal(signal.SIGINT)
        await process.communicate()


async def _walk(link: str, begun: float) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(QUIET), env={"HOME": str(Path.home())}
        )
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(STEP_MS_MAX)
        await page.goto(link)
        await page.locator("[data-field=legs_volume_usd] .figure-value").first.wait_for()
        _show("the first figures are shown", begun)
        await _open_fill(page, begun)
        await browser.close()


async def _open_fill(page: Page, begun: float) -> None:
    """From the volume of the org to the proof of a day of its first wallet, and its fills."""
    await page.locator("[data-field=legs_volume_usd] .figure-value").first.click()
    await page.get_by_role("heading", name="Definition").first.wait_for()
    _show("the proof of the volume is open", begun)
    await page.goto(page.url.split("#")[0] + "#/leaderboard")
    await page.locator("a.address").first.click()
    await page.locator("[data-table=days] tbody a").first.click()
    await page.locator("[data-table=inputs] tbody tr").first.wait_for()
    _show("the fills behind a day of the first wallet are shown", begun)
