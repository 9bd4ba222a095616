"""Forced exits: the fills of wallets that left are read, and the signals say what they show."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from tests.flow.smart_money.expected_signals import V3, RecordedPlayback
from tests.flow.smart_money.stage import Recording, Stage, minute_at, open_stage

from hypertally.flow import METRICS
from hypertally.jobs.activity.pull_fills import pull_fills
from hypertally.jobs.rebuild.verify import verify
from hypertally.jobs.runtime.shared_budget import SharedBudget
from hypertally.records import Wallet
from hypertally.settings import EXITS_WEIGHT
from hypertally.store.postgres import open_pool

REGIME = "liquidation_cascade"  # from minute 15 on 26 longs are liquidated every five minutes
FILLS_AWAY = {"http_5xx": {"types": ["userFillsByTime"], "max_count": 1_000_000}}
HIGH = 20  # a period with liquidations


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
            "the fills of 30 of the wallets that left are not known yet"
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
    async with open_pool(url, role="none", size=1) as pool:
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
    assert row["unknown"]["ecs_forced"].startswith("the fills of 30 of the wallets")
    assert windows
    assert all(window["dropped_at"] is not None for window in windows)
    tried = [window for window in windows if window["last_error"]]
    assert tried
    assert all("HTTP 5" in window["reason"] for window in tried)


def test_the_fills_of_exits_stay_within_their_part_of_the_share(on_stage: Any) -> None:
    """An allowance as large as the exchange's: what finds no weight waits."""

    async def script(stage: Stage) -> tuple[int, int, int, int]:
        await _play_without_fills(stage)
        await stage.exchange.clear_faults()
        requests_before = (await stage.exchange.stats())["requests"].get("userFillsByTime", 0)
        limited = SharedBudget(stage.books.pool, upstream_host="limited", weight_per_minute=1200)
        stage.watch = replace(stage.watch, budget=limited.snapshots(), exits_weight=EXITS_WEIGHT)
        await stage.read_exits(timedelta(hours=1))
        requests = (await stage.exchange.stats())["requests"]["userFillsByTime"] - requests_before
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
        assert weights["limited (exits)"] == weights["limited (snapshots)"]
        share = await stage.books.value(
            "select weight from ops.weight_shares where egress = 'limited'"
        )
        return requests, weights["limited (exits)"], waiting, share

    requests, weight, waiting, share = on_stage(script)
    assert 0 < requests <= EXITS_WEIGHT // 20
    assert weight <= EXITS_WEIGHT
    assert waiting > 0
    assert share == 2 * 200 + 100 + EXITS_WEIGHT


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
