"""No sequence of faults makes a day complete that lacks a fill, once it was read twice.

A fill may show up late by less than an hour after the first answer for its time, which is what
second readings cover. A fault may hide it for longer, but then with a fill that the books hold: no
reading could tell it otherwise.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from random import Random

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.flow.books import NO_LIMIT, Books, milliseconds
from tests.flow.handmade import Row, fill, holding
from tests.flow.scripted import Answer, scripted

from hypertally.errors import TryLater
from hypertally.jobs.activity.end_positions import check_positions
from hypertally.jobs.activity.pull_fills import pull_fills, pull_window
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.jobs.runtime.shared_budget import SharedBudget
from hypertally.metrics.activity import day_states, fill_gaps
from hypertally.records import Wallet
from hypertally.sources.info import InfoClient
from hypertally.store.postgres import transaction

FIRST_DAY = datetime(2025, 3, 10, tzinfo=UTC)
DAYS = 3
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
CAP = 100  # rows of a server that gives less than it has
_wallets = count(1)

FAULTS = (
    "whole", "thin at the end", "one hidden", "newest alone", "empty", "truncated", "capped",
    "repeated", "reordered", "error", "outage", "no state", "old state",
)  # fmt: skip


@dataclass(frozen=True)
class Trade:
    """A fill of the exchange, and how long it is hidden."""

    minute: int  # since the first day began
    is_perp: bool
    late_minutes: int


@dataclass(frozen=True)
class Step:
    """One thing that the program does, after some time, and what goes wrong meanwhile."""

    action: str
    minutes: int
    attempt: int
    faults: Sequence[str]


@dataclass
class Scene:
    """The exchange of one wallet, and what the program knows of it."""

    books: Books
    info: InfoClient
    wallet: Wallet
    fills: list[Row]
    late_minutes: dict[int, int]  # by the number of the order
    now: datetime = FIRST_DAY
    faults: list[str] = field(default_factory=list)
    stored_orders: set[int] = field(default_factory=set)  # whose fills the books hold
    first_asked: dict[int, datetime] = field(default_factory=dict)  # order -> first answer for it

    def clock(self) -> datetime:
        return self.now

    def answer(self, request: Row) -> Answer | None:
        """The answer to a request, spoiled by the fault whose turn it is."""
        fault = self.faults.pop(0) if self.faults else "whole"
        if fault in ("error", "outage"):
            return (500 if fault == "error" else 503), None
        if request["type"] == "clearinghouseState":
            return (500, None) if fault == "no state" else self.state(is_old=fault == "old state")
        if request["type"] != "userFillsByTime":
            return None
        if fault == "truncated":
            return 200, "truncated"
        first, last = request["startTime"], request.get("endTime", 10**18)
        last = min(last, milliseconds(self.now))
        rows = [row for row in self.fills if first <= row["time"] <= last]
        for row in rows:
            self.first_asked.setdefault(row["oid"], self.now)
        return 200, self.spoil([row for row in rows if not self.is_late(row)], fault)

    def is_late(self, row: Row) -> bool:
        oid = row["oid"]
        return self.now < self.first_asked[oid] + self.late_minutes[oid] * MINUTE

    def spoil(self, rows: list[Row], fault: str) -> list[Row]:
        match fault:
            case "thin at the end":
                spoiled = rows[: len(rows) // 2]
            case "one hidden":
                spoiled = rows[:1] + rows[2:]
            case "newest alone":
                spoiled = rows[-1:]
            case "empty":
                spoiled = []
            case "capped":
                return rows[:CAP]
            case "repeated":
                return [row for row in rows for _ in range(2)]
            case "reordered":
                return Random(len(rows)).sample(rows, len(rows))
            case _:
                return rows
        hidden = {row["oid"] for row in rows} - {row["oid"] for row in spoiled}
        is_overdue = any(self.first_asked[oid] <= self.now - HOUR for oid in hidden)
        return rows if is_overdue and not hidden & self.stored_orders else spoiled

    def state(self, *, is_old: bool) -> Answer:
        at_ms = milliseconds(self.now - 3 * HOUR if is_old else self.now)
        bought = sum(row["coin"] == "BTC" and row["time"] <= at_ms for row in self.fills)
        return 200, holding(at_ms, **({"BTC": f"{bought}.0"} if bought else {}))


def fills_of(
    trades: Sequence[Trade], *, busy_minute: int | None
) -> tuple[list[Row], dict[int, int]]:
    """The rows of these trades, with 130 more in one hour, and the lateness of each."""
    first_ms = milliseconds(FIRST_DAY)
    moments = [(trade.minute * 60_000, trade) for trade in trades]
    if busy_minute is not None:
        quick = Trade(minute=0, is_perp=False, late_minutes=0)
        moments += [(busy_minute * 60_000 + n * 20_000 + 1, quick) for n in range(130)]
    rows: list[Row] = []
    late_minutes: dict[int, int] = {}
    bought = 0
    for at_ms, trade in sorted(moments, key=lambda moment: moment[0]):
        perp, spot = {"startPosition": f"{bought}.0"}, {"coin": "#30", "dir": "Buy"}
        fields = perp if trade.is_perp else spot
        bought += trade.is_perp
        rows.append(fill(first_ms + at_ms, **fields))
        late_minutes[rows[-1]["oid"]] = trade.late_minutes
    return rows, late_minutes


async def act(scene: Scene, step: Step) -> None:
    """Do a step; what fails is asked again some other time."""
    scene.now += step.minutes * MINUTE
    scene.faults = list(step.faults)
    books, wallet = scene.books, scene.wallet
    job = await running_job(books, wallet, attempt=step.attempt)
    resources = Resources(pool=books.pool, info=scene.info, clock=scene.clock)
    try:
        match step.action:
            case "check":
                await check_positions(resources, job)
            case "window":
                from_ms = milliseconds(FIRST_DAY)
                until_ms = milliseconds(FIRST_DAY + timedelta(days=DAYS))
                await pull_window(
                    books.pool, scene.info, wallet, from_ms=from_ms, until_ms=until_ms, job=job
                )
            case action:
                await pull_fills(
                    books.pool, scene.info, wallet, clock=scene.clock, job=job,
                    confirming=action == "confirm",
                )  # fmt: skip
    except TryLater:
        pass  # the queue would run the job again
    await books.execute("delete from ops.jobs")
    rows = await books.read(
        "select oid from facts.hl_fills_raw where wallet_id = %s", wallet.id
    )  # fmt: skip
    scene.stored_orders = {row["oid"] for row in rows}


async def running_job(books: Books, wallet: Wallet, *, attempt: int) -> Job:
    async with books.pool.connection() as connection:
        cursor = await connection.execute(
            "insert into ops.jobs (kind, payload, status, attempts, lease_token, lease_until) "
            "values ('test', '{}', 'running', 1, 1, now() + interval '1 hour') returning id"
        )
        (row,) = await cursor.fetchall()
    payload: dict[str, object] = {"wallet_id": wallet.id}
    return Job(
        id=row["id"], kind="test", payload=payload, attempts=attempt, max_attempts=10,
        lease_token=1,
    )  # fmt: skip


async def completeness_by_day(scene: Scene) -> dict[date, Decimal]:
    """The completeness of each day of the fills, from the facts alone."""
    days = [FIRST_DAY.date() + timedelta(days=number) for number in range(DAYS)]
    keys = {"wallet_ids": [scene.wallet.id] * DAYS, "days": days}
    async with transaction(scene.books.pool) as connection:
        await fill_gaps.rebuild(connection, scene.wallet.id)
        await day_states.compute(connection, day_states.KEYS, keys, schema="metrics")
        cursor = await connection.execute(
            "select s.day, metrics.completeness(s.unknown_ms, ("
            "  select count(*) from facts.hl_fills_raw as f where f.wallet_id = s.wallet_id "
            "  and (f.time at time zone 'UTC')::date = s.day), s.bad_rows, s.confirmed) as part "
            "from pg_temp.day_states as s"
        )
        return {row["day"]: row["part"] for row in await cursor.fetchall()}


async def require_kept_promise(scene: Scene) -> None:
    """A day of completeness 1 lacks no fill."""
    complete = {day for day, part in (await completeness_by_day(scene)).items() if part == 1}
    missing = [
        row
        for row in scene.fills
        if row["oid"] not in scene.stored_orders
        and (FIRST_DAY + (row["time"] - milliseconds(FIRST_DAY)) * MINUTE / 60_000).date()
        in complete
    ]
    assert missing == []


@asynccontextmanager
async def scene_of(
    books: Books, trades: Sequence[Trade], busy_minute: int | None
) -> AsyncIterator[Scene]:
    address = f"0x{next(_wallets):040x}"
    rows, late_minutes = fills_of(trades, busy_minute=busy_minute)
    await books.track([address])
    await books.execute("delete from ops.jobs")
    wallet_id = await books.value(
        "select id from tenancy.wallets where address = decode(%s, 'hex')", address[2:]
    )
    budget = SharedBudget(books.pool, upstream_host="test", weight_per_minute=NO_LIMIT)
    with scripted() as exchange:
        url = f"{exchange.exchange.url}/info"
        scene: Scene
        async with InfoClient(url, budget=budget, clock=lambda: scene.now, tries=1) as info:
            wallet = Wallet(id=wallet_id, address=address)
            scene = Scene(books, info, wallet, rows, late_minutes)
            exchange.script = scene.answer
            yield scene


MINUTES = st.integers(min_value=0, max_value=DAYS * 1440 - 1)
TRADES = st.lists(
    st.builds(Trade, MINUTES, st.booleans(), st.sampled_from([0, 0, 20, 59])),
    min_size=1,
    max_size=8,
    unique_by=lambda trade: trade.minute,
)
STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(["pull", "pull", "confirm", "window", "check"]),
        st.sampled_from([0, 10, 65, 65, 300, 1440]),
        st.integers(min_value=1, max_value=3),
        st.lists(st.sampled_from(FAULTS), max_size=3),
    ),
    min_size=1,
    max_size=14,
)


@pytest.fixture(autouse=True)
def no_log() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.configure(**before)


@settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))
@given(trades=TRADES, steps=STEPS, busy_minute=st.none() | MINUTES)
async def test_no_sequence_of_faults_makes_a_day_complete_that_lacks_a_fill(
    books: Books, trades: Sequence[Trade], steps: Sequence[Step], busy_minute: int | None
) -> None:
    async with scene_of(books, trades, busy_minute) as scene:
        for step in steps:
            await act(scene, step)
            await require_kept_promise(scene)
        # Then all is well: pulls as the program makes them, the time of each, no faults.
        scene.now = max(scene.now, FIRST_DAY + timedelta(days=DAYS)) + HOUR
        for action in ("pull", "check", "confirm", "confirm", "confirm", "check", "pull"):
            await act(scene, Step(action, 65, 1, ()))
            await require_kept_promise(scene)
        assert set((await completeness_by_day(scene)).values()) == {Decimal(1)}
