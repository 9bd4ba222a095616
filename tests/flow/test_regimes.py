"""Every scripted regime, from the leaderboard to the playbook: figures, words and locks.

The figures are those of the sandbox's oracle, which shares no code with the metrics; what the
playbook must say stands here by hand, argued from these figures. HYPE and BTC have the same counts
in every regime, and ETH stays calm beside them.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import cycle
from typing import Any

import pytest
from tests.flow.books import Books, opened
from tests.flow.expected_signals import (
    FIRST,
    SECOND,
    History,
    Watched,
    difference,
    expected,
    without_each,
)
from tests.flow.stage import (
    START,
    Recording,
    Stage,
    minute_at,
    number_of,
    staged,
)

from hypertally.flow import METRICS
from hypertally.jobs.rebuild import rebuild, verify
from hypertally.sandbox.regime_oracle import FirstVersion
from hypertally.sandbox.regime_story import ASSETS
from hypertally.store.postgres import open_pool

PERIODS = range(0, 46, 5)
LONGER = range(0, 66, 5)  # of the regime whose last alert has to cool down
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
    """Up to the second period of the story; then what periods are made of."""
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
    story = stage.world.story
    await stage.track(
        wallet
        for wallet in story.addresses
        if any(story.forced(wallet, one, after_minute=15, to_minute=35) for one in EVENTFUL)
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
# The feed fails from 15 to 34. At 15 and 20 its last good minute, 14, is one and six minutes old:
# the newest snapshot failed. At 25 it is more than ten minutes old. At 30 of the thin one 70% of
# the wallets answer, which is under 80%.
LOCKED = {
    "stale_feed": {
        15: "snapshot_failed",
        20: "snapshot_failed",
        25: "health_stale",
        30: "health_stale",
    },
    "thin_coverage": {30: "health_stale"},
}

Recorded = Callable[[str], Recording]


def periods(name: str) -> range:
    """The ends of the periods of a recording."""
    return LONGER if name == "herding_in" else PERIODS


@pytest.fixture(scope="module")
def recorded(make_database: Callable[[], str]) -> Recorded:
    """A function that plays a regime once, and gives what was written down."""
    kept: dict[str, Recording] = {}

    async def play(name: str) -> Recording:
        async with staged(make_database(), name) as stage:
            await SCRIPTS[name](stage)
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
    assert recording.signals.keys() == wanted.keys()
    for place, row in wanted.items():
        assert difference(recording.signals[place], row) == {}, place
    assert not any(anomaly["dirties"] for anomaly in recording.anomalies)


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_wallet_that_was_not_flat_is_a_contributor_with_its_class(
    recorded: Recorded, name: str
) -> None:
    recording = recorded(name)
    watched = Watched(recording.story, recording.minutes)
    for minute in periods(name):
        for asset in ASSETS:
            found = recording.contributors.get((minute, asset, SECOND), [])
            if minute in LOCKED.get(name, {}):
                assert found == []
                continue
            mark = watched.mark(asset, minute - 5)
            assert {row["wallet"]: _told(row) for row in found} == {
                one.wallet: (
                    one.behaviour,
                    one.before,
                    one.now,
                    one.epsilon,
                    one.forced,
                    None if mark is None or one.change is None else one.change * mark,
                )
                for one in watched.judged(asset, minute).wallets
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
    watched = Watched(recording.story, recording.minutes)
    for row in recording.contributors[minute, "HYPE", SECOND]:
        effects = without_each(watched, "HYPE", minute, row["wallet"])
        assert {column: row[f"effect_{column}"] for column in effects} == effects, row["wallet"]


# What the second version's playbook must say of HYPE and of BTC: minute, bias, risk, rule, the
# sides exposure may be added to, the sides whose stops are to be tightened.
Said = tuple[int, str, str, str, str, str]
BEFORE: list[Said] = [
    # There is no earlier snapshot: all inputs are null, and what there was is held.
    (0, "No-trade", "Defensive", "held", "unknown", "unknown"),
    # The usual coming and going has 9 or 10 sellers for as many buyers: Dispersion 94.7 is High,
    # which needs no trend (its three periods are not yet over) to override all.
    (5, "No-trade", "Defensive", "dispersion_high", "none", "both"),
    (10, "No-trade", "Defensive", "dispersion_high", "none", "both"),
    (15, "No-trade", "Defensive", "dispersion_high", "none", "both"),
]
CALM: list[Said] = [
    (at, "No-trade", "Defensive", "dispersion_high", "none", "both") for at in LONGER[1:]
]
PLAYBOOKS: dict[str, list[Said]] = {
    "herding_in": [
        *BEFORE,
        # All buy: CAS 87.5, Dispersion 0. But High is left after two periods below 55.
        (20, "No-trade", "Defensive", "dispersion_high", "none", "both"),
        # Left. CAS is at 62 or more for the second period and rises (the mean before is 62.5), so
        # Long / Normal is called for; but risk, Defensive until now, improves by one step in two
        # periods, of which this is the first, and no side is entered at Defensive risk.
        (25, "No-trade", "Defensive", "risk_wait", "long", "short"),
        # The second: one step, to Reduced. CAS still rises against a mean of 75.
        (30, "Long", "Reduced", "strong_with", "long", "short"),
        # 87.5 as in the three before: flat, strong, Low and Low is Long / Reduced.
        (35, "Long", "Reduced", "strong_steady", "none", "none"),
        # The usual again: Dispersion 89.7. A move to No-trade and a worse risk are immediate.
        (40, "No-trade", "Defensive", "dispersion_high", "none", "both"),
        *((at, "No-trade", "Defensive", "dispersion_high", "none", "both") for at in LONGER[9:]),
    ],
    # As many buy as sell from beginning to end: Dispersion is never under 91.
    "split": [
        *BEFORE[:1],
        *CALM[: len(PERIODS) - 1],
    ],
    "exit_cascade": [
        *BEFORE,
        # 36 of 100 leave: ECS 36, z 15. High; and CAS is clamped to 40. Dispersion 0 for the first
        # period after High, which is asked before exits are.
        (20, "No-trade", "Defensive", "dispersion_high", "none", "both"),
        # Dispersion is Low now; ECS 26.5 (22 of 83) is High. Stops of longs: 73% of them leave, and
        # CAS 40 falls against 46.7.
        (25, "No-trade", "Defensive", "exits_high", "none", "long"),
        # ECS 6.4 is under 20 for the first period, so still High. Of longs 5 of 12 leave: not High
        # by number, but not under 20 either. CAS, no longer clamped, is 22.7.
        (30, "No-trade", "Defensive", "exits_high", "none", "long"),
        # The second period under 20. CAS 23.8 falls against 34.2, the second period at 38 or less:
        # Short / Normal is called for, but risk stays Defensive for one more period. Longs leave
        # under 20 for the first period; and CAS falls against them.
        (35, "No-trade", "Defensive", "risk_wait", "short", "long"),
        # CAS 19.2 falls against 28.9; but Dispersion is 40.00, no longer Low, and a strong side
        # with Medium is in no row of the matrix. Risk improves to the Reduced that this calls for.
        (40, "No-trade", "Reduced", "anything_else", "short", "long"),
        # The same, flat against 21.9.
        (45, "No-trade", "Reduced", "anything_else", "none", "none"),
    ],
    "liquidation_cascade": [
        *BEFORE,
        # 26 of 100 are liquidated, which is no exit of theirs; 4 leave: ECS 4. The shorts add: CAS
        # 22.7, Dispersion 0, for the first period.
        (20, "No-trade", "Defensive", "dispersion_high", "none", "both"),
        # Short / Normal is called for (falling against 40.9, the second period at 38 or less), as
        # risk stays Defensive for one more period.
        (25, "No-trade", "Defensive", "risk_wait", "short", "long"),
        # Falling against 31.8; risk one step better.
        (30, "Short", "Reduced", "strong_with", "short", "long"),
        # Nobody acts: CAS and Dispersion are null. Held for one period; the flags hang on them.
        (35, "Short", "Reduced", "held", "unknown", "unknown"),
        # 9 add, so CAS is still null, and 11 buy or sell: Dispersion 72.7 is known, and High.
        (40, "No-trade", "Defensive", "dispersion_high", "none", "both"),
        (45, "No-trade", "Defensive", "dispersion_high", "none", "both"),
    ],
    "stale_feed": [
        *BEFORE[:3],
        # Nothing is known while the feed is away: see LOCKED.
        (15, "No-trade", "Defensive", "locked:snapshot_failed", "unknown", "unknown"),
        (20, "No-trade", "Defensive", "locked:snapshot_failed", "unknown", "unknown"),
        (25, "No-trade", "Defensive", "locked:health_stale", "unknown", "unknown"),
        (30, "No-trade", "Defensive", "locked:health_stale", "unknown", "unknown"),
        # The first snapshot, with none of five minutes before: no score. Dispersion was High when
        # it was last known, and has not been under 55 since.
        (35, "No-trade", "Defensive", "dispersion_high", "none", "both"),
        (40, "No-trade", "Defensive", "dispersion_high", "none", "both"),
        (45, "No-trade", "Defensive", "dispersion_high", "none", "both"),
    ],
    "thin_coverage": [
        *BEFORE,  # at 15 the first 8% are missing: 92% is enough
        (20, "No-trade", "Defensive", "dispersion_high", "none", "both"),
        # 85%: No-trade / Reduced, whatever else. Dispersion is known, and High.
        (25, "No-trade", "Reduced", "thin_coverage", "none", "both"),
        # 70%: locked.
        (30, "No-trade", "Defensive", "locked:health_stale", "unknown", "unknown"),
        # All answer, but 30% did not at the begin of the period: CAS is null; Dispersion is High.
        (35, "No-trade", "Defensive", "dispersion_high", "none", "both"),
        (40, "No-trade", "Defensive", "dispersion_high", "none", "both"),
        (45, "No-trade", "Defensive", "dispersion_high", "none", "both"),
    ],
}


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
    rows = [(minute, recording.signals[minute, asset, SECOND]) for minute in ends]
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
            row = recording.signals[minute, asset, FIRST]
            wanted = thin.get(minute, neutral)
            assert (row["bias"], row["risk"], row["rule"]) == wanted, (minute, asset)


@pytest.mark.parametrize("asset", ASSETS)
@pytest.mark.parametrize("name", SCRIPTS)
def test_the_flags_of_the_first_version_serve_longs_alone(
    recorded: Recorded, name: str, asset: str
) -> None:
    recording = recorded(name)
    watched = Watched(recording.story, recording.minutes)
    for minute in periods(name):
        if minute not in LOCKED.get(name, {}):
            row = recording.signals[minute, asset, FIRST]
            scores = watched.judged(asset, minute).first
            assert row["flags"] == _first_flags(scores, row["trend"]), minute


def _first_flags(scores: FirstVersion, trend: str) -> dict[str, bool | None]:
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
    watched = Watched(recording.story, recording.minutes)
    marks = {minute: recording.signals[minute, "HYPE", SECOND]["mark_price"] for minute in PERIODS}
    assert marks[15] == watched.mark("HYPE", 14) != marks[10]
    assert [minute for minute, mark in marks.items() if mark is None] == [20, 25, 30]


def test_coverage_decides_between_a_signal_a_neutral_word_and_a_lock(recorded: Recorded) -> None:
    recording = recorded("thin_coverage")
    rows = {minute: recording.signals[minute, "HYPE", SECOND] for minute in PERIODS}
    assert [str(rows[minute]["coverage"] * 100)[:5] for minute in (10, 15, 20, 25, 30, 35)] == [
        "100.0", "92.00", "92.00", "85.00", "70.00", "100.0",
    ]  # fmt: skip
    first = recording.signals[25, "HYPE", FIRST]
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
        rows = recording.contributors[20, asset, SECOND]
        exits = [row for row in rows if row["class"] in {"CLOSE_L", "REDUCE_L"}]
        assert Counter(row["forced"] for row in exits) == {True: 26, None: 4}
        first = recording.signals[20, asset, FIRST]
        assert first["ecs"] == 15  # it counts them as exits


def test_exits_are_high_only_where_what_is_usual_is_known(recorded: Recorded) -> None:
    recording = recorded("exit_cascade")
    high = {
        minute: recording.signals[minute, "BTC", SECOND]["exits"]["all"]["high"]
        for minute in PERIODS
    }
    assert [minute for minute, known in high.items() if known] == [20, 25]
    assert recording.signals[20, "BTC", SECOND]["ecs_z"] > 13
    assert recording.signals[20, "BTC", SECOND]["ecs_percentile"] == 100


def test_signals_computed_again_later_are_the_same_bytes(recorded: Recorded) -> None:
    """At the end of a story all that came after a period is stored; none of it is read."""

    async def again(url: str) -> None:
        chosen = [metric for metric in METRICS if metric.name == "signals"]
        async with opened(url) as books:
            before = await texts(books)
            async for _ in rebuild(books.pool, chosen, from_day=START.date(), to_day=START.date()):
                pass
            assert await texts(books) == before
        async with open_pool(url, role="none", size=1) as pool:
            (verdict,) = await verify(pool, chosen)
        assert (verdict.rows, verdict.differing, verdict.waiting) == (6 * len(LONGER), 0, 0)

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


# Every move of every alert: minute, type, subject, from, to.
Moved = tuple[int, str, str, str, str]


def told(minute: int, *subjects: str) -> list[Moved]:
    """A new playbook, told and over."""
    return [
        (minute, "regime_change", subject, *states)
        for subject in subjects
        for states in (("pending", "firing"), ("firing", "resolved"))
    ]


def moved(minute: int, name: str, *subjects: str, states: tuple[str, str]) -> list[Moved]:
    return [(minute, name, subject, *states) for subject in subjects]


WAITS, NO_MORE, MUTE = ("inactive", "pending"), ("pending", "inactive"), ("pending", "suppressed")
FIRES, ENDS, AGAIN = ("inactive", "firing"), ("firing", "resolved"), ("resolved", "pending")
ALERTS: dict[str, list[Moved]] = {
    # Long / Reduced at 30 and 35; No-trade / Defensive at 40 and 45, which is held back until the
    # cooldown of thirty minutes is over, and is still so then.
    "herding_in": [
        *moved(30, "regime_change", "BTC", "HYPE", states=WAITS),
        *told(35, "BTC", "HYPE"),
        *moved(40, "regime_change", "BTC", "HYPE", states=AGAIN),
        *moved(45, "regime_change", "BTC", "HYPE", states=MUTE),
        (65, "regime_change", "BTC", "suppressed", "firing"),
        (65, "regime_change", "BTC", "firing", "resolved"),
        (65, "regime_change", "HYPE", "suppressed", "firing"),
        (65, "regime_change", "HYPE", "firing", "resolved"),
    ],
    # The playbook is the same from beginning to end.
    "split": [],
    # Exits are High at 20 and 25, under 20 at 30 and 35; No-trade / Reduced at 40 and 45.
    "exit_cascade": [
        *moved(20, "exit_cluster", "BTC", "HYPE", states=FIRES),
        *moved(35, "exit_cluster", "BTC", "HYPE", states=ENDS),
        *moved(40, "regime_change", "BTC", "HYPE", states=WAITS),
        *told(45, "BTC", "HYPE"),
    ],
    # Liquidations are no exits. Short / Reduced at 30 and 35, No-trade / Defensive at 40 and 45,
    # ten minutes after the last was told.
    "liquidation_cascade": [
        *moved(30, "regime_change", "BTC", "HYPE", states=WAITS),
        *told(35, "BTC", "HYPE"),
        *moved(40, "regime_change", "BTC", "HYPE", states=AGAIN),
        *moved(45, "regime_change", "BTC", "HYPE", states=MUTE),
    ],
    # Stale from 25 on, the last good minute 14 being 660 s old; well for two checks at 35 and 36.
    "stale_feed": [
        (25, "system_stale", "system", "inactive", "firing"),
        (36, "system_stale", "system", "firing", "resolved"),
    ],
    # No-trade / Reduced for one period; the one after is locked, which is no playbook, and then all
    # is as it was. 70% are stale at once.
    "thin_coverage": [
        *moved(25, "regime_change", "BTC", "ETH", "HYPE", states=WAITS),
        (30, "system_stale", "system", "inactive", "firing"),
        *moved(35, "regime_change", "BTC", "ETH", "HYPE", states=NO_MORE),
        (36, "system_stale", "system", "firing", "resolved"),
    ],
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_alerts_move_as_the_definitions_call_for(recorded: Recorded, name: str) -> None:
    assert alerts(recorded(name)) == ALERTS[name]


def alerts(recording: Recording) -> list[Moved]:
    names = ("type", "subject", "from_state", "to_state")
    return [
        (number_of(row["at"]), *(row[name] for name in names))  # pyright: ignore[reportReturnType]
        for row in recording.alerts
    ]


@pytest.mark.parametrize("how", ["two workers", "kills"])
def test_workers_that_race_or_are_killed_leave_the_same_rows(
    recorded: Recorded, make_database: Callable[[], str], how: str
) -> None:
    """A killed one stops anywhere in the half second it needs; its jobs are found again."""

    async def play() -> Recording:
        async with staged(make_database(), "exit_cascade") as stage:
            await _know_what_is_usual(stage)
            if how == "kills":
                await stage.play_with_kills(PERIODS, after=cycle((0.05, 0.2, 0.3, 0.4, 0.1, 0.25)))
            else:
                await stage.play_with_two_workers(PERIODS)
            return await stage.record()

    once, other = recorded("exit_cascade"), asyncio.run(play())
    assert other.signals == once.signals
    assert other.contributors == once.contributors
    assert alerts(other) == alerts(once)
    assert [row["minute"] for row in other.runs] == [minute_at(number) for number in PERIODS]
