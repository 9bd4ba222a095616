"""The universe as it is stored: from which source, who is passed over, what is known when."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, LiteralString

import psycopg
import pytest
import stamina
from psycopg.rows import dict_row
from structlog.testing import capture_logs
from tests.flow.handmade import fill
from tests.loopback import Reply, leaderboard_reply, row, scripted_server

from hypertally.clock import at, system_clock
from hypertally.facts import pages
from hypertally.facts.activity import fills
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.resources import Resources, Watch
from hypertally.jobs.runtime.shared_budget import SharedBudget
from hypertally.jobs.smart_money.universe import (
    RETRY_SECONDS,
    hurry_refresh,
    list_survivorship,
    refresh_universe,
)
from hypertally.metrics.smart_money import universe
from hypertally.records import Answer, ProvenPage
from hypertally.sources.info import InfoClient
from hypertally.store.postgres import Pool, transaction
from hypertally.tenancy import orgs, wallets

NOWHERE = "http://127.0.0.1:9/info"  # nobody listens there
DOWN = Reply(status=503)


def address(number: int) -> str:
    return f"0x{number:040x}"


def ranked(numbers: Sequence[int], **changes: Any) -> Reply:
    """A leaderboard on which the lower number made more."""
    return leaderboard_reply([row(address(n), f"{1000 - n}.5", **changes) for n in numbers])


class Books:
    """A database and a worker's pool on it."""

    def __init__(self, url: str, pool: Pool) -> None:
        self.url = url
        self.pool = pool
        self.universe_size = 2

    async def read(self, statement: LiteralString, *values: Any) -> list[dict[str, Any]]:
        async with await psycopg.AsyncConnection.connect(
            self.url, row_factory=dict_row, options="-c timezone=UTC"
        ) as connection:
            return await (await connection.execute(statement, values)).fetchall()

    async def execute(self, statement: LiteralString, *values: Any) -> None:
        async with await psycopg.AsyncConnection.connect(self.url) as connection:
            await connection.execute(statement, values)

    async def refresh(self, leaderboard: Reply | None, fallback: Reply | None = None) -> None:
        """Choose the universe once, as the job does; None: no such address is set."""
        async with AsyncExitStack() as servers, self._positions() as positions:
            urls = [
                None
                if reply is None
                else (await servers.enter_async_context(scripted_server(reply))).url
                for reply in (leaderboard, fallback)
            ]
            watch = Watch(
                leaderboard_url=urls[0],
                fallback_url=urls[1],
                positions=positions,
                budget=self._budget(),
                universe_size=self.universe_size,
            )
            resources = Resources(pool=self.pool, info=positions, clock=system_clock, watch=watch)
            await refresh_universe(resources, await self._job())

    async def _job(self) -> queue.Job:
        async with transaction(self.pool) as connection:
            await hurry_refresh(connection)
        (job,) = await queue.claim(self.pool, worker="test", lease_seconds=60, limit=1)
        return job

    @asynccontextmanager
    async def _positions(self) -> AsyncGenerator[InfoClient]:
        async with InfoClient(NOWHERE, budget=self._budget(), clock=system_clock) as positions:
            yield positions

    def _budget(self) -> SharedBudget:
        return SharedBudget(self.pool, upstream_host="test", weight_per_minute=1200).snapshots()

    async def runs(self) -> list[tuple[str, str, int]]:
        found = await self.read("select * from metrics.wallet_universe_runs order by id")
        return [(run["source"], run["status"], run["members"]) for run in found]

    async def current(self) -> list[str]:
        found = await self.read("select wallet from metrics.wallet_universe_current order by rank")
        return [member["wallet"] for member in found]

    async def last_run(self) -> dict[str, Any]:
        found = await self.read(
            "select * from metrics.wallet_universe_runs order by id desc limit 1"
        )
        return found[0]

    async def seconds_to_next(self) -> float:
        found = await self.read(
            "select extract(epoch from run_at - now()) as s from ops.jobs where status = 'queued'"
        )
        return float(found[0]["s"])

    async def track(self, number: int) -> int:
        """Have the default org track a wallet; its id."""
        async with transaction(self.pool) as connection:
            org_id = await orgs.find_org(connection, "default")
            addition = await wallets.add(
                connection, [address(number)], org_id=org_id, from_day=None
            )
        return addition.added[0]

    async def pulled(self, wallet_id: int, *legs: dict[str, Any], since: datetime) -> None:
        """Store a pull of a wallet that proves everything since a time up to now."""
        asked_at = system_clock()
        answer = Answer(
            request={"type": "userFillsByTime"},
            source="info.userFillsByTime",
            body=list(legs),
            body_sha256=bytes(32),
            asked_at=asked_at,
            weight=20,
        )
        page = ProvenPage(
            answer=answer,
            rows=list(legs),
            covers_from_ms=int(since.timestamp() * 1000),
            covers_to_ms=int(asked_at.timestamp() * 1000),
        )
        decoded = fills.decode(legs, wallet=address(1))
        await pages.ensure_months(self.pool, "pages", {asked_at})
        await pages.ensure_months(
            self.pool, "hl_fills_raw", {at(one.time_ms) for one in decoded.fills}
        )
        async with transaction(self.pool) as connection:
            page_id = await pages.insert(connection, page, wallet_id=wallet_id)
            await fills.insert(connection, decoded.fills, wallet_id=wallet_id, page_id=page_id)

    async def earned(
        self, wallet_id: int, gross: str, *, fees: str | None = "0", days_ago: int = 1
    ) -> None:
        """A wallet's day, as the rollup would leave it."""
        await self.execute(
            """
            insert into metrics.wallet_day_metrics (
                wallet_id, day, fills, events, forced_fills, perp_volume_usd, volumes,
                gross_realised_pnl_usd, fees, fees_usd, builder_fees, coins, first_fill_at,
                last_fill_at, unpriced, closed, gap_ms, completeness, definition, digest,
                reference_digest)
            values (%s, (now() at time zone 'UTC')::date - %s::integer, 1, 0, 0, 100, '{}', %s,
                '{}', %s, '{}', 1, now(), now(), '[]', true, 0, 1, 'test/1', '1:1', '')
            """,
            wallet_id,
            days_ago,
            Decimal(gross),
            None if fees is None else Decimal(fees),
        )


