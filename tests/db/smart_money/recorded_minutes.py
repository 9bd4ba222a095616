"""Minutes of recorded positions, and the signals of every version that follow from them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import dict_row

from hypertally.metrics.smart_money import signal_periods, snapshot_anomalies
from hypertally.metrics.smart_money.signal_periods import PeriodHistory
from hypertally.records import ASSETS
from hypertally.store.postgres import Pool, transaction

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WALLETS = 200
UNIVERSE = """
with run as (
    insert into metrics.wallet_universe_runs (taken_at, source, status, members, definition)
    values (%(taken_at)s, 'leaderboard', 'chosen', %(members)s, 'wallet_universe/3') returning id
)
insert into metrics.wallet_universe_members (run_id, wallet_id, wallet, rank, pnl_30d)
select run.id, n, '0x' || lpad(to_hex(n), 40, '0'), n, 1000 - n
from run cross join generate_series(%(first)s::int, %(first)s::int + %(members)s - 1) as n
"""
SNAPSHOTS = """
insert into facts.wallet_snapshots (minute, wallet_id, asset, szi, missing, fingerprint)
select u.minute, u.wallet_id, u.asset, u.szi, case when u.szi is null then 'no answer' end,
    u.wallet_id
from unnest(%(minute)s::timestamptz[], %(wallet_id)s::integer[], %(asset)s::text[],
            %(szi)s::numeric[]) as u (minute, wallet_id, asset, szi)
"""
RUNS = """
insert into ops.ingest_runs (
    minute, status, started_at, duration_ms, wallets, wallets_ok, wallets_failed, rows_written,
    coverage)
select u.minute, case u.ok when 0 then 'failed' when 200 then 'success' else 'partial' end,
    u.minute, 900, 200, u.ok, 200 - u.ok, 600, u.ok / 200.0
from unnest(%(minute)s::timestamptz[], %(ok)s::integer[]) as u (minute, ok)
"""
SIGNALS = """
select * from metrics.signals where definition = %s and asset = %s and window_minutes = %s
order by at
"""
PLAYBOOK = ("bias", "risk", "rule")

#: (wallet, asset, minute) -> the size that the exchange answers; None: no answer
Answers = Callable[[int, str, int], Decimal | None]
#: (wallet, asset) -> the same of one minute
WrongMinute = Callable[[int, str], Decimal | None]


def minute_at(number: int) -> datetime:
    return START + number * MINUTE


@dataclass(slots=True)
class RecordedMinutes:
    """A set of books whose snapshots are those of a function of the minute."""

    url: str
    pool: Pool
    answers: Answers
    history: PeriodHistory = field(default_factory=PeriodHistory.of)

    def connect(self) -> psycopg.Connection[dict[str, Any]]:
        return psycopg.connect(self.url, autocommit=True, row_factory=dict_row)

    def choose(self, at: datetime, *, first: int = 1, members: int = WALLETS) -> None:
        """Choose a universe of wallets numbered from `first` on."""
        with self.connect() as connection:
            connection.execute(UNIVERSE, {"taken_at": at, "first": first, "members": members})

    def record(self, numbers: Iterable[int]) -> None:
        """Store these minutes as the recorder leaves them."""
        rows: list[tuple[datetime, int, str, Decimal | None]] = []
        answered: dict[datetime, int] = {}
        for number in numbers:
            minute = minute_at(number)
            sizes = {
                (wallet, asset): self.answers(wallet, asset, number)
                for wallet in range(1, WALLETS + 1)
                for asset in ASSETS
            }
            answered[minute] = sum(
                any(sizes[wallet, asset] is not None for asset in ASSETS)
                for wallet in range(1, WALLETS + 1)
            )
            rows += [(minute, wallet, asset, size) for (wallet, asset), size in sizes.items()]
        columns = dict(
            zip(
                ("minute", "wallet_id", "asset", "szi"),
                map(list, zip(*rows, strict=True)),
                strict=True,
            )
        )
        with self.connect() as connection:
            for day in sorted({minute.date() for minute in answered}):
                connection.execute("select facts.ensure_day('wallet_snapshots', %s)", [day])
            connection.execute(SNAPSHOTS, columns)
            connection.execute(RUNS, {"minute": list(answered), "ok": list(answered.values())})

    async def find_anomalies(self, numbers: Iterable[int]) -> None:
        """Find the anomalies of these minutes, as the recorder does."""
        for number in numbers:
            async with transaction(self.pool) as connection:
                await snapshot_anomalies.find(connection, minute_at(number))

    async def compute(self, numbers: Iterable[int]) -> None:
        """Compute the signals of the periods that end with these minutes."""
        for number in numbers:
            async with transaction(self.pool) as connection:
                await signal_periods.rebuild(connection, minute_at(number), self.history)

    def rows(
        self, asset: str = "BTC", *, definition: str = "smart_money/3", window: int = 5
    ) -> dict[int, dict[str, Any]]:
        """The signals of an asset by the minute of their end."""
        with self.connect() as connection:
            stored = connection.execute(SIGNALS, [definition, asset, window]).fetchall()
        return {(row["at"] - START) // MINUTE: row for row in stored}

    def playbooks(self, asset: str = "BTC", **which: Any) -> dict[int, tuple[str, str, str]]:
        """What the signals call for, by minute."""
        return {
            minute: (row["bias"], row["risk"], row["rule"])
            for minute, row in self.rows(asset, **which).items()
        }


def changing(
    answers: Answers, wrong: Mapping[int, Callable[[int, str], Decimal | None]]
) -> Answers:
    """The same answers but for the minutes that answer otherwise."""

    def answer(wallet: int, asset: str, minute: int) -> Decimal | None:
        if minute in wrong:
            return wrong[minute](wallet, asset)
        return answers(wallet, asset, minute)

    return answer
