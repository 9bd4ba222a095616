"""Members that other orgs track are counted with the reason, never shown as if there were none."""

import pytest
from playwright.async_api import Route
from tests.browser.screen import Screen, visible

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_members_that_are_not_shown_are_counted(screen: Screen) -> None:
    async def hide(route: Route) -> None:
        response = await route.fetch()
        body = await response.json()
        body["members"] = body["members"][:197]
        body["not_shown"] = {"wallets": 3, "because": "wallets that other orgs track"}
        body |= {"entered": [body["members"][0]["wallet"]], "entered_not_shown": 2}
        body |= {"exited": [], "exited_not_shown": 4}
        await route.fulfill(response=response, json=body)

    await screen.page.route("**/api/v1/smart-money/universe", hide)
    await screen.open("#/smart-money?universe=open")
    text = visible(await screen.page.locator("[data-part=universe]").inner_text())
    assert "3 wallets that other orgs track not shown" in text
    assert "Entered: 1, 2 not shown" in text
    assert "Left: 4 not shown." in text