@pytest.fixture
def books(database_url: str, worker_pool: Pool) -> Books:
    with stamina.set_testing(True, attempts=10, cap=True):
        yield Books(database_url, worker_pool)


def leg(coin: str, *, days_ago: float) -> dict[str, Any]:
    at = system_clock() - timedelta(days=days_ago)
    return fill(int(at.timestamp() * 1000), coin=coin)


async def test_the_universe_is_chosen_from_the_leaderboard_and_again_in_six_hours(
    books: Books,
) -> None:
    books.universe_size = 200
    rows = [row(address(n), f"{1000 - n}") for n in range(1, 251)]
    await books.refresh(leaderboard_reply(["no row", *rows]))
    assert await books.runs() == [("leaderboard", "chosen", 200)]
    assert await books.current() == [address(n) for n in range(1, 201)]
    run = await books.last_run()
    assert (run["rows_seen"], run["rows_valid"], run["churn"]) == (251, 250, None)
    assert run["digest"].startswith("250:")
    assert 6 * 3600 - 60 < await books.seconds_to_next() <= 6 * 3600
    (page,) = await books.read("select * from facts.pages")
    assert (page["source"], page["row_count"], page["id"]) == ("leaderboard", 251, run["page_id"])
    assert len(await books.read("select 1 from facts.leaderboard_rows")) == 250
    (reject,) = await books.read("select * from facts.rejects")
    assert (reject["payload"], reject["source"]) == ('"no row"', "leaderboard")


async def test_watching_a_wallet_tracks_it_for_nobody(books: Books) -> None:
    books.universe_size = 3
    await books.refresh(ranked([1, 2, 3]))
    assert len(await books.read("select 1 from tenancy.wallets")) == 3
    assert await books.read("select 1 from tenancy.org_wallets") == []


