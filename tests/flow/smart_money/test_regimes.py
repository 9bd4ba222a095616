"""Every scripted regime, from the leaderboard to the playbook: figures, words and locks.

The figures are those of the sandbox's oracle, which shares no code with the metrics; what the
playbook must say stands here by hand, argued from these figures. HYPE and BTC have the same counts
in every regime, and ETH stays calm beside them.
"""

import asyncio
import gc
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import cycle
from typing import Any

import pytest
from tests.flow.books import Books, open_books
from tests.flow.smart_money.expected_signals import (
    V1,
    V2,
    V3,
    History,
    RecordedPlayback,
    difference,
    expected,
    expected_v3,
    v3_difference,
    without_each,
)
from tests.flow.smart_money.regime_tables import (
    ALERTS,
    BEFORE,
    CALM,
    LOCKED,
    LONGER,
    PERIODS,
    PLAYBOOKS,
    Moved,
    Said,
    periods,
)
from tests.flow.smart_money.stage import START, Recording, Stage, minute_at, number_of, open_stage

from hypertally.flow import METRICS
from hypertally.jobs.rebuild.rebuild import rebuild
from hypertally.jobs.rebuild.verify import verify
from hypertally.sandbox.oracles.smart_money import V1Scores
from hypertally.sandbox.regimes.playback import ASSETS
from hypertally.store.postgres import open_pool

EVENTFUL = ("HYPE", "BTC")
FAILED = (15, 16, 17, 20, 24, 25, 30, 34)  # those recorded of 15 to 34, when the feed fails
HISTORY_WINDOWS = 504  # four more than it takes to know what is usual
HISTORY = """
insert into metrics.signals (
    at, asset, definition, wallets, observed, exposed, coverage, bias, risk, rule, completeness,
    digest, exits)
select %s::timestamptz - make_interval(mins => 5 * n), asset, 'smart_money/2', 200, 200, 100,
    1, 'No-trade', 'Defensive', 'neutral', 1, '0:0', jsonb_build_object(
        'all', jsonb_build_object('left', n %% 10, 'exposed', 100),
        'long', jsonb_build_object('left', n %% 7, 'exposed', 60),
        'short', jsonb_build_object('left', n %% 4, 'exposed', 40))
from generate_series(1, %s) as n
cross join unnest(array['HYPE', 'BTC', 'ETH']) as asset
"""
USUAL: History = {
    (asset, side): [(n % every, exposed) for n in range(1, HISTORY_WINDOWS + 1)]
    for asset in ASSETS
    for side, every, exposed in (("all", 10, 100), ("long", 7, 60), ("short", 4, 40))
}


async def _ends_of_periods(stage: Stage) -> None:
    await stage.play(PERIODS)


async def _every_minute(stage: Stage) -> None:
    """Up to the second period of the playback; then what periods are made of."""
    await stage.play([*range(26), *LONGER[6:]])


async def _know_what_is_usual(stage: Stage) -> None:
    """How many left in each period of the two days before, as stored signals say."""
    await stage.books.execute(HISTORY, START - timedelta(hours=1), HISTORY_WINDOWS)


async def _after_two_days(stage: Stage) -> None:
    await _know_what_is_usual(stage)
    await stage.play(PERIODS)


async def _with_fills(stage: Stage) -> None:
    """Those who will be liquidated are tracked; their fills are pulled before each period ends."""
    await stage.play([0])
    playback = stage.regime.playback
    await stage.track(
        wallet
        for wallet in playback.addresses
        if any(playback.forced(wallet, one, after_minute=15, to_minute=35) for one in EVENTFUL)
    )
    for number in PERIODS[1:]:
        if number in range(20, 36):
            await stage.pull(number)
        await stage.play([number])


async def _around_the_failure(stage: Stage) -> None:
    await stage.play([0, 5, 10, 14, *FAILED, 35, 36, 40, 45])


async def _thin(stage: Stage) -> None:
    await stage.play([*PERIODS[:7], 31, 35, 36, 40, 45])


SCRIPTS: dict[str, Callable[[Stage], Awaitable[None]]] = {
    "herding_in": _every_minute,
    "split": _ends_of_periods,
    "exit_cascade": _after_two_days,
    "liquidation_cascade": _with_fills,
    "stale_feed": _around_the_failure,
    "thin_coverage": _thin,
}
Recorded = Callable[[str], Recording]


