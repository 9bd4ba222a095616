"""The TWAP explorer shows what the API says, keeps its filters in the URL, and loses no row."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from playwright.async_api import Locator
from tests.browser.archive import FIRST_ID
from tests.browser.screen import DASH, MINUS, Screen, eventually, in_file, visible
from tests.browser.stack import RunningStack

pytestmark = pytest.mark.asyncio(loop_scope="session")

PER_PAGE = 100
PAGES_MAX = 9  # the archive's object fills three
ALL = "/api/v1/twaps?limit=500"
PLAIN = (
    "twap_id",
    "wallet",
    "asset",
    "side",
    "status",
    "started_at",
    "size_requested",
    "progress",
    "vwap",
    "arrival_slippage_bps",
    "completeness",
)
EXECUTED = {
    "executed_size": "size",
    "executed_notional": "notional",
    "fees": "fees",
    "fees_usd": "fees_usd",
    "slices": "slices",
    "source": "source",
}
WORDS = {
    None: "no status",
    "activated": "running",
    "finished": "finished",
    "terminated": "terminated",
}
AWAY = {"title": "Unavailable", "status": 503, "detail": "the database is away"}


async def test_rows_are_the_twaps_of_the_api(screen: Screen) -> None:
    await screen.open("#/twaps")

    async def check() -> None:
        twaps = (await screen.answer("/api/v1/twaps"))["twaps"]
        assert len(twaps) == PER_PAGE
        for name in (*PLAIN, "executed_size", "fees_usd"):
            shown = await screen.exact(screen.cells("twaps", name))
            assert shown == [_text(_flat(twap)[name]) for twap in twaps], name

    await eventually(check)


async def test_slippage_has_a_sign_a_shape_and_the_colour_of_a_cost(screen: Screen) -> None:
    await screen.open("#/twaps?range=1d&status=activated")

    async def check() -> None:
        twaps = (await screen.answer("/api/v1/twaps"))["twaps"]
        texts = await screen.cells("twaps", "arrival_slippage_bps").all_inner_texts()
        values = [twap["arrival_slippage_bps"] for twap in twaps]
        assert any(values)
        assert [visible(text) for text in texts] == [_points(value) for value in values]
        for number, value in enumerate(values):
            cell = screen.cells("twaps", "arrival_slippage_bps").nth(number)
            sign = Decimal(value or 0).compare(0)
            assert await cell.locator(".cost.loss").count() == (sign > 0)
            assert await cell.locator(".saving.gain").count() == (sign < 0)

    await eventually(check)


async def test_each_state_is_a_word_and_a_shape(screen: Screen) -> None:
    await screen.open("#/twaps")
    twaps = (await screen.answer("/api/v1/twaps"))["twaps"]
    drawn = await screen.cells("twaps", "status").evaluate_all(
        "cells => cells.map(cell => [cell.innerText.trim(), cell.querySelector('svg').innerHTML])"
    )
    assert [word for word, _ in drawn] == [_word(twap) for twap in twaps]
    shapes: dict[str, set[str]] = {}
    for word, shape in drawn:
        shapes.setdefault(word, set()).add(shape)
    assert {"running", "finished", "terminated", "error", "end not reported"} <= set(shapes)
    assert len(set().union(*shapes.values())) == len(shapes)


async def test_the_clock_marks_where_a_running_twap_should_be(screen: Screen) -> None:
    await screen.open("#/twaps?range=1d")
    twaps = (await screen.answer("/api/v1/twaps"))["twaps"]
    marks = await screen.cells("twaps", "progress").evaluate_all(
        "cells => cells.map(cell => cell.querySelector('.due')?.style.left ?? null)"
    )
    assert any(marks)
    for twap, mark in zip(twaps, marks, strict=True):
        assert (mark is not None) == (_word(twap) == "running"), twap["twap_id"]
        if mark:
            due = Decimal(twap["elapsed_share"]) * 100
            assert abs(Decimal(mark.removesuffix("%")) - due) <= Decimal("0.01")


async def test_unknown_is_a_dash_with_the_reason_of_the_api(screen: Screen) -> None:
    await screen.open("#/twaps")

    async def check() -> None:
        twaps = (await screen.answer("/api/v1/twaps"))["twaps"]
        number, twap = next(
            (n, one) for n, one in enumerate(twaps) if int(one["twap_id"]) >= FIRST_ID
        )
        cell = screen.cells("twaps", "arrival_slippage_bps").nth(number)
        assert visible(await cell.inner_text()) == DASH
        title = await cell.locator("[title]").first.get_attribute("title")
        assert twap["unknown"]["arrival_slippage_bps"] in (title or "")

    await eventually(check)


async def test_filters_are_in_the_url_and_back_returns(screen: Screen) -> None:
    await screen.open("#/twaps")
    await _field(screen, "asset").fill("BTC")
    await screen.page.get_by_text("Show", exact=True).click()
    await screen.settled()
    assert set(await screen.exact(screen.cells("twaps", "asset"))) == {"BTC"}
    await screen.page.get_by_role("navigation", name="Status").get_by_text("Finished").click()
    await screen.settled()
    assert "asset=BTC" in screen.page.url
    assert "status=finished" in screen.page.url
    assert set(await screen.exact(screen.cells("twaps", "status"))) == {"finished"}
    await screen.page.go_back()
    await screen.settled()
    assert "status=" not in screen.page.url
    assert len(set(await screen.exact(screen.cells("twaps", "status")))) > 1
    await screen.page.go_back()
    await screen.settled()
    assert len(set(await screen.exact(screen.cells("twaps", "asset")))) > 1
    assert not await _field(screen, "asset").input_value()


async def test_a_link_with_filters_shows_the_same_view(
    screen: Screen, running_stack: RunningStack
) -> None:
    wallet = running_stack.get(ALL)["twaps"][-1]["wallet"]
    await screen.open(f"#/twaps?wallet={wallet.upper().replace('X', 'x')}&status=error")
    twaps = running_stack.get(f"{ALL}&wallet={wallet}&status=error")["twaps"]
    shown = await screen.exact(screen.cells("twaps", "twap_id"))
    assert shown == [twap["twap_id"] for twap in twaps]


async def test_half_an_address_is_not_asked_for(screen: Screen) -> None:
    await screen.open("#/twaps")
    await _field(screen, "wallet").fill("0x12")
    await screen.page.get_by_text("Show", exact=True).click()
    assert "wallet=" not in screen.page.url


async def test_days_can_be_named(screen: Screen, running_stack: RunningStack) -> None:
    day = running_stack.get(ALL)["twaps"][-1]["started_at"][:10]
    await screen.open("#/twaps")
    await _field(screen, "from").fill(day)
    await _field(screen, "to").fill(day)
    await screen.page.get_by_text("Show", exact=True).click()
    await screen.settled()
    answer = await screen.answer("/api/v1/twaps")
    assert (answer["start"][:10], answer["end"][11:16]) == (day, "00:00")
    assert all(began and began[:10] <= day for began in await _starts(screen))
    chosen = screen.page.get_by_role("navigation", name="Range").locator("[aria-current]")
    assert await chosen.count() == 0
    await screen.page.get_by_role("navigation", name="Range").get_by_text("30 days").click()
    await screen.settled()
    assert "from=" not in screen.page.url


async def test_pages_show_each_twap_once(screen: Screen, running_stack: RunningStack) -> None:
    # Whole days that are over: nothing begins in them any more.
    started = [twap["started_at"][:10] for twap in running_stack.get(ALL)["twaps"]]
    first, last = started[-1], sorted(set(started))[-2]
    await screen.open(f"#/twaps?from={first}&to={last}")
    window = await screen.answer("/api/v1/twaps")
    whole = running_stack.get(f"{ALL}&start={window['start']}&end={window['end']}")["twaps"]
    pages = [await screen.exact(screen.cells("twaps", "twap_id"))]
    older = screen.page.locator(".pager a", has_text="Older")
    while await older.count() and len(pages) < PAGES_MAX:
        await older.click()
        await screen.settled()
        pages.append(await screen.exact(screen.cells("twaps", "twap_id")))
    assert len(pages) > 1
    assert [one for page in pages for one in page] == [twap["twap_id"] for twap in whole]
    await screen.page.locator(".pager a", has_text="Newer").click()
    await screen.settled()
    assert await screen.exact(screen.cells("twaps", "twap_id")) == pages[-2]


async def test_headings_sort_the_rows_at_hand_with_unknown_ones_last(screen: Screen) -> None:
    await screen.open("#/twaps?twaps.sort=progress:up")
    shown = await screen.exact(screen.cells("twaps", "progress"))
    known = [Decimal(value) for value in shown if value is not None]
    assert known == sorted(known)
    assert shown[len(known) :] == [None] * (len(shown) - len(known))
    await screen.page.locator("[data-table=twaps] th[data-key=size_requested] button").click()
    assert "twaps.sort=size_requested:down" in screen.page.url
    sizes = [
        Decimal(size or 0) for size in await screen.exact(screen.cells("twaps", "size_requested"))
    ]
    assert sizes == sorted(sizes, reverse=True)


async def test_csv_holds_all_pages_of_the_list(screen: Screen) -> None:
    await screen.open("#/twaps")

    async def check() -> None:
        lines = await screen.csv("twaps")
        twaps = (await screen.answer("/api/v1/twaps"))["twaps"]
        assert len(lines) > len(twaps)
        line_by_id = {line["twap_id"]: line for line in lines}
        # What runs has changed since the API's answer, which may be a minute old.
        ended = [twap for twap in twaps if twap["status"] != "activated"]
        assert len(ended) > len(twaps) / 2
        for twap in ended:
            line = line_by_id[str(twap["twap_id"])]
            plain = {name for name in line if not line[name].startswith(("[", "{"))}
            assert len(plain) > len(line) / 2
            assert {name: line[name] for name in plain} == {
                name: in_file(twap, name) for name in plain
            }

    await eventually(check)


async def test_a_row_is_reached_and_opened_by_keys(screen: Screen) -> None:
    await screen.open("#/twaps")
    await screen.page.locator("[data-table=twaps] .scroll").focus()
    await screen.page.keyboard.press("ArrowDown")
    await screen.page.keyboard.press("Enter")
    await screen.page.wait_for_url("**/#/twaps/*")
    await screen.settled()
    assert await screen.page.locator(".figure[data-field=progress]").count() == 1


async def test_search_opens_a_twap_by_its_number(screen: Screen) -> None:
    await screen.open()
    await screen.page.keyboard.press("/")
    await screen.page.keyboard.type(str(FIRST_ID + 3))
    await screen.page.get_by_role("option").first.wait_for()
    await screen.page.keyboard.press("Enter")
    await screen.page.wait_for_url(f"**/#/twaps/{FIRST_ID + 3}")
    await screen.settled()
    assert str(FIRST_ID + 3) in await screen.page.locator("h1").inner_text()


async def test_totals_are_those_of_the_api(screen: Screen) -> None:
    await screen.open("#/twaps?view=totals&by=wallet")

    async def check() -> None:
        rows = (await screen.answer("/api/v1/twaps/summary"))["rows"]
        for name in ("wallet", "twaps", "finished", "running", "failed", "executed_notional"):
            shown = await screen.exact(screen.cells("totals", name))
            assert shown == [_text(row[name]) for row in rows], name

    await eventually(check)
    wallet = (await screen.exact(screen.cells("totals", "wallet")))[0]
    await screen.cells("totals", "twaps").first.locator("a").click()
    await screen.settled()
    assert set(await screen.exact(screen.cells("twaps", "wallet"))) == {wallet}


async def test_an_empty_range_names_the_command(screen: Screen) -> None:
    await screen.open("#/twaps?from=2019-01-01&to=2019-01-02")
    empty = await screen.page.locator(".empty").inner_text()
    assert "hypertally twap ingest --incremental" in empty
    await screen.go("#/twaps?asset=NOSUCHCOIN")
    assert "No TWAP matches" in await screen.page.locator(".empty").inner_text()


async def test_a_failed_load_says_why_and_retry_recovers(screen: Screen) -> None:
    failing = "**/api/v1/twaps?*"
    await screen.page.route(failing, lambda route: route.fulfill(status=503, json=AWAY))
    await screen.page.goto(f"{screen.base}/#/twaps?asset=ETH")
    await screen.page.get_by_text("Could not load the TWAPs").wait_for()
    assert "the database is away" in await screen.page.locator(".failure").inner_text()
    await screen.page.unroute(failing)
    await screen.page.locator(".failure").get_by_text("Retry").click()
    await screen.page.wait_for_selector("[data-table=twaps]")
    screen.expected_errors = [text for text in screen.errors if "503" in text]


async def test_a_wallet_shows_its_twaps_and_leads_to_all_of_them(
    screen: Screen, running_stack: RunningStack
) -> None:
    running = running_stack.get("/api/v1/twaps/pressure")["running"]
    wallet = next(row["wallet"] for row in running if row["basis"] == "slices")
    await screen.open(f"#/wallets/{wallet}")

    async def check() -> None:
        twaps = (await screen.answer("/api/v1/twaps"))["twaps"]
        assert twaps
        for name in ("started_at", "asset", "status", "progress", "arrival_slippage_bps"):
            shown = await screen.exact(screen.cells("twaps", name))
            assert shown == [_text(twap[name]) for twap in twaps], name

    await eventually(check)
    await screen.page.get_by_text("All TWAPs of the wallet").click()
    await screen.settled()
    assert set(await screen.exact(screen.cells("twaps", "wallet"))) == {wallet}
    assert await _field(screen, "wallet").input_value() == wallet


def _field(screen: Screen, name: str) -> Locator:
    return screen.page.locator(f".filter input[name={name}]")


async def _starts(screen: Screen) -> list[str | None]:
    return await screen.exact(screen.cells("twaps", "started_at"))


def _flat(twap: dict[str, Any]) -> dict[str, Any]:
    """A row as the table has it: what was executed in the range stands beside the rest."""
    return twap | {name: twap["executed"][part] for name, part in EXECUTED.items()}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _word(twap: dict[str, Any]) -> str:
    if twap["status"] == "activated" and twap["elapsed_share"] == "1":
        return "end not reported"
    return WORDS.get(twap["status"], "error")


def _points(value: str | None) -> str:
    if value is None:
        return DASH
    amount = Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP)
    if not amount:
        return "0.00"
    return f"{'+' if amount > 0 else MINUS}{abs(amount):,}"
