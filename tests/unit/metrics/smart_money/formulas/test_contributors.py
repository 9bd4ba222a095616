"""What each wallet did to a score is what the score would lose without it, in both versions."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.metrics.smart_money.formulas.wallet_moves import (
    ADD_LONG,
    CLOSE_LONG,
    DIRTY,
    FLAT,
    HOLD_LONG,
    MISSING,
    OPEN_LONG,
    OPEN_SHORT,
    busy_universes,
    first,
    move,
    second,
    small_universes,
    universe,
)

from hypertally.metrics.smart_money.formulas.exits import Baseline
from hypertally.metrics.smart_money.formulas.scores import ExitBaselines, Scores
from hypertally.metrics.smart_money.formulas.v1.scores import V1Scores
from hypertally.metrics.smart_money.formulas.wallet_moves import Move

universes = small_universes | busy_universes


def second_values(scores: Scores) -> dict[str, Decimal | None]:
    return {
        "cas": scores.cas.score.value,
        "cas_weighted": scores.cas_weighted.value,
        "dispersion": scores.dispersion.value,
        "dispersion_size": scores.dispersion_size.value,
        "ecs": scores.ecs.score.value,
    }


def first_values(scores: V1Scores) -> dict[str, Decimal | None]:
    return {
        "cas": scores.cas.value,
        "dispersion": scores.dispersion.value,
        "ecs": scores.ecs.value,
    }


def lost(
    full: dict[str, Decimal | None], without: dict[str, Decimal | None]
) -> dict[str, Decimal | None]:
    pairs = {name: (full[name], without[name]) for name in full}
    return {
        name: None if one is None or other is None else one - other
        for name, (one, other) in pairs.items()
    }


@given(universes)
def test_effects_are_what_is_lost_without_the_wallet(moves: list[Move]) -> None:
    scores = second(moves)
    for row in scores.contributors:
        rest = second([one for one in moves if one.wallet != row.wallet])
        wanted = lost(second_values(scores), second_values(rest))
        assert {name: getattr(row, name) for name in wanted} == wanted


@given(universes)
def test_effects_of_the_first_version_are_what_is_lost_without_the_wallet(
    moves: list[Move],
) -> None:
    scores = first(moves)
    for row in scores.contributors:
        rest = first([one for one in moves if one.wallet != row.wallet])
        wanted = lost(first_values(scores), first_values(rest))
        assert {name: getattr(row, name) for name in wanted} == wanted


@given(busy_universes, st.integers(1, 20))
def test_effects_hold_with_weights_far_apart(moves: list[Move], spread: int) -> None:
    grown = [
        Move(
            wallet=one.wallet,
            before=one.before,
            now=one.now and one.now * (1 + number % spread * 7),
            epsilon=one.epsilon,
        )
        for number, one in enumerate(moves)
    ]
    scores = second(grown)
    for row in scores.contributors:
        rest = second([one for one in grown if one.wallet != row.wallet])
        wanted = lost(second_values(scores), second_values(rest))
        assert {name: getattr(row, name) for name in wanted} == wanted


@given(universes)
def test_the_scores_can_be_recomputed_from_the_rows_and_the_number_of_flat_wallets(
    moves: list[Move],
) -> None:
    baselines = ExitBaselines(all=Baseline(windows=600, p0=Decimal("0.08"), rates=()))
    scores = second(moves, baselines=baselines)
    again = [
        Move(
            wallet=row.wallet,
            before=row.before,
            now=row.now,
            epsilon=row.epsilon,
            dirty=row.behaviour == "DIRTY",
            forced=row.forced,
        )
        for row in scores.contributors
    ]
    flat = universe((scores.counts.flat, FLAT))
    again += [
        Move(wallet=f"flat{one.wallet}", before=one.before, now=one.now, epsilon=one.epsilon)
        for one in flat
    ]
    found = second(again, baselines=baselines)
    for name in ("cas", "cas_weighted", "dispersion", "dispersion_size", "stock", "counts"):
        assert getattr(found, name) == getattr(scores, name)
    assert (found.ecs, found.herding, found.reach) == (scores.ecs, scores.herding, scores.reach)
    assert found.contributors == scores.contributors


@given(universes)
def test_the_first_scores_can_be_recomputed_from_the_rows_and_the_number_of_the_rest(
    moves: list[Move],
) -> None:
    scores = first(moves)
    again = [
        Move(
            wallet=row.wallet,
            before=row.before,
            now=row.now,
            epsilon=row.epsilon,
            dirty=row.state == "excluded",
        )
        for row in scores.contributors
    ]
    listed = {row.wallet for row in scores.contributors}
    rest = [one for one in moves if one.wallet not in listed]
    again += [
        # Flat with a change of nothing, or with no earlier row: neither moves a score.
        Move(
            wallet=one.wallet, before=one.before and Decimal(0), now=Decimal(0), epsilon=Decimal(1)
        )
        for one in rest
    ]
    found = first(again)
    assert first_values(found) == first_values(scores)
    assert found.states == scores.states


def test_every_wallet_that_is_not_flat_has_a_row_and_the_rows_are_by_wallet() -> None:
    moves = universe((2, FLAT), (1, MISSING), (1, DIRTY), (2, HOLD_LONG), (3, OPEN_LONG))
    rows = second(moves).contributors
    assert [row.behaviour for row in rows] == ["MISSING", "DIRTY", *["HOLD"] * 2, *["OPEN_L"] * 3]
    assert [row.wallet for row in rows] == sorted(one.wallet for one in moves[2:])


def test_amounts_in_usd_are_unknown_without_a_mark_and_ratios_are_not() -> None:
    moves = universe((12, OPEN_LONG), (3, OPEN_SHORT))
    priced, unpriced = second(moves, mark="2.5"), second(moves, mark=None)
    assert {row.change_usd for row in priced.contributors} == {Decimal(250), Decimal(-250)}
    assert {row.change_usd for row in unpriced.contributors} == {None}
    assert unpriced.cas_weighted == priced.cas_weighted
    assert unpriced.dispersion_size == priced.dispersion_size


def test_a_wallet_without_which_the_score_is_unknown_has_no_effect_to_tell() -> None:
    rows = second(universe((10, OPEN_LONG), (5, HOLD_LONG))).contributors
    assert {row.cas for row in rows if row.behaviour == "OPEN_L"} == {None}
    assert {row.cas for row in rows if row.behaviour == "HOLD"} == {Decimal(0)}


def test_the_one_exit_that_makes_the_clamp_has_its_effect() -> None:
    scores = second(universe((60, OPEN_LONG), (26, CLOSE_LONG), (75, HOLD_LONG)))
    exits = {row.cas for row in scores.contributors if row.behaviour == "CLOSE_L"}
    assert scores.cas.score.value == 60
    assert exits == {Decimal(60) - Decimal("92.85714286")}


@pytest.mark.parametrize(("opens", "sign"), [(OPEN_LONG, 1), (OPEN_SHORT, -1)])
def test_who_adds_pulls_the_consensus_to_its_side(opens: tuple, sign: int) -> None:
    rows = second(universe((12, opens), (5, ADD_LONG), (5, move(-9, -15)))).contributors
    found = {row.cas for row in rows if row.wallet == rows[0].wallet}
    assert all(effect is not None and effect * sign > 0 for effect in found)