@pytest.fixture(scope="module")
def recorded(make_database: Callable[[], str]) -> Recorded:
    """A function that plays a regime once, and gives what was written down."""
    kept: dict[str, Recording] = {}

    async def play(name: str) -> Recording:
        async with open_stage(make_database(), name) as stage:
            await SCRIPTS[name](stage)
            await stage.read_exits()
            return await stage.record()

    def of(name: str) -> Recording:
        if name not in kept:
            kept[name] = asyncio.run(play(name))
        return kept[name]

    return of


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_figure_is_the_oracles(recorded: Recorded, name: str) -> None:
    recording = recorded(name)
    history = USUAL if name == "exit_cascade" else {}
    wanted = dict(expected(recording, periods(name), locked=LOCKED.get(name, {}), history=history))
    assert {place for place in recording.signals if place[2] != V3} == wanted.keys()
    for place, row in wanted.items():
        assert difference(recording.signals[place], row) == {}, place
    assert not any(anomaly["dirties"] for anomaly in recording.anomalies)


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_figure_of_the_third_version_is_the_oracles(recorded: Recorded, name: str) -> None:
    recording = recorded(name)
    expected_rows = dict(expected_v3(recording, periods(name)))
    assert {place for place in recording.signals if place[2] == V3} == expected_rows.keys()
    for place, row in expected_rows.items():
        assert v3_difference(recording.signals[place], row) == {}, place


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_wallet_that_was_not_flat_is_a_contributor_with_its_class(
    recorded: Recorded, name: str
) -> None:
    recording = recorded(name)
    watched = RecordedPlayback(recording.playback, recording.minutes)
    for minute in periods(name):
        for asset in ASSETS:
            found = recording.contributors.get((minute, asset, V2), [])
            if minute in LOCKED.get(name, {}):
                assert found == []
                continue
            mark = watched.mark_price(asset, minute - 5)
            assert {row["wallet"]: _told(row) for row in found} == {
                one.wallet: (
                    one.behaviour,
                    one.before,
                    one.now,
                    one.epsilon,
                    one.forced,
                    None if mark is None or one.change is None else one.change * mark,
                )
                for one in watched.scores(asset, minute).wallets
                if one.behaviour != "FLAT"
            }


def _told(row: dict[str, Any]) -> tuple[Any, ...]:
    names = ("class", "before_coin", "now_coin", "epsilon")
    return (*(row[name] for name in names), row["forced"] is True, row["delta_usd"])


@pytest.mark.parametrize(("name", "minute"), [("split", 20), ("exit_cascade", 30)])
def test_a_contributors_effect_is_what_the_oracle_says_without_it(
    recorded: Recorded, name: str, minute: int
) -> None:
    recording = recorded(name)
    watched = RecordedPlayback(recording.playback, recording.minutes)
    for row in recording.contributors[minute, "HYPE", V2]:
        effects = without_each(watched, "HYPE", minute, row["wallet"])
        assert {column: row[f"effect_{column}"] for column in effects} == effects, row["wallet"]


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("asset", EVENTFUL)
def test_the_playbook_is_what_the_definitions_call_for(
    recorded: Recorded, name: str, asset: str
) -> None:
    assert said(recorded(name), asset) == PLAYBOOKS[name]


@pytest.mark.parametrize("name", SCRIPTS)
def test_eth_stays_calm_while_its_feed_is_well(recorded: Recorded, name: str) -> None:
    wanted = PLAYBOOKS[name] if name in LOCKED else [*BEFORE[:1], *CALM[: len(periods(name)) - 1]]
    assert said(recorded(name), "ETH") == wanted


def said(recording: Recording, asset: str) -> list[Said]:
    ends = sorted({minute for minute, _, _ in recording.signals})
    rows = [(minute, recording.signals[minute, asset, V2]) for minute in ends]
    return [
        (
            minute,
            row["bias"],
            row["risk"],
            row["rule"],
            _sides(row["flags"], "add_exposure"),
            _sides(row["flags"], "tighten_stops"),
        )
        for minute, row in rows
    ]


