"""The scores of the second version are what their definitions say, to the last digit."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import combinations_with_replacement
from math import comb
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.metrics.smart_money.formulas.wallet_moves import (
    ADD_LONG,
    ADD_SHORT,
    CLOSE_LONG,
    CLOSE_SHORT,
    DIRTY,
    FLAT,
    FLIP_LONG,
    FLIP_SHORT,
    HOLD_LONG,
    HOLD_SHORT,
    MISSING,
    OPEN_LONG,
    OPEN_SHORT,
    REDUCE_LONG,
    REDUCE_SHORT,
    busy_universes,
    move,
    second,
    small_universes,
    universe,
    window_of,
)

from hypertally.metrics.smart_money.formulas.consensus import band
from hypertally.metrics.smart_money.formulas.counts import count
from hypertally.metrics.smart_money.formulas.exits import Baseline, exit_baseline
from hypertally.metrics.smart_money.formulas.herding import Pool, expected_deviation, herding, pool
from hypertally.metrics.smart_money.formulas.score_arithmetic import Trend, trend
from hypertally.metrics.smart_money.formulas.scores import ExitBaselines, Scores
from hypertally.metrics.smart_money.formulas.wallet_moves import Move

HALF_PLACE = Fraction(5, 10**9)


def near(value: Decimal | None, expected: str) -> bool:
    """Equal to the digits that are printed."""
    assert value is not None
    return value.quantize(Decimal(expected)) == Decimal(expected)


def baselines(p0: str) -> ExitBaselines:
    found = Baseline(windows=2016, p0=Decimal(p0), rates=())
    return ExitBaselines(all=found, long=found, short=found)


@pytest.mark.parametrize(
    ("long", "short", "expected"),
    [(15, 5, "66.67"), (60, 0, "92.86"), (10, 0, "75"), (5, 5, "50"), (0, 60, "7.14")],
)
def test_consensus_vectors(long: int, short: int, expected: str) -> None:
    rest = 200 - long - short
    scores = second(universe((long, OPEN_LONG), (short, OPEN_SHORT), (rest, FLAT)))
    assert near(scores.cas.score.value, expected)
    assert scores.cas.score.n == long + short


def test_opening_adding_and_flipping_all_count_for_the_side_they_end_on() -> None:
    scores = second(universe((4, OPEN_LONG), (4, ADD_LONG), (4, FLIP_LONG), (3, FLIP_SHORT)))
    assert (scores.cas.long, scores.cas.short) == (12, 3)


def test_consensus_is_unknown_of_fewer_than_ten_acting_wallets() -> None:
    scores = second(universe((4, OPEN_LONG), (1, OPEN_SHORT), (195, FLAT)))
    assert scores.cas.score.value is None
    assert scores.cas.score.reason == "fewer than 10 wallets acted"
    assert scores.cas.band is None
    assert (scores.cas.score.lower, scores.cas.score.upper) == (None, None)


@pytest.mark.parametrize("unseen", [MISSING, DIRTY])
def test_consensus_is_unknown_below_ninety_percent_of_the_wallets(unseen: tuple) -> None:
    full = second(universe((20, OPEN_LONG), (160, FLAT), (20, unseen)))
    short_of_it = second(universe((20, OPEN_LONG), (159, FLAT), (21, unseen)))
    assert near(full.cas.score.value, "83.33")
    assert full.cas.score.completeness == Decimal("0.9")
    assert short_of_it.cas.score.value is None
    assert short_of_it.cas.score.reason == "fewer than 90% of the wallets were seen"
    assert short_of_it.cas.score.lower is not None


@pytest.mark.parametrize(
    ("opens", "exits", "expected"),
    [(OPEN_LONG, 26, "60"), (OPEN_SHORT, 26, "40"), (OPEN_LONG, 25, "92.86")],
)
def test_many_exits_pull_the_consensus_to_the_middle_from_both_sides(
    opens: tuple, exits: int, expected: str
) -> None:
    scores = second(
        universe((60, opens), (exits, CLOSE_LONG), (100 - exits, HOLD_LONG), (40, FLAT))
    )
    assert near(scores.cas.score.value, expected)
    assert scores.cas.clamped == (exits > 25)


def test_participation_is_of_those_exposed_at_either_end() -> None:
    scores = second(universe((10, OPEN_LONG), (10, CLOSE_LONG), (20, HOLD_SHORT), (60, FLAT)))
    assert scores.cas.participation == Decimal("0.25")


@pytest.mark.parametrize(
    ("cas", "expected"),
    [
        ("75", "strong_long"),
        ("74.99999999", "long"),
        ("60", "long"),
        ("59.99999999", "neutral"),
        ("50", "neutral"),
        ("40.00000001", "neutral"),
        ("40", "short"),
        ("25.00000001", "short"),
        ("25", "strong_short"),
    ],
)
def test_bands_meet_at_their_edges(cas: str, expected: str) -> None:
    assert band(Decimal(cas)) == expected


@given(st.decimals(0, 100, places=8))
def test_bands_part_the_whole_scale_in_mirror_images(cas: Decimal) -> None:
    mirror = {"strong_long": "strong_short", "long": "short", "neutral": "neutral"}
    mirror |= {other: one for one, other in mirror.items()}
    assert band(100 - cas) == mirror[band(cas)]


@pytest.mark.parametrize(
    ("groups", "count_index", "size_index"),
    [
        (((20, OPEN_LONG),), "0", "0"),
        (((10, OPEN_LONG), (10, OPEN_SHORT)), "100", "100"),
        (((18, move(0, 10)), (2, move(0, -90))), "20", "100"),
    ],
)
def test_dispersion_vectors(groups: tuple, count_index: str, size_index: str) -> None:
    scores = second(universe(*groups, (50, FLAT)))
    assert scores.dispersion.value == Decimal(count_index)
    assert scores.dispersion_size.value == Decimal(size_index)


def test_dispersion_is_unknown_of_fewer_than_ten_active_wallets() -> None:
    few = second(universe((9, OPEN_LONG), (90, HOLD_LONG)))
    assert few.dispersion.value is None
    assert few.dispersion_size.value is None
    enough = second(universe((9, OPEN_LONG), (1, REDUCE_LONG), (90, HOLD_LONG)))
    assert enough.dispersion.value == 20


def test_buyers_are_all_who_bought_whatever_they_held() -> None:
    buys = (OPEN_LONG, ADD_LONG, CLOSE_SHORT, REDUCE_SHORT, FLIP_LONG)
    sells = (OPEN_SHORT, ADD_SHORT, CLOSE_LONG, REDUCE_LONG, FLIP_SHORT)
    assert second(universe(*((2, one) for one in buys))).dispersion.value == 0
    assert second(universe(*((2, one) for one in sells))).dispersion.value == 0
    assert second(universe(*((2, one) for one in buys + sells))).dispersion.value == 100


def test_stock_disagreement_is_of_those_who_hold_now() -> None:
    scores = second(universe((30, HOLD_LONG), (5, OPEN_SHORT), (5, FLIP_SHORT), (7, CLOSE_LONG)))
    assert scores.stock.value == 50
    assert second(universe((30, FLAT))).stock.value is None


@pytest.mark.parametrize(
    ("left", "exposed", "expected", "z", "high"),
    [(18, 60, "30.0", "6.28", True), (12, 50, "24.0", "4.17", False), (9, 30, "30", "4.44", False)],
)
def test_exit_vectors(left: int, exposed: int, expected: str, z: str, *, high: bool) -> None:
    scores = second(
        universe((left, REDUCE_LONG), (exposed - left, HOLD_LONG), (200 - exposed, FLAT)),
        baselines=baselines("0.08"),
    )
    assert near(scores.ecs.score.value, expected)
    assert near(scores.ecs.z, z)
    assert scores.ecs.high is high


def test_exits_are_not_high_where_they_are_usual() -> None:
    scores = second(universe((18, REDUCE_LONG), (42, HOLD_LONG)), baselines=baselines("0.25"))
    assert scores.ecs.high is False
    assert scores.ecs.level == "medium"
    assert near(scores.ecs.z, "0.89")


@pytest.mark.parametrize("exposed", [39, 40, 60, 200])
def test_high_exits_begin_where_the_three_conditions_meet(exposed: int) -> None:
    found = [
        second(
            universe((left, CLOSE_LONG), (exposed - left, HOLD_LONG)), baselines=baselines("0.2")
        )
        for left in range(exposed + 1)
    ]
    for left, scores in enumerate(found):
        ecs = scores.ecs
        assert ecs.z is not None
        assert ecs.high == (4 * left > exposed and left >= 10 and ecs.z >= 3)
    needed = next(left for left, scores in enumerate(found) if scores.ecs.high)
    assert {scores.reach.exit_high_needs for scores in found} == {needed}
    (high_from,) = {scores.ecs.high_from for scores in found}
    assert high_from is not None
    assert abs(Fraction(high_from) - Fraction(100 * needed, exposed)) <= HALF_PLACE


def test_exactly_25_is_not_high_however_unusual() -> None:
    scores = second(universe((10, CLOSE_LONG), (30, HOLD_LONG)), baselines=baselines("0.02"))
    assert (scores.ecs.score.value, scores.ecs.high, scores.ecs.level) == (25, False, "medium")
    more = second(universe((11, CLOSE_LONG), (29, HOLD_LONG)), baselines=baselines("0.02"))
    assert more.ecs.high is True
    assert second(universe((10, CLOSE_LONG), (30, HOLD_LONG))).ecs.high is False  # no baseline yet


@pytest.mark.parametrize(
    ("opens", "lower", "upper"), [(OPEN_SHORT, "5.56", "40"), (OPEN_LONG, "60", "94.44")]
)
def test_bounds_reach_the_clamp_where_the_upper_bound_of_exits_alone_calls_for_it(
    opens: tuple, lower: str, upper: str
) -> None:
    """20 of 100 left; had the 20 unseen left too, 33% would have, and CAS would be clamped."""
    scores = second(
        universe((60, opens), (20, CLOSE_LONG), (80, HOLD_LONG), (40, FLAT), (20, MISSING))
    )
    assert (scores.ecs.score.lower, scores.cas.clamped) == (Decimal("16.66666667"), False)
    assert scores.ecs.score.upper is not None
    assert scores.ecs.score.upper > 25
    assert near(scores.cas.score.lower, lower)
    assert near(scores.cas.score.upper, upper)


def test_without_a_baseline_high_is_unknown_only_where_it_could_be() -> None:
    could = second(universe((18, REDUCE_LONG), (42, HOLD_LONG)))
    assert (could.ecs.high, could.ecs.level, could.ecs.z) == (None, None, None)
    few = second(universe((9, REDUCE_LONG), (9, HOLD_LONG)))
    assert (few.ecs.high, few.ecs.level) == (False, "medium")
    calm = second(universe((15, REDUCE_LONG), (85, HOLD_LONG)))
    assert (calm.ecs.high, calm.ecs.level) == (False, "low")


def test_forced_exits_stand_apart_and_their_wallets_stay_among_the_exposed() -> None:
    forced = move(100, 0, forced=True)
    scores = second(universe((10, forced), (10, CLOSE_LONG), (20, HOLD_LONG)))
    assert scores.ecs.score.value == 25
    assert scores.ecs_forced.value == 25
    assert scores.ecs.exposed == 40


def test_exits_whose_fills_are_unknown_count_and_are_told() -> None:
    scores = second(universe((4, move(100, 0, forced=None)), (12, HOLD_LONG)))
    assert scores.ecs.score.value == 25
    assert scores.ecs.unexplained == 4


def test_exits_by_side_are_of_the_side_that_is_left() -> None:
    scores = second(
        universe((3, FLIP_SHORT), (3, CLOSE_LONG), (6, HOLD_LONG), (1, FLIP_LONG), (3, HOLD_SHORT))
    )
    assert scores.ecs_long.score.value == 50
    assert scores.ecs_short.score.value == 25
    assert near(scores.ecs.score.value, "43.75")


def test_exits_of_no_one_are_unknown_and_not_high() -> None:
    scores = second(universe((20, OPEN_LONG), (20, FLAT)))
    assert scores.ecs.score.value is None
    assert scores.ecs.high is False


def test_the_usual_share_is_the_mean_of_at_least_five_hundred_windows() -> None:
    windows = [(1, 10)] * 250 + [(3, 10)] * 249 + [(0, 0)] * 100
    assert exit_baseline(Counter(windows)).p0 is None
    enough = exit_baseline(Counter([*windows, (3, 10)]))
    assert enough.p0 == Decimal("0.2")
    assert enough.windows == 500


def test_the_percentile_counts_ties_half() -> None:
    found = exit_baseline({(0, 10): 400, (1, 10): 100, (5, 10): 100})
    scores = second(universe((2, CLOSE_LONG), (18, HOLD_LONG)), baselines=ExitBaselines(all=found))
    assert scores.ecs.percentile == 75
    highest = second(universe((19, CLOSE_LONG), (1, HOLD_LONG)), baselines=ExitBaselines(all=found))
    assert highest.ecs.percentile == 100


@given(st.integers(1, 40), st.integers(0, 30), st.integers(1, 30))
def test_the_expected_deviation_is_that_of_the_binomial(n: int, part: int, more: int) -> None:
    whole = part + more - 1 if part else more
    p = Fraction(part, whole)
    exact = sum(
        abs(Fraction(k, n) - p) * comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)
    )
    assert abs(Fraction(expected_deviation(n, Pool(part, whole))) - exact) < Fraction(1, 10**29)


@pytest.mark.parametrize(
    ("buyers", "n", "expected", "h", "sign"),
    [(15, 20, "0.088099", "0.161901", 1), (6, 12, "0.112793", "-0.112793", 0)],
)
def test_herding_vectors(buyers: int, n: int, expected: str, h: str, sign: int) -> None:
    window = window_of(universe((buyers, OPEN_LONG), (n - buyers, OPEN_SHORT)))
    found = herding(window.counts, Pool(50, 100))
    assert near(found.expected, expected)
    assert near(found.score.value, h)
    assert found.sign == sign
    assert found.herding is (Decimal(h) > 0)


def test_herding_is_against_the_share_of_buyers_over_all_coins() -> None:
    here = window_of(
        universe(
            (12, OPEN_SHORT),
        )
    ).counts
    there = window_of(
        universe(
            (36, OPEN_LONG),
        )
    ).counts
    found = herding(here, pool(here, there))
    assert found.pooled == Decimal("0.75")
    assert found.sign == -1
    assert found.herding is True
    alone = herding(here, pool(here))
    assert (alone.score.value, alone.sign) == (0, 0)


def test_herding_of_few_wallets_is_not_judged() -> None:
    few = window_of(universe((9, OPEN_LONG))).counts
    assert herding(few, Pool(50, 100)).herding is None
    assert herding(count({}), Pool(50, 100)).score.value is None


def test_the_weighted_consensus_agrees_with_the_counted_one_where_weights_are_equal() -> None:
    scores = second(universe((15, OPEN_LONG), (5, OPEN_SHORT)))
    assert scores.cas_weighted.value == scores.cas.score.value


def test_one_huge_wallet_weighs_no_more_than_the_ninety_fifth_percentile() -> None:
    scores = second(universe((10, move(0, 10)), (9, move(0, -20)), (1, move(0, 10**9))))
    # Capped at 20: 120 long against 180 short, of 20 wallets and 10 of no opinion.
    assert near(scores.cas_weighted.value, "43.33333333")
    weights = {one.wallet: one.weight for one in scores.contributors}
    assert max(weight for weight in weights.values() if weight is not None) == 20


def test_the_trend_has_a_dead_zone_of_five_points_edges_included() -> None:
    before = [Decimal(50), Decimal(50), Decimal(53)]
    assert trend(Decimal("56.00000001"), before).direction == "rising"
    assert trend(Decimal(56), before) == Trend(direction="flat", change=Decimal(5))
    assert trend(Decimal(46), before).direction == "flat"
    assert trend(Decimal("45.99999999"), before).direction == "falling"


@pytest.mark.parametrize(
    ("value", "before"),
    [(None, [1, 1, 1]), (1, [1, None, 1]), (1, [1, 1]), (1, [])],
)
def test_the_trend_is_unknown_where_one_of_four_periods_is(
    value: int | None, before: Sequence[int | None]
) -> None:
    numbers = [None if one is None else Decimal(one) for one in before]
    unknown = Trend(direction=None, change=None)
    assert trend(None if value is None else Decimal(value), numbers) == unknown


FILLINGS = [FLAT, OPEN_LONG, OPEN_SHORT, CLOSE_LONG, HOLD_SHORT, FLIP_LONG]


@pytest.mark.parametrize(
    "groups",
    [
        ((15, OPEN_LONG), (9, OPEN_SHORT), (6, HOLD_LONG)),
        ((10, ADD_LONG), (4, CLOSE_LONG), (12, HOLD_LONG)),
        ((12, OPEN_SHORT), (6, CLOSE_LONG), (8, REDUCE_SHORT)),
        ((10, OPEN_LONG), (9, OPEN_SHORT), (5, HOLD_LONG)),
        ((10, OPEN_LONG), (8, OPEN_SHORT), (5, HOLD_LONG)),
    ],
)
def test_bounds_hold_whatever_the_missing_wallets_did_and_are_no_wider(groups: tuple) -> None:
    seen = second(universe(*groups, (2, MISSING)))
    tried = [
        second(universe(*groups, *((1, one) for one in filling)))
        for filling in combinations_with_replacement(FILLINGS, 2)
    ]
    for name in ("dispersion", "stock"):
        values = [getattr(one, name).value for one in tried]
        assert (getattr(seen, name).lower, getattr(seen, name).upper) == (min(values), max(values))
    exits = [one.ecs.score.value or Decimal(0) for one in tried]
    assert (seen.ecs.score.lower, seen.ecs.score.upper) == (min(exits), max(exits))
    cas = [one.cas.score.value for one in tried if one.cas.score.value is not None]
    assert seen.cas.score.lower is not None
    assert seen.cas.score.upper is not None
    assert seen.cas.score.lower <= min(cas) <= max(cas) <= seen.cas.score.upper


def test_nothing_missing_leaves_no_doubt() -> None:
    scores = second(universe((15, OPEN_LONG), (5, CLOSE_LONG), (9, HOLD_SHORT)))
    found = [scores.cas.score, scores.cas_weighted, scores.dispersion, scores.dispersion_size]
    found += [scores.stock, scores.ecs.score, scores.herding.score, scores.activity_sd]
    assert [(one.lower, one.upper) for one in found] == [(one.value,) * 2 for one in found]
    assert {one.completeness for one in found} == {Decimal(1)}


def same_bytes(one: Scores, other: Scores) -> bool:
    return msgspec.json.encode(one) == msgspec.json.encode(other)


@given(small_universes | busy_universes, st.randoms(use_true_random=False))
def test_the_order_of_the_wallets_moves_no_byte(moves: list[Move], random: Random) -> None:
    shuffled = random.sample(moves, len(moves))
    assert same_bytes(second(moves), second(shuffled))


@given(busy_universes)
def test_the_precision_of_the_caller_moves_no_byte(moves: list[Move]) -> None:
    wanted = second(moves, baselines=baselines("0.08"))
    with localcontext() as context:
        context.prec = 2
        assert same_bytes(second(moves, baselines=baselines("0.08")), wanted)


@given(small_universes)
def test_scores_stay_on_their_scale_and_between_their_bounds(moves: list[Move]) -> None:
    scores = second(moves)
    for one in (scores.cas.score, scores.dispersion, scores.ecs.score, scores.stock):
        if one.value is not None:
            assert 0 <= one.value <= 100
            assert one.lower is not None
            assert one.upper is not None
            assert one.lower <= one.value <= one.upper
            assert one.reason is None
        else:
            assert one.reason


def test_reach_says_what_the_exposed_wallets_could_do_to_each_score() -> None:
    reach = second(universe((60, HOLD_LONG), (140, FLAT)), baselines=baselines("0.08")).reach
    assert near(reach.cas_highest, "92.86")
    assert near(reach.cas_lowest, "7.14")
    assert (reach.ecs_lowest, reach.ecs_highest) == (0, 100)
    assert (reach.dispersion_lowest, reach.dispersion_highest) == (0, 100)
    assert (reach.long_in_reach, reach.strong_in_reach, reach.exit_high_in_reach) == (True,) * 3
    assert reach.exit_high_needs == 16


def test_reach_of_few_exposed_wallets_is_nothing() -> None:
    reach = second(universe((9, HOLD_LONG), (140, FLAT))).reach
    assert (reach.cas_highest, reach.dispersion_highest) == (None, None)
    assert (reach.strong_in_reach, reach.exit_high_in_reach) == (False, False)
