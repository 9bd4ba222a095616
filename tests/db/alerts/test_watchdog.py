"""The watcher is watched: a dead worker is told once, and only a worker that works resolves it."""

import asyncio
from datetime import datetime, timedelta

import pytest
from tests.db.alerts.alert_rows import AT, MINUTE, Desk
from tests.db.runtime.offline import offline
from tests.flow.alerts.receivers import webhook

from hypertally.jobs.alerts.delivery import DELIVER_ALERT
from hypertally.jobs.alerts.watchdog import Watchdog
from hypertally.jobs.runtime import queue
from hypertally.sources.notifications import Channels, open_channels
from hypertally.store.postgres import Pool

NO_CHANNELS: Channels = {}


@pytest.fixture
def desk(worker_pool: Pool) -> Desk:
    return Desk(worker_pool)


def watchdog(desk: Desk, at: datetime, channels: Channels = NO_CHANNELS) -> Watchdog:
    return Watchdog(offline(desk.pool, clock=lambda: at, channels=channels))


async def test_nothing_is_judged_while_a_worker_checks_or_before_one_did(desk: Desk) -> None:
    await desk.minute(AT - 30 * MINUTE)
    await watchdog(desk, AT).look()
    assert await desk.moves() == []
    await desk.check(AT)
    await watchdog(desk, AT + 2 * MINUTE).look()
    rows = await desk.run("select distinct checked_at, checked_by from ops.alert_checks")
    assert rows == [{"checked_at": AT, "checked_by": "worker"}]


async def test_a_dead_worker_is_told_within_its_bound_and_once_by_many(desk: Desk) -> None:
    await desk.minute(AT)
    await desk.check(AT)
    async with webhook() as hook:
        channels = open_channels(f"json://127.0.0.1:{hook.port}/alerts")
        await watchdog(desk, AT + 10 * MINUTE, channels).look()
        assert hook.bodies == []
        for number in (11, 12):
            at = AT + number * MINUTE
            await asyncio.gather(*(watchdog(desk, at, channels).look() for _ in range(4)))
    [body] = hook.bodies
    assert body["title"].startswith(
        "[critical] system_stale system: the last minute in which wallets answered is 660 s old, "
        "and 0.0% of the wallets were observed in the two minutes before"
    )
    assert await desk.moves() == ["system: firing"]


async def test_a_dead_worker_is_told_where_no_wallets_are_watched(desk: Desk) -> None:
    await desk.check(AT)
    for number in (9, 10, 11, 12):
        await watchdog(desk, AT + number * MINUTE).look()
    assert await desk.moves() == ["system: firing"]
    [row] = await desk.run("select at, reason from ops.alerts")
    assert row["at"] == AT + 11 * MINUTE
    assert row["reason"] == (
        "no worker has checked alerts since 2026-11-20T12:00:00Z, for 11 min: nothing is pulled, "
        "computed or recorded"
    )
    for number in (20, 21):
        await desk.check(AT + number * MINUTE)
    assert await desk.moves() == ["system: firing", "system: resolved"]


async def test_a_worker_that_never_checked_is_told_ten_minutes_after_the_start(desk: Desk) -> None:
    """Nothing was ever recorded: the database is new, and no worker came up."""
    now = [AT]
    async with webhook() as hook:
        channels = open_channels(f"json://127.0.0.1:{hook.port}/alerts")
        watcher = Watchdog(offline(desk.pool, clock=lambda: now[0], channels=channels))
        for number in (1, 10):
            now[0] = AT + number * MINUTE
            await watcher.look()
        assert hook.bodies == []
        for number in (11, 12, 60):
            now[0] = AT + number * MINUTE
            await watcher.look()
    [body] = hook.bodies
    assert (
        "no worker has ever checked alerts; the API has waited since 2026-11-20T12:00:00Z, "
        "for 11 min" in body["title"]
    )
    for number in (61, 62):
        await desk.check(AT + number * MINUTE)
    assert await desk.moves() == ["system: firing", "system: resolved"]


async def test_only_a_worker_that_is_healthy_in_two_checks_resolves(desk: Desk) -> None:
    await desk.minute(AT)
    await desk.check(AT)
    await watchdog(desk, AT + 11 * MINUTE).look()
    await desk.minute(AT + 20 * MINUTE)
    await desk.check(AT + 20 * MINUTE)
    for seconds in (1, 60, 121, 140, 180, 240):  # the worker is dead again
        await watchdog(desk, AT + 20 * MINUTE + timedelta(seconds=seconds)).look()
    assert await desk.moves() == ["system: firing"]
    for number in (30, 31):
        await desk.minute(AT + number * MINUTE)
        await desk.check(AT + number * MINUTE)
    assert await desk.moves() == ["system: firing", "system: resolved"]


async def test_what_a_dead_worker_was_about_to_send_is_sent(desk: Desk) -> None:
    async with webhook() as hook:
        channels = open_channels(f"json://127.0.0.1:{hook.port}/alerts")
        await desk.universe("0.5")
        await desk.check(AT, channels=tuple(channels))
        await queue.claim(
            desk.pool, worker="dead", lease_seconds=0, limit=1, only_kinds=[DELIVER_ALERT.name]
        )
        await watchdog(desk, AT + 3 * MINUTE, channels).look()
    assert len(hook.bodies) == 1
    [row] = await desk.run("select delivered_at is not null as sent from ops.alert_deliveries")
    assert row["sent"]


async def test_a_receiver_that_refuses_is_tried_again_by_the_queue(desk: Desk) -> None:
    async with webhook(statuses=[500]) as hook:
        channels = open_channels(f"json://127.0.0.1:{hook.port}/alerts")
        await desk.check(AT)
        await watchdog(desk, AT + 11 * MINUTE, channels).look()
        [job] = await desk.run(
            "select id, status, last_error from ops.jobs where kind = 'deliver_alert'"
        )
        assert job["status"] == "queued"
        assert "500" in job["last_error"]
        await desk.run("update ops.jobs set run_at = now() where kind = 'deliver_alert'")
        await watchdog(desk, AT + 12 * MINUTE, channels).look()
    assert len(hook.bodies) == 2
    assert hook.messages[0] == hook.messages[1]
