"""The latest state of a TWAP and its execution, from few rows that can be checked by head."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import count, permutations
from typing import Any, LiteralString

import pytest

from hypertally.facts import pages
from hypertally.facts.activity import fills
from hypertally.facts.market import candles
from hypertally.facts.market.candles import Candle
from hypertally.facts.twaps import slices as twaps_slices
from hypertally.facts.twaps import statuses as twaps_statuses
from hypertally.metrics.twaps import executions, orders
from hypertally.metrics.twaps import slices as slice_metric
from hypertally.records import Answer, ProvenPage, TwapKey
from hypertally.store.postgres import Pool, open_pool, transaction

TRACKED = "0x" + "ab" * 20
OTHER = "0x" + "cd" * 20
TWAP = 2_250_263
START_MS = 1_741_564_830_500  # 2025-03-10 00:00:30.5: in the middle of a minute
START = fills.at(START_MS)
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

    async def say(self, *rows: dict[str, Any], archive: bool = False) -> None:
        statuses = twaps_statuses.decode_history(
            rows, wallet=TRACKED, asked_at=START + timedelta(days=1)
        )
        assert statuses.rejects == []
        source = twaps_statuses.Source(
            page_id=next(_numbers),
            wallet_id=None if archive else self.wallet_id,
            object_key="2025/03/10.parquet" if archive else None,
        )
        async with transaction(self.pool) as connection:
            await twaps_statuses.insert(connection, statuses, source)

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
        until_ms = (until - fills.at(0)) // timedelta(milliseconds=1)
        page = ProvenPage(answer=answer, rows=[], covers_from_ms=0, covers_to_ms=until_ms)
        async with transaction(self.pool) as connection:
            await pages.insert(connection, page, wallet_id=self.wallet_id, closed=False)

    async def quote(self, *rows: tuple[int, str, str]) -> None:
        """Candles: (minutes after the one it began in, price, volume); typical price 3 above."""
        found = [
            Candle(
                coin="BTC",
                interval="1m",
                at_ms=START_MS // 60_000 * 60_000 + minute * 60_000,
                open=price,
                high=str(Decimal(price) + 9),
                low=price,
                close=price,
                volume_coin=volume,
                trades=1,
            )
            for minute, price, volume in rows
        ]
        async with transaction(self.pool) as connection:
            await candles.insert(connection, found, page_id=next(_numbers))

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
            for metric in (orders, slice_metric, executions):
                await metric.rebuild(connection, keys or [self.key])

    async def twap(self) -> dict[str, Any]:
        await self.compute()
        (row,) = await self.read("select * from metrics.twaps")
        return row

    async def execution(self) -> dict[str, Any]:
        await self.compute()
        (row,) = await self.read("select * from metrics.twap_executions")
        return row


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    async with open_pool(database_url, role="hypertally_worker", size=2) as pool:
        for parent in ("hl_fills_raw", "pages"):
            await pages.ensure_months(pool, parent, {datetime(2025, 3, 1, tzinfo=UTC)})
        async with transaction(pool) as connection:
            found = await connection.execute(
                "insert into tenancy.wallets (address) values (%s) returning id",
                [bytes.fromhex(TRACKED[2:])],
            )
            row = await found.fetchone()
        assert row is not None
        yield Desk(pool, row["id"])


FINISHED = status("finished", at_s=300, size="10", notional="1000")


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_the_latest_state_does_not_depend_on_the_order_of_arrival(
    desk: Desk, order: Sequence[int]
) -> None:
    rows = [status(), status("activated", at_s=900, size="3"), FINISHED]
    for place in order:
        await desk.say(rows[place])
    twap = await desk.twap()
    assert (twap["status"], twap["size_executed"], twap["statuses"]) == ("finished", 10, 3)
    assert twap["ended_at"] == twap["status_at"] == fills.at(START_MS // 1000 * 1000 + 300_000)
    assert (twap["started_at"], twap["ends_at"]) == (START, START + MINUTES * MINUTE)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_of_two_ends_the_later_one_is_the_state_whatever_its_totals(
    desk: Desk, order: Sequence[int]
) -> None:
    rows = [status("error:a", at_s=60, size="6"), status("terminated", at_s=90, size="5")]
    for place in order:
        await desk.say(rows[place])
    assert (await desk.twap())["status"] == "terminated"


async def test_a_twap_that_runs_has_not_ended(desk: Desk) -> None:
    await desk.say(status())
    twap = await desk.twap()
    assert (twap["status"], twap["ended_at"]) == ("activated", None)
    assert (twap["wallet_id"], twap["in_archive"]) == (desk.wallet_id, False)


async def test_an_archives_status_without_a_time_yields_to_one_that_has_one(desk: Desk) -> None:
    timeless = {name: FINISHED[name] for name in FINISHED if name != "time"}
    await desk.say(timeless, archive=True)
    assert (await desk.twap())["ended_at"] is None
    await desk.say(FINISHED)
    twap = await desk.twap()
    assert twap["ended_at"] == fills.at(START_MS // 1000 * 1000 + 300_000)
    assert (twap["wallet_id"], twap["in_archive"], twap["statuses"]) == (desk.wallet_id, True, 2)


async def test_an_error_keeps_its_words(desk: Desk) -> None:
    await desk.say(status(), status("error:Insufficient margin", at_s=1))
    assert (await desk.twap())["status"] == "error:Insufficient margin"


async def test_only_tracked_wallets_have_executions(desk: Desk) -> None:
    await desk.say(status(user=OTHER), FINISHED | {"state": FINISHED["state"] | {"user": OTHER}})
    await desk.look(until=START + timedelta(days=1))
    await desk.compute(desk.key, TwapKey(twap_id=TWAP, wallet=OTHER))
    assert [row["wallet"] for row in await desk.read("select wallet from metrics.twaps")] == [OTHER]
    assert await desk.read("select * from metrics.twap_executions") == []


async def test_what_was_executed_is_the_sum_of_slices_and_never_a_total(desk: Desk) -> None:
    await desk.say(status(size="7", notional="700"))
    await desk.trade(leg(30), leg(60, "2", px="110", fee="0.1"))
    row = await desk.execution()
    assert (row["executed_size"], row["executed_notional"]) == (3, 320)
    assert (row["fees"], row["fees_usd"]) == ({"USDC": "0.15"}, Decimal("0.15"))
    assert (row["slices"], row["slice_fills"], row["slices_expected"]) == (2, 2, 2 * MINUTES)
    assert row["first_slice_at"] == START + timedelta(seconds=30)
    assert row["last_slice_at"] == START + timedelta(seconds=60)


async def test_the_fills_of_one_order_are_one_slice(desk: Desk) -> None:
    await desk.trade(leg(30, oid=1, tid=1), leg(30, "2", oid=1, tid=2), leg(60, oid=2))
    row = await desk.execution()
    assert (row["slices"], row["slice_fills"], row["executed_size"]) == (2, 3, 4)
    slices = await desk.read("select * from metrics.twap_slices order by at")
    assert [(row["oid"], row["fills"], row["size_coin"]) for row in slices] == [
        (1, 2, 3),
        (2, 1, 1),
    ]


@pytest.mark.parametrize("listed_first", [True, False])
async def test_a_fill_shown_without_its_number_is_a_slice_if_it_is_listed_as_one(
    desk: Desk, *, listed_first: bool
) -> None:
    plain, numbered = leg(30, twapId=None), leg(60)
    steps = [desk.trade(plain, numbered), desk.list_as_slices(plain, numbered)]
    for step in reversed(steps) if listed_first else steps:
        await step
    row = await desk.execution()
    assert (row["slices"], row["slice_fills"], row["executed_size"]) == (2, 2, 2)


async def test_that_nothing_was_executed_is_known_only_after_a_look_at_the_slices(
    desk: Desk,
) -> None:
    await desk.say(status())
    await desk.look(until=START - timedelta(seconds=1))
    await desk.compute()
    assert await desk.read("select * from metrics.twap_executions") == []
    await desk.look(until=START + timedelta(seconds=10))
    row = await desk.execution()
    assert (row["executed_size"], row["executed_notional"], row["slices"]) == (0, 0, 0)
    assert (row["fees"], row["fees_usd"], row["first_slice_at"]) == ({}, 0, None)


async def test_a_residual_is_known_once_the_twap_has_ended(desk: Desk) -> None:
    await desk.say(status())
    await desk.trade(leg(30, "4"))
    running = await desk.execution()
    assert (running["size_residual"], running["notional_residual"]) == (None, None)
    assert running["completeness"] is None
    assert running["unknown"]["completeness"] == "the TWAP has not ended"
    await desk.say(FINISHED)
    row = await desk.execution()
    assert (row["size_residual"], row["notional_residual"]) == (-6, -600)
    assert row["completeness"] == Decimal("0.4")
    await desk.trade(leg(60, "6"))
    row = await desk.execution()
    assert (row["size_residual"], row["notional_residual"], row["completeness"]) == (0, 0, 1)
    assert not row["unknown"].keys() & {"completeness", "size_residual", "notional_residual"}


@pytest.mark.parametrize(
    ("executed", "told", "completeness"),
    [("12", "10", "1"), ("0.000003", "10", "0"), ("9.9999999", "10", "0.999999"), ("1", "0", "1")],
)
async def test_completeness_is_a_share_and_one_only_where_nothing_is_missing(
    desk: Desk, executed: str, told: str, completeness: str
) -> None:
    await desk.say(status("terminated", at_s=90, size=told))
    await desk.trade(leg(30, executed))
    assert (await desk.execution())["completeness"] == Decimal(completeness)


async def test_slices_without_a_status_say_what_is_unknown(desk: Desk) -> None:
    await desk.trade(leg(30))
    row = await desk.execution()
    assert (row["executed_size"], row["coin"], row["slices_expected"]) == (1, "BTC", None)
    assert set(row["unknown"].values()) == {"no status of this TWAP is known"}
    assert row["unknown"].keys() == {
        "slices_expected", "size_residual", "notional_residual", "completeness", "arrival_price",
        "market_volume_coin", "market_notional",
    }  # fmt: skip
    assert all(row[name] is None for name in row["unknown"])


async def test_a_final_status_without_totals_leaves_the_residual_unknown(desk: Desk) -> None:
    row = FINISHED | {"state": FINISHED["state"] | {"executedSz": None, "executedNtl": None}}
    await desk.say(row, archive=True)
    await desk.trade(leg(30))
    execution = await desk.execution()
    assert execution["completeness"] is None
    assert "does not say" in execution["unknown"]["size_residual"]


async def test_a_fee_in_another_token_counts_at_its_price_or_is_unknown(desk: Desk) -> None:
    await desk.say(FINISHED)
    await desk.trade(leg(30), leg(60, fee="0.002", feeToken="HYPE"))
    row = await desk.execution()
    assert (row["fees"], row["fees_usd"]) == ({"USDC": "0.05", "HYPE": "0.002"}, None)
    assert row["unknown"]["fees_usd"] == "no stored price for a fee in HYPE"
    await desk.price("HYPE", "40")
    row = await desk.execution()
    assert row["fees_usd"] == Decimal("0.13")
    assert "fees_usd" not in row["unknown"]


async def test_a_fee_in_the_token_bought_counts_at_the_fills_own_price(desk: Desk) -> None:
    await desk._run(
        "insert into facts.spot_pairs (coin, base_token, quote_token, fingerprint, page_id) "
        "values ('@107', 'HYPE', 'USDC', 1, 1)"
    )
    await desk.trade(leg(30, coin="@107", px="40", fee="0.001", feeToken="HYPE", dir="Buy"))
    assert (await desk.execution())["fees_usd"] == Decimal("0.04")


async def test_a_fee_that_was_not_reported_is_unknown_and_not_zero(desk: Desk) -> None:
    await desk.trade(leg(30), leg(60, fee=None, feeToken=None))
    row = await desk.execution()
    assert (row["fees"], row["fees_usd"]) == ({"USDC": "0.05"}, None)
    assert row["unknown"]["fees_usd"] == "a fee was not reported"


WHOLE = [(minute, str(100 + minute), "2") for minute in range(MINUTES + 1)]


async def test_arrival_is_the_open_of_the_minute_it_began_in(desk: Desk) -> None:
    await desk.say(status())
    await desk.trade(leg(30))
    await desk.quote((-1, "90", "1"), (1, "120", "1"))
    row = await desk.execution()
    assert row["arrival_price"] is None
    assert "5,000 minutes" in row["unknown"]["arrival_price"]
    await desk.quote((0, "100.0", "1"))
    row = await desk.execution()
    assert (row["arrival_price"], row["arrival_source"]) == (100, "candle:BTC:1m:open")
    assert row["market_notional"] is None
    assert row["unknown"]["market_notional"] == "the TWAP has not ended"


async def test_the_market_of_a_life_is_each_minute_of_it_at_its_typical_price(desk: Desk) -> None:
    await desk.say(FINISHED)
    await desk.trade(leg(30))
    await desk.quote(*WHOLE[:-1], (MINUTES + 1, "999", "9"))
    row = await desk.execution()
    assert (row["market_volume_coin"], row["market_notional"]) == (None, None)
    assert "not every minute" in row["unknown"]["market_notional"]
    await desk.quote(WHOLE[-1])
    row = await desk.execution()
    assert row["market_volume_coin"] == 2 * len(WHOLE)
    assert row["market_notional"] == sum(2 * (Decimal(price) + 3) for _, price, _ in WHOLE)
    assert row["market_source"] == "candle:BTC:1m:typical"


async def test_a_twap_that_failed_at_once_has_the_market_of_its_minute(desk: Desk) -> None:
    await desk.say(status("error:Insufficient margin"))
    assert (await desk.twap())["ended_at"] < START
    await desk.trade(leg(0))
    await desk.quote(WHOLE[0])
    row = await desk.execution()
    assert (row["arrival_price"], row["market_volume_coin"]) == (100, 2)


async def test_statuses_and_candles_used_are_in_the_digest(desk: Desk) -> None:
    await desk.say(status(), FINISHED)
    await desk.trade(leg(30))
    assert (await desk.execution())["reference_digest"].startswith("2:")
    await desk.quote(*WHOLE, (MINUTES + 1, "999", "9"))
    assert (await desk.execution())["reference_digest"].startswith(f"{2 + len(WHOLE)}:")
    assert (await desk.execution())["digest"].startswith("1:")


async def test_a_whole_execution_that_moves_leaves_old_and_new(desk: Desk) -> None:
    await desk.say(FINISHED)
    await desk.trade(leg(30, "4"))
    await desk.execution()
    await desk.trade(leg(60, "6"))
    await desk.execution()
    assert await desk.read("select * from metrics.restatements") == []
    await desk.trade(leg(90, "0.5", fee="-0.01"))
    await desk.execution()
    await desk.execution()
    (row,) = await desk.read("select * from metrics.restatements")
    assert (row["metric"], row["twap_id"], row["wallet_id"]) == (
        "twap_executions",
        TWAP,
        desk.wallet_id,
    )
    assert (row["day"], row["cause"]) == (date(2025, 3, 10), "late facts")
    assert row["changes"] == {
        "executed_size": ["10", "10.5"],
        "executed_notional": ["1000", "1050"],
        "fees": [{"USDC": "0.1"}, {"USDC": "0.09"}],
        "fees_usd": ["0.1", "0.09"],
    }


async def test_a_price_that_was_missing_restates_nothing(desk: Desk) -> None:
    await desk.say(status("terminated", at_s=60, size="1", notional="100"))
    await desk.trade(leg(30, fee="0.002", feeToken="HYPE"))
    await desk.execution()
    await desk.price("HYPE", "40")
    assert (await desk.execution())["fees_usd"] == Decimal("0.08")
    assert await desk.read("select * from metrics.restatements") == []
