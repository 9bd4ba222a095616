"""What a wallet did is one of twelve things, and which one hangs on epsilon to the last digit."""

from collections import Counter
from decimal import Decimal, localcontext
from statistics import median as statistics_median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.metrics.smart_money.formulas.wallet_moves import ends, universe

from hypertally.metrics.smart_money.formulas.thresholds import EPSILON_FLOORS
from hypertally.metrics.smart_money.formulas.v1.counts import state_of
from hypertally.metrics.smart_money.formulas.wallet_moves import (
    BEHAVIOURS,
    BUYS,
    EXITS,
    SELLS,
    UNSEEN,
    Move,
    classify_move,
    classify_moves,
    epsilon,
    median,
)


def one(before: str | None, now: str | None, *, dirty: bool = False, e: str = "1") -> Move:
    return Move(
        wallet="0x1",
        before=None if before is None else Decimal(before),
        now=None if now is None else Decimal(now),
        epsilon=Decimal(e),
        dirty=dirty,
    )


MIRROR = {"MISSING": "MISSING", "DIRTY": "DIRTY", "FLAT": "FLAT", "HOLD": "HOLD"} | {
    f"{verb}_{side}": f"{verb}_{other}"
    for verb in ("OPEN", "ADD", "REDUCE", "CLOSE", "FLIP")
    for side, other in ("LS", "SL")
}


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ("0", "0", "FLAT"),
        ("1", "-1", "FLAT"),  # both within epsilon, though they moved by two of it
        ("5", "5", "HOLD"),
        ("5", "6", "HOLD"),
        ("5", "6.00000001", "ADD_L"),
        ("5", "4", "HOLD"),
        ("5", "3.99999999", "REDUCE_L"),
        ("0.5", "1.2", "HOLD"),  # beyond epsilon now, but not by a change beyond it
        ("1", "2.00000001", "OPEN_L"),
        ("0", "1.00000001", "OPEN_L"),
        ("0", "1", "FLAT"),
        ("2.5", "1", "CLOSE_L"),
        ("2", "1", "HOLD"),
        ("2.5", "-1", "CLOSE_L"),
        ("2.5", "-1.00000001", "FLIP_S"),
        ("-9", "9", "FLIP_L"),
        ("-9", "-10.5", "ADD_S"),
        ("-9", "-7.5", "REDUCE_S"),
        ("-9", "0.5", "CLOSE_S"),
        ("0.5", "-2", "OPEN_S"),
        (None, "5", "MISSING"),
        ("5", None, "MISSING"),
    ],
)
def test_the_first_rule_that_fits_names_the_behaviour(
    before: str | None, now: str | None, expected: str
) -> None:
    assert classify_move(one(before, now)) == expected


@given(ends)
def test_every_move_has_one_behaviour_and_its_mirror_image_the_mirrored_one(found: tuple) -> None:
    (move,) = universe((1, found))
    mirrored = Move(
        wallet=move.wallet,
        before=None if move.before is None else -move.before,
        now=None if move.now is None else -move.now,
        epsilon=move.epsilon,
        dirty=move.dirty,
    )
    assert classify_move(move) in BEHAVIOURS
    assert classify_move(mirrored) == MIRROR[classify_move(move)]


def test_dirty_comes_before_what_the_sizes_say_and_missing_before_dirty() -> None:
    assert classify_move(one("5", "9", dirty=True)) == "DIRTY"
    assert classify_move(one("5", None, dirty=True)) == "MISSING"


def test_all_that_moved_bought_or_sold_and_no_one_did_both() -> None:
    assert set(BEHAVIOURS) == BUYS | SELLS | UNSEEN | {"FLAT", "HOLD"}
    assert not BUYS & SELLS
    assert {"FLIP_L", "FLIP_S"} <= EXITS
    assert {"CLOSE_S", "REDUCE_S", "FLIP_L"} == EXITS & BUYS


def test_force_is_an_attribute_of_exits_alone() -> None:
    forced = (Decimal(100), Decimal(0), False, True), (Decimal(100), Decimal(200), False, True)
    kinds = classify_moves(universe(*((1, one) for one in forced))).kinds
    assert [(kind.behaviour, kind.forced) for kind in kinds] == [
        ("CLOSE_L", True),
        ("ADD_L", False),
    ]


@pytest.mark.parametrize(
    ("before", "now", "state"),
    [
        ("5", "9", "adder_long"),
        ("-5", "-9", "adder_short"),
        ("5", "3", "reducer"),
        ("-5", "9", "adder_long"),
        ("5", "6", "flat"),
        ("5", "4", "flat"),
        ("-5", "-4.5", "flat"),
        (None, "9", "flat"),
        ("9", None, "missing"),
        # Ends within epsilon of zero and is an adder all the same, as published.
        ("-5", "0.5", "adder_long"),
        ("0.9", "-0.9", "adder_short"),
    ],
)
def test_states_of_the_first_version_are_as_published(
    before: str | None, now: str | None, state: str
) -> None:
    move = one(before, now)
    assert state_of(move, classify_moves([move]).changes[0]) == state


def test_a_dirty_wallet_has_no_state_in_the_first_version() -> None:
    assert state_of(one("5", "9", dirty=True), Decimal(4)) == "excluded"


def test_two_moves_of_one_wallet_are_refused() -> None:
    with pytest.raises(ValueError, match="one for each wallet"):
        classify_moves([one("1", "2"), one("1", "2")])


def test_an_epsilon_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        classify_moves([one("1", "2", e="0")])


@given(st.lists(st.decimals(0, 10**9, places=8), min_size=1, max_size=30))
def test_the_median_is_exact(values: list[Decimal]) -> None:
    assert median(Counter(values)) == statistics_median(values)
    assert median(Counter(values[::-1])) == median(Counter(values))


def test_epsilon_is_two_percent_of_the_usual_position_but_never_below_the_floor() -> None:
    assert epsilon("BTC", None) == Decimal("0.0001") == EPSILON_FLOORS["BTC"]
    assert epsilon("HYPE", Decimal("0.4")) == Decimal("0.01")
    assert epsilon("ETH", Decimal(50)) == 1
    assert median({}) is None


def test_what_precision_the_caller_has_set_changes_nothing() -> None:
    move = one("100000000.00000001", "100000000.00000002", e="0.000000005")
    with localcontext() as context:
        context.prec = 3
        assert classify_moves([move]).changes == (Decimal("0.00000001"),)
        assert classify_move(move) == "ADD_L"
