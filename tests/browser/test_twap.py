"""One TWAP: its figures, slices, events and proof are those of the API."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import stamina
from playwright.async_api import Route
from tests.browser.archive import FIRST_ID
from tests.browser.screen import DASH, Screen, eventually, visible
from tests.browser.stack import FIRST_BOOKS_SECONDS_MAX, NotYet, RunningStack

pytestmark = pytest.mark.asyncio(loop_scope="session")

FIGURES = (
    "size_requested",
    "progress",
    "vwap",
    "arrival_slippage_bps",
    "market_slippage_bps",
    "slices_expected",
    "slices_missed",
    "schedule_lag",
)
TOTALS = {"executed_size": "size", "fees_usd": "fees_usd", "slices": "slices"}
DAYS_OF_SANDBOX = timedelta(days=90)
SLICES_PER_PAGE = 50
SLICES_PER_ANSWER = 7  # instead of the many the page asks for, so that it has to go on asking


@pytest.fixture(scope="module")
def sliced(running_stack: RunningStack) -> dict[str, Any]:
    """The TWAP with the most slices of a tracked wallet that are all there; it is over."""
    for attempt in stamina.retry_context(
        on=NotYet, attempts=None, timeout=FIRST_BOOKS_SECONDS_MAX, wait_max=1
    ):
        with attempt:
            twap = _most_sliced(running_stack)
            if (twap["total"]["slices"] or 0) <= SLICES_PER_PAGE:
                raise NotYet
            return twap
    raise NotYet


def _most_sliced(running_stack: RunningStack) -> dict[str, Any]:
    now = datetime.fromisoformat(running_stack.get("/api/v1/session")["server_time"])
    begin = f"{now - DAYS_OF_SANDBOX:%Y-%m-%d}"
    twaps: list[dict[str, Any]] = []
    for row in running_stack.get("/api/v1/wallets?limit=1000")["wallets"]:
        query = f"wallet={row['wallet']}&status=finished&start={begin}&limit=500"
        twaps += running_stack.get(f"/api/v1/twaps?{query}")["twaps"]
    if not twaps:
        raise NotYet
    return max(twaps, key=lambda twap: twap["total"]["slices"] or 0)


async def test_a_spot_coin_is_called_by_its_pair_everywhere(
    screen: Screen, running_stack: RunningStack
) -> None:
    now = datetime.fromisoformat(running_stack.get("/api/v1/session")["server_time"])
    path = f"/api/v1/twaps?start={now - DAYS_OF_SANDBOX:%Y-%m-%d}&limit=1000"
    twaps = running_stack.get(path)["twaps"]
    spot = next(twap for twap in twaps if twap["asset"] == "@107" and twap["total"]["slices"])
    await screen.open(f"#/twaps/{spot['twap_id']}?wallet={spot['wallet']}")
    text = visible(await screen.page.get_by_role("main").inner_text())
    assert f"Executed, {spot['asset_name']}" in text
    assert f"Size {spot['asset_name']}" in text
    assert "@107" not in text


async def test_headlines_are_those_of_the_api(screen: Screen, sliced: dict[str, Any]) -> None:
    await screen.open(f"#/twaps/{sliced['twap_id']}")
    twap = (await screen.answer(f"/api/v1/twaps/{sliced['twap_id']}"))["twap"]
    total = {name: twap["total"][part] for name, part in TOTALS.items()}
    for name, value in ({name: twap[name] for name in FIGURES} | total).items():
        shown = screen.figure(name).locator(".figure-value")
        if value is None:
            assert DASH in await shown.inner_text(), name
        else:
            exact = shown.locator("[data-exact]").first
            assert await exact.get_attribute("data-exact") == str(value), name
    assert await screen.page.title() == f"TWAP {sliced['twap_id']} · hypertally"


async def test_slices_are_those_of_the_api_page_by_page(
    screen: Screen, sliced: dict[str, Any], running_stack: RunningStack
) -> None:
    path = f"/api/v1/twaps/{sliced['twap_id']}/slices?limit=1000"
    slices = running_stack.get(path)["slices"]
    assert len(slices) > SLICES_PER_PAGE
    await screen.open(f"#/twaps/{sliced['twap_id']}")
    seen: list[str | None] = []
    following = screen.page.locator("[data-table=slices] .pager a", has_text="Next")
    while True:
        begin = len(seen)
        for name in ("size", "price", "notional", "fees_usd", "oid"):
            shown = await screen.exact(screen.cells("slices", name))
            part = slices[begin : begin + SLICES_PER_PAGE]
            assert shown == [None if row[name] is None else str(row[name]) for row in part], name
        seen += await screen.exact(screen.cells("slices", "at"))
        if not await following.count():
            break
        await following.click()
        await screen.settled()
    assert seen == [row["at"] for row in slices]
    last = (await screen.exact(screen.cells("slices", "so_far")))[-1]
    assert last is not None
    assert last.rstrip("0").rstrip(".") == sliced["total"]["size"]


async def test_all_slices_are_drawn_however_many_answers_they_come_in(
    screen: Screen, sliced: dict[str, Any]
) -> None:
    async def fewer(route: Route) -> None:
        url = route.request.url.replace("limit=500", f"limit={SLICES_PER_ANSWER}")
        await route.fulfill(response=await route.fetch(url=url))

    number = sliced["twap_id"]
    await screen.page.route(f"**/api/v1/twaps/{number}/slices*", fewer)
    await screen.open(f"#/twaps/{number}?page=2")
    pager = visible(await screen.page.locator("[data-table=slices] .pager").inner_text())
    # The page stops after a dozen answers: a day's TWAP needs six of full size.
    asked = 12 * SLICES_PER_ANSWER
    assert f"of {min(asked, sliced['total']['slices'])} slices" in pager


async def test_the_charts_read_out_the_slice_under_the_pointer(
    screen: Screen, sliced: dict[str, Any]
) -> None:
    await screen.open(f"#/twaps/{sliced['twap_id']}")
    slices = (await screen.answer(f"/api/v1/twaps/{sliced['twap_id']}/slices"))["slices"]
    prices = screen.page.locator("[data-series=prices]")
    await prices.scroll_into_view_if_needed()
    box = await prices.locator(".u-over").bounding_box()
    assert box is not None
    await screen.page.mouse.move(box["x"] + 1, box["y"] + 40)
    exact = prices.locator(".readout [data-exact]")
    assert await exact.first.get_attribute("data-exact") == slices[0]["at"]
    assert await exact.nth(1).get_attribute("data-exact") == slices[0]["price"]
    # The other chart follows.
    done = screen.page.locator("[data-series=executed] .readout [data-exact]")
    assert await done.nth(1).get_attribute("data-exact") == slices[0]["size"]


async def test_a_brush_looks_closer_and_a_button_returns(
    screen: Screen, sliced: dict[str, Any]
) -> None:
    await screen.open(f"#/twaps/{sliced['twap_id']}")
    prices = screen.page.locator("[data-series=prices]")
    await prices.scroll_into_view_if_needed()
    box = await prices.locator(".u-over").bounding_box()
    assert box is not None
    await screen.page.mouse.move(box["x"] + 60, box["y"] + 40)
    await screen.page.mouse.down()
    await screen.page.mouse.move(box["x"] + 260, box["y"] + 40)
    await screen.page.mouse.up()
    await prices.get_by_text("Whole TWAP").click()
    await prices.get_by_text("Whole TWAP").wait_for(state="detached")


async def test_events_are_those_of_the_api_and_unfold_their_payload(
    screen: Screen, sliced: dict[str, Any]
) -> None:
    await screen.open(f"#/twaps/{sliced['twap_id']}")
    rows = (await screen.answer(f"/api/v1/twaps/{sliced['twap_id']}"))["rows"]
    for name in ("event_at", "status", "size_executed", "notional_executed"):
        assert await screen.exact(screen.cells("statuses", name)) == [row[name] for row in rows]
    payload = screen.cells("statuses", "raw").last.locator("pre")
    assert not await payload.is_visible()
    await screen.cells("statuses", "raw").last.locator("summary").click()
    assert json.loads(await payload.inner_text()) == rows[-1]["raw"]


async def test_slices_are_reconciled_with_the_last_status(
    screen: Screen, sliced: dict[str, Any]
) -> None:
    await screen.open(f"#/twaps/{sliced['twap_id']}")
    twap = (await screen.answer(f"/api/v1/twaps/{sliced['twap_id']}"))["twap"]
    for name in ("size", "notional"):
        line = screen.page.locator(f".reconciliation tr[data-key={name}]")
        cells = {"slices": "total", "status": "status_totals", "residual": "residual"}
        for key, part in cells.items():
            shown = await screen.exact(line.locator(f"td[data-key={key}]"))
            assert shown == [twap[part][name]], (name, key)
    agree = all(residual == "0" for residual in twap["residual"].values())
    mark = await screen.page.locator(".reconciliation .mark").inner_text()
    assert ("they agree" in mark) == agree


async def test_a_figure_opens_its_proof(screen: Screen, sliced: dict[str, Any]) -> None:
    number = sliced["twap_id"]
    await screen.open(f"#/twaps/{number}")
    # Another wallet may have a TWAP of the same number: the proof asks for this one.
    async with screen.page.expect_request(
        lambda request: f"/explain/twaps/{number}?" in request.url
    ) as request:
        await screen.figure("vwap").locator(".figure-value a").click()
    assert f"wallet={sliced['wallet']}" in (await request.value).url
    await screen.settled()
    assert f"proof=twap:{number}:vwap" in screen.page.url
    answer = await screen.answer(f"/api/v1/explain/twaps/{number}")
    panel = screen.page.get_by_role("dialog", name="Proof of a figure")
    await panel.locator("details.definition").evaluate("fold => { fold.open = true }")
    text = visible(await panel.inner_text())
    assert answer["inputs"]["digest"] in text
    assert visible(answer["definition"]["words"]) in text
    value = panel.locator(".proof-value [data-exact]").first
    assert await value.get_attribute("data-exact") == answer["value"]["vwap"]
    slices = answer["inputs"]["slices"]
    assert await screen.exact(screen.cells("proof-slices", "at")) == [row["at"] for row in slices]
    fills = answer["inputs"]["fills"]
    assert await screen.exact(screen.cells("proof-fills", "time")) == [row["time"] for row in fills]
    hours = answer["subtotals"]
    assert await screen.exact(screen.cells("subtotals", "size")) == [row["size"] for row in hours]
    await screen.page.keyboard.press("Escape")
    await screen.page.wait_for_selector(".proof", state="detached")


async def test_a_figure_of_the_explorer_opens_the_proof_of_its_twap(screen: Screen) -> None:
    await screen.open("#/twaps")
    number = (await screen.exact(screen.cells("twaps", "twap_id")))[0]
    await screen.cells("twaps", "size_requested").first.locator("a").click()
    await screen.settled()
    assert f"proof=twap:{number}:size_requested" in screen.page.url
    text = visible(await screen.page.locator(".proof-head").inner_text())
    assert f"TWAP {number}" in text


async def test_without_slices_the_statuses_speak_and_the_command_is_named(screen: Screen) -> None:
    number = FIRST_ID + 4
    await screen.open(f"#/twaps/{number}")

    async def check() -> None:
        twap = (await screen.answer(f"/api/v1/twaps/{number}"))["twap"]
        empty = await screen.page.locator(".empty").inner_text()
        assert f"hypertally wallets add {twap['wallet']}" in empty
        value = screen.figure("arrival_slippage_bps").locator(".figure-value")
        assert DASH in await value.inner_text()

    await eventually(check)
    await screen.figure("arrival_slippage_bps").get_by_text("see why").click()
    await screen.settled()
    answer = await screen.answer(f"/api/v1/explain/twaps/{number}")
    reason = answer["value"]["unknown"]["arrival_slippage_bps"]
    assert reason in await screen.page.locator(".proof .warning-line").inner_text()


@pytest.mark.parametrize("number", ["99", "abc"])
async def test_a_twap_that_is_not_there_names_the_command(screen: Screen, number: str) -> None:
    await screen.open(f"#/twaps/{number}")
    text = await screen.page.locator("main").inner_text()
    assert "No such TWAP" in text
    assert "hypertally twap ingest --incremental" in text
    screen.expected_errors = [text for text in screen.errors if "404" in text]
