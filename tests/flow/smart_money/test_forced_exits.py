"""Forced exits: the fills of wallets that left are read, and the signals say what they show."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace
from tests.flow.books import NO_LIMIT
from tests.flow.handmade import Row
from tests.flow.scripted import scripted
from tests.flow.smart_money.expected_signals import V3, RecordedPlayback
from tests.flow.smart_money.stage import (
    MINUTE,
    START,
    START_MS,
    Recording,
    Stage,
    minute_at,
    open_stage,
)

from hypertally.flow import METRICS
from hypertally.jobs.activity.pull_fills import pull_fills
from hypertally.jobs.rebuild.verify import verify
from hypertally.jobs.runtime.alert_checks import enqueue_alert_check
from hypertally.jobs.runtime.shared_budget import SharedBudget
from hypertally.jobs.smart_money.snapshot_share import share_weight
from hypertally.records import Wallet
from hypertally.settings import (
    EXITS_WEIGHT_KEPT,
    EXITS_WEIGHT_MAX,
    PAGE_WEIGHT_MAX,
    WEIGHT_PER_MINUTE,
)
from hypertally.sources.info import InfoClient
from hypertally.sources.weights import BASE_WEIGHT
from hypertally.store.postgres import open_pool, transaction

REGIME = "liquidation_cascade"  # from minute 15 on 26 longs are liquidated every five minutes
FILLS_AWAY = {"http_5xx": {"types": ["userFillsByTime"], "max_count": 1_000_000}}
HIGH = 20  # a period with liquidations
WAITING = "select count(distinct wallet_id)::integer as wallets from ops.exit_windows"
OTHERS = 8  # wallets that left beside one of many fills
LEFT_BY = """
with wallets as (
    insert into tenancy.wallets (id, address) overriding system value
    select n, decode(lpad(to_hex(n), 40, '0'), 'hex') from generate_series(1, %s) as n
    returning id
)
insert into ops.exit_windows (
    wallet_id, asset, from_at, to_at, held_size, left_size, found_at, next_at)