def _sides(flags: dict[str, bool | None], name: str) -> str:
    long, short = flags[f"{name}_long"], flags[f"{name}_short"]
    if long is None or short is None:
        assert long is short
        return "unknown"
    return {(True, True): "both", (True, False): "long", (False, True): "short"}.get(
        (long, short), "none"
    )


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_first_version_sees_no_regime_at_all(recorded: Recorded, name: str) -> None:
    """Its CAS stays between 40 and 60 whatever happens: a fault it is kept to show."""
    recording = recorded(name)
    thin = {25: ("No-trade", "Reduced", "missing_over_10")} if name == "thin_coverage" else {}
    for minute in periods(name):
        neutral = ("No-trade", "Defensive", "neutral")
        if reason := LOCKED.get(name, {}).get(minute):
            neutral = ("No-trade", "Defensive", f"locked:{reason}")
        for asset in ASSETS:
            row = recording.signals[minute, asset, V1]
            wanted = thin.get(minute, neutral)
            assert (row["bias"], row["risk"], row["rule"]) == wanted, (minute, asset)


@pytest.mark.parametrize("asset", ASSETS)
@pytest.mark.parametrize("name", SCRIPTS)
def test_the_flags_of_the_first_version_serve_longs_alone(
    recorded: Recorded, name: str, asset: str
) -> None:
    recording = recorded(name)
    watched = RecordedPlayback(recording.playback, recording.minutes)
    for minute in periods(name):
        if minute not in LOCKED.get(name, {}):
            row = recording.signals[minute, asset, V1]
            scores = watched.scores(asset, minute).v1
            assert row["flags"] == _first_flags(scores, row["trend"]), minute


def _first_flags(scores: V1Scores, trend: str) -> dict[str, bool | None]:
    assert scores.ecs is not None
    split = scores.dispersion >= 60
    return {
        "add_exposure_long": trend == "rising" and scores.ecs <= 15 and not split,
        "add_exposure_short": None,
        "tighten_stops_long": scores.ecs > 25 or trend == "falling" or split,
        "tighten_stops_short": None,
    }


def test_a_feed_that_fails_is_first_degraded_then_stale_and_well_again_at_once(
    recorded: Recorded,
) -> None:
    recording = recorded("stale_feed")
    states = {number_of(row["at"]): row["state"] for row in recording.health}
    # The last good minute is 14: two minutes later it is 120 s old, ten minutes later 600.
    well = dict.fromkeys([0, 5, 10, 14, 15, 16, 35, 36, 40, 45], "healthy")
    assert states == well | dict.fromkeys([17, 20, 24], "degraded") | dict.fromkeys(
        [25, 30, 34], "stale"
    )
    during = [row for row in recording.health if number_of(row["at"]) in FAILED]
    assert {row["last_success"] for row in during} == {minute_at(14)}
    assert [row["age_seconds"] for row in during] == [60 * (minute - 14) for minute in FAILED]
    runs = {number_of(row["minute"]): row for row in recording.runs}
    assert [minute for minute, row in runs.items() if row["status"] == "failed"] == list(FAILED)
    assert {runs[minute]["rows_written"] for minute in FAILED} == {600}


def test_the_mark_of_a_signal_is_not_older_than_two_minutes(recorded: Recorded) -> None:
    recording = recorded("stale_feed")
    watched = RecordedPlayback(recording.playback, recording.minutes)
    marks = {minute: recording.signals[minute, "HYPE", V2]["mark_price"] for minute in PERIODS}
    assert marks[15] == watched.mark_price("HYPE", 14) != marks[10]
    assert [minute for minute, mark in marks.items() if mark is None] == [20, 25, 30]


def test_coverage_decides_between_a_signal_a_neutral_word_and_a_lock(recorded: Recorded) -> None:
    recording = recorded("thin_coverage")
    rows = {minute: recording.signals[minute, "HYPE", V2] for minute in PERIODS}
    assert [str(rows[minute]["coverage"] * 100)[:5] for minute in (10, 15, 20, 25, 30, 35)] == [
        "100.0", "92.00", "92.00", "85.00", "70.00", "100.0",
    ]  # fmt: skip
    first = recording.signals[25, "HYPE", V1]
    assert (first["cas"], rows[25]["cas"]) == (50, None)
    assert rows[25]["unknown"]["cas"] == "fewer than 90% of the wallets were seen"
    states = {number_of(row["at"]): row["state"] for row in recording.health}
    assert [states[minute] for minute in (10, 15, 20, 25, 30, 31, 35, 36, 40)] == [
        "healthy", "degraded", "degraded", "degraded", "stale", "stale", "healthy", "healthy",
        "healthy",
    ]  # fmt: skip