async def test_who_has_no_volume_in_the_month_is_passed_over(books: Books) -> None:
    books.universe_size = 1
    await books.refresh(
        leaderboard_reply([row(address(1), "9", volume="0.0"), row(address(2), "8")])
    )
    assert await books.current() == [address(2)]
    assert (await books.last_run())["excluded"] == {"no_volume_30d": 1}


@pytest.mark.parametrize("week", ["0", "0.0", "0.000"])
async def test_who_has_no_volume_in_the_week_is_passed_over(books: Books, week: str) -> None:
    books.universe_size = 3
    rows = [row(address(1), "9", week=week), row(address(2), "8", week="0.01"), row(address(3))]
    await books.refresh(leaderboard_reply([*rows, row(address(4), "7", week="unreadable")]))
    assert await books.current() == [address(2), address(4), address(3)]
    assert (await books.last_run())["excluded"] == {"no_volume_7d": 1}


@pytest.mark.parametrize(
    ("legs", "days_known", "is_chosen"),
    [
        ([("BTC", 1.0)], 30, True),
        ([("xyz:TSLA", 6.9)], 30, True),
        ([("BTC", 7.1)], 30, False),
        ([("@107", 1.0), ("PURR/USDC", 1.0), ("#30", 1.0)], 30, False),
        ([], 30, False),
        ([], 6, True),  # a pull that began later proves nothing of the week
    ],
)
async def test_who_is_known_not_to_trade_perps_for_a_week_is_passed_over(
    books: Books,
    legs: list[tuple[str, float]],
    days_known: int,
    is_chosen: bool,  # noqa: FBT001
) -> None:
    books.universe_size = 1 + is_chosen
    wallet_id = await books.track(1)
    made = [leg(coin, days_ago=days) for coin, days in legs]
    await books.pulled(wallet_id, *made, since=system_clock() - timedelta(days=days_known))
    await books.refresh(ranked([1, 2]))
    assert await books.current() == ([address(1)] if is_chosen else []) + [address(2)]
    assert (await books.last_run())["excluded"] == ({} if is_chosen else {"no_perp_leg_7d": 1})


async def test_who_is_tracked_but_was_never_pulled_is_not_judged_by_fills(books: Books) -> None:
    await books.track(1)
    await books.refresh(ranked([1, 2]))
    assert await books.current() == [address(1), address(2)]


async def test_a_leaderboard_that_is_down_is_recorded_and_the_second_address_asked(
    books: Books,
) -> None:
    await books.refresh(DOWN, ranked([4, 5]))
    assert await books.runs() == [("leaderboard", "failed", 0), ("fallback", "chosen", 2)]
    (failed, _) = await books.read("select * from metrics.wallet_universe_runs order by id")
    assert "HTTP 503" in failed["error_text"]
    assert RETRY_SECONDS - 60 < await books.seconds_to_next() <= RETRY_SECONDS


async def test_without_any_leaderboard_tracked_wallets_are_ranked_by_their_own_result(
    books: Books,
) -> None:
    ids = {number: await books.track(number) for number in range(1, 7)}
    for number, wallet_id in ids.items():
        await books.pulled(
            wallet_id, leg("BTC", days_ago=1), since=system_clock() - timedelta(days=40)
        )
        del number
    await books.earned(ids[1], "50", fees="10")
    await books.earned(ids[2], "70", fees="40", days_ago=30)
    await books.earned(ids[2], "15", days_ago=2)
    await books.earned(ids[3], "999", days_ago=31)  # before the thirty days
    await books.earned(ids[4], "999", days_ago=0)  # the day is not over
    await books.earned(ids[5], "999", fees=None)
    await books.refresh(DOWN, DOWN)
    assert await books.runs() == [
        ("leaderboard", "failed", 0),
        ("fallback", "failed", 0),
        ("own_facts", "chosen", 2),
    ]
    members = await books.read("select * from metrics.wallet_universe_members order by rank")
    assert [(m["wallet"], m["pnl_30d"]) for m in members] == [
        (address(2), Decimal(45)),
        (address(1), Decimal(40)),
    ]


