"""Smart money: playbooks, scores, positions and contributors are those of the API."""

from collections.abc import Awaitable, Callable
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from threading import Thread
from typing import Any

import pytest
from playwright.async_api import Locator, Route
from tests.browser.screen import DASH, MINUS, Screen, eventually, in_file, visible
from tests.browser.stack import RunningStack
from tests.browser.watched import keep_fresh

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATH = "/api/v1/smart-money"
ASSETS = ("HYPE", "BTC", "ETH")
GAUGES = ("cas", "dispersion", "ecs")
FIELDS = ("before_coin", "now_coin", "delta_coin", "delta_usd")
EFFECTS = ("cas", "dispersion", "ecs")
CENT = Decimal("0.01")
AWAY = {"title": "Unavailable", "status": 503, "detail": "the database is away"}

Check = Callable[[Locator, dict[str, Any]], Awaitable[None]]
Change = Callable[[dict[str, Any]], None]


@pytest.fixture(autouse=True)
def fresh(running_stack: RunningStack) -> None:
    """The feed is well while a test looks."""
    thread = Thread(target=keep_fresh, args=(running_stack.home,))  # the tests have a loop
    thread.start()
    thread.join()


def asset_of(screen: Screen, asset: str) -> Locator:
    """One asset's part of the screen."""
    return screen.page.locator(f".smart-asset[data-asset={asset}]")


def points(value: str | None) -> str:
    """How a score is written."""
    if value is None:
        return DASH
    return f"{Decimal(value).quantize(CENT, ROUND_HALF_UP):,}"


async def changed(screen: Screen, change: Change, path: str = PATH) -> None:
    """Let the page see another answer than the one the API gave."""

    async def answer(route: Route) -> None:
        response = await route.fetch()
        body = await response.json()
        change(body)
        await route.fulfill(response=response, json=body)

    await screen.page.route(f"**{path}", answer)


async def of_each(screen: Screen, check: Check) -> None:
    """Check every asset against the newest answer."""

    async def all_of_them() -> None:
        assets = (await screen.answer(PATH))["assets"]
        assert [one["asset"] for one in assets] == list(ASSETS)
        for one in assets:
            await check(asset_of(screen, one["asset"]), one)

    await eventually(all_of_them)


async def test_playbooks_are_those_of_the_api_in_words_and_shapes(screen: Screen) -> None:
    await screen.open("#/smart-money")

    async def check(shown: Locator, one: dict[str, Any]) -> None:
        playbook = one["signal"]["playbook"]
        call = shown.locator(".playbook .advice")
        assert await call.locator(".bias").get_attribute("data-exact") == playbook["bias"]
        assert await call.locator(".risk").get_attribute("data-exact") == playbook["risk"]
        assert await call.locator("svg").count() == 2
        assert await shown.locator(".playbook").get_attribute("data-rule") == playbook["rule"]
        rule = await shown.locator(".playbook .rule").inner_text()
        assert rule.endswith(".")
        assert "_" not in rule
        first = shown.locator("[data-part=v1] .advice")
        assert await first.locator(".bias").get_attribute("data-exact") == one["first"]["bias"]

    await of_each(screen, check)


async def test_scores_stand_on_their_gauges_with_the_first_definitions_beside(
    screen: Screen,
) -> None:
    await screen.open("#/smart-money")

    async def check(shown: Locator, one: dict[str, Any]) -> None:
        for name in GAUGES:
            value = one["signal"][name]["value"]
            score = shown.locator(f"[data-score='{name}.value']")
            assert await score.locator(".score-value").inner_text() == points(value)
            assert visible(await score.locator(".version-1").inner_text()) == (
                f"version 1: {points(one['first'][name])}"
            )
            needle = score.locator(".needle")
            if value is None:
                assert await needle.count() == 0
                continue
            assert await score.get_by_role("meter").get_attribute("aria-valuenow") == points(value)
            left = await needle.evaluate("one => parseFloat(one.style.left)")
            assert abs(left - float(value)) <= 0.01

    await of_each(screen, check)


