"""The books under test: one database, its worker, and the comparison with the oracle."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, LiteralString

import httpx2
import psycopg
from psycopg.rows import DictRow, dict_row

from hypertally.clock import system_clock
from hypertally.jobs import membership, wallet_pulls
from hypertally.jobs.activity.pull_fills import pull_fills
from hypertally.jobs.runtime.resources import Resources
from hypertally.jobs.runtime.shared_budget import SharedBudget
from hypertally.jobs.runtime.source_pause import SharedPause
from hypertally.jobs.worker import Options, Worker
from hypertally.records import Wallet
from hypertally.sandbox.exchange.server import running_sandbox
from hypertally.sandbox.oracles.activity import GroupDay, WalletDay, group_days, wallet_days
from hypertally.sandbox.oracles.usd_prices import Fill, UsdPrices
from hypertally.sandbox.population.population import Population
from hypertally.sources.info import InfoClient
from hypertally.store.postgres import Pool, open_pool, transaction
from hypertally.tenancy import orgs

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNTIL_MS = 1_760_000_000_000  # 2025-10-09: every day of these populations is over
NO_LIMIT = 10**9
CALL_SECONDS_MAX = 60  # a world that goes on for hours works for seconds, more under load
REST_SECONDS_MAX = 90
ROUNDS_MAX = 60  # of a worker until no work is left: more rounds mean an endless loop
AVERAGE_PLACES = Decimal("1e-8")
CONFIRMING = timedelta(hours=1, minutes=1)  # after this long, a second reading confirms
ALL_TRACKED = 0  # the org that stands for every tracked wallet

Rows = Iterable[tuple[str, Fill]]
Figures = dict[tuple[str, date], WalletDay]


def small_population(seed: int = 7, **options: Any) -> Population:
    """A small population with every kind of event of a large one."""
    sizes: dict[str, Any] = {"wallets": 12, "days": 14, "fills": 1_500, "until_ms": UNTIL_MS}
    sizes["rare_events"] = True
    return Population(seed=seed, **(sizes | options))


@dataclass(frozen=True, slots=True)
class Exchange:
    """A client of a running sandbox: it moves its clock and reads its counters."""

    url: str

    async def advance(self, delta: timedelta) -> None:
        await self._call("POST", "advance", {"ms": delta // timedelta(milliseconds=1)})

    async def set_faults(self, **faults: dict[str, Any] | None) -> None:
        await self._call("POST", "faults", faults)

    async def clear_faults(self) -> None:
        await self._call("DELETE", "faults")

    async def fault_count(self, fault: str) -> int:
        """How often a fault has happened."""
        return (await self._call("GET", "faults"))["counts"].get(fault, 0)

    async def stats(self) -> dict[str, Any]:
        return await self._call("GET", "stats")

    async def addresses(self) -> list[str]:
        return [wallet["address"] for wallet in await self._call("GET", "wallets")]

    async def fills(self, address: str) -> list[dict[str, Any]]:
        """The first page of a wallet's fills."""
        request = {"type": "userFillsByTime", "user": address, "startTime": 0}
        async with httpx2.AsyncClient(timeout=CALL_SECONDS_MAX) as http:
            return (await http.post(f"{self.url}/info", json=request)).json()

    async def all_fills(self, address: str) -> list[dict[str, Any]]:
        """Every fill of a wallet that is shown now, page by page."""
        keys: set[tuple[Any, ...]] = set()
        rows: list[dict[str, Any]] = []
        start, new_rows = 0, [{}]
        async with httpx2.AsyncClient(timeout=CALL_SECONDS_MAX) as http:
            while new_rows:
                request = {"type": "userFillsByTime", "user": address, "startTime": start}
                page = (await http.post(f"{self.url}/info", json=request)).json()
                new_rows = [row for row in page if _key_of(row) not in keys]
                keys |= {_key_of(row) for row in new_rows}
                rows += new_rows
                start = max([start, *(row["time"] for row in page)])
        return rows

    async def _call(self, method: str, path: str, content: Any = None) -> Any:
        async with httpx2.AsyncClient(timeout=CALL_SECONDS_MAX) as http:
            answer = await http.request(method, f"{self.url}/sandbox/{path}", json=content)
            assert answer.status_code == 200, answer.text
            return answer.json()


