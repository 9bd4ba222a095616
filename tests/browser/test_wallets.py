"""The list of wallets, and one wallet with its days, fills and record."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.browser.screen import Screen, eventually, in_file, visible, written, written_short
from tests.browser.stack import RunningStack

from hypertally.api.http.limits import PROFILE_SECONDS_MAX

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILLS_PER_PAGE = 100
DAYS_PER_PAGE = 90
TOTALS = {
    "legs_volume_usd": "usd",
    "gross_realised_pnl_usd": "pnl",
    "fees_usd": "usd",
    "perp_volume_usd": "usd",
    "spot_volume_usd": "usd",
    "taker_volume_usd": "usd",
}
DAY = ("fills", "spot_volume_usd", "perp_volume_usd", "gross_realised_pnl_usd", "fees_usd")


@pytest.fixture
def wallet(running_stack: RunningStack) -> str:
    """The wallet with the most fills."""
    return running_stack.get("/api/v1/wallets/top?by=fills&window=90d")["wallets"][0]["wallet"]


async def test_list_holds_every_wallet_of_the_org(screen: Screen) -> None:
    await screen.open("#/wallets")
    wallets = (await screen.answer("/api/v1/wallets?"))["wallets"]
    assert wallets
    shown = await screen.exact(screen.cells("wallets", "wallet"))
    assert shown == [row["wallet"] for row in wallets]


async def test_part_of_an_address_finds_its_wallets(screen: Screen, wallet: str) -> None:
    await screen.open("#/wallets")
    await screen.page.get_by_label("Search", exact=True).fill(wallet[2:9])
    await screen.page.get_by_text("Find", exact=True).click()
    await screen.settled()
    assert wallet in await screen.exact(screen.cells("wallets", "wallet"))
    assert all(
        wallet[2:9] in (text or "")
        for text in await screen.exact(screen.cells("wallets", "wallet"))
    )


async def test_a_query_that_nothing_has_says_so(screen: Screen) -> None:
    await screen.open("#/wallets?query=xyz")
    text = await screen.page.locator(".empty").inner_text()
    assert "No tracked wallet has “xyz” in its address or name" in text
    assert await screen.page.locator(".failure").count() == 0


async def test_what_the_org_calls_a_wallet_stands_on_every_page_of_it(
    screen: Screen, running_stack: RunningStack, tmp_path: Path
) -> None:
    top = running_stack.get("/api/v1/wallets/top?by=fills&window=90d")["wallets"]
    wallet = top[-1]["wallet"]
    file = tmp_path / "names.csv"
    header = "address,label,tags,note"
    file.write_text(f"{header}\n{wallet},Night desk,market maker,asked on 3 May\n")
    await screen.open("#/wallets")
    head = screen.page.locator("[data-table=wallets] th[data-key=groups]")
    assert await head.count() == 0, "no wallet is in a group: the column is left out"
    running_stack.run("wallets", "import", str(file))
    await screen.page.wait_for_timeout(PROFILE_SECONDS_MAX * 1000)
    await screen.open("#/wallets?query=night")
    assert await screen.exact(screen.cells("wallets", "wallet")) == [wallet]
    assert await screen.exact(screen.cells("wallets", "tags")) == ["market maker"]
    await screen.page.get_by_role("link", name="market maker").click()
    await screen.settled()
    assert await screen.exact(screen.cells("wallets", "wallet")) == [wallet]
    await screen.open(f"#/wallets/{wallet}")
    assert await screen.page.locator("[data-part=note]").inner_text() == "asked on 3 May"
    await screen.open("#/leaderboard?by=fills&window=90d&tag=market+maker")
    cell = screen.cells("ranks", "wallet").first
    assert "Night desk" in await cell.inner_text()
    assert await screen.cells("ranks", "wallet").count() == 1
    await screen.page.keyboard.press("/")
    await screen.page.keyboard.type("3 may")
    await screen.page.get_by_role("option").first.click()
    await screen.settled()
    assert screen.page.url.endswith(f"#/wallets/{wallet}")


async def test_totals_are_those_of_the_api(screen: Screen, wallet: str) -> None:
    await screen.open(f"#/wallets/{wallet}")

    async def check() -> None:
        answer = await screen.answer(f"/api/v1/wallets/{wallet}")
        total = (await screen.answer(f"/api/v1/wallets/{wallet}/days"))["total"]
        for name, kind in TOTALS.items():
            value = screen.figure(name).locator(".figure-value > :first-child")
            text = visible(await value.inner_text())
            assert text == written_short(total[name], kind=kind), name
        record = visible(await screen.page.locator(".record").inner_text())
        assert f"Gaps {answer['record']['gaps']}" in record
        assert f"Rejected rows {answer['record']['rejects']}" in record

    await eventually(check)


async def test_days_are_those_of_the_api(screen: Screen, wallet: str) -> None:
    await screen.open(f"#/wallets/{wallet}")

    async def check() -> None:
        days = (await screen.answer(f"/api/v1/wallets/{wallet}/days"))["days"][:DAYS_PER_PAGE]
        assert await screen.exact(screen.cells("days", "day")) == [day["day"] for day in days]
        for name in DAY:
            shown = await screen.exact(screen.cells("days", name))
            assert shown == [None if day[name] is None else str(day[name]) for day in days], name
        texts = await screen.cells("days", "gross_realised_pnl_usd").all_inner_texts()
        pnl = [written(day["gross_realised_pnl_usd"], kind="pnl") for day in days]
        assert [visible(text) for text in texts] == pnl

    await eventually(check)


async def test_a_month_of_a_wallet_has_its_own_totals_and_proof(
    screen: Screen, wallet: str
) -> None:
    await screen.open(f"#/wallets/{wallet}")
    month = (await screen.answer(f"/api/v1/wallets/{wallet}/days"))["days"][0]["day"][:7]
    await screen.go(f"#/wallets/{wallet}?range={month}&proof=span:{wallet}:fees_usd")
    answer = await screen.answer(f"/api/v1/wallets/{wallet}/days?month={month}")
    assert {day["day"][:7] for day in answer["days"]} == {month}
    card = screen.figure("fees_usd").locator("[data-exact]").first
    proof = screen.page.locator(".proof-value [data-exact]").first
    total = answer["total"]["fees_usd"]
    assert await card.get_attribute("data-exact") == total
    assert await proof.get_attribute("data-exact") == total
    shown = await screen.exact(screen.cells("proof-days", "fees_usd"))
    assert sum(Decimal(fee or 0) for fee in shown) == Decimal(total)


async def test_fills_page_by_cursor_without_loss_or_repeat(screen: Screen, wallet: str) -> None:
    # Up to a day in the past: the fills of a living wallet would move the pages.
    day = (await _days(screen, wallet))[1]["day"]
    await screen.open(f"#/wallets/{wallet}?to={day}")
    first = (await screen.answer(f"/api/v1/wallets/{wallet}/fills"))["fills"]
    assert len(first) == FILLS_PER_PAGE
    older = screen.page.locator("#fills").get_by_text("Older", exact=True)
    await older.click()
    await screen.settled()
    second = (await screen.answer(f"/api/v1/wallets/{wallet}/fills"))["fills"]
    shown = await screen.exact(screen.cells("fills", "time"))
    assert shown == [fill["time"] for fill in second]
    assert not {_key(fill) for fill in first} & {_key(fill) for fill in second}
    await screen.page.locator("#fills").get_by_text("Newer", exact=True).click()
    await screen.settled()
    assert await screen.exact(screen.cells("fills", "time")) == [fill["time"] for fill in first]


async def test_fills_show_prices_and_sizes_as_the_exchange_wrote_them(
    screen: Screen, wallet: str
) -> None:
    day = (await _days(screen, wallet))[1]["day"]
    await screen.open(f"#/wallets/{wallet}?to={day}")
    fills = (await screen.answer(f"/api/v1/wallets/{wallet}/fills"))["fills"]
    for name in ("px", "sz", "fee"):
        assert await screen.exact(screen.cells("fills", name)) == [fill[name] for fill in fills]
    texts = await screen.cells("fills", "px").all_inner_texts()
    assert [text.replace(",", "") for text in texts] == [fill["px"] for fill in fills]


async def test_fills_of_one_coin_only(screen: Screen, wallet: str) -> None:
    await screen.open(f"#/wallets/{wallet}")
    coin = (await screen.answer(f"/api/v1/wallets/{wallet}/fills"))["fills"][0]["coin"]
    await screen.page.locator("#fills input[name=coin]").fill(coin)
    await screen.page.locator("#fills").get_by_text("Show", exact=True).click()
    await screen.settled()
    assert set(await screen.exact(screen.cells("fills", "coin"))) == {coin}


async def test_fills_of_a_pair_whose_name_is_typed_and_suggested(
    screen: Screen, running_stack: RunningStack
) -> None:
    wallets = running_stack.get("/api/v1/wallets?limit=1000")["wallets"]
    wallet, fill = next(
        (row["wallet"], fill)
        for row in wallets
        for fill in running_stack.get(f"/api/v1/wallets/{row['wallet']}/fills?limit=1000")["fills"]
        if fill.get("coin_name")
    )
    await screen.open(f"#/wallets/{wallet}")
    field = screen.page.locator("#fills input[name=coin]")
    await field.fill(fill["coin_name"].lower())
    suggestion = screen.page.locator(f'#fills datalist option[value="{fill["coin_name"]}"]')
    await suggestion.wait_for(state="attached")
    assert await field.input_value() == fill["coin_name"].lower(), "what is typed stays"
    await screen.page.locator("#fills").get_by_text("Show", exact=True).click()
    await screen.settled()
    assert set(await screen.exact(screen.cells("fills", "coin"))) == {fill["coin"]}


async def test_the_list_says_how_many_wallets_there_are(
    screen: Screen, running_stack: RunningStack
) -> None:
    total = running_stack.get("/api/v1/wallets?limit=1")["total"]
    await screen.open("#/wallets")
    shown = await screen.page.locator("[data-part=count]").inner_text()
    assert shown.startswith(f"{total} wallet")


async def test_csv_of_fills_holds_all_pages_of_the_filter(
    screen: Screen, running_stack: RunningStack, wallet: str
) -> None:
    day = (await _days(screen, wallet))[1]["day"]
    await screen.open(f"#/wallets/{wallet}?to={day}")
    lines = await screen.csv("fills")
    shown = (await screen.answer(f"/api/v1/wallets/{wallet}/fills"))["fills"]
    fills = running_stack.get(f"/api/v1/wallets/{wallet}/fills?to={day}&limit=1000")["fills"]
    assert len(shown) < len(lines)
    for line, fill in zip(lines, fills, strict=False):
        del line["extra"]
        assert line == {name: in_file(fill, name) for name in line}


async def test_a_wallet_of_nobody_says_what_to_run(screen: Screen) -> None:
    nobody = "0x" + "ab" * 20
    await screen.open(f"#/wallets/{nobody}")
    assert f"hypertally wallets add {nobody}" in await screen.page.locator("main").inner_text()
    screen.expected_errors = [text for text in screen.errors if "404" in text]


async def test_coverage_lists_the_gaps_of_the_api(screen: Screen) -> None:
    await screen.open("#/coverage")

    async def check() -> None:
        gaps = (await screen.answer("/api/v1/coverage"))["gaps"]
        if not gaps:
            assert "No gaps are known" in await screen.page.locator("main").inner_text()
            return
        assert await screen.exact(screen.cells("gaps", "wallet")) == [gap["wallet"] for gap in gaps]
        assert await screen.exact(screen.cells("gaps", "kind")) == [gap["kind"] for gap in gaps]

    await eventually(check)


async def _days(screen: Screen, wallet: str) -> list[dict[str, Any]]:
    await screen.open(f"#/wallets/{wallet}")
    return (await screen.answer(f"/api/v1/wallets/{wallet}/days"))["days"]


def _key(fill: dict[str, Any]) -> tuple[object, ...]:
    return tuple(fill[name] for name in ("coin", "time", "oid", "tid", "side", "ordinal"))