async def test_consensus_shows_how_far_it_can_be_off(screen: Screen) -> None:
    await screen.open("#/smart-money")

    async def check(shown: Locator, one: dict[str, Any]) -> None:
        cas = one["signal"]["cas"]
        bounds = shown.locator("[data-score='cas.value'] .bounds")
        assert await bounds.get_attribute("data-lower") == cas["lower"]
        assert await bounds.get_attribute("data-upper") == cas["upper"]
        reach = shown.locator("[data-score='cas.value'] .possible-range")
        style = await reach.evaluate("one => [one.style.left, one.style.width].map(parseFloat)")
        lower, upper = float(cas["lower"]), float(cas["upper"])
        assert abs(style[0] - lower) <= 0.01
        assert abs(style[1] - (upper - lower)) <= 0.01

    await of_each(screen, check)


@pytest.mark.parametrize(
    ("path", "edges"),
    [("cas", [25, 40, 60, 75]), ("dispersion", [40, 60]), ("ecs", [15, 25])],
)
async def test_gauges_have_the_bands_of_the_definition(
    screen: Screen, path: str, edges: list[int]
) -> None:
    await screen.open("#/smart-money")
    gauge = asset_of(screen, "HYPE").locator(f"[data-score='{path}.value'] .gauge")
    bands = await gauge.locator(".band").evaluate_all(
        "bands => bands.map(one => parseFloat(one.style.left))"
    )
    assert bands == [0, *edges]
    ticks = await gauge.locator(".gauge-ticks span").all_inner_texts()
    assert ticks == [str(edge) for edge in edges]


async def test_positions_are_counted_and_summed_as_the_api_says(screen: Screen) -> None:
    await screen.open("#/smart-money")

    async def check(shown: Locator, one: dict[str, Any]) -> None:
        held = one["positioning"]
        for part in ("long", "short", "flat", "missing"):
            count = shown.locator(f".positions-key [data-part={part}] [data-exact]")
            assert await count.get_attribute("data-exact") == str(held[part])
        net = shown.locator(".positions-net .num")
        if held["net_usd"] is not None:
            assert await net.first.get_attribute("data-exact") == held["net_usd"]

    await of_each(screen, check)


