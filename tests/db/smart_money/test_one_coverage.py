"""Health, mask, alerts and signals speak of one coverage, in every regime and at every minute."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from tests.db.smart_money.recorded_minutes import (
    Answers,
    RecordedMinutes,
    changing,
    minute_at,
)

from hypertally.jobs.alerts import feed as alert_feed
from hypertally.jobs.smart_money.feed_health import note_coverage, note_health
from hypertally.metrics.smart_money.formulas.feed_health import Health, share_seen
from hypertally.records import ASSETS
from hypertally.sandbox.regimes.exchange import regime_exchange
from hypertally.store.postgres import Pool, transaction

LAST = 45
NOTHING = Decimal(0)
LOCKED = {"health_stale", "coverage_low"}  # what calls the feed stale


def steady(wallet: int, asset: str, minute: int) -> Decimal:
    if wallet > 120:
        return NOTHING
    return Decimal(100) + (10 * ((minute + 58) // 5) if wallet <= 40 and asset == "BTC" else 0)


def playback(name: str) -> Answers:
    played = regime_exchange(name, start_ms=1_795_000_200_000).playback

    def answer(wallet: int, asset: str, minute: int) -> Decimal | None:
        address = played.addresses[wallet - 1]
        return played.position(address, asset, minute) if played.answers(address, minute) else None

    return answer


def scattered(wallet: int, asset: str, minute: int) -> Decimal | None:
    """6 of 100 answers fail, each for itself."""
    failed = Random(wallet * 1_000 + minute).random() < 0.06
    return None if failed else steady(wallet, asset, minute)


def without_btc(wallet: int, asset: str) -> Decimal:
    return NOTHING if asset == "BTC" else steady(wallet, asset, 20)


def nobody(*_: object) -> None:
    return None


REGIMES: dict[str, Callable[[], Answers]] = {
    "thin_coverage": lambda: playback("thin_coverage"),
    "stale_feed": lambda: playback("stale_feed"),
    "btc_missing_for_a_minute": lambda: changing(steady, {20: without_btc}),
    "scattered_failures": lambda: scattered,
    "one_failed_minute": lambda: changing(steady, {20: nobody}),
    "two_failed_minutes": lambda: changing(steady, {19: nobody, 20: nobody}),
    "three_failed_minutes": lambda: changing(steady, {18: nobody, 19: nobody, 20: nobody}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What each speaker says as of a minute."""

    health: Health
    stored: Decimal | None  # ops.v_latest_health
    reason: str
    alert: str  # whether the alert holds
    alert_coverage: str | None
    alert_reason: str


async def play(minutes: RecordedMinutes) -> dict[int, Spoken]:
    """Record every minute as the recorder does, and ask every speaker."""
    minutes.choose(minute_at(-30))
    spoken: dict[int, Spoken] = {}
    for number in range(LAST + 1):
        at = minute_at(number)
        minutes.record([number])
        await minutes.find_anomalies([number])
        async with transaction(minutes.pool) as connection:
            await note_coverage(connection, at)
            health = await note_health(connection, at)
            alert = await alert_feed.read_feed(connection, at)
            cursor = await connection.execute("select coverage, reason from ops.v_latest_health")
            [latest] = await cursor.fetchall()
        if number % 5 == 0 and number:
            await minutes.compute([number])
        spoken[number] = Spoken(
            health=health,
            stored=latest["coverage"],
            reason=latest["reason"],
            alert=alert.condition,
            alert_coverage=alert.figures["coverage"] and str(alert.figures["coverage"]),
            alert_reason=alert.reason,
        )
    return spoken


def signals_at(minutes: RecordedMinutes, number: int) -> list[dict[str, Any]]:
    return [minutes.rows(asset)[number] for asset in ASSETS]


@pytest.mark.parametrize("name", REGIMES)
async def test_every_speaker_names_the_same_coverage(
    database_url: str, worker_pool: Pool, name: str
) -> None:
    minutes = RecordedMinutes(database_url, worker_pool, REGIMES[name]())
    spoken = await play(minutes)
    for number, words in spoken.items():
        coverage = words.health.coverage
        assert coverage is not None
        assert words.stored == coverage
        share = share_seen(words.health)
        assert Decimal(words.alert_coverage or "-1") == share
        assert (words.alert in {"holds", "begins"}) == words.health.masked, number
        if words.health.masked:
            assert words.alert_reason == words.reason
            assert f"{share:.1%}" in words.reason
    for number in range(5, LAST + 1, 5):
        _compare(spoken[number], signals_at(minutes, number), number)


def _compare(words: Spoken, signals: list[dict[str, Any]], number: int) -> None:
    """The signals of a period against what is words of the feed at its end."""
    health = words.health
    assert health.age is not None
    for row in signals:
        assert row["coverage"] == share_seen(health), (number, row["asset"])
        if health.masked:
            assert row["locked"] in LOCKED, number
        else:
            assert row["locked"] not in LOCKED, number
        if health.age > timedelta(minutes=2) and not health.masked:
            assert row["locked"] == "snapshot_old"
        if health.signals == "neutral":
            assert row["locked"] == "ends_unseen" or row["rule"].startswith("thin_coverage")


async def test_an_outage_says_that_nobody_is_seen_and_that_minutes_are_recorded(
    database_url: str, worker_pool: Pool
) -> None:
    """No wallet answers from minute 20 on, and every minute is recorded."""
    minutes = RecordedMinutes(
        database_url, worker_pool, changing(steady, dict.fromkeys(range(20, LAST + 1), nobody))
    )
    spoken = await play(minutes)
    assert [row["coverage"] for row in signals_at(minutes, 20)] == [1, 1, 1]
    for number in (25, 30, 35):
        assert [row["coverage"] for row in signals_at(minutes, number)] == [0, 0, 0]
    assert [spoken[number].health.state for number in (21, 22, 29, 30)] == [
        "healthy", "degraded", "degraded", "stale",
    ]  # fmt: skip
    assert spoken[30].alert_reason == (
        "the last minute in which wallets answered is 660 s old, the last one recorded is 0 s "
        "old, and 0.0% of the wallets were observed in the two minutes before"
    )


async def test_what_one_minute_lost_lowers_nothing(database_url: str, worker_pool: Pool) -> None:
    for_a_minute = changing(steady, {20: nobody, 30: without_btc})
    spoken = await play(RecordedMinutes(database_url, worker_pool, for_a_minute))
    assert {words.health.state for words in spoken.values()} == {"healthy"}
    assert {words.health.coverage for words in spoken.values()} == {Decimal(1)}


async def test_thin_coverage_is_stale_two_minutes_after_too_many_failed(
    database_url: str, worker_pool: Pool
) -> None:
    minutes = RecordedMinutes(database_url, worker_pool, playback("thin_coverage"))
    spoken = await play(minutes)
    shares = {number: str(words.stored)[:4] for number, words in spoken.items()}
    assert [shares[number] for number in (14, 15, 16, 25, 26, 30, 31, 34, 35)] == [
        "1.00", "1.00", "0.92", "0.92", "0.85", "0.85", "0.70", "0.70", "1.00",
    ]  # fmt: skip
    states = {number: words.health.state for number, words in spoken.items()}
    assert [number for number, state in states.items() if state == "stale"] == [31, 32, 33, 34]