select w.id, 'BTC', t.at - interval '1 minute', t.at, 2, 1, t.at, t.at
from wallets as w
cross join (values (%s::timestamptz)) as t (at)
"""
WINDOW_SECONDS = 300  # of a limited allowance: longer than a run takes on a slow machine


@pytest.fixture
def on_stage(make_database: Callable[[], str]) -> Callable[[Callable[[Stage], Any]], Any]:
    """A function that runs a script on a stage of its own, and gives what the script returns."""

    def run(script: Callable[[Stage], Any]) -> Any:
        async def play() -> Any:
            async with open_stage(make_database(), REGIME) as stage:
                return await script(stage)

        return asyncio.run(play())

    return run


async def _play_without_fills(stage: Stage, numbers: Iterable[int] = range(15, 21)) -> Recording:
    """Record every minute while the exchange shows no fills; what is stored then."""
    await stage.exchange.set_faults(**FILLS_AWAY)
    await stage.play(numbers)
    return await stage.record()


def test_a_mass_liquidation_is_no_mass_exit_once_its_fills_are_read(on_stage: Any) -> None:
    async def script(stage: Stage) -> tuple[Recording, Recording, list[dict[str, Any]]]:
        before = await _play_without_fills(stage)
        await stage.exchange.clear_faults()
        await stage.read_exits(timedelta(hours=1))
        restated = await stage.books.read(
            "select signal_asset, signal_at, window_minutes, cause, changes from "
            "metrics.restatements where metric = 'signals' order by id"
        )
        return before, await stage.record(), restated

    before, after, restated = on_stage(script)
    watched = RecordedPlayback(after.playback, after.minutes)
    unread = frozenset(after.playback.addresses)
    for asset in ("HYPE", "BTC"):
        row = before.signals[HIGH, asset, V3]
        assert row["ecs"] == watched.v3_window(asset, HIGH, unread=unread).scores.ecs == 30
        assert row["ecs_forced"] is None
        assert row["unknown"]["ecs_forced"] == (
            "the fills of 30 of the 30 wallets that left are not known yet"
        )
        assert row["exits"]["all"]["high"] is True
        assert {row["forced"] for row in _leavers(before, asset)} == {None}

        row, oracle = after.signals[HIGH, asset, V3], watched.v3_window(asset, HIGH)
        assert row["ecs_forced"] == oracle.forced_share == 26
        assert row["ecs"] == oracle.scores.ecs == 4
        assert row["exits"]["all"]["high"] is False
        assert "ecs_forced" not in row["unknown"]
        assert sorted(row["forced"] for row in _leavers(after, asset)) == [False] * 4 + [True] * 26
        assert row["digest"] != before.signals[HIGH, asset, V3]["digest"]
        [moved] = [
            each["changes"]
            for each in restated
            if (each["signal_asset"], each["signal_at"], each["window_minutes"])
            == (asset, minute_at(HIGH), 5)
        ]
        assert [float(value) for value in moved["ecs"]] == [30, 4]
    assert {each["cause"] for each in restated} == {"late facts"}
    assert after.signals[HIGH, "ETH", V3]["ecs_forced"] == 0
    firing = [row for row in after.alerts if row["to_state"] == "firing"]
    assert len({(row["type"], row["subject"], row["at"]) for row in firing}) == len(firing)
    differing, waiting, rows = asyncio.run(_verified(after.url))
    assert (differing, waiting) == (0, 0)
    assert rows > 0


def _leavers(recording: Recording, asset: str) -> list[dict[str, Any]]:
    rows = recording.contributors[HIGH, asset, V3]
    return [row for row in rows if row["class"].startswith(("CLOSE_", "REDUCE_", "FLIP_"))]


async def _verified(url: str) -> tuple[int, int, int]:
    """The signals computed again from facts, beside those that were restated."""
    async with open_pool(url, role="hypertally_worker", size=1) as pool:
        (verdict,) = await verify(pool, [each for each in METRICS if each.name == "signals"])
    return verdict.differing, verdict.waiting, verdict.rows


def test_fills_that_cannot_be_read_for_a_day_are_given_up_and_stay_unknown(on_stage: Any) -> None:
    async def script(stage: Stage) -> tuple[Recording, list[dict[str, Any]]]:
        await _play_without_fills(stage)
        await stage.read_exits(timedelta(days=1, hours=1))
        return await stage.record(), await stage.books.read("select * from ops.exit_windows")

    recording, windows = on_stage(script)
    row = recording.signals[HIGH, "BTC", V3]
    assert row["ecs_forced"] is None
    assert row["unknown"]["ecs_forced"].startswith("the fills of 30 of the 30 wallets")
    assert windows
    assert all(window["dropped_at"] is not None for window in windows)
    tried = [window for window in windows if window["last_error"]]
    assert tried
    assert all("HTTP 5" in window["reason"] for window in tried)


def test_exits_that_are_refused_for_want_of_weight_keep_their_turn(on_stage: Any) -> None:
    """Nothing was asked: a refusal puts no wallet behind those that left later."""

    async def script(stage: Stage) -> tuple[list[dict[str, Any]], int]:
        await stage.exchange.set_faults(
            http_429={"types": ["userFillsByTime"], "max_count": 1_000_000}
        )
        await stage.play(range(15, 21))
        refused = await stage.books.read("select tries, next_at - found_at as put_off, last_error "
                                         "from ops.exit_windows")  # fmt: skip
        await stage.exchange.clear_faults()
        await stage.read_exits()
        return refused, await stage.books.value("select count(*) from ops.exit_windows")

    refused, waiting = on_stage(script)
    assert any("429" in (window["last_error"] or "") for window in refused)
    assert {(window["tries"], window["put_off"]) for window in refused} == {(0, timedelta())}
    assert waiting == 0


@pytest.mark.parametrize("fills", [1_000, 2_500])
def test_a_wallet_of_many_fills_holds_up_no_other(on_stage: Any, fills: int) -> None:
    """On a busy allowance its first page is paid for, and no weight is left for the second."""

    async def script(stage: Stage) -> list[dict[str, Any]]:
        await stage.books.execute(LEFT_BY, OTHERS + 1, START)
        with scripted() as scene:
            scene.script = partial(_show_sales, many=fills)
            unlimited = SharedBudget(
                stage.books.pool, upstream_host="unlimited", weight_per_minute=NO_LIMIT
            )
            async with InfoClient(
                f"{scene.exchange.url}/info", budget=unlimited, clock=stage.time, tries=2
            ) as positions:
                budget = _limit_allowance(stage)
                stage.watch = replace(stage.watch, positions=positions)
                await stage.watch.budget.reserve_share(share_weight(0, exits=True))
                for _ in range(OTHERS // 3 + 2):  # three wallets a minute
                    await stage.books.execute(
                        "update ops.weight_spends set at = at - make_interval(secs => %s)",
                        WINDOW_SECONDS + 1,
                    )
                    while await budget.read_free() >= PAGE_WEIGHT_MAX:
                        await budget.settle(await budget.reserve(PAGE_WEIGHT_MAX), BASE_WEIGHT)
                    await stage.read_exits()
            assert scene.asked("userFillsByTime") > OTHERS
        return await stage.books.read(
            "select wallet_id, tries, last_error from ops.exit_windows order by wallet_id"
        )

    [waiting] = on_stage(script)
    assert waiting["wallet_id"] == 1
    assert waiting["tries"] >= 1
    assert waiting["last_error"].startswith("refused after 1 answers: ")


def _show_sales(request: Row, *, many: int) -> tuple[int, list[Row]] | None:
    """Wallet 1 sold half of its two coins in many fills, each other wallet in one."""
    if request["type"] != "userFillsByTime":
        return None
    fills = many if int(request["user"], 16) == 1 else 1
    size = Decimal(1) / fills
    sold_ms = START_MS - 30_000
    rows = [
        {
            "coin": "BTC", "px": "100", "sz": str(size), "side": "A", "time": sold_ms + number,
            "startPosition": str(2 - number * size), "dir": "Close Long", "closedPnl": "0",
            "hash": "0x" + "0" * 64, "oid": 1, "crossed": True, "fee": "0", "tid": number,
            "feeToken": "USDC",
        }
        for number in range(fills)
    ]  # fmt: skip
    shown = [row for row in rows if request["startTime"] <= row["time"] <= request["endTime"]]
    return 200, shown[:2_000]


@pytest.mark.parametrize("hot_wallets", [0, 26])
def test_the_fills_of_exits_take_what_pulls_leave_and_little_else(
    on_stage: Any, hot_wallets: int
) -> None:
    """An allowance as large as the exchange's: what finds no weight waits."""

    async def script(stage: Stage) -> None:
        await _play_without_fills(stage)
        await stage.exchange.clear_faults()
        budget = _limit_allowance(stage)
        await stage.watch.budget.reserve_share(share_weight(200, exits=True))
        for _ in range(hot_wallets):
            assert await budget.read_free() >= PAGE_WEIGHT_MAX, "a hot wallet waits"
            await budget.settle(await budget.reserve(PAGE_WEIGHT_MAX), BASE_WEIGHT)
        free_before = await budget.read_free()
        await stage.read_exits(timedelta(hours=1))

        weights = {
            row["egress"]: row["weight"]
            for row in await stage.books.read(
                "select egress, sum(weight)::integer as weight from ops.weight_spends "
                "where egress like 'limited%%' group by 1"
            )
        }
        waiting = await stage.books.value(
            "select count(*) from ops.exit_windows where dropped_at is null"
        )
        share = await stage.books.value(
            "select weight from ops.weight_shares where egress = 'limited'"
        )
        assert waiting > 0
        assert share == 2 * 200 + 100 + EXITS_WEIGHT_KEPT
        assert EXITS_WEIGHT_KEPT <= weights["limited (snapshots)"] < 2 * EXITS_WEIGHT_KEPT
        if hot_wallets:
            assert weights["limited (exits)"] == weights["limited (snapshots)"]
            assert free_before - await budget.read_free() < BASE_WEIGHT, "pulls lose nothing"
            assert await stage.watch.budget.read_free() >= share_weight(200), "snapshots neither"
        else:
            assert (
                EXITS_WEIGHT_MAX <= weights["limited (exits)"] < EXITS_WEIGHT_MAX + 2 * BASE_WEIGHT
            )
            assert await budget.read_free() >= PAGE_WEIGHT_MAX, "the next pull waits"

    on_stage(script)


