"""The heartbeat: an outside monitor is called every minute, by a healthy worker alone."""

import asyncio
from datetime import datetime, timedelta

import pytest
from tests.db.alerts.alert_rows import AT, MINUTE, Desk
from tests.db.runtime.offline import offline
from tests.flow.alerts.monitor import Monitor, running_monitor
from tests.flow.alerts.receivers import closed_port

from hypertally.jobs.worker import Options, Worker
from hypertally.sources.heartbeat import Heartbeat
from hypertally.store.postgres import Pool

SECONDS_MAX = 40


@pytest.fixture
def desk(worker_pool: Pool) -> Desk:
    return Desk(worker_pool)


async def work(desk: Desk, url: str | None, at: datetime) -> None:
    """Run the heartbeat that is due, as a worker does that has nothing else to do."""
    await desk.run(
        "update ops.jobs set run_at = now() where kind = 'send_heartbeat' and status = 'queued'"
    )
    await desk.run(
        "update ops.jobs set run_at = now() + interval '1 day' where status = 'queued' "
        "and kind not in ('send_heartbeat')"
    )
    heartbeat = Heartbeat(url) if url else None
    resources = offline(desk.pool, clock=lambda: at, heartbeat=heartbeat)
    async with asyncio.timeout(SECONDS_MAX):
        await Worker(resources, Options(until_idle=True, watching_alone=True)).run()


async def beat(desk: Desk, monitor: Monitor, at: datetime) -> int:
    """How often a worker calls the monitor when its heartbeat is due."""
    before = len(monitor.calls)
    await work(desk, monitor.url, at)
    return len(monitor.calls) - before


async def test_a_worker_that_records_minutes_calls_every_minute(desk: Desk) -> None:
    async with running_monitor() as monitor:
        for number in range(3):
            await desk.minute(AT + number * MINUTE)
            assert await beat(desk, monitor, AT + number * MINUTE) == 1
    assert set(monitor.calls) == {"GET /ping/s3cret"}
    [row] = await desk.run(
        "select extract(epoch from j.run_at - d.finished_at)::integer as seconds "
        "from ops.jobs as j, (select max(finished_at) as finished_at from ops.jobs "
        "where kind = 'send_heartbeat' and status = 'done') as d "
        "where j.kind = 'send_heartbeat' and j.status = 'queued'"
    )
    assert row["seconds"] == 60


@pytest.mark.parametrize(
    ("age", "coverage", "calls"),
    [
        (timedelta(seconds=600), "1", 1),
        (timedelta(seconds=601), "1", 0),
        (timedelta(0), "0.8", 1),
        (timedelta(0), "0.79", 0),
    ],
)
async def test_no_call_is_made_while_the_feed_is_stale(
    desk: Desk, age: timedelta, coverage: str, calls: int
) -> None:
    await desk.minute(AT, coverage=coverage)
    async with running_monitor() as monitor:
        assert await beat(desk, monitor, AT + age) == calls


async def test_no_call_is_made_before_the_first_minute_succeeded(desk: Desk) -> None:
    await desk.minute(AT, status="failed")
    async with running_monitor() as monitor:
        assert await beat(desk, monitor, AT + MINUTE) == 0


async def test_a_worker_without_smart_money_is_healthy(desk: Desk) -> None:
    async with running_monitor() as monitor:
        assert await beat(desk, monitor, AT) == 1


@pytest.mark.parametrize("status", [500, 404, 301])
async def test_a_monitor_that_refuses_harms_nothing(
    desk: Desk, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running_monitor([status]) as monitor:
        await beat(desk, monitor, AT)
        assert await beat(desk, monitor, AT + MINUTE) == 1
    log = capsys.readouterr().out
    assert f"the answer was HTTP {status}" in log
    assert "s3cret" not in log
    assert await desk.run("select from ops.jobs where last_error is not null") == []


async def test_a_monitor_that_is_away_harms_nothing_and_its_address_is_not_printed(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"http://127.0.0.1:{await closed_port()}/ping/s3cret"
    await work(desk, url, AT)
    log = capsys.readouterr().out + repr(Heartbeat(url))
    assert "heartbeat not accepted" in log
    assert "s3cret" not in log


async def test_without_an_address_nobody_is_called(desk: Desk) -> None:
    await work(desk, None, AT)
    [row] = await desk.run(
        "select count(*) as jobs from ops.jobs where kind = 'send_heartbeat' and status = 'done'"
    )
    assert row["jobs"] == 1