def moved(contributors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that did something: the page folds the others away."""
    idle = {"HOLD", "FLAT", "MISSING", "DIRTY"}
    return [row for row in contributors if row["class"] not in idle]


async def test_the_contributors_are_those_of_the_chosen_asset(screen: Screen) -> None:
    await screen.open("#/smart-money")
    await asset_of(screen, "ETH").locator(".asset-head a").click()
    await screen.settled()
    assert "asset=ETH" in screen.page.url

    async def check() -> None:
        at = (await screen.answer(PATH))["assets"][2]["signal"]["at"]
        rows = moved((await screen.answer(f"{PATH}/signals/ETH/{at}"))["contributors"])
        assert rows
        assert await screen.exact(screen.cells("contributors", "class")) == [
            row["class"] for row in rows
        ]
        for name in FIELDS:
            shown = await screen.exact(screen.cells("contributors", name))
            assert shown == [row[name] for row in rows], name
        for name in EFFECTS:
            shown = await screen.exact(screen.cells("contributors", f"effect_{name}"))
            assert shown == [row["effect"][name] for row in rows], name

    await eventually(check)


async def test_contributors_are_sorted_and_saved(screen: Screen) -> None:
    await screen.open("#/smart-money?asset=BTC&contributors.sort=delta_usd:up")
    shown = await screen.exact(screen.cells("contributors", "delta_usd"))
    known = [Decimal(value) for value in shown if value is not None]
    assert known == sorted(known)
    saved = await screen.csv("contributors")
    at = (await screen.answer(PATH))["assets"][1]["signal"]["at"]
    rows = (await screen.answer(f"{PATH}/signals/BTC/{at}"))["contributors"]
    names = ("wallet", "class", "delta_usd", "effect.cas")
    assert [[line[name] for name in names] for line in saved] == [
        [in_file(row, name) for name in names] for row in rows
    ]


async def test_a_score_opens_its_proof(screen: Screen) -> None:
    await screen.open("#/smart-money")
    await asset_of(screen, "BTC").locator("[data-score='cas.value'] .score-value a").click()
    await screen.settled()
    proof = screen.page.get_by_role("dialog", name="Proof of a figure")
    at = (await screen.answer(PATH))["assets"][1]["signal"]["at"]
    explained = await screen.answer(f"{PATH}/signals/BTC/{at}/explain")
    value = proof.locator(".proof-value [data-exact]").first
    assert await value.get_attribute("data-exact") == explained["value"]["cas"]["value"]
    digest = proof.locator(".digest [data-exact]")
    assert await digest.get_attribute("data-exact") == explained["inputs"]["digest"]
    counts = await proof.locator("[data-class]").evaluate_all(
        "all => all.map(one => [one.dataset.class, one.closest('div')"
        ".querySelector('[data-exact]').dataset.exact])"
    )
    assert dict(counts) == {name: str(n) for name, n in explained["counts"].items()}
    shown = await screen.exact(screen.cells("proof-contributors", "effect_cas"))
    assert shown == [row["effect"]["cas"] for row in explained["contributors"]]
    await screen.page.keyboard.press("Escape")
    assert await proof.count() == 0


async def test_a_signal_has_a_page_of_its_own(screen: Screen) -> None:
    await screen.open("#/smart-money")
    await asset_of(screen, "HYPE").get_by_title("Open this signal").click()
    await screen.settled()
    assert await screen.page.title() == "HYPE signal · hypertally"
    at = screen.page.url.rpartition("/")[2]
    answer = await screen.answer(f"{PATH}/signals/HYPE/{at}")
    shown = await screen.exact(screen.cells("contributors", "wallet"))
    assert shown == [row["wallet"] for row in moved(answer["contributors"])]
    idle = len(answer["contributors"]) - len(shown)
    assert idle
    await screen.page.get_by_text(f"Show the {idle} that did nothing").click()
    await screen.settled()
    shown = await screen.exact(screen.cells("contributors", "wallet"))
    assert shown == [row["wallet"] for row in answer["contributors"]]
    await screen.page.get_by_role("navigation", name="Definition").get_by_text("v1").click()
    await screen.settled()
    first = await screen.answer(f"{PATH}/signals/HYPE/{at}?limit=500&definition=")
    score = screen.page.locator("[data-score='cas.value'] .score-value")
    assert await score.inner_text() == points(first["signal"]["cas"]["value"])


async def test_a_locked_signal_says_why_and_breaks_the_line(screen: Screen) -> None:
    await screen.open("#/smart-money")
    signals = (await screen.answer(f"{PATH}/signals/HYPE"))["signals"]
    locked = next(one for one in signals if one["locked"])
    lines = screen.page.locator("[data-line=HYPE] path.line")
    assert await lines.count() > 1
    await screen.go(f"#/smart-money/HYPE/{locked['at']}")
    warning = await screen.page.locator("main > .warning-line").inner_text()
    assert "position snapshot" in warning
    assert "No-trade / Defensive" in visible(warning)
    score = screen.page.locator("[data-score='cas.value']")
    assert await score.locator(".score-value").inner_text() == DASH
    assert "position snapshot" in await score.locator(".why-null").inner_text()


async def test_the_line_covers_six_hours_or_a_day_and_has_a_table(screen: Screen) -> None:
    await screen.open("#/smart-money")
    await screen.page.get_by_role("navigation", name="CAS over").get_by_text("24 h").click()
    await screen.settled()
    await screen.page.get_by_role("button", name="Table", exact=True).click()
    for asset in ASSETS:
        answer = await screen.answer(f"{PATH}/signals/{asset}")
        shown = await screen.exact(screen.cells("trend", asset))
        assert shown == [one["cas"]["value"] for one in reversed(answer["signals"])], asset


async def test_health_says_its_state_age_and_coverage(screen: Screen) -> None:
    await screen.open("#/smart-money")

    async def check() -> None:
        health = (await screen.answer(PATH))["health"]
        line = screen.page.locator("[data-part=health]")
        assert await line.locator("[data-part=mark-text]").inner_text() == health["state"]
        exact = line.locator("[data-exact]")
        values = [await one.get_attribute("data-exact") for one in await exact.all()]
        # The age is said once: by the page while all is well, else by the reason.
        is_well = health["state"] == "healthy"
        assert values == [health["last_success"], health["coverage"]][0 if is_well else 1 :]
        assert (health["reason"] in await line.inner_text()) is not is_well

    await eventually(check)


async def test_the_universe_opens_to_its_members(screen: Screen) -> None:
    await screen.open("#/smart-money")
    await screen.page.get_by_text("Show wallets").click()
    await screen.settled()
    universe = await screen.answer(f"{PATH}/universe")
    for name in ("wallet", "pnl_30d", "volume_30d"):
        shown = await screen.exact(screen.cells("universe", name))
        assert shown == [row[name] for row in universe["members"]], name


async def test_without_alerts_the_page_says_so(screen: Screen) -> None:
    await changed(screen, lambda body: body.update(alerts=[], next=None), f"{PATH}/alerts?*")
    await screen.open("#/smart-money")
    alerts = screen.page.locator("[data-part=alerts]")
    assert "No change of an alert is recorded" in visible(await alerts.inner_text())


async def test_moves_of_alerts_are_listed(screen: Screen) -> None:
    move = {
        "at": "2026-11-20T12:00:00Z",
        "type": "exit_cluster",
        "subject": "ETH",
        "level": "high",
        "from_state": "pending",
        "to_state": "firing",
        "reason": "exits were high for two periods",
    }
    await changed(screen, lambda body: body.update(alerts=[move]), f"{PATH}/alerts?*")
    await screen.open("#/smart-money")
    for name in ("type", "subject", "level", "to_state", "reason"):
        assert await screen.exact(screen.cells("alerts", name)) == [move[name]]


async def test_a_halt_masks_the_figures_with_its_reason_and_since_when(screen: Screen) -> None:
    since = "2026-11-20T11:50:00Z"
    halt = {"reason": "the last minute in which wallets answered is 900 s old", "since": since}
    await changed(screen, lambda body: body.update(masked=halt))
    await screen.open("#/smart-money")
    words = screen.page.get_by_role("alert")
    text = visible(await words.inner_text())
    assert text.startswith("SYSTEM HALT")
    assert halt["reason"] in text
    assert "No-trade / Defensive" in text
    assert await words.locator("[data-exact]").get_attribute("data-exact") == since
    under = screen.page.locator(".mask-under")
    assert await under.evaluate("one => one.inert && getComputedStyle(one).opacity < 0.5")
    assert await under.locator(".smart-asset").count() == len(ASSETS)


async def test_a_consensus_of_too_few_is_shown_as_50_with_the_reason(screen: Screen) -> None:
    def thin(body: dict[str, Any]) -> None:
        signal = body["assets"][0]["signal"]
        signal["cas"] |= {"value": None, "shown": "50", "band": None}
        signal["unknown"]["cas.value"] = "too few wallets were observed (170 of 200, 90% needed)"

    await changed(screen, thin)
    await screen.open("#/smart-money")
    score = asset_of(screen, ASSETS[0]).locator("[data-score='cas.value']")
    assert await score.locator(".score-value").inner_text() == points("50")
    assert await score.get_by_role("meter").get_attribute("aria-valuenow") == points("50")
    words = visible(await score.locator(".why-null").inner_text())
    assert (
        words
        == "Shown as 50. Unknown because too few wallets were observed (170 of 200, 90% needed)."
    )


async def test_unknown_scores_are_dashes_with_their_reason(screen: Screen) -> None:
    def forget(body: dict[str, Any]) -> None:
        signal = body["assets"][0]["signal"]
        signal["cas"] = dict.fromkeys(signal["cas"])
        signal["unknown"] |= {"cas.value": "too few wallets traded (7 of 10 needed)"}

    await changed(screen, forget)
    await screen.open("#/smart-money")
    score = asset_of(screen, "HYPE").locator("[data-score='cas.value']")
    assert await score.locator(".score-value").inner_text() == DASH
    why = await score.locator(".why-null").inner_text()
    assert why == "Unknown because too few wallets traded (7 of 10 needed)."
    assert await score.get_by_role("meter").count() == 0
    name = await score.locator(".gauge").get_attribute("aria-label")
    assert name == f"Consensus (CAS) of HYPE: {why}"


async def test_unknown_figures_below_the_scores_are_said_in_words(screen: Screen) -> None:
    def forget(body: dict[str, Any], percentile: str | None) -> None:
        signal = body["assets"][0]["signal"]
        signal["ecs"] |= {"z": None, "percentile": percentile, "forced": None}
        signal["herding"] = dict.fromkeys(signal["herding"])
        signal["unknown"] |= {"ecs.z": "fewer than 500 periods of the seven days before are stored"}

    for percentile, words in ((None, "unknown"), ("75", "z unknown, percentile 75.00")):
        await changed(screen, partial(forget, percentile=percentile))
        await screen.open("#/smart-money")
        await screen.page.reload()
        notes = asset_of(screen, "HYPE").locator(".score-notes")
        text = visible(await notes.inner_text())
        assert "Herding H unknown" in text
        assert f"Exits vs usual {words}, forced not known yet" in text
        reason = await notes.locator("a.null").nth(1).get_attribute("title")
        assert reason == (
            "Unknown because fewer than 500 periods of the seven days before are stored."
        )


async def test_the_threshold_next_to_being_met_is_said_in_words(screen: Screen) -> None:
    miss = {"input": "cas", "threshold": "62", "distance": "1.69000000"}

    def near(body: dict[str, Any]) -> None:
        playbook = body["assets"][1]["signal"]["playbook"]
        playbook["nearest_miss"] = miss | {"bias": "Long", "risk": "Reduced"}

    await changed(screen, near)
    await screen.open("#/smart-money")
    text = await asset_of(screen, "BTC").locator(".nearest-change").inner_text()
    assert text == ("If CAS crosses 62 (1.69 points away), the advice becomes Long / Reduced.")


async def test_before_the_first_signal_the_page_says_when_it_comes(screen: Screen) -> None:
    def begin(body: dict[str, Any]) -> None:
        for one in body["assets"]:
            one |= {"signal": None, "first": None}

    await changed(screen, begin)
    await screen.open("#/smart-money")
    text = visible(await asset_of(screen, "HYPE").inner_text())
    assert "signals are computed every five minutes" in text
    assert await screen.page.locator("[data-table=contributors]").count() == 0


async def test_without_a_universe_the_command_is_named(screen: Screen) -> None:
    await changed(screen, lambda body: body.update(universe=None))
    await screen.open("#/smart-money")
    empty = await screen.page.locator(".empty").inner_text()
    assert "hypertally smart-money --once --refresh-universe" in empty


async def test_an_error_leaves_the_figures_standing(own_screen: Screen) -> None:
    answer = {"failing": False}

    async def sometimes(route: Route) -> None:
        if answer["failing"]:
            await route.fulfill(status=503, json=AWAY, headers={"Retry-After": "60"})
            return
        response = await route.fetch()
        headers = response.headers | {"cache-control": "private, max-age=1"}
        await route.fulfill(response=response, headers=headers)

    await own_screen.page.route(f"**{PATH}", sometimes)
    await own_screen.open("#/smart-money")
    answer["failing"] = True
    failure = own_screen.page.locator("main .failure")
    await failure.wait_for()
    assert "Could not refresh smart money." in await failure.inner_text()
    assert await own_screen.page.locator(".smart-asset").count() == len(ASSETS)
    answer["failing"] = False
    await failure.get_by_text("Retry").click()
    await failure.wait_for(state="detached")
    own_screen.expected_errors = [text for text in own_screen.errors if "503" in text]


async def test_g_s_goes_to_smart_money_and_the_arrows_move_in_its_table(screen: Screen) -> None:
    await screen.open()
    await screen.page.keyboard.press("g")
    await screen.page.keyboard.press("s")
    await screen.settled()
    assert "#/smart-money" in screen.page.url
    current = screen.page.locator("nav.rail [aria-current=page]")
    assert await current.inner_text() == "Smart money"
    scroll = screen.page.locator("[data-table=contributors] .scroll")
    await scroll.focus()
    await screen.page.keyboard.press("ArrowDown")
    focused = "document.activeElement.closest('[data-key]').dataset.key"
    assert await screen.page.evaluate(focused) == "wallet"


async def test_effects_carry_their_sign(screen: Screen) -> None:
    await screen.open("#/smart-money")
    cells = screen.cells("contributors", "effect_cas")
    values = await screen.exact(cells)
    texts = await cells.all_inner_texts()
    for value, text in zip(values, texts, strict=True):
        if value is None:
            assert visible(text) == DASH
            continue
        rounded = Decimal(value).quantize(CENT, ROUND_HALF_UP)
        sign = "+" if rounded > 0 else MINUS if rounded < 0 else ""
        assert visible(text) == f"{sign}{abs(rounded)}"
