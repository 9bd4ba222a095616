"""What a person sees of the page, and what the API told the page."""

import asyncio
import csv
import io
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from playwright.async_api import BrowserContext, ConsoleMessage, Locator, Page, expect

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"
PATIENCE_MS = 10_000
TRIES = 40
PAUSE_SECONDS = 0.1
CENT = Decimal("0.01")

# The page's own requests, heard where they are made: far fewer messages than the browser's events.
# While the page stands still, what it asks for once more waits: a test compares the page with the
# answer it was drawn from, although the system behind it lives on.
LISTEN = """
(() => {
  const ask = window.fetch;
  let still = null;
  let moveOn = () => {};
  window.heard = [];
  window.asking = 0;
  window.stop = () => { still ??= new Promise((resolve) => { moveOn = resolve; }); };
  window.move = () => { still = null; moveOn(); };
  async function answered(address, options) {
    window.asking += 1;
    try {
      const response = await ask(address, options);
      return [response, await response.clone().text()];
    } finally {
      window.asking -= 1;
    }
  }
  window.fetch = async (address, options) => {
    if (options?.headers?.accept === "text/csv") return ask(address, options);
    const known = window.heard.some(([path]) => path === address);
    if (known) await still;
    const [response, text] = await answered(address, options);
    if (known) await still;
    if (response.ok) window.heard.push([address, text]);
    return response;
  };
})()
"""
# An answer may lead to the next question: quiet is when nothing was asked for a while.
SETTLE = """
new Promise((settled) => {
  let quiet = 0;
  const look = () => {
    quiet = window.asking || document.querySelector(".skeleton") ? 0 : quiet + 1;
    if (quiet > 4) settled();
    else setTimeout(look, 15);
  };
  look();
})
"""
SHORTENED_FROM = 10_000


@dataclass(slots=True, kw_only=True)
class Screen:
    """A page with what it was told and what went wrong in it."""

    page: Page
    base: str
    errors: list[str] = field(default_factory=list)
    expected_errors: list[str] = field(default_factory=list)
    compared: set[str] = field(default_factory=set)

    async def open(self, place: str = "#/") -> None:
        """Show a place of the page and wait until nothing loads any more."""
        await self.page.goto(f"{self.base}/{place}")
        await self.settled()

    async def go(self, place: str) -> None:
        """Follow a link inside the page."""
        await self.page.evaluate("place => { location.hash = place }", place)
        await self.settled()

    async def settled(self) -> None:
        """Wait for the answers and the drawing."""
        await self.page.wait_for_selector("#main")
        await self.page.evaluate(SETTLE)

    async def answer(self, path: str) -> Any:
        """Return the newest answer the page got for a path, with the begin of its query or not.

        From then on the page stands still; a path that is compared again lets it move first.
        """
        if path in self.compared:
            await self.page.evaluate("move()")
            await self.settled()
        self.compared.add(path)
        heard: list[tuple[str, str]] = await self.page.evaluate("(stop(), heard)")
        for asked, text in reversed(heard):
            if asked.startswith(path) if "?" in path else asked.partition("?")[0] == path:
                return json.loads(text)
        seen = [asked for asked, _ in heard]
        raise AssertionError(f"the page got no answer for {path}, only for {seen}")

    def figure(self, name: str) -> Locator:
        """The headline figure of a field."""
        return self.page.locator(f".figure[data-field={name}]")

    def cells(self, table: str, key: str) -> Locator:
        """A column of a table, below its heading."""
        return self.page.locator(f"[data-table={table}] tbody td[data-key='{key}']")

    async def exact(self, cells: Locator) -> list[str | None]:
        """The exact values that cells hold; None where one shows that it is unknown."""
        return await cells.evaluate_all(
            "cells => cells.map(cell => cell.querySelector('[data-exact]')?.dataset.exact ?? null)"
        )

    async def csv(self, table: str) -> list[dict[str, str]]:
        """Press CSV and return the lines of the file; the page must say how many there are."""
        async with self.page.expect_download() as waiting:
            await self.page.locator(f"[data-table={table}]").get_by_text("CSV", exact=True).click()
        path = await (await waiting.value).path()
        text = path.read_bytes().decode("utf-8-sig")
        lines = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
        words = f"Saved {len(lines):,} {'row' if len(lines) == 1 else 'rows'}"
        await expect(self.page.locator(f"[data-table={table}] [data-part=saved]")).to_have_text(
            words
        )
        return lines


# Columns of every file whose rows may have such a name; a row of JSON has those that there are.
NAMES = {"label", "tags", "coin_name", "asset_name"}


def in_file(row: dict[str, Any], column: str) -> str:
    """How a file writes a field of a row of JSON; `a.b` is a field of a field."""
    value: Any = row
    for name in column.split("."):
        if value is not None:
            value = value.get(name) if name in NAMES else value[name]
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def watch(page: Page, base: str) -> Screen:
    """Keep every answer and every error of a page from now on."""
    screen = Screen(page=page, base=base)

    def keep(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            screen.errors.append(message.text)

    page.on("console", keep)
    page.on("pageerror", lambda error: screen.errors.append(str(error)))
    return screen


@asynccontextmanager
async def opened(context: BrowserContext, base: str) -> AsyncIterator[Screen]:
    """One page of a context; every error the browser reports is kept."""
    page = await context.new_page()
    await page.add_init_script(LISTEN)
    page.set_default_timeout(PATIENCE_MS)
    yield watch(page, base)
    await page.unroute_all(behavior="ignoreErrors")
    await page.close()


async def eventually(check: Callable[[], Awaitable[None]]) -> None:
    """Repeat a check that new answers of a living system may outdate while it runs."""
    for _ in range(TRIES - 1):
        try:
            return await check()
        except AssertionError:
            await asyncio.sleep(PAUSE_SECONDS)
    return await check()


def written(value: str | int | None, *, kind: str) -> str:
    """How a table writes a value: the same rules as the page's, told apart from its code."""
    if value is None:
        return DASH
    amount = Decimal(value)
    if kind == "count":
        return f"{amount:,}"
    if amount and abs(amount) < Decimal("0.005"):
        text = "<0.01"
    else:
        text = f"{abs(amount).quantize(CENT, ROUND_HALF_UP):,}"
    return _signed(text, amount, kind=kind)


def written_short(value: str | int | None, *, kind: str) -> str:
    """How a headline writes a value: two decimals and a unit."""
    if value is None:
        return DASH
    amount = Decimal(value)
    if kind == "mean":
        return f"{amount.quantize(Decimal('0.1'), ROUND_HALF_UP):,}"
    text = _shortened(abs(amount), places=0 if kind == "count" else 2)
    return text if kind == "count" else _signed(f"${text}", amount, kind=kind)


def _shortened(amount: Decimal, *, places: int) -> str:
    if amount < SHORTENED_FROM:
        return f"{amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):,}"
    for exponent, unit in ((3, "K"), (6, "M"), (9, "B"), (12, "T")):
        rounded = amount.scaleb(-exponent).quantize(CENT, ROUND_HALF_UP)
        if rounded < 1000:
            return f"{rounded}{unit}"
    raise AssertionError(f"{amount} is beyond any test")


def _signed(text: str, amount: Decimal, *, kind: str) -> str:
    if amount < 0:
        return MINUS + text
    return f"+{text}" if kind == "pnl" and amount > 0 else text


def visible(text: str) -> str:
    """A text without the white space that only lays it out."""
    return re.sub(r"\s+", " ", text).strip()
