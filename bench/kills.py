"""Kill rounds: SIGKILL of the worker, of PostgreSQL or of both; then the books must be correct.

    python -m bench.kills [--rounds 100] [--seed 1]

A round advances the exchange, adds a wallet, and kills at a random moment of the work that follows.
The killed processes are started again, as a process manager would. When no work is left, every
fact must be stored once, every day must equal the oracle's digit for digit, and no job or mark may
remain. The first round that fails ends the run with exit code 1.
"""

import asyncio
import logging
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import click
import psycopg
import stamina
from tests.flow.books import (
    Books,
    Exchange,
    open_books,
    require_oracle_figures,
    serving,
    small_population,
)

from bench.database import prepare_books
from hypertally import settings as program_settings
from hypertally.cli import runtime
from hypertally.cli.processes.worker import work
from hypertally.errors import TryLater
from hypertally.jobs import wallet_pulls
from hypertally.jobs.worker import Options
from hypertally.sandbox.exchange.application import IDENTITY as MADE_UP
from hypertally.sandbox.oracles.inputs import population_fills, population_usd_prices
from hypertally.sandbox.population.population import Population
from hypertally.store.embedded.join import ensure_running

LEASE_SECONDS = 1.0  # production's 15 would only make the rounds longer
MOMENT_SECONDS_MAX = 0.8  # the work of a round takes about that long
REST_SECONDS_MAX = 120  # a start of both, a lease and the work again take a few
LOOK_SECONDS = 0.05
STOP_SECONDS_MAX = 20
VICTIMS = (("worker",), ("postgres",), ("worker", "postgres"))
UNAVAILABLE = (TryLater, psycopg.OperationalError)


@dataclass(kw_only=True)
class Tally:
    """The counts and times of all rounds."""

    kills: Counter[str] = field(default_factory=Counter)
    during_jobs: int = 0  # kills while a job ran
    lost_leases: int = 0  # jobs whose worker "stopped without a word"
    rest_seconds: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        kills = ", ".join(f"{count} of {name}" for name, count in sorted(self.kills.items()))
        slowest = max(self.rest_seconds)
        return (
            f"{sum(self.kills.values())} rounds ({kills}), {self.during_jobs} of them during "
            f"a job, {self.lost_leases} jobs found by their lease: every book right, "
            f"at rest after {sum(self.rest_seconds) / len(self.rest_seconds):.1f} s on average, "
            f"{slowest:.1f} s at most"
        )


