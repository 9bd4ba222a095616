"""The first version is as it was published, its limits with it, but for clock and absence."""

from decimal import Decimal
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.metrics.smart_money.formulas.wallet_moves import (
    CLOSE_LONG,
    DIRTY,
    FLAT,
    FLIP_LONG,
    FLIP_SHORT,
    HOLD_LONG,
    MISSING,
    OPEN_LONG,
    OPEN_SHORT,
    REDUCE_LONG,
    busy_universes,
    first,
    move,
    small_universes,
    universe,
)

from hypertally.metrics.smart_money.formulas.score_arithmetic import V1, Trend
from hypertally.metrics.smart_money.formulas.v1.scores import v1_band, v1_trend
from hypertally.metrics.smart_money.formulas.wallet_moves import Move


@pytest.mark.parametrize(
    ("long", "short", "expected"),
    [(15, 5, "52.5"), (60, 0, "65"), (20, 0, "55"), (0, 60, "35"), (200, 0, "100")],
)
def test_consensus_vectors(long: int, short: int, expected: str) -> None:
    moves = universe((long, OPEN_LONG), (short, OPEN_SHORT), (200 - long - short, FLAT))
    assert first(moves).cas.value == Decimal(expected)


@pytest.mark.parametrize(
    ("left", "exposed", "expected"), [(18, 60, "9"), (12, 50, "6"), (60, 60, "30"), (50, 50, "25")]
)
def test_exit_vectors(left: int, exposed: int, expected: str) -> None:
    groups = (left, CLOSE_LONG), (exposed - left, HOLD_LONG), (200 - exposed, FLAT)
    assert first(universe(*groups)).ecs.value == Decimal(expected)


def test_dispersion_measures_activity_and_not_disagreement() -> None:
    alike = first(universe((20, OPEN_LONG), (180, FLAT)))
    split = first(universe((30, move(100, 110)), (30, move(100, 90)), (140, FLAT)))
    assert alike.cas.value == 55
    assert alike.dispersion.value == Decimal("60.15056485")
    assert split.dispersion.value == Decimal("5.49097020")


def test_dispersion_of_fewer_than_five_wallets_is_fifty() -> None:
    assert first(universe((4, OPEN_LONG), (20, MISSING))).dispersion.value == 50
    assert first(universe((5, OPEN_LONG), (20, MISSING))).dispersion.value == 0


def test_relative_changes_are_clamped_and_dispersion_ends_at_a_hundred() -> None:
    scores = first(universe((10, FLIP_LONG), (10, move(100, -(10**6)))))
    assert {row.ratio for row in scores.contributors} == {Decimal(2), Decimal(-2)}
    assert scores.dispersion.value == 100


def test_a_flip_is_an_adder_and_no_exit() -> None:
    scores = first(universe((3, FLIP_LONG), (2, FLIP_SHORT), (15, FLAT)))
    assert scores.states["adder_long"] == 3
    assert scores.states["adder_short"] == 2
    assert scores.ecs.value == 0


def test_the_cap_of_many_exits_serves_longs_alone() -> None:
    long = first(universe((60, OPEN_LONG), (30, REDUCE_LONG), (10, HOLD_LONG)))
    short = first(universe((60, OPEN_SHORT), (30, REDUCE_LONG), (10, HOLD_LONG)))
    at_edge = first(universe((60, OPEN_LONG), (25, REDUCE_LONG), (15, HOLD_LONG)))
    assert (long.cas.value, short.cas.value, at_edge.cas.value) == (60, 20, 80)


@pytest.mark.parametrize("unseen", [MISSING, DIRTY])
def test_consensus_is_fifty_below_ninety_percent_of_the_wallets(unseen: tuple) -> None:
    full = first(universe((90, OPEN_LONG), (90, FLAT), (20, unseen)))
    below = first(universe((90, OPEN_LONG), (89, FLAT), (21, unseen)))
    assert full.cas.value == 75
    assert below.cas.value == 50
    assert below.cas.reason
    assert below.missing_share == Decimal("0.105")