def _key_of(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in ("coin", "time", "oid", "tid", "side"))


@asynccontextmanager
async def serving(exchange_model: Any, **options: Any) -> AsyncGenerator[Exchange]:
    """A running exchange with a manual clock, and no weight limit unless the options set one."""
    async with running_sandbox(
        exchange_model, **{"weight_limit": NO_LIMIT, "manual_clock": True, **options}
    ) as url:
        yield Exchange(url)


class Books:
    """The program's pipeline over one database."""

    def __init__(self, url: str, pool: Pool) -> None:
        self.url = url
        self.pool = pool
        self.later = timedelta(0)  # how far the program's clock is ahead of this machine's

    def clock(self) -> datetime:
        """The time as the program is told it."""
        return system_clock() + self.later

    async def add_org(self, name: str) -> None:
        async with self._tenancy() as connection:
            await orgs.add_org(connection, name)

    async def track(
        self, addresses: Sequence[str], *, org: str = "default", from_day: date | None = None
    ) -> None:
        await membership.track(self.pool, addresses, org=org, from_day=from_day)

    async def untrack(self, addresses: Sequence[str], *, org: str = "default") -> None:
        await membership.untrack(self.pool, addresses, org=org)

    @asynccontextmanager
    async def _tenancy(self) -> AsyncGenerator[Any]:
        async with (
            open_pool(self.url, role="hypertally_tenancy", size=1) as pool,
            transaction(pool) as connection,
        ):
            yield connection

    async def pull(self, exchange: Exchange) -> None:
        """Pull every tracked wallet now, and compute until no work is left."""
        await wallet_pulls.pull_now(self.pool, None)
        await self.settle(exchange)

    async def pull_deep(self, exchange: Exchange) -> None:
        """Pull as once a day, when the last five days are requested again."""
        await self.execute("update ops.hl_ingest_cursor set deep_at = deep_at - interval '2 days'")
        await self.pull(exchange)

    async def read_again(self, exchange: Exchange, *, after: timedelta = CONFIRMING) -> None:
        """Read every whole history once more, so much later: what was read twice is confirmed."""
        self.later += after
        await self.execute("update ops.hl_ingest_cursor set cursor_ms = 0")
        await self.pull(exchange)

    async def pull_by_pages(self, exchange: Exchange, *, page_rows: int) -> None:
        """Pull from a server whose pages hold fewer rows than the real one's."""
        tracked = await self.read(
            "select id, '0x' || encode(address, 'hex') as address from tenancy.wallets order by id"
        )
        async with self._info(exchange) as info:
            for row in tracked:
                await pull_fills(
                    self.pool, info, Wallet(**row), clock=self.clock, page_rows=page_rows
                )
        await self.settle(exchange)

    async def work(self, exchange: Exchange) -> None:
        """Run the jobs that are due."""
        async with asyncio.timeout(REST_SECONDS_MAX), self._info(exchange) as info:
            await Worker(
                Resources(pool=self.pool, info=info, clock=self.clock), Options(until_idle=True)
            ).run()

    async def pass_time(self, exchange: Exchange, delta: timedelta) -> None:
        """Let time pass for the exchange, the program and its queue alike."""
        await exchange.advance(delta)
        self.later += delta
        await self.let_probe()
        await self.execute("update ops.jobs set run_at = run_at - %s", delta)

    async def run_kind(self, exchange: Exchange, kind: str) -> None:
        """Let the time of a kind of job come, and work until no work is left."""
        await self.execute(
            "update ops.jobs set run_at = now() where status = 'queued' and kind = %s", kind
        )
        await self.settle(exchange)

    async def settle(self, exchange: Exchange, *, retry: bool = True) -> None:
        """Work until no work is left: jobs that wait for their time run at once.

        `retry=False`: failed jobs are not tried again.
        """
        for _ in range(ROUNDS_MAX):
            await self.work(exchange)
            if not await self.make_due(retry=retry):
                return
        raise AssertionError("the work never ends")

    async def let_probe(self) -> None:
        """Let the time of the next probe come, if the exchange is down."""
        await self.execute("update ops.source_pauses set probe_at = now()")

    async def make_due(self, *, retry: bool = True) -> int:
        """Make due the jobs that follow from facts and, with `retry`, failed jobs; their number."""
        await self.let_probe()
        return await self.execute(
            "update ops.jobs set run_at = now() where status = 'queued' and "
            "case when last_error is null then kind in "
            "('rollup_wallet_day', 'rollup_global_day', 'rollup_twaps', 'pull_prices', "
            "'pull_twap_candles') else %s end",
            retry,
        )

    @asynccontextmanager
    async def _info(self, exchange: Exchange) -> AsyncGenerator[InfoClient]:
        budget = SharedBudget(self.pool, upstream_host="test", weight_per_minute=NO_LIMIT)
        async with InfoClient(
            f"{exchange.url}/info",
            budget=budget,
            clock=self.clock,
            pause=SharedPause(self.pool, upstream_host="test"),
        ) as info:
            yield info

    async def read(self, statement: LiteralString, *values: Any) -> list[dict[str, Any]]:
        """The rows of a statement, run as the owner of the database."""
        async with await self._owner() as connection:
            return await (await connection.execute(statement, values)).fetchall()

    async def value(self, statement: LiteralString, *values: Any) -> Any:
        """The value of a statement with one row and one column."""
        return next(iter((await self.read(statement, *values))[0].values()))

    async def execute(self, statement: LiteralString, *values: Any) -> int:
        """Run a statement as the owner of the database; the number of rows."""
        async with await self._owner() as connection:
            return (await connection.execute(statement, values)).rowcount

    async def _owner(self) -> psycopg.AsyncConnection[DictRow]:
        return await psycopg.AsyncConnection[DictRow].connect(
            self.url, row_factory=dict_row, options="-c timezone=UTC"
        )

    async def facts_digest(self) -> tuple[int, Decimal]:
        rows = await self.read(
            "select count(*), coalesce(sum(fingerprint), 0) as sum from facts.hl_fills_raw"
        )
        return rows[0]["count"], rows[0]["sum"]

    async def metric_texts(self) -> dict[str, str]:
        """Every metric row as text, by a name without ids."""
        rows = await self.read(
            """
            select 'wallet ' || encode(w.address, 'hex') || ' ' || m.day as name,
                (to_jsonb(m) - 'wallet_id')::text as text
            from metrics.wallet_day_metrics as m join tenancy.wallets as w on w.id = m.wallet_id
            union all
            select 'org ' || m.org_id || ' ' || m.day, to_jsonb(m)::text
            from metrics.global_day_metrics as m
            union all
            select concat_ws(' ', 'gap', encode(w.address, 'hex'), g.coin, g.kind, g.from_at,
                    g.to_at),
                (to_jsonb(g) - 'wallet_id')::text
            from metrics.fill_gaps as g join tenancy.wallets as w on w.id = g.wallet_id
            """
        )
        return {row["name"]: row["text"] for row in rows}

    async def wallet_days(self) -> Figures:
        """The stored wallet days, as the oracle's records."""
        rows = await self.read(
            "select '0x' || encode(w.address, 'hex') as wallet, m.* "
            "from metrics.wallet_day_metrics as m join tenancy.wallets as w on w.id = m.wallet_id"
        )
        return {(row["wallet"], row["day"]): wallet_day_of(row) for row in rows}

    async def org_days(self, org: str | None = None) -> dict[date, GroupDay]:
        """The stored days of an org (None: of all tracked wallets), as the oracle's records."""
        rows = await self.read(
            "select * from metrics.global_day_metrics "
            "where org_id = coalesce((select id from tenancy.orgs where name = %s), 0)",
            org,
        )
        return {row["day"]: group_day_of(row) for row in rows}

    async def unfinished_work(self) -> list[dict[str, Any]]:
        """Dirty marks, running jobs and failed jobs: a pipeline at rest has none."""
        return await self.read(
            """
            select 'dirty wallet day' as what, to_jsonb(d)::text as row
            from ops.dirty_wallet_days as d
            union all
            select 'dirty global day', to_jsonb(d)::text from ops.dirty_global_days as d
            union all
            select 'dirty TWAP', to_jsonb(d)::text from ops.dirty_twaps as d
            union all
            select 'job', to_jsonb(j)::text from ops.jobs as j
            where j.status in ('running', 'dead')
                or (j.status = 'queued' and j.last_error is not null)
            """
        )