def test_liquidations_are_told_apart_from_exits_by_fills_alone(recorded: Recorded) -> None:
    recording = recorded("liquidation_cascade")
    for asset in EVENTFUL:
        rows = recording.contributors[20, asset, V2]
        exits = [row for row in rows if row["class"] in {"CLOSE_L", "REDUCE_L"}]
        assert Counter(row["forced"] for row in exits) == {True: 26, None: 4}
        first = recording.signals[20, asset, V1]
        assert first["ecs"] == 15  # it counts them as exits


def test_exits_are_high_only_where_what_is_usual_is_known(recorded: Recorded) -> None:
    recording = recorded("exit_cascade")
    high = {
        minute: recording.signals[minute, "BTC", V2]["exits"]["all"]["high"] for minute in PERIODS
    }
    assert [minute for minute, known in high.items() if known] == [20, 25]
    assert recording.signals[20, "BTC", V2]["ecs_z"] > 13
    assert recording.signals[20, "BTC", V2]["ecs_percentile"] == 100


def test_signals_computed_again_later_are_the_same_bytes(recorded: Recorded) -> None:
    """At the end of a playback all that came after a period is stored; none of it is read."""

    async def again(url: str) -> None:
        chosen = [metric for metric in METRICS if metric.name == "signals"]
        async with open_books(url) as books:
            before = await texts(books)
            async for _ in rebuild(books.pool, chosen, from_day=START.date(), to_day=START.date()):
                pass
            assert await texts(books) == before
        async with open_pool(url, role="hypertally_worker", size=1) as pool:
            (verdict,) = await verify(pool, chosen)
        assert (verdict.rows, verdict.differing, verdict.waiting) == (18 * len(LONGER), 0, 0)

    asyncio.run(again(recorded("herding_in").url))


async def texts(books: Books) -> list[str]:
    """Every row of signals, contributors and outcomes as text."""
    found = await books.read(
        "select to_jsonb(s)::text as row from metrics.signals as s "
        "union all select to_jsonb(c)::text from metrics.signal_contributors as c "
        "union all select to_jsonb(o)::text from metrics.signal_outcomes as o order by 1"
    )
    assert len(found) > 1000
    return [row["row"] for row in found]


@pytest.mark.parametrize("name", SCRIPTS)
def test_alerts_move_as_the_definitions_call_for(recorded: Recorded, name: str) -> None:
    assert alerts(recorded(name)) == ALERTS[name]


def alerts(recording: Recording) -> list[Moved]:
    names = ("type", "subject", "from_state", "to_state")
    return [
        (number_of(row["at"]), *(row[name] for name in names))  # pyright: ignore[reportReturnType]
        for row in recording.alerts
    ]


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # a killed one closes nothing
@pytest.mark.parametrize("how", ["two workers", "kills"])
def test_workers_that_race_or_are_killed_leave_the_same_rows(
    recorded: Recorded, make_database: Callable[[], str], how: str
) -> None:
    """A killed one stops anywhere in the half second it needs; its jobs are found again."""

    async def play() -> Recording:
        async with open_stage(make_database(), "exit_cascade") as stage:
            await _know_what_is_usual(stage)
            if how == "kills":
                await stage.play_with_kills(PERIODS, after=cycle((0.05, 0.2, 0.3, 0.4, 0.1, 0.25)))
            else:
                await stage.play_with_two_workers(PERIODS)
            await stage.read_exits()
            return await stage.record()

    once, other = recorded("exit_cascade"), asyncio.run(play())
    gc.collect()  # what was left open is found here, not in a later test
    assert other.signals == once.signals
    assert other.contributors == once.contributors
    assert alerts(other) == alerts(once)
    assert other.position_requests == once.position_requests or how == "kills"
    assert [row["minute"] for row in other.runs] == [minute_at(number) for number in PERIODS]
