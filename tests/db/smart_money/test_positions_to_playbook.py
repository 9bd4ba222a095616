"""The third version from stored positions to the playbook: what a bad feed must not change."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from tests.db.smart_money.recorded_minutes import (
    START,
    WALLETS,
    Answers,
    RecordedMinutes,
    changing,
    minute_at,
)

from hypertally.sandbox.oracles.smart_money_v3 import v3_window
from hypertally.store.postgres import Pool

PERIODS = range(5, 66, 5)
NOTHING = Decimal(0)
DEFENSIVE = ("No-trade", "Defensive")
World = Callable[[Answers], "RecordedMinutes"]


def steady_longs(wallet: int, asset: str, minute: int) -> Decimal:
    """120 hold; of them 40 add to their longs a little in every period."""
    if wallet > 120:
        return NOTHING
    size = Decimal(100 if wallet <= 80 else -100)
    periods = (minute + 58) // 5  # two minutes into a period
    return size + 10 * periods if wallet <= 40 and asset == "BTC" else size


@dataclass(frozen=True, slots=True)
class Played:
    """What was recorded and computed of a world."""

    minutes: RecordedMinutes

    async def through(self) -> RecordedMinutes:
        """Record and compute every minute of an hour."""
        self.minutes.choose(minute_at(-30))
        numbers = range(PERIODS[-1] + 1)
        self.minutes.record(numbers)
        await self.minutes.find_anomalies(numbers)
        await self.minutes.compute(PERIODS)
        return self.minutes


@pytest.fixture
def play(database_url: str, worker_pool: Pool) -> Callable[[Answers], Played]:
    return lambda answers: Played(RecordedMinutes(database_url, worker_pool, answers))


# Known by hand: 40 of 120 add long, CAS 50 + 50 * 40 / 50 = 90, dispersion 0, no exits. The trend
# is known from the fourth period on, and Defensive is left two periods after that.
STEADY = {
    5: ("No-trade", "Defensive", "held (1 period)"),
    10: ("No-trade", "Defensive", "trend_unknown (1 of 3 known)"),
    15: ("No-trade", "Defensive", "trend_unknown (2 of 3 known)"),
    20: ("No-trade", "Defensive", "risk_wait (1 of 2 periods)"),
    **dict.fromkeys(PERIODS[4:], ("Long", "Reduced", "side_steady")),
}


async def test_a_steady_side_is_followed(play: Callable[[Answers], Played]) -> None:
    minutes = await play(steady_longs).through()
    assert minutes.playbooks() == STEADY
    assert {row["cas"] for row in minutes.rows().values()} == {Decimal(90)}


@pytest.mark.parametrize("failed", [40, 39, 41])
async def test_one_failed_minute_changes_nothing(
    play: Callable[[Answers], Played], failed: int
) -> None:
    minutes = await play(changing(steady_longs, {failed: lambda *_: None})).through()
    assert minutes.playbooks() == STEADY
    second = minutes.playbooks(definition="smart_money/2")
    assert second[40][2].startswith("locked") == (failed == 40)
    ages = _ages(minutes, 40)
    assert ages == {(0, 60 if failed == 40 else 0)}


def _ages(minutes: RecordedMinutes, minute: int) -> set[tuple[int, int]]:
    with minutes.connect() as connection:
        rows_found = connection.execute(
            "select distinct before_age_seconds, now_age_seconds from metrics.signal_contributors "
            "where definition = 'smart_money/3' and asset = 'BTC' and window_minutes = 5 "
            "and at = %s",
            [minute_at(minute)],
        ).fetchall()
    return {(row["before_age_seconds"], row["now_age_seconds"]) for row in rows_found}


async def test_two_failed_minutes_on_end_lock_one_period_and_say_why(
    play: Callable[[Answers], Played],
) -> None:
    wrong = {39: lambda *_: None, 40: lambda *_: None}
    minutes = await play(changing(steady_longs, wrong)).through()
    locked = {minute: row["locked"] for minute, row in minutes.rows().items() if row["locked"]}
    assert locked == {40: "snapshot_old", 45: "ends_unseen"}


async def test_six_in_a_hundred_scattered_failures_change_next_to_nothing(
    play: Callable[[Answers], Played],
) -> None:
    draw = Random(6)
    failing = {
        (wallet, minute)
        for wallet in range(1, WALLETS + 1)
        for minute in range(PERIODS[-1] + 1)
        if draw.random() < 0.06
    }

    def scattered(wallet: int, asset: str, minute: int) -> Decimal | None:
        return None if (wallet, minute) in failing else steady_longs(wallet, asset, minute)

    minutes = await play(scattered).through()
    assert minutes.playbooks() == STEADY
    assert {row["locked"] for row in minutes.rows().values()} == {None}
    # The first period begins with the first minute, which has none before it.
    rows = [row for minute, row in minutes.rows().items() if minute > PERIODS[0]]
    assert min(row["completeness"] for row in rows) >= Decimal("0.97")
    second = minutes.rows(definition="smart_money/2").values()
    assert any(row["cas"] is None for row in second)  # both ends at once: 88%


@pytest.mark.parametrize("minute", [38, 39, 40, 41])
@pytest.mark.parametrize("coins_gone", [("BTC",), ("HYPE", "BTC", "ETH")], ids=["BTC", "all"])
async def test_a_minute_without_a_coin_in_any_answer_changes_nothing(
    play: Callable[[Answers], Played], minute: int, coins_gone: tuple[str, ...]
) -> None:
    """BTC missing from every answer, and `assetPositions: []` from all, read as flat."""
    wrong = {
        minute: lambda wallet, asset: (
            NOTHING if asset in coins_gone else steady_longs(wallet, asset, minute)
        )
    }
    minutes = await play(changing(steady_longs, wrong)).through()
    assert minutes.playbooks() == STEADY
    assert {row["cas"] for row in minutes.rows().values()} == {Decimal(90)}
    assert {row["ecs"] for row in minutes.rows().values()} == {NOTHING}
    with minutes.connect() as connection:
        rows_found = connection.execute(
            "select asset, minute, count(*) as wallets from metrics.snapshot_anomalies "
            "where kind = 'mass_vanish' group by 1, 2 order by 1"
        ).fetchall()
    assert [(row["asset"], row["wallets"]) for row in rows_found] == [
        (asset, 120) for asset in sorted(coins_gone)
    ]
    assert {row["minute"] for row in rows_found} == {minute_at(minute)}


def leaving(wallet: int, asset: str, minute: int, *, at: int, each: int) -> Decimal:
    """From a minute on `each` longs a minute leave, 45 in all, and nobody enters."""
    if asset == "BTC" and wallet <= 45 and minute >= at + (wallet - 1) // each:
        return NOTHING
    return Decimal(100 if wallet <= 80 else -100) if wallet <= 120 else NOTHING


@pytest.mark.parametrize(("at", "each"), [(31, 9), (32, 45), (33, 45), (34, 45), (35, 45)])
async def test_a_mass_exit_without_entries_is_seen_however_little_else_is_known(
    play: Callable[[Answers], Played], at: int, each: int
) -> None:
    """CAS is null for want of entries: that must not hide the exits."""
    minutes = await play(lambda *which: leaving(*which, at=at, each=each)).through()
    rows = minutes.rows()
    shown_at = 40 if at == 35 else 35  # a minute that ends a period is believed in the next one
    assert (rows[shown_at]["bias"], rows[shown_at]["risk"], rows[shown_at]["rule"]) == (
        "No-trade",
        "Defensive",
        "exits_high",
    )
    assert rows[shown_at]["cas"] is None
    assert rows[shown_at]["ecs"] == Decimal("37.5")
    assert rows[shown_at]["exits"]["all"]["left"] == 45
    assert rows[shown_at]["exits"]["all"]["significance"] == "not yet"
    assert rows[shown_at]["flags"]["tighten_stops_long"] is True
    assert rows[shown_at]["flags"]["tighten_stops_short"] is False
    assert rows[shown_at]["flags"]["unknown_inputs"]["tighten_stops_short"] == ["trend"]
    assert rows[shown_at - 5]["ecs"] == 0
    assert rows[shown_at + 5]["rule"] == "exits_calming (1 of 2 below 20)"


def coin_flips(wallet: int, asset: str, minute: int) -> Decimal:
    """Of 120 holders, 16 in each period toss a coin: add to a long, or add to a short."""
    if wallet > 120 or asset != "BTC":
        return NOTHING
    side = 1 if Random(wallet).random() < 0.5 else -1
    acted = sum(
        (wallet + 7 * period) % 120 < 16 for period in range(1, max(minute + 4, 0) // 5 + 1)
    )
    return Decimal(side * (100 + 20 * acted))


async def test_wallets_that_toss_a_coin_are_no_stand_off(
    play: Callable[[Answers], Played],
) -> None:
    minutes = await play(coin_flips).through()
    rows = minutes.rows()
    split = [minute for minute, row in rows.items() if row["dispersion"] >= 60]
    assert len(split) > len(rows) / 2
    second = minutes.playbooks(definition="smart_money/2")
    assert [minute for minute in split if second[minute][2] != "dispersion_high"] == []
    assert {rows[minute]["dispersion_level"] for minute in split} == {"medium"}
    for minute, row in rows.items():
        assert not row["rule"].startswith("dispersion"), minute
        assert row["flags"]["tighten_stops_long"] is (row["trend"] == "falling")
    assert [row["risk"] for row in rows.values()][-3:] == ["Reduced"] * 3


async def test_every_figure_is_the_oracles(play: Callable[[Answers], Played]) -> None:
    """A rough feed: scattered failures, a failed minute, a minute that all vanish, exits."""
    draw = Random(11)
    failing = {
        (wallet, minute)
        for wallet in range(1, WALLETS + 1)
        for minute in range(PERIODS[-1] + 1)
        if draw.random() < 0.08 or minute in {19, 45, 52}
    }
    moves = {
        (wallet, asset): _walk(draw) for wallet in range(1, 121) for asset in ("BTC", "HYPE", "ETH")
    }

    def rough(wallet: int, asset: str, minute: int) -> Decimal | None:
        if (wallet, minute) in failing:
            return None
        if minute in {30, 46} and asset != "ETH":
            return NOTHING
        walk = moves.get((wallet, asset))
        return walk[minute] if walk else NOTHING

    minutes = await play(rough).through()
    for asset in ("BTC", "ETH"):
        for window in (5, 15):
            rows = minutes.rows(asset, window=window)
            for minute, row in rows.items():
                _compare(minutes, rough, asset, minute, row)


def _walk(draw: Random) -> list[Decimal]:
    size = Decimal(draw.randint(-300, 300))
    walk: list[Decimal] = []
    for _ in range(PERIODS[-1] + 1):
        if draw.random() < 0.04:
            size = draw.choice([NOTHING, size * 2, size / 2, -size, size + 10])
        walk.append(size)
    return walk


def _compare(
    minutes: RecordedMinutes, answers: Answers, asset: str, minute: int, row: dict[str, Any]
) -> None:
    with minutes.connect() as connection:
        dirty = connection.execute(
            "select wallet_id from metrics.signal_contributors where class = 'DIRTY' "
            "and asset = %s and definition = 'smart_money/3' and window_minutes = %s and at = %s",
            [asset, row["window_minutes"], minute_at(minute)],
        ).fetchall()
    expected = v3_window(
        asset,
        [str(wallet) for wallet in range(1, WALLETS + 1)],
        lambda wallet, at: answers(int(wallet), asset, at) if at >= 0 else None,
        minute=minute,
        minutes=int(str(row["window_minutes"])),
        dirty=frozenset(str(rows_found["wallet_id"]) for rows_found in dirty),
    )
    assert row["completeness"] == expected.both_ends.quantize(Decimal("1e-8")), (asset, minute)
    if row["locked"]:
        assert expected.both_ends < Decimal("0.8") or minute in {20, 45, 53}, (asset, minute)
        return
    names = (
        "cas", "cas_usd", "dispersion", "dispersion_size", "activity_sd", "stock_disagreement",
        "ecs", "ecs_long", "ecs_short",
    )  # fmt: skip
    for name in names:
        value = getattr(expected.scores, name)
        rounded = None if value is None else value.quantize(Decimal("1e-8"))
        assert row[name] == rounded, (asset, minute, name)
    assert row["active"] == expected.active
    counts = {name: many for name, many in row["counts"].items() if many}
    assert counts == expected.counts


async def test_a_rebuild_gives_the_same_bytes(play: Callable[[Answers], Played]) -> None:
    minutes = await play(steady_longs).through()

    def texts() -> list[str]:
        with minutes.connect() as connection:
            rows_found = connection.execute(
                "select to_jsonb(s)::text as row from metrics.signals as s union all "
                "select to_jsonb(c)::text from metrics.signal_contributors as c order by 1"
            ).fetchall()
        return [row["row"] for row in rows_found]

    before = texts()
    again = RecordedMinutes(minutes.url, minutes.pool, minutes.answers)
    await again.compute(PERIODS)
    assert texts() == before
    assert len(before) > 12 * 3 * 4


async def test_longer_horizons_are_evaluated_every_five_minutes(
    play: Callable[[Answers], Played],
) -> None:
    minutes = await play(steady_longs).through()
    for window, first in ((15, 15), (60, 60)):
        rows = minutes.rows(window=window)
        assert list(rows) == list(PERIODS)
        assert {row["locked"] for minute, row in rows.items() if minute < first} == {"ends_unseen"}
        assert {row["cas"] for minute, row in rows.items() if minute >= first} == {Decimal(90)}
    assert {row["locked"] for row in minutes.rows(window=240).values()} == {"ends_unseen"}


async def test_wallets_that_entered_within_a_horizon_are_not_missing_in_it(
    play: Callable[[Answers], Played],
) -> None:
    """A refresh that changes 100 of 200 wallets leaves a consensus of the 100 that stayed."""
    played = play(steady_longs)
    played.minutes.choose(START + (minute_at(42) - START), first=1, members=100)
    minutes = await played.through()
    row = minutes.rows()[45]
    assert (row["wallets"], row["coverage"], row["cas"]) == (100, 1, Decimal(90))