@asynccontextmanager
async def open_books(url: str) -> AsyncGenerator[Books]:
    """The books of a migrated database."""
    async with open_pool(url, role="hypertally_worker", size=12) as pool:
        yield Books(url, pool)


async def require_oracle_figures(books: Books, rows: Rows, quotes: UsdPrices) -> None:
    """Require that the stored days of each wallet and of all wallets are exactly the oracle's."""
    rows = list(rows)
    expected = wallet_days(rows, quotes)
    require_same(await books.wallet_days(), expected)
    days = {day for _, day in expected}
    require_same(await books.org_days(), expected_org_days(rows, quotes, days))
    assert not (left := await books.unfinished_work()), left


def expected_org_days(rows: Rows, quotes: UsdPrices, days: set[date]) -> dict[date, GroupDay]:
    """The oracle's days of a set of wallets; a day with events alone has zeros."""
    days_by_date = group_days(rows, quotes)
    return {day: _rounded(days_by_date.get(day, GroupDay(day=day))) for day in days}


def require_same(stored: dict[Any, Any], expected: dict[Any, Any]) -> None:
    """Require equal records, or fail with the first difference."""
    assert not (missing := sorted(expected.keys() - stored.keys())), missing[:3]
    assert not (extra := sorted(stored.keys() - expected.keys())), extra[:3]
    for key in sorted(expected):
        assert stored[key] == expected[key], (key, _differences(stored[key], expected[key]))


