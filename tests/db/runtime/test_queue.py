"""The queue: every job is run by one worker at a time, and none is lost."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import stamina
from psycopg.rows import dict_row

from hypertally.errors import LeaseLost, TryLater
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.queue import Job
from hypertally.store.postgres import Pool, transaction

BACKOFF_SECONDS_MAX = 600
Login = psycopg.Connection[dict[str, Any]]


@pytest.fixture
def login(database_url: str) -> Iterator[Login]:
    """The login, to look at rows and to make time pass."""
    with Login.connect(database_url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


def rows(login: Login) -> list[dict[str, Any]]:
    return login.execute("select * from ops.jobs order by id").fetchall()


def statuses(login: Login) -> list[str]:
    return [row["status"] for row in rows(login)]


def let_leases_run_out(login: Login) -> None:
    login.execute("update ops.jobs set lease_until = now() - interval '1 s' where status='running'")


def make_due(login: Login) -> None:
    login.execute("update ops.jobs set run_at = now() where status = 'queued'")


async def put(pool: Pool, kind: str = "work", **options: Any) -> bool:
    payload = options.pop("payload", {})
    async with transaction(pool) as connection:
        return await queue.insert_job(connection, kind, payload, **options)


async def take(pool: Pool, *, limit: int = 1, worker: str = "one", lease: float = 60) -> list[Job]:
    return await queue.claim(pool, worker=worker, lease_seconds=lease, limit=limit)


async def take_one(pool: Pool, **options: Any) -> Job:
    (job,) = await take(pool, **options)
    return job


async def finish(pool: Pool, job: Job) -> None:
    async with queue.finishing(pool, job):
        pass


async def test_two_workers_never_claim_one_job(worker_pool: Pool) -> None:
    async with transaction(worker_pool) as connection:
        for number in range(120):
            await queue.insert_job(connection, "work", {"number": number})

    async def claim_all(worker: str) -> list[int]:
        claimed: list[int] = []
        while jobs := await take(worker_pool, worker=worker, limit=3):
            claimed += [job.payload["number"] for job in jobs]
        return claimed

    taken = await asyncio.gather(*(claim_all(f"worker {n}") for n in range(6)))
    assert Counter(number for claimed in taken for number in claimed) == Counter(range(120))


async def test_the_claim_counts_as_the_attempt(worker_pool: Pool, login: Login) -> None:
    await put(worker_pool)
    assert (await take_one(worker_pool)).attempts == 1
    let_leases_run_out(login)
    assert await queue.reap(worker_pool) == 1
    assert (await take_one(worker_pool)).attempts == 2


async def test_a_lease_that_ran_out_goes_to_another_worker(worker_pool: Pool, login: Login) -> None:
    await put(worker_pool)
    first = await take_one(worker_pool)
    assert await queue.reap(worker_pool) == 0
    let_leases_run_out(login)
    assert await take(worker_pool, worker="two") == []
    await queue.reap(worker_pool)
    second = await take_one(worker_pool, worker="two")
    assert second.id == first.id
    assert second.lease_token != first.lease_token
    (row,) = rows(login)
    assert row["worker"] == "two"
    assert row["last_error"] == "the worker one stopped without a word"


async def test_a_renewed_lease_is_not_reaped(worker_pool: Pool, login: Login) -> None:
    await put(worker_pool)
    job = await take_one(worker_pool)
    let_leases_run_out(login)
    await queue.renew(worker_pool, [job], lease_seconds=60)
    assert await queue.reap(worker_pool) == 0


async def test_renewing_does_not_wait_for_a_job_that_is_finishing(
    worker_pool: Pool, login: Login
) -> None:
    await put(worker_pool)
    await put(worker_pool)
    finishing, other = await take(worker_pool, limit=2)
    let_leases_run_out(login)
    async with queue.finishing(worker_pool, finishing):
        async with asyncio.timeout(2):
            await queue.renew(worker_pool, [finishing, other], lease_seconds=60)
        assert await queue.reap(worker_pool) == 0


async def test_a_worker_thought_dead_commits_nothing(worker_pool: Pool, login: Login) -> None:
    await put(worker_pool)
    first = await take_one(worker_pool)
    let_leases_run_out(login)
    await queue.reap(worker_pool)
    second = await take_one(worker_pool, worker="two")
    with pytest.raises(LeaseLost, match="another worker"):
        async with queue.finishing(worker_pool, first) as connection:
            await queue.insert_job(connection, "what it would have written", {})
    await queue.put_back(worker_pool, first, error="too late")
    await queue.bury(worker_pool, first, error="too late")
    await queue.release(worker_pool, [first])
    assert statuses(login) == ["running"]
    await finish(worker_pool, second)
    assert statuses(login) == ["done"]


async def test_work_that_fails_commits_neither_itself_nor_done(
    worker_pool: Pool, login: Login
) -> None:
    await put(worker_pool)
    job = await take_one(worker_pool)

    async def fail() -> None:
        async with queue.finishing(worker_pool, job) as connection:
            await queue.insert_job(connection, "next", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert statuses(login) == ["running"]


async def test_a_chained_job_and_done_are_one_commit(worker_pool: Pool, login: Login) -> None:
    await put(worker_pool)
    async with queue.finishing(worker_pool, await take_one(worker_pool)) as connection:
        await queue.insert_job(connection, "next", {})
        assert statuses(login) == ["running"]
    assert [(row["kind"], row["status"]) for row in rows(login)] == [
        ("work", "done"),
        ("next", "queued"),
    ]


async def test_backoff_grows_and_is_bounded(worker_pool: Pool, login: Login) -> None:
    await put(worker_pool, attempts_max=100)
    waits: list[float] = []
    for _ in range(14):
        make_due(login)
        job = await take_one(worker_pool)
        await queue.put_back(worker_pool, job, error="no answer")
        row = rows(login)[0]
        waits.append((row["run_at"] - row["finished_at"]).total_seconds())
    # Between 3/4 and 5/4 of 2, 4, 8 ... seconds, and of ten minutes from the tenth attempt on.
    for attempt, wait in enumerate(waits, start=1):
        expected = min(BACKOFF_SECONDS_MAX, 2**attempt)
        assert 0.75 * expected <= wait <= 1.25 * expected
    assert len(set(waits[-5:])) == 5, "the jitter keeps failed jobs from coming back together"


async def test_a_failed_job_waits_at_least_as_long_as_the_source_asks(
    worker_pool: Pool, login: Login
) -> None:
    await put(worker_pool)
    at = datetime.now(UTC) + timedelta(hours=3)
    await queue.put_back(worker_pool, await take_one(worker_pool), error="closed", at=at)
    assert rows(login)[0]["run_at"] == at


async def test_used_up_attempts_leave_a_dead_job_with_its_error(
    worker_pool: Pool, login: Login
) -> None:
    await put(worker_pool, payload={"wallet_id": 7}, attempts_max=2)
    for _ in range(2):
        make_due(login)
        await queue.put_back(worker_pool, await take_one(worker_pool), error="SourceDown: so")
    make_due(login)
    assert await take(worker_pool) == []
    (dead,) = await queue.list_dead(worker_pool, limit=10)
    assert (dead.kind, dead.payload) == ("work", {"wallet_id": 7})
    assert (dead.attempts, dead.last_error) == (2, "SourceDown: so")


async def test_a_job_that_kills_its_worker_dies_in_the_end(worker_pool: Pool, login: Login) -> None:
    await put(worker_pool, attempts_max=3)
    for _ in range(3):
        await take_one(worker_pool)
        let_leases_run_out(login)
        await queue.reap(worker_pool)
    assert statuses(login) == ["dead"]
    assert await take(worker_pool) == []


async def test_an_attempt_that_is_not_the_jobs_fault_does_not_count(
    worker_pool: Pool, login: Login
) -> None:
    await put(worker_pool, attempts_max=1)
    for _ in range(5):
        make_due(login)
        job = await take_one(worker_pool)
        assert job.attempts == 1
        await queue.put_back(worker_pool, job, error="429", counted=False)
    assert statuses(login) == ["queued"]


async def test_one_of_a_key_is_queued_while_another_runs(worker_pool: Pool, login: Login) -> None:
    assert await put(worker_pool, dedupe_key="a")
    assert not await put(worker_pool, dedupe_key="a")
    running = await take_one(worker_pool)
    assert await put(worker_pool, dedupe_key="a")
    assert not await put(worker_pool, dedupe_key="a")
    assert await put(worker_pool, dedupe_key="b")
    assert statuses(login) == ["running", "queued", "queued"]
    await finish(worker_pool, running)
    assert len(await take(worker_pool, limit=5)) == 2


async def test_a_job_enqueued_while_its_key_is_being_claimed_is_not_swallowed(
    worker_pool: Pool, login: Login
) -> None:
    await put(worker_pool, dedupe_key="a")
    async with transaction(worker_pool) as claiming:
        await claiming.execute(
            queue.QUERIES["claim"].text,
            {
                "worker": "one",
                "lease_seconds": 60,
                "limit": 1,
                "only_kinds": None,
                "except_kinds": [],
            },
        )
        adding = asyncio.create_task(put(worker_pool, dedupe_key="a"))
        await asyncio.sleep(0.2)
        assert not adding.done(), "it waits to know what becomes of the queued one"
    assert await adding
    assert statuses(login) == ["running", "queued"]


async def test_enqueueing_a_queued_key_hurries_it(worker_pool: Pool, login: Login) -> None:
    await put(worker_pool, dedupe_key="a", priority=5, delay_seconds=3600)
    assert await take(worker_pool) == []
    await put(worker_pool, dedupe_key="a", priority=1, delay_seconds=7200)
    later = rows(login)[0]["run_at"] - datetime.now(UTC)
    assert later < timedelta(seconds=3601)
    await put(worker_pool, dedupe_key="a", priority=9)
    await put(worker_pool, dedupe_key="a", priority=2)
    assert rows(login)[0]["priority"] == 9
    assert len(await take(worker_pool)) == 1


async def test_a_failed_job_whose_key_is_queued_again_leaves_the_work_to_that(
    worker_pool: Pool, login: Login
) -> None:
    await put(worker_pool, dedupe_key="a")
    job = await take_one(worker_pool)
    await put(worker_pool, dedupe_key="a")
    await queue.put_back(worker_pool, job, error="no answer")
    assert statuses(login) == ["done", "queued"]


async def give_back(worker_pool: Pool, job: Job, way: str) -> None:
    if way == "put_back":
        await queue.put_back(worker_pool, job, error="no answer")
    elif way == "release":
        await queue.release(worker_pool, [job])
    elif way == "reap":
        await queue.reap(worker_pool)
    else:
        await queue.requeue_dead(worker_pool, None)


@pytest.mark.parametrize("way", ["put_back", "release", "reap", "requeue_dead"])
async def test_a_job_that_returns_while_its_key_is_being_queued_leaves_the_work_to_that(
    worker_pool: Pool, login: Login, way: str
) -> None:
    await put(worker_pool, dedupe_key="a")
    job = await take_one(worker_pool)
    if way == "reap":
        let_leases_run_out(login)
    if way == "requeue_dead":
        await queue.bury(worker_pool, job, error="no use")
    async with transaction(worker_pool) as connection:
        await queue.insert_job(connection, "kind", {}, dedupe_key="a")
        returning = asyncio.create_task(give_back(worker_pool, job, way))
        await until_blocked(login)
    await returning
    assert statuses(login) == ["done", "queued"]


async def until_blocked(login: Login) -> None:
    """Wait until a statement waits for another transaction."""
    waiting = "select count(*) from pg_locks where not granted and locktype = 'transactionid'"
    async for attempt in stamina.retry_context(on=AssertionError, attempts=None, timeout=10):
        with attempt:
            assert [row["count"] for row in login.execute(waiting)] == [1]


async def test_of_two_lost_jobs_of_one_key_one_is_queued(worker_pool: Pool, login: Login) -> None:
    for _ in range(2):
        await put(worker_pool, dedupe_key="a")
        await take_one(worker_pool)
    await put(worker_pool, dedupe_key="b")
    await take_one(worker_pool)
    await put(worker_pool, dedupe_key="b")
    let_leases_run_out(login)
    assert await queue.reap(worker_pool) == 3
    assert statuses(login) == ["queued", "done", "done", "queued"]


async def test_released_jobs_are_due_at_once_and_lose_no_attempt(
    worker_pool: Pool, login: Login
) -> None:
    await put(worker_pool, attempts_max=1)
    await queue.release(worker_pool, [await take_one(worker_pool)])
    assert (await take_one(worker_pool)).attempts == 1
    assert statuses(login) == ["running"]


async def test_of_two_released_jobs_of_one_key_one_is_queued(
    worker_pool: Pool, login: Login
) -> None:
    held: list[Job] = []
    for _ in range(2):
        await put(worker_pool, dedupe_key="a")
        held += await take(worker_pool)
    await queue.release(worker_pool, held)
    assert statuses(login) == ["queued", "done"]


async def test_a_buried_job_is_dead_at_once(worker_pool: Pool) -> None:
    await put(worker_pool)
    await queue.bury(worker_pool, await take_one(worker_pool), error="InvariantBroken: so")
    (dead,) = await queue.list_dead(worker_pool, limit=10)
    assert dead.last_error == "InvariantBroken: so"


async def test_dead_jobs_are_requeued_with_all_their_attempts(
    worker_pool: Pool, login: Login
) -> None:
    for key in ("a", "a", "b", None, None):
        await put(worker_pool, dedupe_key=key, attempts_max=1)
        await queue.bury(worker_pool, await take_one(worker_pool), error="so")
    await put(worker_pool, dedupe_key="b", delay_seconds=60)
    assert await queue.requeue_dead(worker_pool, [rows(login)[3]["id"]]) == 1
    assert statuses(login) == ["dead", "dead", "dead", "queued", "dead", "queued"]
    assert await queue.requeue_dead(worker_pool, None) == 4
    # The later of the two of key a; none of b, which is queued already.
    assert statuses(login) == ["done", "queued", "done", "queued", "queued", "queued"]
    assert {job.attempts for job in await take(worker_pool, limit=9)} == {1}


async def test_the_more_urgent_job_goes_first_and_of_equals_the_older(worker_pool: Pool) -> None:
    for kind, priority in (("low", 0), ("high", 90), ("older", 20), ("newer", 20)):
        await put(worker_pool, kind, priority=priority)
    claimed = [(await take_one(worker_pool)).kind for _ in range(4)]
    assert claimed == ["high", "older", "newer", "low"]


async def test_a_job_is_not_claimed_before_its_time(worker_pool: Pool, login: Login) -> None:
    await put(worker_pool, delay_seconds=30)
    assert await take(worker_pool) == []
    make_due(login)
    assert len(await take(worker_pool)) == 1


async def test_only_jobs_done_long_ago_are_forgotten(worker_pool: Pool, login: Login) -> None:
    for _ in range(2):
        await put(worker_pool)
        await finish(worker_pool, await take_one(worker_pool))
    await put(worker_pool)
    await queue.bury(worker_pool, await take_one(worker_pool), error="so")
    login.execute(
        "update ops.jobs set finished_at = now() - interval '25 hours' where status <> 'queued' "
        "and id <> (select min(id) from ops.jobs)"
    )
    assert await queue.prune(worker_pool, keep_hours=24) == 1
    assert statuses(login) == ["done", "dead"]


async def test_a_key_written_twice_is_worth_another_try(worker_pool: Pool) -> None:
    await put(worker_pool, dedupe_key="a")

    async def add() -> None:
        async with transaction(worker_pool) as connection:
            await connection.execute("insert into ops.jobs (kind, dedupe_key) values ('work', 'a')")

    with pytest.raises(TryLater):
        await add()


async def test_some_kinds_can_be_claimed_alone_and_the_others_without_them(
    worker_pool: Pool,
) -> None:
    for kind, priority in (("pull", 90), ("compute", 10), ("pull", 80)):
        async with transaction(worker_pool) as connection:
            await queue.insert_job(connection, kind, {}, priority=priority)

    async def claimed(**kinds: list[str]) -> list[str]:
        jobs = await queue.claim(worker_pool, worker="one", lease_seconds=60, limit=5, **kinds)
        return [job.kind for job in jobs]

    assert await claimed(except_kinds=["pull"]) == ["compute"]
    assert await claimed(only_kinds=["pull"], except_kinds=["pull"]) == []
    assert await claimed(only_kinds=["pull"]) == ["pull", "pull"]
    assert await claimed(except_kinds=["pull"]) == []
