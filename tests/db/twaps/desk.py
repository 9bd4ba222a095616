"""A database with one tracked wallet, its TWAP, and rows of it that can be checked by head."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import count
from typing import Any, LiteralString

from hypertally.clock import at
from hypertally.facts import pages
from hypertally.facts.activity import fills
from hypertally.facts.market import candles
from hypertally.facts.market.candles import Candle
from hypertally.facts.twaps import archived_fills
from hypertally.facts.twaps import slices as twaps_slices
from hypertally.facts.twaps import statuses as twaps_statuses
from hypertally.facts.twaps.archived_fills import ArchivedFill
from hypertally.metrics.twaps import executions, orders
from hypertally.metrics.twaps import slices as slice_metric
from hypertally.records import Answer, ProvenPage, TwapKey
from hypertally.store.postgres import Pool, open_pool, transaction
from hypertally.tenancy import wallets

TRACKED = "0x" + "ab" * 20
OTHER = "0x" + "cd" * 20
TWAP = 2_250_263
START_MS = 1_741_564_830_500  # 2025-03-10 00:00:30.5: in the middle of a minute
START = at(START_MS)
MINUTES = 5
MINUTE = timedelta(minutes=1)
_numbers = count(1)


def status(
    word: str = "activated", *, at_s: int = 0, size: str = "0", notional: str = "0", **changes: Any
) -> dict[str, Any]:
    """A row of twapHistory, `at_s` seconds after the TWAP began."""
    state = {
        "coin": "BTC",
        "user": TRACKED,
        "side": "B",
        "sz": "10.0",
        "executedSz": size,
        "executedNtl": notional,
        "minutes": MINUTES,
        "reduceOnly": False,
        "randomize": False,
        "timestamp": START_MS,
    }
    kind, _, description = word.partition(":")
    told = {"status": kind} | ({"description": description} if description else {})
    return {
        "time": START_MS // 1000 + at_s,
        "state": state | changes,
        "status": told,
        "twapId": TWAP,
    }


def leg(at_s: int, size: str = "1", **changes: Any) -> dict[str, Any]:
    """A slice, `at_s` seconds after the TWAP began: at 100, for a fee of 0.05 USDC."""
    number = next(_numbers)
    row = {
        "coin": "BTC",
        "px": "100",
        "sz": size,
        "side": "B",
        "time": START_MS + at_s * 1000,
        "startPosition": "0.0",
        "dir": "Open Long",
        "closedPnl": "0.0",
        "hash": "0x" + "00" * 32,
        "oid": number,
        "crossed": True,
        "fee": "0.05",
        "feeToken": "USDC",
        "tid": number,
        "twapId": TWAP,
    }
    return row | changes


@dataclass
class Desk:
    """A database with one tracked wallet, and what is stored and computed of its TWAP."""

    pool: Pool
    wallet_id: int
    key: TwapKey = field(default=TwapKey(twap_id=TWAP, wallet=TRACKED))

    async def say(
        self,
        *rows: dict[str, Any],
        archive: bool = False,
        asked_at: datetime = START + timedelta(days=1),
    ) -> None:
        statuses = twaps_statuses.decode_history(rows, wallet=TRACKED, asked_at=asked_at)
        assert statuses.rejects == []
        source = twaps_statuses.Source(
            page_id=next(_numbers),
            wallet_id=None if archive else self.wallet_id,
            object_key="2025/03/10.parquet" if archive else None,
        )
        async with transaction(self.pool) as connection:
            await twaps_statuses.insert(connection, statuses, source)

    async def copy_status(self, change: LiteralString) -> None:
        """Store the status again, one of its columns changed: as nothing decodes it today."""
        column, _, value = change.partition(" = ")
        names = "twap_id wallet ts asset side size_requested size_executed notional_executed status"
        columns = (*names.split(), "duration_minutes", "raw_payload", "wallet_id", "page_id")
        chosen = ", ".join(value if name == column else name for name in columns)
        await self._run(
            f"insert into facts.twap_status ({', '.join(columns)}, fingerprint, ordinal) "
            f"select {chosen}, {next(_numbers)}, 0 from facts.twap_status limit 1"
        )

    async def trade(self, *rows: dict[str, Any]) -> None:
        decoded = fills.decode(rows, wallet=TRACKED)
        assert decoded.rejects == []
        async with transaction(self.pool) as connection:
            await fills.insert(
                connection, decoded.fills, wallet_id=self.wallet_id, page_id=next(_numbers)
            )

    async def list_as_slices(self, *rows: dict[str, Any]) -> None:
        wrapped = ({"fill": row | {"twapId": None}, "twapId": TWAP} for row in rows)
        decoded = twaps_slices.decode(map(twaps_slices.unwrap, wrapped), wallet=TRACKED)
        async with transaction(self.pool) as connection:
            await fills.insert(
                connection, decoded.fills, wallet_id=self.wallet_id, page_id=next(_numbers)
            )
            await twaps_slices.insert(
                connection, decoded.fills, wallet_id=self.wallet_id, page_id=next(_numbers)
            )

    async def archive(self, rows: Sequence[ArchivedFill], *, object_key: str) -> None:
        """Fills of an archive, of any wallet."""
        async with transaction(self.pool) as connection:
            await wallets.give_ids(connection, [row.wallet for row in rows])
            await archived_fills.insert(
                connection, rows, object_key=object_key, page_id=next(_numbers)
            )

    async def track(self) -> None:
        """An org tracks the wallet."""
        await self._run(
            "insert into tenancy.org_wallets (org_id, wallet_id) select id, %s from tenancy.orgs",
            self.wallet_id,
        )

    async def mark(self, twap_id: int) -> None:
        """A TWAP of the wallet is to be computed again."""
        await self._run(
            "insert into ops.dirty_twaps (twap_id, wallet) values (%s, %s)", twap_id, TRACKED
        )

    async def look(self, *, until: datetime) -> None:
        """A page of slices without a row, which proves that there were none."""
        answer = Answer(
            request={},
            source=twaps_slices.SOURCE,
            body=[],
            body_sha256=sha256(b"[]").digest(),
            asked_at=until,
            weight=20,
        )
        until_ms = (until - at(0)) // timedelta(milliseconds=1)
        page = ProvenPage(answer=answer, rows=[], covers_from_ms=0, covers_to_ms=until_ms)
        async with transaction(self.pool) as connection:
            await pages.insert(connection, page, wallet_id=self.wallet_id, closed=False)

    async def quote(self, *rows: tuple[int, str, str], minutes: int = 1) -> None:
        """Candles: (candles after the one it began in, price, volume); typical price 3 above."""
        width_ms = minutes * 60_000
        quoted = [
            Candle(
                coin="BTC",
                interval=f"{minutes}m",
                at_ms=START_MS // width_ms * width_ms + place * width_ms,
                open=price,
                high=str(Decimal(price) + 9),
                low=price,
                close=price,
                volume_coin=volume,
                trades=1,
            )
            for place, price, volume in rows
        ]
        async with transaction(self.pool) as connection:
            await candles.insert(connection, quoted, page_id=next(_numbers))

    async def middle(self, after: timedelta, price: str) -> None:
        """A stored mid price of the coin, some time after the TWAP began."""
        await self._run(
            "insert into facts.mids (dex, at, mids, page_id) values ('', %s, %s::jsonb, 1)",
            START + after,
            f'{{"BTC": "{price}"}}',
        )

    async def price(self, token: str, usd: str) -> None:
        await self._run(
            "insert into facts.token_prices values (%s, date_trunc('hour', %s::timestamptz), %s, "
            "'test', 1, 1)",
            token,
            START,
            usd,
        )

    async def _run(self, statement: LiteralString, *values: Any) -> None:
        async with transaction(self.pool) as connection:
            await connection.execute(statement, values)

    async def read(self, statement: LiteralString) -> list[dict[str, Any]]:
        async with transaction(self.pool) as connection:
            return await (await connection.execute(statement)).fetchall()

    async def compute(self, *keys: TwapKey) -> None:
        async with transaction(self.pool) as connection:
            for metric in (slice_metric, orders, executions):
                await metric.rebuild(connection, keys or [self.key])

    async def twap(self) -> dict[str, Any]:
        await self.compute()
        (row,) = await self.read("select * from metrics.twaps where audience <> 'o'")
        return row

    async def execution(self) -> dict[str, Any]:
        await self.compute()
        (row,) = await self.read("select * from metrics.twap_executions where audience <> 'o'")
        return row


FINISHED = status("finished", at_s=300, size="10", notional="1000")


@asynccontextmanager
async def opened_desk(database_url: str) -> AsyncIterator[Desk]:
    async with open_pool(database_url, role="hypertally_worker", size=2) as pool:
        for parent in ("hl_fills_raw", "pages"):
            await pages.ensure_months(pool, parent, {datetime(2025, 3, 1, tzinfo=UTC)})
        async with transaction(pool) as connection:
            cursor = await connection.execute(
                "insert into tenancy.wallets (address) values (%s) returning id",
                [bytes.fromhex(TRACKED[2:])],
            )
            row = await cursor.fetchone()
        assert row is not None
        yield Desk(pool, row["id"])