@dataclass(kw_only=True)
class TestedSystem:
    """The system under test: a home with its PostgreSQL, a worker process and an exchange."""

    home: Path
    population: Population
    exchange: Exchange
    books: Books
    random: Random
    waiting: list[str]  # wallets to track later
    tracked: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    worker: asyncio.subprocess.Process | None = None

    async def start_worker(self) -> None:
        """Start the worker in its own process."""
        settings = {
            "HYPERTALLY_HOME": str(self.home),
            "HYPERTALLY_INFO_URL": f"{self.exchange.url}/info",
            "HYPERTALLY_NETWORK": MADE_UP,
            "HYPERTALLY_WEIGHT_PER_MINUTE": "1000000",
        }
        with (self.home / "worker.log").open("ab") as log:
            self.worker = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.kills", "--work"),
                env=os.environ | settings,
                stdout=log,
                stderr=log,
            )

    async def stop_worker(self) -> int:
        """Stop the worker as an operator does; its exit code."""
        assert self.worker is not None
        if self.worker.returncode is None:
            self.worker.terminate()
        return await asyncio.wait_for(self.worker.wait(), STOP_SECONDS_MAX)

    async def round(self, victims: tuple[str, ...]) -> None:
        """Work, kill at a random moment, start again, wait, and compare."""
        await self._give_work()
        await self._wait_for_kill_time()
        self.tally.during_jobs += await self._is_working()
        for victim in victims:
            await (self._kill_worker() if victim == "worker" else self._kill_postgres())
        self.tally.kills[" and ".join(victims)] += 1
        if "worker" in victims:
            await self.start_worker()
        began = time.monotonic()
        await self.wait_until_idle()
        self.tally.rest_seconds.append(time.monotonic() - began)
        await self.require_correct_books()

    async def _give_work(self) -> None:
        await self.exchange.advance(timedelta(minutes=self.random.randint(5, 30)))
        if self.waiting:
            self.tracked.append(self.waiting.pop())
            await self.books.track(self.tracked[-1:])
        async for attempt in stamina.retry_context(on=UNAVAILABLE, attempts=5):
            with attempt:
                await wallet_pulls.pull_now(self.books.pool, None)

    async def _wait_for_kill_time(self) -> None:
        """Wait a random time; in half of the rounds counted from the start of the first job."""
        if self.random.random() < 0.5:
            with suppress(TimeoutError):
                async with asyncio.timeout(MOMENT_SECONDS_MAX):
                    while not await self._is_working():  # noqa: ASYNC110 - of another process
                        await asyncio.sleep(0)
            await asyncio.sleep(self.random.uniform(0, MOMENT_SECONDS_MAX / 8))
        else:
            await asyncio.sleep(self.random.uniform(0, MOMENT_SECONDS_MAX))

    async def _is_working(self) -> bool:
        return await self.books.value(
            "select exists (select from ops.jobs where status = 'running')"
        )

    async def _kill_worker(self) -> None:
        assert self.worker is not None
        assert self.worker.returncode is None, f"the worker ended by itself: {self.log_end()}"
        self.worker.kill()
        await self.worker.wait()

    async def _kill_postgres(self) -> None:
        pid_file = self.home / "postgres" / "data" / "postmaster.pid"
        os.kill(int(pid_file.read_text().partition("\n")[0]), signal.SIGKILL)

    async def wait_until_idle(self) -> None:
        """Wait until two checks in a row find no work; waiting jobs are made due."""
        quiet = 0
        async with asyncio.timeout(REST_SECONDS_MAX):
            while quiet < 2:
                await asyncio.sleep(LOOK_SECONDS)
                assert self.worker is not None
                assert self.worker.returncode is None, f"the worker ended: {self.log_end()}"
                try:
                    quiet = 0 if await self._has_work() else quiet + 1
                except UNAVAILABLE:
                    quiet = 0

    async def _has_work(self) -> bool:
        made_due = await self.books.make_due()
        return bool(
            made_due
            or await self.books.unfinished_work()
            or await self.books.value(
                "select count(*) from ops.jobs where status = 'queued' and run_at <= now()"
            )
        )

    async def require_correct_books(self) -> None:
        """Require every fact once, every day equal to the oracle's, and no work left."""
        known = set(self.tracked)
        rows = [(user, row) for user, row in population_fills(self.population) if user in known]
        assert (await self.books.facts_digest())[0] == len(rows)
        await require_oracle_figures(self.books, rows, population_usd_prices(self.population))
        self.tally.lost_leases += await self.books.execute(
            "update ops.jobs set last_error = null where status = 'done' "
            "and last_error like '%% stopped without a word'"
        )

    def log_end(self) -> str:
        """The end of the workers' log."""
        return (self.home / "worker.log").read_text(errors="replace")[-2000:]


@asynccontextmanager
async def running_system(
    home: Path, population: Population, *, seed: int
) -> AsyncGenerator[TestedSystem]:
    """A system with a running worker; stopped at the end."""
    async with (
        await ensure_running(home) as server,
        serving(population) as exchange,
    ):
        await prepare_books(server.url, MADE_UP)
        async with open_books(server.url) as books:
            random = Random(seed)
            waiting = await exchange.addresses()
            random.shuffle(waiting)
            system = TestedSystem(
                home=home,
                population=population,
                exchange=exchange,
                books=books,
                random=random,
                waiting=waiting,
            )
            await system.start_worker()
            try:
                yield system
            finally:
                code = await system.stop_worker()
            assert code == 0, system.log_end()


async def run_rounds(home: Path, *, rounds: int, seed: int, **scene: Any) -> Tally:
    """Run some rounds on a new system; raises at the first wrong figure."""
    population = small_population(seed, live_per_second=0.01, **scene)
    async with running_system(home, population, seed=seed) as system:
        victims = [VICTIMS[number % len(VICTIMS)] for number in range(rounds)]
        system.random.shuffle(victims)
        for number, victims_of_round in enumerate(victims, start=1):
            await system.round(victims_of_round)
            print(
                f"round {number}: {' and '.join(victims_of_round)} killed, right again after "
                f"{system.tally.rest_seconds[-1]:.1f} s",
                file=sys.stderr,
            )
        return system.tally


@click.command()
@click.option("--rounds", default=100, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--work", "as_worker", is_flag=True, hidden=True)
def main(*, rounds: int, seed: int, as_worker: bool) -> None:
    """Kill and compare; `--work` is what gets killed: the real worker, but for its lease."""
    if as_worker:
        runtime.configure_logs()
        asyncio.run(work(program_settings.read(), Options(lease_seconds=LEASE_SECONDS)))
        return
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # it tells of every kill
    with tempfile.TemporaryDirectory(prefix="hypertally-kills-") as home:
        tally = asyncio.run(
            run_rounds(
                Path(home), rounds=rounds, seed=seed, wallets=60, fills=4_000, whale_fills=4_200
            )
        )
    print(f"seed {seed}: {tally}")


if __name__ == "__main__":
    main()