def test_a_mass_liquidation_of_sixty_wallets_is_known_within_minutes(on_stage: Any) -> None:
    """On an allowance as large as the exchange's, of which pulls need nothing."""

    async def script(stage: Stage) -> None:
        await _play_without_fills(stage, range(15, 26))
        await stage.exchange.clear_faults()
        _limit_allowance(stage)
        [before] = await stage.books.read(WAITING)
        assert before["wallets"] >= 60
        for minute in range(5):
            await stage.books.execute(
                "update ops.weight_spends set at = at - make_interval(secs => %s)", WINDOW_SECONDS
            )
            # What failed while no fills were shown is asked for again within an hour.
            await stage.read_exits(MINUTE if minute else timedelta(hours=1))
        [after] = await stage.books.read(WAITING)
        assert before["wallets"] - after["wallets"] >= 60

    on_stage(script)


def _limit_allowance(stage: Stage) -> SharedBudget:
    """Let the fills of exits be paid from an allowance as large as the exchange's."""
    budget = SharedBudget(
        stage.books.pool,
        upstream_host="limited",
        weight_per_minute=WEIGHT_PER_MINUTE,
        window_seconds=WINDOW_SECONDS,
    )
    stage.watch = replace(stage.watch, budget=budget.snapshots(), exits_weight_max=EXITS_WEIGHT_MAX)
    return budget


