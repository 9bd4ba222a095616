"""The frame around every page: keys, themes, widths, speed, and nothing from elsewhere."""

from urllib.parse import urlsplit

import pytest
from playwright.async_api import Route
from tests.browser.screen import Screen, eventually
from tests.browser.stack import RunningStack

pytestmark = pytest.mark.asyncio(loop_scope="session")

PLACES = [
    "#/",
    "#/leaderboard",
    "#/wallets",
    "#/coverage",
    "#/smart-money",
    "wallet",
    "#/twaps",
    "#/twaps?view=totals",
    "#/twaps?view=pressure",
    "twap",
]
BYTES_MAX = 250_000
FIRST_PAINT_MS_MAX = 1000
CONTRAST_MIN = 4.5  # WCAG AA for text

CONTRAST = """
(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (token) => {
    const probe = document.createElement("span");
    probe.style.color = `var(--${token})`;
    document.body.append(probe);
    canvas.fillStyle = getComputedStyle(probe).color;
    probe.remove();
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (token) => {
    const linear = (c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = rgb(token).map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const found = {};
  for (const ink of ["text", "muted", "accent", "gain", "loss", "warning", "halt"]) {
    for (const paper of ["paper", "rail", "raised", "hover", "chosen", "warning-paper"]) {
      found[`${ink} on ${paper}`] = contrast(ink, paper);
    }
  }
  return found;
})()
"""


def place_of(place: str, stack: RunningStack) -> str:
    """A place by name; "wallet" is the first wallet's own page, "twap" that of one with slices."""
    if place == "twap":
        running = stack.get("/api/v1/twaps/pressure")["running"]
        return f"#/twaps/{next(row['twap_id'] for row in running if row['basis'] == 'slices')}"
    if place != "wallet":
        return place
    return f"#/wallets/{stack.get('/api/v1/wallets?limit=1')['wallets'][0]['wallet']}"


@pytest.mark.parametrize("width", [390, 768, 1920])
async def test_no_page_scrolls_sideways(
    screen: Screen, running_stack: RunningStack, width: int
) -> None:
    await screen.page.set_viewport_size({"width": width, "height": 844})
    await screen.open()
    for place in PLACES:
        await screen.go(place_of(place, running_stack))
        wide = await screen.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, place


async def test_every_page_has_landmarks_a_heading_and_a_title(
    screen: Screen, running_stack: RunningStack
) -> None:
    await screen.open()
    for place in PLACES:
        await screen.go(place_of(place, running_stack))
        for selector in ("nav[aria-label=Pages]", "header.top", "main", "main h1"):
            assert await screen.page.locator(selector).count() == 1, (place, selector)
        assert (await screen.page.title()).endswith("· hypertally")
        unnamed = "all => all.filter(one => !one.textContent.trim() && !one.ariaLabel).length"
        assert await screen.page.locator("button, a").evaluate_all(unnamed) == 0, place


@pytest.mark.parametrize("place", ["#/nowhere", "#/smart-money/DOGE/x"])
async def test_an_address_that_names_no_page_says_so(screen: Screen, place: str) -> None:
    await screen.open()
    await screen.go(place)
    assert await screen.page.get_by_text("Page not found").count() == 1


async def test_an_address_that_is_no_encoded_text_is_refused_with_a_reason(screen: Screen) -> None:
    await screen.open("#/wallets/%E0")
    assert await screen.page.locator("main").get_by_text("is not UTF-8").count() >= 1
    screen.expected_errors = [text for text in screen.errors if "400" in text]


async def test_everything_comes_from_the_app_itself_and_is_light(own_screen: Screen) -> None:
    await own_screen.open()
    loaded: list[str] = await own_screen.page.evaluate(
        "performance.getEntriesByType('resource').map((one) => one.name)"
    )
    assert {urlsplit(name).netloc for name in loaded} == {urlsplit(own_screen.base).netloc}
    total = await own_screen.page.evaluate(
        "performance.getEntriesByType('resource').reduce((sum, one) => sum + one.transferSize, 0)"
    )
    assert 0 < total < BYTES_MAX


