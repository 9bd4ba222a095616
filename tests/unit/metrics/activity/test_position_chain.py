"""Statements of positions are held against the chain: there and back is missing fills too."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from hypertally.metrics.activity.position_chain import Break, Leg, Statement, follow

START = datetime(2025, 3, 10, tzinfo=UTC)
LEGS = [(0, 0, 1), (50, 1, 4)]  # ms, before, change


def at(ms: int) -> datetime:
    return START + timedelta(milliseconds=ms)


def legs(*rows: tuple[int, int, int]) -> list[Leg]:
    return [
        Leg(time=at(ms), start=Decimal(before), change=Decimal(change), exempt=False)
        for ms, before, change in rows
    ]


def broken(*rows: tuple[int | None, int, int]) -> list[Break]:
    return [
        Break(
            from_at=None if from_ms is None else at(from_ms),
            to_at=at(to_ms),
            missing=Decimal(missing),
            is_stated=True,
        )
        for from_ms, to_ms, missing in rows
    ]


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        pytest.param([], [], id="nothing stated"),
        pytest.param([(10, 1), (60, 5)], [], id="as the fills lead to"),
        pytest.param([(60, 5), (70, 7)], [(60, 70, 2)], id="the newest differs"),
        pytest.param([(60, 7)], [(50, 60, 2)], id="the only one differs"),
        pytest.param([(60, 7), (70, 5)], [], id="stated once, then taken back"),
        pytest.param(
            [(60, 7), (70, 7), (80, 5)], [(50, 60, 2), (70, 80, -2)], id="twice: there and back"
        ),
        pytest.param(
            [(60, 5), (70, 7), (80, 7), (90, 8)], [(60, 70, 2), (80, 90, 1)], id="two in turn"
        ),
        pytest.param([(10, 3), (20, 3)], [(0, 10, 2), (20, 50, -2)], id="between legs"),
        pytest.param([(10, 1), (20, 3), (30, 1)], [], id="once between legs"),
        pytest.param([(20, 3)], [], id="once, the last between legs"),
        pytest.param([(50, 9), (50, 9)], [], id="in the millisecond of a leg"),
        pytest.param([(-9, 2), (-5, 2)], [(None, -9, 2), (-5, 0, -2)], id="before the first leg"),
    ],
)
def test_what_statements_say_of_a_chain_that_connects(
    stated: list[tuple[int, int]], expected: list[tuple[int | None, int, int]]
) -> None:
    statements = [Statement(at=at(ms), size=Decimal(size)) for ms, size in stated]
    assert follow(legs(*LEGS), statements) == broken(*expected)


def test_between_legs_that_do_not_connect_their_break_says_all() -> None:
    statements = [Statement(at=at(ms), size=Decimal(9)) for ms in (10, 20)]
    (only,) = follow(
        legs((0, 0, 1), (50, 9, 1)), [*statements, Statement(at=at(60), size=Decimal(10))]
    )
    assert only == Break(from_at=at(0), to_at=at(50), missing=Decimal(8))


def test_a_coin_without_fills_is_held_against_nothing() -> None:
    statements = [Statement(at=at(ms), size=Decimal(size)) for ms, size in ((1, 0), (2, 4))]
    assert follow([], statements) == broken((1, 2, 4))
