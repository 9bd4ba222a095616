"""Any figure opens its proof, and the proof says what the API says."""

import pytest
from playwright.async_api import expect
from tests.browser.screen import Screen, eventually, visible, written
from tests.browser.stack import RunningStack

pytestmark = pytest.mark.asyncio(loop_scope="session")


# What a restatement may name, and how it reads: words, and of amounts those that changed.
CHANGES = {
    "closed": [True, False],
    "gap_ms": [43_260_000, 0],
    "digest": ["28:2307886701610740009", "29:1657173493660303997"],
    "completeness": ["0.4993", "0.999999"],
    "fees": [{"USDC": "1.5", "HYPE": "0.25"}, {"USDC": "1.75", "HYPE": "0.25"}],
    "volumes": [{"perp": {"USDC": "10.5"}}, {"perp": {"USDC": "10.5"}, "spot": {"USDH": "3"}}],
    "last_fill_at": ["2026-11-20T10:00:00Z", "2026-11-20T11:30:00Z"],
    "fees_usd": ["1.25", "-2.5"],
}
IN_WORDS = [
    "Fees 1.25 \N{MINUS SIGN}2.50",
    "Proved complete yes no",
    "Time in gaps 12 h 1 min 0",
    "Completeness 49.9% 99.9%",
    "Fees by token, USDC 1.5 1.75",
    "Volume by market, spot, USDH \N{EN DASH} 3",
    "Last fill 2026-11-20 10:00:00 2026-11-20 11:30:00",
    "Digest of the fills 28:2307886701610740009 29:1657173493660303997",
]


@pytest.fixture
def busy(running_stack: RunningStack) -> tuple[str, str]:
    """The wallet with the most fills, and a day of it that is over."""
    top = running_stack.get("/api/v1/wallets/top?by=fills&window=90d")["wallets"][0]["wallet"]
    days = running_stack.get(f"/api/v1/wallets/{top}/days?limit=3")["days"]
    return top, days[1]["day"]


async def test_a_number_in_a_table_opens_its_proof(screen: Screen, busy: tuple[str, str]) -> None:
    wallet, day = busy
    await screen.open(f"#/wallets/{wallet}")
    row = screen.page.locator("[data-table=days] tbody tr", has_text=day)
    await row.locator("td[data-key=fees_usd] a").click()
    await screen.settled()
    assert f"proof=wallet:{wallet}:{day}:fees_usd" in screen.page.url

    async def check() -> None:
        answer = await screen.answer(f"/api/v1/explain/wallet_day_metrics/{wallet}/{day}")
        panel = screen.page.get_by_role("dialog", name="Proof of a figure")
        await panel.locator("details.definition").evaluate("fold => { fold.open = true }")
        text = visible(await panel.inner_text())
        assert answer["inputs"]["digest"] in text
        assert answer["definition"]["words"].split()[0] in text
        assert f"Fills {answer['inputs']['count']:,}" in text
        value = panel.locator(".proof-value [data-exact]").first
        assert await value.get_attribute("data-exact") == answer["value"]["fees_usd"]
        times = await screen.exact(screen.cells("inputs", "time"))
        assert times == [fill["time"] for fill in answer["inputs"]["fills"]]

    await eventually(check)


async def test_the_digest_is_that_of_the_day_itself(
    screen: Screen, busy: tuple[str, str], running_stack: RunningStack
) -> None:
    wallet, day = busy
    await screen.open(f"#/wallets/{wallet}?proof=wallet:{wallet}:{day}:fills")
    path = f"/api/v1/wallets/{wallet}/days?from={day}&to={day}"
    digest = running_stack.get(path)["days"][0]["digest"]
    shown = screen.page.locator(".proof .digest code").first
    assert await shown.get_attribute("data-exact") == digest


async def test_subtotals_are_those_of_the_api(screen: Screen, busy: tuple[str, str]) -> None:
    wallet, day = busy
    await screen.open(f"#/wallets/{wallet}?proof=wallet:{wallet}:{day}:fills")
    answer = await screen.answer(f"/api/v1/explain/wallet_day_metrics/{wallet}/{day}")
    texts = await screen.cells("subtotals", "volume_usd").all_inner_texts()
    expected = [written(row["volume_usd"], kind="usd") for row in answer["subtotals"]]
    assert [visible(text) for text in texts] == expected


async def test_a_day_of_the_org_is_proved_by_its_wallets(screen: Screen) -> None:
    await screen.open("#/?range=7d")
    day = (await screen.answer("/api/v1/metrics/global?range=7d"))["days"][-2]["day"]
    await screen.go(f"#/?range=7d&proof=global:{day}:legs_volume_usd")
    answer = await screen.answer(f"/api/v1/explain/global_day_metrics/{day}")
    wallets = [row["wallet"] for row in answer["inputs"]["wallets"]]
    assert await screen.exact(screen.cells("inputs", "wallet")) == wallets


