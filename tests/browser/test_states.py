"""Signed out, empty, failing, offline, hidden: the page says so and keeps what it has."""

import asyncio

import pytest
from playwright.async_api import Browser, Route
from tests.browser.screen import Screen, eventually, opened
from tests.browser.stack import RunningStack

pytestmark = pytest.mark.asyncio(loop_scope="session")

AWAY = {"title": "Unavailable", "status": 503, "detail": "the database is away"}


@pytest.mark.parametrize("way", ["pasted", "link"])
async def test_signed_out_leads_to_sign_in_and_back_to_the_same_place(
    browser: Browser, running_stack: RunningStack, way: str
) -> None:
    async with opened(await browser.new_context(), running_stack.url) as screen:
        await screen.page.goto(f"{running_stack.url}/#/leaderboard?by=fills&window=30d")
        text = await screen.page.locator(".sign-in").inner_text()
        assert "hypertally up" in text
        assert "hypertally token" in text
        link = f"{running_stack.url}/sign-in?token={running_stack.token}"
        if way == "link":
            await screen.page.goto(link)
        else:
            await screen.page.get_by_label("Token or link").fill(link)
            await screen.page.get_by_text("Sign in", exact=True).click()
        await screen.page.wait_for_selector("[data-table=ranks]")
        assert screen.page.url.endswith("#/leaderboard?by=fills&window=30d")


async def test_a_bad_token_is_refused_in_place_with_the_reason(
    browser: Browser, running_stack: RunningStack
) -> None:
    async with opened(await browser.new_context(), running_stack.url) as screen:
        await screen.page.goto(running_stack.url)
        await screen.page.get_by_label("Token or link").fill("not-a-token")
        await screen.page.get_by_text("Sign in", exact=True).click()
        refusal = screen.page.locator(".sign-in [role=alert]")
        await refusal.wait_for()
        assert "token" in await refusal.inner_text()
        assert screen.page.url.rstrip("/") == running_stack.url


async def test_a_session_that_ends_shows_sign_in_and_not_one_figure(own_screen: Screen) -> None:
    await own_screen.open()
    await own_screen.page.context.clear_cookies()
    await own_screen.go("#/leaderboard?by=fees")
    await own_screen.page.wait_for_selector(".sign-in")
    assert await own_screen.page.locator("[data-exact]").count() == 0
    own_screen.expected_errors = [text for text in own_screen.errors if "401" in text]


async def test_an_error_keeps_the_old_figures_and_retry_recovers(own_screen: Screen) -> None:
    answer = {"failing": False}

    async def sometimes(route: Route) -> None:
        if answer["failing"]:
            await route.fulfill(status=503, json=AWAY, headers={"Retry-After": "60"})
            return
        response = await route.fetch()
        headers = response.headers | {"cache-control": "private, max-age=1"}
        await route.fulfill(response=response, headers=headers)

    await own_screen.page.route("**/api/v1/dashboard/summary", sometimes)
    await own_screen.open()
    before = await own_screen.figure("fills").locator(".figure-value").inner_text()
    answer["failing"] = True
    failure = own_screen.page.locator("main .failure")
    await failure.wait_for()
    assert "the database is away" in await failure.inner_text()
    assert await own_screen.figure("fills").locator(".figure-value").inner_text() == before
    answer["failing"] = False
    await failure.get_by_text("Retry").click()
    await failure.wait_for(state="detached")
    own_screen.expected_errors = [text for text in own_screen.errors if "503" in text]


async def test_a_first_load_that_fails_says_what_and_offers_retry(screen: Screen) -> None:
    await screen.page.route(
        "**/api/v1/wallets/top*", lambda route: route.fulfill(status=503, json=AWAY)
    )
    await screen.page.goto(f"{screen.base}/#/leaderboard")
    await screen.page.get_by_text("Could not load the ranking").wait_for()
    await screen.page.unroute("**/api/v1/wallets/top*")
    await screen.page.locator(".failure").get_by_text("Retry").click()
    await screen.page.wait_for_selector("[data-table=ranks]")
    screen.expected_errors = [text for text in screen.errors if "503" in text]


async def test_old_rows_stay_dimmed_while_new_ones_load(screen: Screen) -> None:
    await screen.open("#/leaderboard?window=7d")
    held = asyncio.Event()

    async def slow(route: Route) -> None:
        await held.wait()
        await route.continue_()

    await screen.page.route("**/api/v1/wallets/top*window=90d*", slow)
    await screen.page.get_by_text("90 days", exact=True).click()
    old = screen.page.locator("[data-table=ranks].old")
    await old.wait_for()
    assert await old.locator("tbody tr").count() > 0
    held.set()
    await old.wait_for(state="detached")
    await screen.settled()


async def test_offline_says_so_and_recovers_by_itself(own_screen: Screen) -> None:
    async def short(route: Route) -> None:
        response = await route.fetch()
        headers = response.headers | {"cache-control": "private, max-age=1"}
        await route.fulfill(response=response, headers=headers)

    await own_screen.page.route("**/api/v1/dashboard/summary", short)
    await own_screen.open()
    await own_screen.page.unroute("**/api/v1/dashboard/summary")
    await own_screen.page.context.set_offline(True)
    await own_screen.page.locator(".top .mark", has_text="offline").wait_for()
    failure = own_screen.page.locator("main .failure")
    await failure.wait_for()
    assert "Could not refresh the summary" in await failure.inner_text()
    assert await own_screen.page.locator(".figure").count() > 0
    await own_screen.page.context.set_offline(False)
    await failure.wait_for(state="detached")
    await own_screen.page.locator(".top .mark", has_text="offline").wait_for(state="detached")
    own_screen.expected_errors = [text for text in own_screen.errors if "DISCONNECTED" in text]


async def test_an_org_without_wallets_names_the_command(screen: Screen) -> None:
    async def empty(route: Route) -> None:
        response = await route.fetch()
        body = await response.json() | {"tracked_wallets": 0, "today": None, "previous": None}
        await route.fulfill(response=response, json=body)

    await screen.page.route("**/api/v1/dashboard/summary", empty)
    await screen.open()
    assert "hypertally wallets add" in await screen.page.locator(".empty").inner_text()


async def test_a_hidden_tab_does_not_ask(own_screen: Screen) -> None:
    asked: list[str] = []

    async def short(route: Route) -> None:
        asked.append(route.request.url)
        response = await route.fetch()
        headers = response.headers | {"cache-control": "private, max-age=1"}
        await route.fulfill(response=response, headers=headers)

    await own_screen.page.route("**/api/v1/dashboard/summary", short)
    await own_screen.open()

    async def polled() -> None:
        assert len(asked) >= 2

    await eventually(polled)
    await _hide(own_screen, hidden=True)
    await asyncio.sleep(0.2)
    rested = len(asked)
    await asyncio.sleep(1.5)
    assert len(asked) == rested
    await _hide(own_screen, hidden=False)

    async def resumed() -> None:
        assert len(asked) > rested

    await eventually(resumed)


async def _hide(screen: Screen, *, hidden: bool) -> None:
    await screen.page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )
