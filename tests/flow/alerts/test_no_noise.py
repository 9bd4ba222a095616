"""What a user just did is told by no alert: wallets with a history added, removed, moved."""

from datetime import timedelta

from tests.db.alerts.alert_rows import Desk
from tests.flow.books import Books, serving, small_population

from hypertally.clock import system_clock

WALLETS = 6
RESTATED = "select count(*) from metrics.restatements where cause = 'membership'"
FIRED = "select type, subject, reason from ops.alerts where to_state = 'firing' order by id"


async def test_adding_and_removing_a_wallet_with_a_history_is_told_by_no_alert(
    books: Books,
) -> None:
    async with serving(small_population(7, wallets=WALLETS, days=30, fills=2_000)) as exchange:
        first, *others = await exchange.addresses()
        await books.track(others)
        await books.pull(exchange)
        assert (
            await books.value("select count(*) from metrics.global_day_metrics where closed") > 20
        )
        await books.track([first])
        await books.settle(exchange)
        assert await books.value(RESTATED) > 20, "published days of the org changed"
        await books.untrack([first])
        await books.settle(exchange)
    await Desk(books.pool).check(system_clock() + timedelta(minutes=1))
    assert await books.value("select count(*) from ops.unjudged_restatements") == 0
    assert await books.read(FIRED) == []
