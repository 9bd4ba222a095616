"""An alert is told to its channels at least once, whatever happens on the way."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString

import pytest
from psycopg.types.json import Jsonb
from tests.db.runtime.offline import offline
from tests.flow.alerts.receivers import closed_port, mail_server, webhook
from tests.flow.books import NO_LIMIT, Books

from hypertally.clock import system_clock
from hypertally.errors import LeaseLost
from hypertally.jobs.alerts import delivery
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.resources import Resources
from hypertally.jobs.runtime.shared_budget import SharedBudget
from hypertally.jobs.worker import Options, Worker
from hypertally.sources.info import InfoClient
from hypertally.sources.notifications import Channels, open_channels
from hypertally.store.postgres import transaction

COMMAND = Path(sys.executable).with_name("hypertally")
AT = datetime(2026, 11, 20, 3, 5, tzinfo=UTC)
WORK_SECONDS_MAX = 40
SECRET = "s3cret-of-the-house"


@dataclass(frozen=True, slots=True)
class Desk:
    """Where alerts are put down to be told; the exchange is away all the while."""

    books: Books

    async def put(self, *channels: str, to_state: str = "firing") -> list[int]:
        """A move of an alert with a delivery to each channel, queued; the deliveries."""
        ids: list[int] = []
        async with transaction(self.books.pool) as connection:
            await connection.execute("set local role hypertally_jobs")
            found = await connection.execute(
                "insert into ops.alerts "
                "(type, subject, level, from_state, to_state, at, reason, value) "
                "values ('exit_cluster', 'HYPE', 'high', 'inactive', %s, %s, %s, %s) returning id",
                (to_state, AT, "37.5 of 100 left", Jsonb({"ecs": "37.5", "exposed": 16})),
            )
            alert = (await found.fetchone() or {})["id"]
            for channel in channels:
                found = await connection.execute(
                    "insert into ops.alert_deliveries (alert_id, channel, dedupe_key) "
                    "values (%s, %s, %s) returning id",
                    (alert, channel, f"{alert}:{channel}"),
                )
                ids.append((await found.fetchone() or {})["id"])
                await delivery.enqueue_delivery(connection, ids[-1])
        return ids

    @asynccontextmanager
    async def worker(self, channels: Channels, **options: Any) -> AsyncGenerator[Worker]:
        budget = SharedBudget(self.books.pool, upstream_host="test", weight_per_minute=NO_LIMIT)
        nobody = f"http://127.0.0.1:{await closed_port()}/info"
        async with InfoClient(nobody, budget=budget, clock=system_clock) as info:
            resources = Resources(
                pool=self.books.pool, info=info, clock=system_clock, channels=channels
            )
            yield Worker(resources, Options(**options))

    async def work(self, channels: Channels) -> None:
        """Do what is due."""
        async with asyncio.timeout(WORK_SECONDS_MAX), self.worker(channels, until_idle=True) as one:
            await one.run()

    async def make_due(self) -> None:
        """Let the waits between tries pass."""
        await self.books.execute(
            "update ops.jobs set run_at = now() where status = 'queued' and kind = 'deliver_alert'"
        )

    async def row(self, delivery_id: int) -> dict[str, Any]:
        return await self.one(
            "select d.*, j.status, j.attempts as tries from ops.alert_deliveries as d "
            "join ops.jobs as j on j.payload = jsonb_build_object('delivery_id', d.id) "
            "where d.id = %s",
            delivery_id,
        )

    async def one(self, statement: LiteralString, *values: Any) -> dict[str, Any]:
        (row,) = await self.books.read(statement, *values)
        return row


@pytest.fixture
def desk(books: Books) -> Desk:
    return Desk(books)


def hook_url(port: int) -> str:
    return f"json://night:{SECRET}@127.0.0.1:{port}/alerts"


def only_name(channels: Channels) -> str:
    (name,) = channels
    return name


async def test_an_alert_goes_the_whole_way_to_a_webhook_and_a_mailbox(desk: Desk) -> None:
    async with webhook() as hook, mail_server() as mail:
        channels = open_channels(
            f"{hook_url(hook.port)}, "
            f"mailto://127.0.0.1:{mail.port}?from=books@example.com&to=night@example.com"
        )
        ids = await desk.put(*channels)
        await desk.work(channels)
    (body,) = hook.bodies
    assert body["title"] == "[high] exit_cluster HYPE: 37.5 of 100 left"
    assert body["type"] == "failure"
    for text in (body["message"], mail.texts[0]):
        for part in ("37.5 of 100 left", "ecs: 37.5", "exposed: 16", "2026-11-20 03:05:00 UTC"):
            assert part in text
    keys = {(await desk.row(id_))["dedupe_key"] for id_ in ids}
    assert {key for key in keys if key in body["message"] or key in mail.texts[0]} == keys
    assert len(mail.mails) == 1
    assert mail.mails[0]["Subject"] == "[high] exit_cluster HYPE: 37.5 of 100 left"
    assert mail.recipients == [["night@example.com"]]
    for id_ in ids:
        row = await desk.row(id_)
        assert row["delivered_at"] is not None
        assert (row["attempts"], row["last_error"], row["status"]) == (1, None, "done")


async def test_that_one_is_over_is_told_as_good_news(desk: Desk) -> None:
    async with webhook() as hook:
        channels = open_channels(hook_url(hook.port))
        await desk.put(*channels, to_state="resolved")
        await desk.work(channels)
    assert [body["type"] for body in hook.bodies] == ["success"]
    assert hook.bodies[0]["title"].startswith("[resolved] exit_cluster HYPE")


async def test_a_receiver_that_is_down_is_told_when_it_is_up(desk: Desk) -> None:
    port = await closed_port()
    channels = open_channels(hook_url(port))
    (id_,) = await desk.put(*channels)
    for attempt in (1, 2):
        await desk.work(channels)
        await desk.make_due()
        row = await desk.row(id_)
        assert (row["attempts"], row["delivered_at"], row["status"]) == (attempt, None, "queued")
        assert "onnection error" in row["last_error"]
    async with webhook(port) as hook:
        await desk.work(channels)
    row = await desk.row(id_)
    assert len(hook.bodies) == 1
    assert row["delivered_at"] is not None
    assert (row["attempts"], row["last_error"], row["status"]) == (3, None, "done")


async def test_an_answer_of_500_is_no_delivery(desk: Desk) -> None:
    async with webhook(statuses=[500]) as hook:
        channels = open_channels(f"{hook_url(hook.port)}?retry=5&optional=yes")
        (id_,) = await desk.put(*channels)
        await desk.work(channels)
        assert len(hook.bodies) == 1, "the queue tries again, and nobody else"
        failed = await desk.row(id_)
        assert "500" in failed["last_error"]
        assert failed["delivered_at"] is None
        await desk.make_due()
        await desk.work(channels)
    assert len(hook.bodies) == 2
    assert hook.messages[0] == hook.messages[1]
    assert (await desk.row(id_))["delivered_at"] is not None


async def test_mail_that_is_refused_is_sent_again(desk: Desk) -> None:
    async with mail_server() as mail:
        mail.refusals.append("451 come back later")
        channels = open_channels(
            f"mailto://127.0.0.1:{mail.port}?from=books@example.com&to=night@example.com"
        )
        (id_,) = await desk.put(*channels)
        await desk.work(channels)
        assert (await desk.row(id_))["delivered_at"] is None
        await desk.make_due()
        await desk.work(channels)
    assert len(mail.mails) == 1
    assert (await desk.row(id_))["attempts"] == 2


async def test_no_error_that_is_kept_holds_what_stands_in_the_address(desk: Desk) -> None:
    async with webhook(statuses=[401]) as hook, mail_server() as mail:
        mail.refusals.append(f"550 no mail for {SECRET}@example.com")
        channels = open_channels(
            f"{hook_url(hook.port)} json://{SECRET}.invalid/{SECRET} "
            f"mailto://127.0.0.1:{mail.port}?from=books@example.com&to={SECRET}@example.com"
        )
        ids = await desk.put(*channels)
        await desk.work(channels)
    kept = await desk.books.read("select to_jsonb(d)::text as row from ops.alert_deliveries as d")
    jobs = await desk.books.read("select to_jsonb(j)::text as row from ops.jobs as j")
    assert None not in [(await desk.row(id_))["last_error"] for id_ in ids]
    assert SECRET not in f"{kept} {jobs} {channels}"


async def test_a_delivery_that_is_given_up_says_so_and_can_be_asked_for_again(desk: Desk) -> None:
    port = await closed_port()
    channels = open_channels(hook_url(port))
    (id_,) = await desk.put(*channels)
    await desk.books.execute(
        "update ops.jobs set attempts = max_attempts - 1 where kind = 'deliver_alert'"
    )
    await desk.work(channels)
    row = await desk.row(id_)
    assert row["last_error"].startswith(f"given up after {delivery.ATTEMPTS_MAX} attempts: ")
    assert row["status"] == "dead"
    async with webhook(port) as hook:
        dead = await queue.list_dead(desk.books.pool, limit=10)
        await queue.requeue_dead(desk.books.pool, [job.id for job in dead])
        await desk.work(channels)
    assert len(hook.bodies) == 1
    assert (await desk.row(id_))["last_error"] is None


async def test_a_channel_that_is_not_set_any_more_is_not_waited_for(desk: Desk) -> None:
    (id_,) = await desk.put("tgram:00000000")
    await desk.work({})
    row = await desk.row(id_)
    assert (row["status"], row["delivered_at"]) == ("done", None)
    assert row["last_error"] == delivery.NOT_SET


async def test_what_was_delivered_is_not_sent_again(desk: Desk) -> None:
    async with webhook() as hook:
        channels = open_channels(hook_url(hook.port))
        (id_,) = await desk.put(*channels)
        await desk.work(channels)
        first = await desk.row(id_)
        await desk.books.execute(
            "update ops.jobs set status = 'queued' where kind = 'deliver_alert'"
        )
        await desk.work(channels)
    assert len(hook.bodies) == 1
    again = await desk.row(id_)
    assert (again["delivered_at"], again["attempts"]) == (first["delivered_at"], 1)
    assert again["status"] == "done"


async def test_two_workers_tell_an_alert_once(desk: Desk) -> None:
    async with webhook() as hook:
        channels = open_channels(hook_url(hook.port))
        ids = [id_ for _ in range(5) for id_ in await desk.put(*channels)]
        await asyncio.gather(desk.work(channels), desk.work(channels))
    assert len(hook.bodies) == len(set(hook.messages)) == len(ids)


async def test_who_lost_the_lease_sends_nothing(desk: Desk) -> None:
    async with webhook() as hook:
        channels = open_channels(hook_url(hook.port))
        await desk.put(*channels)
        pool = desk.books.pool
        (job,) = await queue.claim(
            pool, worker="one", lease_seconds=60, limit=1, only_kinds=["deliver_alert"]
        )
        await queue.release(pool, [job])
        with pytest.raises(LeaseLost):
            await delivery.deliver_alert(offline(pool, channels=channels), job)
    assert hook.bodies == []


async def test_killed_between_sending_and_marking_it_is_told_again_by_the_same_key(
    desk: Desk, tmp_path: Path
) -> None:
    async with webhook() as hook:
        url = hook_url(hook.port)
        channels = open_channels(url)
        (id_,) = await desk.put(*channels)
        with _worker_process(desk.books.url, url, tmp_path) as process:
            hook.before_answer = lambda: _kill(process)
            async with asyncio.timeout(WORK_SECONDS_MAX):
                await hook.arrived.acquire()
            await asyncio.to_thread(process.wait)
        hook.before_answer = None
        row = await desk.row(id_)
        assert (row["status"], row["attempts"], row["delivered_at"]) == ("running", 1, None)
        await desk.books.execute("update ops.jobs set lease_until = now() where status = 'running'")
        await queue.reap(desk.books.pool)
        await desk.work(channels)
    first, second = hook.messages
    assert first == second
    assert row["dedupe_key"] in second
    assert (await desk.row(id_))["attempts"] == 2


def _worker_process(database: str, alert_urls: str, home: Path) -> subprocess.Popen[bytes]:
    settings = {
        "HOME": str(home),
        "DATABASE_URL": database,
        "INFO_URL": "http://127.0.0.1:9/info",
        "SMART_MONEY": "off",
        "TWAP_URL": home.as_uri(),
        "ALERT_URLS": alert_urls,
    }
    environment = {f"HYPERTALLY_{name}": value for name, value in settings.items()}
    return subprocess.Popen([COMMAND, "worker"], env=os.environ | environment)


async def _kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)


async def test_a_slow_receiver_is_given_up_in_time_and_holds_up_no_other(
    desk: Desk,
) -> None:
    release = asyncio.Event()

    async def hang() -> None:
        await release.wait()

    async with webhook() as slow, webhook() as quick:
        slow.before_answer = hang
        first = open_channels(f"{hook_url(slow.port)}?rto=600", seconds_max=2)
        second = open_channels(hook_url(quick.port))
        (waiting,) = await desk.put(*first)
        (told,) = await desk.put(*second)
        async with desk.worker({**first, **second}) as worker:
            running = asyncio.create_task(worker.run())
            async with asyncio.timeout(WORK_SECONDS_MAX):
                await quick.arrived.acquire()
                assert (await desk.row(waiting))["last_error"] is None
                await slow.arrived.acquire()
                await slow.arrived.acquire()  # the queue's next try
                error = (await desk.row(waiting))["last_error"]
            worker.stop()
            release.set()
            await running
    assert error == "it did not take the message within 2 s"
    assert (await desk.row(told))["delivered_at"] is not None


@pytest.mark.parametrize(
    ("url", "attribute", "path"),
    [
        ("tgram://123456789:AAGabcdefghijklmnopqrstuvwxyz012345/-1001", "notify_url", "/bot"),
        (
            "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
            "notify_url",
            "",
        ),
        (
            "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
            "webhook_url",
            "",
        ),
    ],
    ids=["telegram", "discord", "slack"],
)
async def test_chats_are_told_in_their_own_form(
    desk: Desk, url: str, attribute: str, path: str
) -> None:
    async with webhook() as hook:
        channels = open_channels(url)
        # Their hosts are fixed: here they are this one.
        service = channels[only_name(channels)]._service
        setattr(service, attribute, f"http://127.0.0.1:{hook.port}{path}")
        (id_,) = await desk.put(*channels)
        await desk.work(channels)
    row = await desk.row(id_)
    text = str(hook.bodies)
    assert row["last_error"] is None
    assert row["delivered_at"] is not None
    for part in ("exit_cluster", "37.5 of 100 left", row["dedupe_key"]):
        assert part.replace("_", "") in text.replace("\\", "").replace("_", "")
    assert len(hook.bodies) == 1
