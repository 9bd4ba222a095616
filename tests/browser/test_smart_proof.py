"""The proof of a score: how it was restated, and what is not known yet."""

import pytest
from tests.browser.screen import DASH, Screen, visible

pytestmark = pytest.mark.asyncio(loop_scope="session")
PATH = "/api/v1/smart-money"
BUYS = ("OPEN_L", "ADD_L", "FLIP_L", "REDUCE_S", "CLOSE_S")


@pytest.mark.parametrize("width", [390, 1440])
async def test_the_proof_of_a_score_shows_how_it_was_restated(
    own_screen: Screen, width: int
) -> None:
    page = own_screen.page
    await page.set_viewport_size({"width": width, "height": 844})
    await own_screen.open("#/smart-money")
    at = (await own_screen.answer(PATH))["assets"][1]["signal"]["at"]
    await own_screen.go(f"#/smart-money?proof=signal:BTC:{at}:ecs.value")
    answer = await own_screen.answer(f"{PATH}/signals/BTC/{at}/explain")
    [restated] = answer["restatements"]
    [shown] = await page.locator(".proof .restatements > li").all()
    text = visible(await shown.inner_text())
    assert f"{restated['restated_at'][:10]} {restated['restated_at'][11:19]}" in text
    assert "UTC: late facts" in text
    rows = [visible(row) for row in await shown.locator("tbody tr").all_inner_texts()]
    assert sorted(rows) == [
        "Exits (ECS) 30.00 0.00",
        "Forced exits 0.00 26.50",
        "Position advised Long No-trade",
    ]
    assert await shown.locator("tr.current [data-exact]").evaluate_all(
        "cells => cells.map(cell => cell.dataset.exact)"
    ) == restated["changes"]["ecs.value"]  # fmt: skip
    box = await shown.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert await page.evaluate("document.documentElement.scrollWidth") == width
    await own_screen.go(f"#/smart-money?proof=signal:HYPE:{at}:ecs.value")
    words = page.locator(".proof section", has_text="Restatements")
    assert "None: the figure has not changed" in visible(await words.inner_text())


async def test_the_proof_of_herding_says_how_many_wallets_went_which_way(screen: Screen) -> None:
    await screen.open("#/smart-money?horizon=1h")
    at = (await screen.answer(PATH))["assets"][0]["signal"]["at"]
    await screen.go(f"#/smart-money?horizon=1h&proof=signal:HYPE:{at}:herding.h")
    answer = await screen.answer(f"{PATH}/signals/HYPE/{at}/explain")
    active, counts = answer["value"]["herding"]["n"], answer["counts"]
    bought = sum(counts.get(kind, 0) for kind in BUYS)
    assert 0 < bought <= active
    assert answer["value"]["herding"]["sign"] == 1
    sentence = await screen.page.locator(".proof [data-part=herding-count]").inner_text()
    assert visible(sentence) == f"{bought} of the {active} active wallets bought."


@pytest.mark.parametrize("width", [390, 1440])
async def test_forced_exits_whose_fills_are_not_read_are_not_known_yet(
    own_screen: Screen, width: int
) -> None:
    page = own_screen.page
    await page.set_viewport_size({"width": width, "height": 844})
    await own_screen.open("#/smart-money?open=scores-ETH")
    signal = (await own_screen.answer(PATH))["assets"][2]["signal"]
    at, left, unexplained = signal["at"], signal["ecs"]["left"], signal["ecs"]["unexplained"]
    notes = page.locator(".smart-asset[data-asset=ETH]").locator(".score-notes")
    assert f"forced not known yet: {unexplained} of {left} exits" in visible(
        await notes.inner_text()
    )
    await own_screen.go(f"#/smart-money?proof=signal:ETH:{at}:ecs.forced")
    answer = await own_screen.answer(f"{PATH}/signals/ETH/{at}/explain")
    exits = answer["exits"]["all"]
    assert (exits["left"], exits["unexplained"]) == (left, unexplained)
    assert answer["value"]["ecs"]["forced"] is None
    assert unexplained > 0
    proof = page.get_by_role("dialog", name="Proof of a figure")
    assert await proof.locator(".proof-value .null").first.inner_text() == DASH
    assert visible(await proof.locator(".proof-head .warning-line").inner_text()) == (
        f"Unknown because the fills of {unexplained} of the {left} wallets that left "
        "are not known yet."
    )
    text = visible(await proof.inner_text())
    forced = exits["forced"]
    assert (
        f"{left} of {exits['exposed']} holders, {forced} more are known to be forced, "
        f"of {unexplained} of those that left it is not known yet" in text
    )
