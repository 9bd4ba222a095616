"""Large TWAPs of a sandbox: the candle of their hour is requested once, and the right ones told."""

from datetime import datetime, timedelta
from decimal import Decimal

from tests.db.alerts.alert_rows import Desk
from tests.flow.books import Books, serving
from tests.flow.twaps.test_twap_market import recent
from tests.flow.twaps.twaps import expected, filled, pull_again

from hypertally.clock import at as time_of
from hypertally.clock import system_clock
from hypertally.sandbox.oracles.inputs import population_candles
from hypertally.sandbox.population.population import Population

HOUR_MS = 3_600_000
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
HOURS_REQUESTED = """
    select count(*) from facts.pages where source = 'info.candleSnapshot'
        and request -> 'req' ->> 'interval' = '1h'
        -- Prices are asked for until now, or for an hour that is not over.
        and (request -> 'req' ->> 'endTime')::bigint %% 3600000 = 3599999
        and to_timestamp((request -> 'req' ->> 'endTime')::bigint / 1000) < asked_at
"""
FIRED = "select subject, value from ops.alerts where type = 'twap_large' and to_state = 'firing'"


def shares(world: Population, *, at: datetime) -> dict[str, Decimal | None]:
    """Alert subject -> size in an hour, percent of the volume of the hour before; None: no volume.

    Of the TWAPs that began in the hour before `at` and ran.
    """
    percent: dict[str, Decimal | None] = {}
    for (twap_id, wallet), book in expected(world).items():
        state = book.state
        if state is None or not at - HOUR < time_of(state.started_ms) <= at:
            continue
        if not state.runs and not state.size_executed:
            continue
        hour_ms = state.started_ms // HOUR_MS * HOUR_MS - HOUR_MS
        [candle] = population_candles(
            world, book.coin, from_ms=hour_ms, to_ms=hour_ms, interval="1h"
        )
        volume = Decimal(str(candle["v"]))
        hours = max(Decimal(state.minutes) / 60, Decimal(1))
        share = state.size_requested / hours / volume * 100 if volume else None
        percent[f"{wallet}/{book.coin}/{twap_id}"] = share
    return percent


async def test_large_twaps_are_told_once_and_their_hours_requested_once(books: Books) -> None:
    world = recent(7, wallets=8, fills=4_000, twap_share=0.9)
    async with serving(world) as exchange:
        await filled(books, exchange)
        requested = await books.value(HOURS_REQUESTED)
        await pull_again(books, exchange)
        assert await books.value(HOURS_REQUESTED) == requested
    desk = Desk(books.pool)
    await desk.run("update tenancy.org_wallets set tracked_at = now() - interval '2 hours'")
    at = system_clock().replace(second=0, microsecond=0)
    true = shares(world, at=at)
    assert true
    assert 0 < requested <= len(true)
    numbers = sorted(share for share in true.values() if share is not None)
    bound = round(numbers[len(numbers) // 2], 6) if numbers else Decimal(10)
    for number in range(2):
        await desk.check(at + number * MINUTE, bounds={"twap_share_percent": bound})
    fired = await books.read(FIRED)
    assert {row["subject"] for row in fired} == {
        subject for subject, share in true.items() if share is None or share > bound
    }
    assert len(fired) == len({row["subject"] for row in fired})
    for row in fired:
        share = true[row["subject"]]
        stated = row["value"]["share_percent"]
        assert stated == (None if share is None else f"{share:.2f}")
