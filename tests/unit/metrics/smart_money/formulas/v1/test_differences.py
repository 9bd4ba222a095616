"""Differences of the two versions: each has a cause, and of known periods the known one."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.metrics.smart_money.formulas.wallet_moves import (
    ADD_LONG,
    ADD_SHORT,
    AT,
    CLOSE_LONG,
    CLOSE_SHORT,
    FLAT,
    FLIP_LONG,
    HOLD_LONG,
    MISSING,
    OPEN_LONG,
    OPEN_SHORT,
    busy_universes,
    move,
    small_universes,
    universe,
    window_of,
)

from hypertally.metrics.smart_money.formulas.exits import Baseline
from hypertally.metrics.smart_money.formulas.feed_health import assess_health
from hypertally.metrics.smart_money.formulas.herding import pool
from hypertally.metrics.smart_money.formulas.playbook_state import Latch, PlaybookState
from hypertally.metrics.smart_money.formulas.score_arithmetic import V1, V2
from hypertally.metrics.smart_money.formulas.scores import ExitBaselines, score
from hypertally.metrics.smart_money.formulas.thresholds import PERIOD
from hypertally.metrics.smart_money.formulas.v1.counterfactual import (
    FAULTS,
    collect_figures,
    replay_v1,
)
from hypertally.metrics.smart_money.formulas.v1.differences import causes
from hypertally.metrics.smart_money.formulas.v1.scores import score_v1
from hypertally.metrics.smart_money.signal_rows import FeedState, PeriodInputs, v1_row, v2_row
from hypertally.store.postgres import Jsonb

KNOWN = ExitBaselines(
    **dict.fromkeys(("all", "long", "short"), Baseline(windows=900, p0=Decimal("0.05"), rates=()))
)
READY = PlaybookState(bias="No-trade", risk="Reduced", entry=1, better=1)

Rows = tuple[dict[str, Any], dict[str, Any]]


def rows(
    moves: Any,
    *,
    before: PlaybookState = READY,
    v1_cas: str | None = "50",
    cas_second: str | None = "50",
    baselines: ExitBaselines = KNOWN,
    coverage: str = "1",
) -> Rows:
    """The two rows of a period, as they come back from the database."""
    window = window_of(moves)
    past = {V1: v1_cas, V2: cas_second}
    earlier = {
        ("BTC", definition): [
            {
                "at": AT - PERIOD * ago,
                "cas": None if cas is None else Decimal(cas),
                "state": {
                    "bias": before.bias, "risk": before.risk, "entry": before.entry,
                    "better": before.better, "unknown": before.unknown,
                    "dispersion": {"high": before.dispersion.high, "calm": 0},
                },
            }
            for ago in (3, 2, 1)
        ]
        for definition, cas in past.items()
    }  # fmt: skip
    period = PeriodInputs(
        at=AT,
        feed=FeedState(
            universe_run_id=1, wallets=len(window.classified.moves), newest_at=AT,
            last_failed=False,
            success_at=AT, coverage=Decimal(coverage),
        ),
        health=assess_health(
            as_of=AT + timedelta(seconds=1), last_success_at=AT, coverage=Decimal(coverage)
        ),
        moves={}, ids={}, digests={"BTC": "0:0"}, marks={"BTC": (None, None)},
        earlier=earlier, baselines={"BTC": baselines},
    )  # fmt: skip
    second = v2_row(period, score(window, pooled=pool(window.counts), baselines=baselines))
    first = v1_row(period, window, score_v1(window))
    return plain(first), plain(second)


def plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: one.obj if isinstance(one, Jsonb) else one for name, one in row.items()}


def found(both: Rows) -> dict[str, str]:
    return {cause.cause: cause.words for cause in causes(*both)}


past_cas = st.sampled_from([None, "20", "50", "58", "80"])
states = st.builds(
    PlaybookState,
    bias=st.sampled_from(["Long", "Short", "No-trade"]),
    risk=st.sampled_from(["Normal", "Reduced", "Defensive"]),
    entry=st.integers(-2, 2),
    better=st.integers(0, 2),
    unknown=st.integers(0, 1),
    dispersion=st.builds(Latch, high=st.booleans()),
)
both_rows = st.builds(
    rows,
    st.one_of(busy_universes, small_universes),
    before=states,
    v1_cas=past_cas.map(lambda cas: cas or "50"),
    cas_second=past_cas,
    baselines=st.sampled_from([KNOWN, ExitBaselines()]),
    coverage=st.sampled_from(["1", "0.93", "0.85"]),
)


@given(both_rows)
def test_with_nothing_mended_the_first_version_says_what_it_stored(both: Rows) -> None:
    said = replay_v1(collect_figures(*both), frozenset())
    assert (said.band, said.playbook) == (both[0]["band"], (both[0]["bias"], both[0]["risk"]))


@given(both_rows)
def test_with_all_mended_it_says_the_band_that_the_second_stored(both: Rows) -> None:
    assert replay_v1(collect_figures(*both), frozenset(FAULTS)).band == both[1]["band"]


@given(both_rows)
def test_every_difference_has_a_cause_and_no_agreement_has_one(both: Rows) -> None:
    first, second = both
    told = causes(first, second)
    differing = {
        part
        for part, columns in (("band", ("band",)), ("playbook", ("bias", "risk")))
        if any(first[column] != second[column] for column in columns)
    }
    assert {part for cause in told for part in cause.moves} == differing
    assert "unexplained" not in {cause.cause for cause in told}
    assert all(cause.words and "None" not in cause.words for cause in told)


def test_twenty_opening_alike_are_split_for_the_first_version_alone() -> None:
    # Definitions, section 3: CAS 55 and dispersion 60.2, so No-trade / Defensive.
    both = rows(universe((20, OPEN_LONG), (40, HOLD_LONG), (140, FLAT)))
    assert both[0]["rule"] == "dispersion_high"
    assert (both[1]["bias"], both[1]["band"]) == ("Long", "strong_long")
    assert found(both) == {
        "denominator": "v1 divides by all 200 wallets observed, v2 by the 20 that opened or added, "
        "plus ten: CAS 55 against 83.33",
        "activity_as_dispersion": "v1 measures dispersion by the spread of position changes, "
        "60.15; v2 by the balance of buyers and sellers, 0",
        "trend_of_its_own": "the trend is flat for v1 and rising for v2, each from its own CAS",
    }


def test_of_few_that_acted_the_second_version_says_nothing() -> None:
    both = rows(universe((4, ADD_LONG), (1, OPEN_SHORT), (60, HOLD_LONG), (135, FLAT)))
    unknown, memory = causes(*both)
    assert (unknown.cause, unknown.moves) == ("unknown_shown", ("band", "playbook"))
    assert unknown.words == (
        "v2 has no CAS because too few wallets opened or added to a position (5 of 10 needed); "
        "v1 shows 50.75; v2 has no dispersion because too few wallets traded (5 of 10 needed); "
        "v1 shows 15.85"
    )
    assert (memory.cause, both[1]["rule"]) == ("memory", "held")


@pytest.mark.parametrize(
    ("groups", "cause", "words"),
    [
        # Definitions 1.7: 18 of 60 holders of 200 wallets: ECS 9 and 30.
        (
            ((18, CLOSE_LONG), (42, HOLD_LONG), (12, OPEN_LONG), (128, FLAT)),
            "exits_over_all",
            (
                "v1 measures exits against all 200 wallets observed, v2 against the 60 that held a "
                "position: ECS 9 against 30"
            ),
        ),
        (
            ((60, CLOSE_LONG), (120, OPEN_SHORT), (20, HOLD_LONG)),
            "one_sided_cap",
            "with ECS above 25 v1 caps only longs, at 60; v2, at 75, keeps CAS from 40 to 60",
        ),
        (
            ((12, FLIP_LONG), (3, ADD_LONG), (25, HOLD_LONG), (160, FLAT)),
            "exits_counted",
            "v1 counts 0 exits, v2 12: only v2 counts flips and leaves out forced exits",
        ),
        (
            ((70, OPEN_LONG), (18, HOLD_LONG), (12, MISSING)),
            "unknown_shown",
            (
                "v1 applies its rule for missing wallets (12 wallets, over 10%); v2 has no CAS "
                "because too few wallets were observed (88 of 100, 90% needed); v1 shows 50"
            ),
        ),
        (
            ((9, move(-50, "0.5")), (11, OPEN_LONG), (30, HOLD_LONG), (40, FLAT)),
            "near_zero",
            "v1 counts 9 wallets as adding although they ended within epsilon of zero",
        ),
        (
            ((8, CLOSE_SHORT), (12, ADD_LONG), (10, HOLD_LONG)),
            "exits_unproven",
            (
                "v1 calls exits high above 25; v2 also needs ten exits (here 8) and three standard "
                "deviations above the usual share (here 5.45)"
            ),
        ),
        (
            ((10, OPEN_SHORT), (40, HOLD_LONG)),
            "band_edges",
            "at the band edges 25, 40 and 75 only v2 takes the stronger band, and CAS is 25",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_a_fault_that_acted_is_named_with_its_figures(groups: Any, cause: str, words: str) -> None:
    assert found(rows(universe(*groups)))[cause] == words


def test_a_trend_against_a_short_is_heeded_by_the_second_version_alone() -> None:
    both = rows(
        universe((2, OPEN_SHORT), (18, ADD_SHORT), (7, ADD_LONG), (23, HOLD_LONG)),
        before=PlaybookState(bias="Short", risk="Reduced"),
        v1_cas="20",
        cas_second="20",
    )
    assert both[0]["rule"] == "lean_mixed"
    assert both[1]["rule"] == "trend_against"
    assert found(both)["one_sided_trend"].startswith("v1 applies the trend only against longs")


def test_an_entry_that_waits_is_the_memory_of_the_second_version() -> None:
    both = rows(
        universe((14, OPEN_LONG), (40, HOLD_LONG), (140, FLAT)),
        before=PlaybookState(risk="Reduced"),
    )
    assert found(both)["memory"] == "v2 enters a side in the second period that advises it"


def test_rows_that_do_not_follow_from_their_counts_are_said_to_be_so() -> None:
    first, second = rows(universe((20, OPEN_LONG), (40, HOLD_LONG), (140, FLAT)))
    assert set(found((first | {"band": "short"}, second))) == {"unexplained"}
    assert causes(first, first) == []