def test_the_total_is_of_the_wallets_that_are_seen_and_not_a_number_in_the_code() -> None:
    assert first(universe((5, OPEN_LONG), (5, FLAT))).cas.value == 75
    assert first(universe((9, OPEN_LONG), (9, FLAT), (2, MISSING))).cas.value == 75


def test_a_wallet_without_an_earlier_row_is_flat_and_counts() -> None:
    scores = first(universe((10, move(None, 100)), (10, OPEN_LONG)))
    assert scores.states["flat"] == 10
    assert scores.cas.value == 75


def test_of_no_wallet_nothing_is_known() -> None:
    scores = first([])
    assert (scores.cas.value, scores.ecs.value, scores.missing_share) == (50, None, 1)


@pytest.mark.parametrize(
    ("cas", "expected"),
    [
        ("75.00000001", "strong_long"),
        ("75", "long"),
        ("60", "long"),
        ("59.99999999", "neutral"),
        ("40", "neutral"),
        ("39.99999999", "short"),
        ("25", "short"),
        ("24.99999999", "strong_short"),
    ],
)
def test_sixty_is_inside_the_long_band_and_forty_outside_the_short_one(
    cas: str, expected: str
) -> None:
    assert v1_band(Decimal(cas)) == expected


def test_the_trend_of_fewer_than_three_periods_is_flat() -> None:
    assert v1_trend(Decimal(90), [Decimal(50)] * 2) == Trend(direction="flat", change=None)
    assert v1_trend(Decimal(90), [Decimal(50)] * 3).direction == "rising"
    earlier = [Decimal(0), Decimal(90), Decimal(90), Decimal(90)]
    assert v1_trend(Decimal(90), earlier).direction == "flat"


@pytest.mark.parametrize(("exposed", "cas", "ecs"), [(60, "65", "30"), (50, "62.5", "25")])
def test_reach_shows_what_no_holder_could_ever_bring_about(
    exposed: int, cas: str, ecs: str
) -> None:
    reach = first(universe((exposed, HOLD_LONG), (200 - exposed, FLAT))).reach
    assert (reach.cas_highest, reach.ecs_highest) == (Decimal(cas), Decimal(ecs))
    assert reach.cas_lowest == 100 - Decimal(cas)
    assert (reach.strong_needs, reach.strong_in_reach) == (101, False)
    assert (reach.long_needs, reach.long_in_reach) == (40, True)
    assert (reach.exit_high_needs, reach.exit_high_in_reach) == (51, exposed > 50)
    assert reach.definition == V1


@pytest.mark.parametrize("exposed", [0, 1, 3, 4, 7, 20])
def test_no_score_of_the_exposed_goes_beyond_its_reach(exposed: int) -> None:
    reach = first(universe((exposed, HOLD_LONG), (20 - exposed, FLAT))).reach
    half = exposed // 2
    extremes = universe(
        (half, move(100, 300)), (exposed - half, move(100, -100)), (20 - exposed, FLAT)
    )
    scores = first(extremes)
    assert scores.dispersion.value == reach.dispersion_highest
    assert first(universe((exposed, CLOSE_LONG), (20 - exposed, FLAT))).ecs.value == (
        reach.ecs_highest
    )


@given(small_universes | busy_universes, st.randoms(use_true_random=False))
def test_the_order_of_the_wallets_moves_no_byte(moves: list[Move], random: Random) -> None:
    shuffled = random.sample(moves, len(moves))
    assert msgspec.json.encode(first(moves)) == msgspec.json.encode(first(shuffled))


@given(small_universes)
def test_scores_stay_between_their_bounds(moves: list[Move]) -> None:
    scores = first(moves)
    for one in (scores.dispersion, scores.ecs):
        if one.value is not None:
            assert one.lower is not None
            assert one.upper is not None
            assert 0 <= one.lower <= one.value <= one.upper <= 100


def test_a_flat_wallet_that_moved_a_little_has_a_row_for_its_part_in_the_dispersion() -> None:
    rows = first(universe((3, move(100, "100.5")), (3, FLAT), (1, OPEN_LONG))).contributors
    assert [row.state for row in rows] == ["flat"] * 3 + ["adder_long"]
    assert rows[0].ratio == Decimal("0.005")