async def test_a_headline_is_proved_by_its_days_and_they_by_theirs(screen: Screen) -> None:
    await screen.open("#/?range=7d")
    await screen.figure("fees_usd").locator(".figure-value a").first.click()
    await screen.settled()
    days = (await screen.answer("/api/v1/metrics/global?range=7d"))["days"][::-1]
    shown = await screen.exact(screen.cells("proof-days", "fees_usd"))
    assert shown == [day["fees_usd"] for day in days]
    await screen.cells("proof-days", "fees_usd").nth(1).locator("a").click()
    await screen.settled()
    assert f"proof=global:{days[1]['day']}:fees_usd" in screen.page.url


async def test_escape_closes_and_the_focus_returns_to_the_figure(screen: Screen) -> None:
    await screen.open("#/?range=7d")
    link = screen.figure("fees_usd").locator(".figure-value a").first
    await link.focus()
    await screen.page.keyboard.press("Enter")
    await screen.page.wait_for_selector(".proof")
    await screen.page.keyboard.press("Escape")
    await screen.page.wait_for_selector(".proof", state="detached")
    assert "proof=" not in screen.page.url
    assert await link.evaluate("one => one === document.activeElement")


async def test_back_closes_the_proof_too(screen: Screen) -> None:
    await screen.open("#/?range=7d")
    await screen.figure("fees_usd").locator(".figure-value a").first.click()
    await screen.page.wait_for_selector(".proof")
    await screen.page.go_back()
    await screen.page.wait_for_selector(".proof", state="detached")


async def test_copy_as_curl_asks_the_same_question(
    screen: Screen, busy: tuple[str, str], running_stack: RunningStack
) -> None:
    wallet, day = busy
    await screen.open(f"#/wallets/{wallet}?proof=wallet:{wallet}:{day}:fills")
    await screen.page.get_by_text("Copy as curl").click()
    await screen.page.get_by_text("Copied").wait_for()
    copied = await screen.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith('curl -H "Authorization: Bearer $(hypertally token')
    assert f"{running_stack.url}/api/v1/explain/wallet_day_metrics/{wallet}/{day}" in copied
    assert running_stack.token not in copied


async def test_restatements_show_what_was_and_what_is(
    screen: Screen, busy: tuple[str, str]
) -> None:
    wallet, day = busy
    moved = {"restated_at": f"{day}T23:00:00.000Z", "cause": "late_facts"}

    async def restate(route) -> None:
        response = await route.fetch()
        body = await response.json()
        body["restatements"] = [moved | {"changes": CHANGES}]
        await route.fulfill(response=response, json=body)

    await screen.page.route("**/api/v1/explain/**", restate)
    await screen.open(f"#/wallets/{wallet}?proof=wallet:{wallet}:{day}:fees_usd")
    text = visible(await screen.page.locator(".restatements").inner_text())
    assert "late facts" in text
    assert "Fees 1.25 \N{MINUS SIGN}2.50" in text
    rows = screen.page.locator(".restatements tbody tr")
    assert [visible(row) for row in await rows.all_inner_texts()] == IN_WORDS
    assert await rows.first.get_attribute("class") == "current"
    await screen.page.set_viewport_size({"width": 390, "height": 844})
    assert await screen.page.locator(".restatements table").evaluate(
        "table => table.getBoundingClientRect().right <= innerWidth"
    )
    await screen.page.set_viewport_size({"width": 1440, "height": 900})


async def test_on_a_phone_the_answer_comes_first_and_the_definition_is_folded(
    own_screen: Screen, busy: tuple[str, str]
) -> None:
    wallet, day = busy
    page = own_screen.page
    await page.set_viewport_size({"width": 390, "height": 844})
    await own_screen.open(f"#/wallets/{wallet}?proof=wallet:{wallet}:{day}:fills")
    await expect(own_screen.cells("subtotals", "fills").first).to_be_in_viewport()
    words = page.locator(".proof .words")
    await expect(words).to_be_hidden()
    await page.locator(".proof summary", has_text="Definition").press("Enter")
    await expect(words).to_be_visible()


async def test_a_role_that_may_not_ask_is_told_so(screen: Screen, busy: tuple[str, str]) -> None:
    wallet, day = busy
    said = {"title": "Forbidden", "status": 403, "detail": "viewers may not open explanations"}
    await screen.page.route(
        "**/api/v1/explain/**", lambda route: route.fulfill(status=403, json=said)
    )
    await screen.open(f"#/wallets/{wallet}?proof=wallet:{wallet}:{day}:fees_usd")
    text = await screen.page.locator(".proof .failure").inner_text()
    assert "viewers may not open explanations" in text
    screen.expected_errors = [text for text in screen.errors if "403" in text]