def test_a_watched_wallet_has_no_record_until_it_is_tracked_and_then_a_whole_one(
    on_stage: Any,
) -> None:
    counts = (
        "select (select count(*) from metrics.wallet_day_metrics) as days, "
        "(select count(*) from metrics.fill_gaps) as gaps, "
        "(select count(*) from facts.hl_fills_raw) as fills, "
        "(select count(*) from ops.hl_ingest_cursor) as cursors, "
        "(select count(*) from ops.dirty_wallet_days) as marks, "
        "(select count(*) from facts.pages where closed) as proofs"
    )

    async def script(stage: Stage) -> None:
        await stage.play(range(15, 21))
        await stage.read_exits()
        watched = await stage.books.read(
            "select wallet_id, count(*) as fills from facts.watched_fills "
            "group by 1 order by 2 desc"
        )
        assert watched
        [row] = await stage.books.read(counts)
        assert row == dict.fromkeys(row, 0)
        wallet_id = watched[0]["wallet_id"]
        address = await stage.books.value(
            "select '0x' || encode(address, 'hex') from tenancy.wallets where id = %s", wallet_id
        )
        await stage.track([address])
        pulled = await pull_fills(
            stage.books.pool, stage.info, Wallet(id=wallet_id, address=address), clock=stage.time
        )
        assert pulled.fills == pulled.rows > watched[0]["fills"]
        first = await stage.books.value(
            "select request ->> 'startTime' from facts.pages where wallet_id = %s "
            "order by id limit 1",
            wallet_id,
        )
        assert first == "0"

    on_stage(script)


def test_the_alert_of_a_mass_exit_is_retracted_once_its_fills_are_read(on_stage: Any) -> None:
    """What was told as holders who left was a liquidation: who acted on it must know."""

    async def script(stage: Stage) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        before = await _play_without_fills(stage)
        await stage.exchange.clear_faults()
        await stage.read_exits(timedelta(hours=1))
        for _ in range(2):  # the second check tells nothing again
            await _check_alerts(stage)
        return _exit_alerts(before), _exit_alerts(await stage.record())

    firing, after = on_stage(script)
    assert sorted((row["subject"], row["to_state"]) for row in firing) == [
        ("BTC", "firing"), ("HYPE", "firing"),
    ]  # fmt: skip
    assert {row["at"] for row in firing} == {minute_at(HIGH)}
    retracted = [row for row in after if row["to_state"] == "retracted"]
    assert {row["retracts"]: row["subject"] for row in retracted} == {
        row["id"]: row["subject"] for row in firing
    }
    assert len(retracted) == len(firing)
    at = f"{minute_at(HIGH):%Y-%m-%dT%H:%M:%SZ}"
    assert {row["reason"] for row in retracted} == {
        f"the period of {at} was computed again and its exits are not high"
    }


def _exit_alerts(recording: Recording) -> list[dict[str, Any]]:
    return [row for row in recording.alerts if row["type"] == "exit_cluster"]


async def _check_alerts(stage: Stage) -> None:
    stage.time.at += timedelta(minutes=1)
    async with transaction(stage.books.pool) as connection:
        await enqueue_alert_check(connection, stage.time.at)
    await stage.worker().run()