async def test_of_an_exchange_without_a_leaderboard_own_facts_are_as_good(books: Books) -> None:
    wallet_id = await books.track(1)
    await books.pulled(wallet_id, leg("BTC", days_ago=1), since=system_clock() - timedelta(days=40))
    await books.earned(wallet_id, "5")
    await books.refresh(None)
    assert await books.runs() == [("own_facts", "chosen", 1)]
    assert await books.seconds_to_next() > RETRY_SECONDS


async def test_if_nothing_gives_a_universe_the_last_one_stays_and_every_try_is_recorded(
    books: Books,
) -> None:
    await books.refresh(ranked([1, 2]))
    await books.refresh(DOWN)
    assert (await books.runs())[1:] == [("leaderboard", "failed", 0), ("own_facts", "kept_old", 0)]
    assert await books.current() == [address(1), address(2)]


async def test_a_bad_answer_keeps_the_old_universe_and_asks_no_one_else(books: Books) -> None:
    await books.refresh(ranked([1, 2]))
    await books.refresh(
        leaderboard_reply([*[row(address(n)) for n in range(3, 9)], "bad"]), ranked([9])
    )
    assert (await books.runs())[1:] == [("leaderboard", "kept_old", 0)]
    assert (await books.last_run())["error_text"] == "only 6 of 7 rows can be read"
    assert await books.current() == [address(1), address(2)]


async def test_much_churn_is_warned_of(books: Books) -> None:
    books.universe_size = 3
    await books.refresh(ranked([1, 2, 3]))
    with capture_logs() as quiet:
        await books.refresh(ranked([1, 2, 3]))
    with capture_logs() as loud:
        await books.refresh(ranked([1, 2, 4]))
    assert [entry["event"] for entry in quiet + loud] == [
        "universe chosen",
        "universe changed much",
    ]
    run = await books.last_run()
    assert (run["entered"], run["exited"]) == ([address(4)], [address(3)])
    assert round(run["churn"], 2) == Decimal("0.33")


async def test_a_time_knows_the_universe_chosen_before_it_and_no_later_one(books: Books) -> None:
    times = [system_clock()]
    for numbers in ([1, 2], [2, 3]):
        await books.refresh(ranked(numbers))
        times.append(system_clock())
    found = []
    async with transaction(books.pool) as connection:
        for at in times:
            known = await universe.read_known(connection, at)
            found.append([wallet.address for wallet in known.wallets] if known else None)
    assert found == [None, [address(1), address(2)], [address(2), address(3)]]


async def test_who_left_is_followed_for_thirty_days_wherever_it_stands(books: Books) -> None:
    await books.refresh(ranked([1, 2]))
    crowd = [row(address(n), f"{5000 - n}") for n in range(100, 1200)]
    await books.refresh(
        leaderboard_reply([*crowd, row(address(1), "-77.5"), row(address(2), "-3")])
    )
    await _let_pass(books, timedelta(days=30, hours=1))
    await books.refresh(leaderboard_reply([*crowd, row(address(1), "-88.5")]))
    found = await list_survivorship(books.pool)
    first = [one for one in found if one["wallet"] in (address(1), address(2))]
    assert [(one["wallet"], one["last_rank"], one["pnl_30d_after"]) for one in first] == [
        (address(1), 1, Decimal("-88.5")),
        (address(2), 2, None),
    ]
    assert first[1]["unknown"] == "not told yet"


async def _let_pass(books: Books, delta: timedelta) -> None:
    """Have everything that was told and chosen been so that much earlier."""
    await books.execute("alter table facts.leaderboard_rows disable trigger append_only")
    await books.execute("update facts.leaderboard_rows set taken_at = taken_at - %s", delta)
    await books.execute("update metrics.wallet_universe_runs set taken_at = taken_at - %s", delta)