async def test_first_paint_is_within_a_second_on_a_warm_server(screen: Screen) -> None:
    await screen.open()
    await screen.page.reload()
    await screen.settled()
    painted = await screen.page.evaluate(
        "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    )
    assert painted < FIRST_PAINT_MS_MAX


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_text_is_readable_in_both_themes(screen: Screen, theme: str) -> None:
    await screen.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    await screen.open()
    found = await screen.page.evaluate(CONTRAST)
    weak = {pair: round(value, 2) for pair, value in found.items() if value < CONTRAST_MIN}
    assert not weak


async def test_a_chosen_theme_stays_chosen(own_screen: Screen) -> None:
    await own_screen.page.emulate_media(color_scheme="light")
    await own_screen.open()
    await own_screen.page.get_by_label("Switch to the dark theme").click()
    await own_screen.page.reload()
    await own_screen.settled()
    assert await own_screen.page.locator("html").get_attribute("data-theme") == "dark"


async def test_g_and_a_letter_go_to_a_page(screen: Screen) -> None:
    await screen.open()
    for letter, place in (
        ("l", "leaderboard"),
        ("w", "wallets"),
        ("t", "twaps"),
        ("c", "coverage"),
        ("o", ""),
    ):
        await screen.page.keyboard.press("g")
        await screen.page.keyboard.press(letter)
        await screen.page.wait_for_url(f"**/#/{place}")
    await screen.settled()


async def test_question_mark_shows_the_keys_and_escape_closes(screen: Screen) -> None:
    await screen.open()
    await screen.page.keyboard.press("?")
    card = screen.page.get_by_role("dialog", name="Keys")
    await card.wait_for()
    await screen.page.keyboard.press("Escape")
    await card.wait_for(state="hidden")


async def test_slash_searches_a_wallet(screen: Screen, running_stack: RunningStack) -> None:
    wallet = running_stack.get("/api/v1/wallets?limit=5")["wallets"][-1]["wallet"]
    await screen.open()
    await screen.page.keyboard.press("/")
    await screen.page.keyboard.type(wallet[:10])
    await screen.page.get_by_role("option").first.wait_for()
    await screen.page.keyboard.press("ArrowDown")
    await screen.page.keyboard.press("Enter")
    await screen.page.wait_for_url(f"**/#/wallets/{wallet}")
    await screen.settled()


async def test_arrows_move_through_a_table_and_copy_takes_the_exact_value(screen: Screen) -> None:
    await screen.open("#/leaderboard?window=30d")
    await screen.page.locator("[data-table=ranks] .scroll").focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        await screen.page.keyboard.press(key)
    exact = await screen.page.evaluate("document.activeElement.dataset.exact")
    assert exact == (await screen.exact(screen.cells("ranks", "volume_usd")))[0]
    await screen.page.keyboard.press("Control+c")
    assert await screen.page.evaluate("navigator.clipboard.readText()") == exact


async def test_the_health_mark_says_what_the_api_says(screen: Screen) -> None:
    await screen.open()

    async def check() -> None:
        behind = (await screen.answer("/api/v1/dashboard/summary"))["wallets_behind"]
        text = await screen.page.locator(".top .mark").inner_text()
        assert f"{behind} of" in text if behind else "behind" not in text

    await eventually(check)


async def test_every_page_says_that_the_exchange_is_made_up(screen: Screen) -> None:
    words = screen.page.locator(".top [data-part=exchange]")
    for place in ("#/", "#/twaps", "#/coverage"):
        await screen.open(place)
        assert await words.inner_text() == "made-up exchange"
    name = (await screen.answer("/api/v1/session"))["exchange"]
    assert name.startswith("sandbox:")
    assert name in (await words.get_attribute("title") or "")


@pytest.mark.parametrize("exchange", ["mainnet", None, "testnet", "replay:recorded"])
async def test_the_real_exchange_is_not_named_and_any_other_is(
    screen: Screen, exchange: str | None
) -> None:
    async def rename(route: Route) -> None:
        response = await route.fetch()
        await route.fulfill(response=response, json=await response.json() | {"exchange": exchange})

    await screen.page.route("**/api/v1/session", rename)
    await screen.open("#/nowhere")
    texts = await screen.page.locator(".top [data-part=exchange]").all_inner_texts()
    words = {"testnet": ["testnet"], "replay:recorded": ["made-up exchange"]}
    assert texts == words.get(exchange or "", [])
