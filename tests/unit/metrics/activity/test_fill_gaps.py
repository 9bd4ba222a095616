"""A chain of positions shows every hole in it, with the size that is missing, and no other."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypertally.metrics.activity.position_chain import Break, Leg, follow

START = datetime(2025, 3, 10, tzinfo=UTC)


def at(ms: int) -> datetime:
    return START + timedelta(milliseconds=ms)


def leg(
    ms: int, start: str | int | Decimal, change: str | int | Decimal, *, exempt: bool = False
) -> Leg:
    return Leg(time=at(ms), start=Decimal(start), change=Decimal(change), exempt=exempt)


def hole(from_ms: int | None, to_ms: int, missing: str | int) -> Break:
    from_at = None if from_ms is None else at(from_ms)
    return Break(from_at=from_at, to_at=at(to_ms), missing=Decimal(missing))


def chain(*changes: int, step_ms: int = 1) -> list[Leg]:
    """Legs that connect, from nothing held."""
    position, legs = 0, []
    for number, change in enumerate(changes):
        legs.append(leg(number * step_ms, position, change))
        position += change
    return legs


@pytest.mark.parametrize(
    ("legs", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([leg(1, 0, 5), leg(2, 5, -5), leg(3, 0, -2)], [], id="no break"),
        pytest.param([leg(1, 0, 5), leg(4, 7, 1)], [hole(1, 4, 2)], id="one hole"),
        pytest.param([leg(1, 0, 5), leg(4, 2, 1)], [hole(1, 4, -3)], id="a sale is missing"),
        pytest.param([leg(3, "1.5", 1)], [hole(None, 3, "1.5")], id="begins with a position"),
        pytest.param(
            [leg(3, -4, 1), leg(4, -3, 1), leg(9, 1, 1)],
            [hole(None, 3, -4), hole(4, 9, 3)],
            id="begins short and has a hole",
        ),
        pytest.param([leg(1, 0, 3), leg(2, 3, -8), leg(3, -5, 9)], [], id="flips"),
        pytest.param(
            [leg(1, 0, "0.000000000000000001"), leg(2, "0.000000000000000002", 1)],
            [hole(1, 2, "0.000000000000000001")],
            id="the smallest size",
        ),
        pytest.param(
            [leg(1, 0, "0.10"), leg(2, "0.1", "0.2"), leg(3, "0.300", 1)], [], id="scales differ"
        ),
        pytest.param(
            [leg(1, 0, 1), leg(2, 7, 1), leg(2, 8, 1), leg(3, 9, 1)],
            [hole(1, 2, 6)],
            id="a hole before one millisecond of two",
        ),
        pytest.param(
            [leg(1, 0, 1), leg(2, 1, 1), leg(2, 7, 1), leg(3, 8, 1)],
            [hole(2, 2, 5)],
            id="a hole inside a millisecond",
        ),
    ],
)
def test_breaks_of_a_chain(legs: list[Leg], expected: list[Break]) -> None:
    assert follow(legs) == expected


def test_rows_of_2023_are_exempt_and_the_chain_begins_anew_after_them() -> None:
    legs = [
        leg(1, 9, 5, exempt=True),
        leg(2, 3, 1, exempt=True),
        leg(2, 8, 1),
        leg(5, 40, 2),
        leg(6, 42, 2),
        leg(7, 45, 1),
    ]
    assert follow(legs) == [hole(6, 7, 1)]


def test_the_first_leg_of_a_chain_that_begins_anew_is_found_in_its_millisecond() -> None:
    legs = [leg(1, 9, 5, exempt=True), leg(2, 7, 1), leg(2, 6, 1), leg(3, 8, 1)]
    assert follow(legs) == []


@pytest.mark.parametrize(
    "legs",
    [
        [leg(1, 0, 1), leg(1, 1, 2), leg(1, 3, 3)],
        [leg(1, 0, 1), leg(1, 1, -1), leg(1, 0, 2)],
        [leg(1, 0, 2), leg(1, 2, -4), leg(1, -2, 2), leg(1, 0, 2), leg(1, 2, 1)],
    ],
    ids=["rising", "there and back", "flips and equals"],
)
def test_legs_of_one_millisecond_connect_in_any_order(legs: list[Leg]) -> None:
    after = leg(2, sum(one.change for one in legs), 1)
    for order in permutations(legs):
        assert follow([*order, after]) == []


CHANGES = st.lists(st.integers(-4, 4).filter(bool), min_size=1, max_size=40)


@given(CHANGES, st.integers(1, 6), st.randoms(use_true_random=False))
def test_a_whole_chain_has_no_break_however_its_milliseconds_are_shuffled(
    changes: list[int], together: int, random: Random
) -> None:
    legs = [
        leg(number // together, one.start, one.change) for number, one in enumerate(chain(*changes))
    ]
    random.shuffle(legs)
    legs.sort(key=lambda one: one.time)
    assert follow(legs) == []


@given(CHANGES, st.data())
def test_every_removed_run_is_reported_with_its_size_unless_it_nets_to_nothing(
    changes: list[int], data: st.DataObject
) -> None:
    legs = chain(*changes, step_ms=10)
    kept = data.draw(st.lists(st.booleans(), min_size=len(legs), max_size=len(legs)))
    expected: list[Break] = []
    last_at, missing = None, Decimal(0)
    for one, stays in zip(legs, kept, strict=True):
        if not stays:
            missing += one.change
            continue
        if missing:
            expected.append(Break(from_at=last_at, to_at=one.time, missing=missing))
        last_at, missing = one.time, Decimal(0)
    left = [one for one, stays in zip(legs, kept, strict=True) if stays]
    assert follow(left) == expected


@given(CHANGES, st.data())
def test_what_is_missing_adds_up_whatever_was_removed_from_full_milliseconds(
    changes: list[int], data: st.DataObject
) -> None:
    legs = [leg(number // 4, one.start, one.change) for number, one in enumerate(chain(*changes))]
    kept = data.draw(st.lists(st.booleans(), min_size=len(legs), max_size=len(legs)))
    left = [one for one, stays in zip(legs, kept, strict=True) if stays]
    # A lone last leg fixes where the chain ends.
    end = leg(10_000, sum(changes), 1)
    missing = sum(found.missing for found in follow([*left, end]))
    assert missing == sum(changes) - sum(one.change for one in left)