def _differences(stored: Any, expected: Any) -> dict[str, tuple[Any, Any]]:
    pairs = {name: (getattr(stored, name), getattr(expected, name)) for name in stored.__slots__}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _rounded(day: GroupDay) -> GroupDay:
    if day.average_usd is not None:
        day.average_usd = day.average_usd.quantize(AVERAGE_PLACES, rounding=ROUND_HALF_UP)
    return day


def wallet_day_of(row: dict[str, Any]) -> WalletDay:
    return WalletDay(
        wallet=row["wallet"],
        day=row["day"],
        fills=row["fills"],
        events=row["events"],
        forced=row["forced_fills"],
        spot_volume_usd=row["spot_volume_usd"],
        perp_volume_usd=row["perp_volume_usd"],
        hip3_volume_usd=row["hip3_volume_usd"],
        outcome_volume_usd=row["outcome_volume_usd"],
        other_volume_usd=row["other_volume_usd"],
        taker_volume_usd=row["taker_volume_usd"],
        maker_volume_usd=row["maker_volume_usd"],
        gross_realised_pnl_usd=row["gross_realised_pnl_usd"],
        spot_closed_pnl_usd=row["spot_closed_pnl_usd"],
        fees={token: Decimal(amount) for token, amount in row["fees"].items()},
        fees_usd=row["fees_usd"],
        builder_fees={token: Decimal(amount) for token, amount in row["builder_fees"].items()},
        coins=row["coins"],
        first_fill_ms=milliseconds(row["first_fill_at"]),
        last_fill_ms=milliseconds(row["last_fill_at"]),
    )


def group_day_of(row: dict[str, Any]) -> GroupDay:
    return GroupDay(
        day=row["day"],
        dau=row["dau"],
        legs_usd=row["legs_volume_usd"],
        unique_usd=row["unique_volume_usd"],
        internal_usd=row["internal_volume_usd"],
        taker_usd=row["taker_volume_usd"],
        maker_usd=row["maker_volume_usd"],
        average_usd=row["average_volume_per_user_usd"],
    )


def milliseconds(at: datetime) -> int:
    """A UTC time as the exchange counts it."""
    return (at - EPOCH) // timedelta(milliseconds=1)
