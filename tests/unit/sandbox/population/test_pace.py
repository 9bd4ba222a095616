"""The pace turns a drawn hazard into a time, across changes of rate."""

from random import Random

from hypertally.sandbox.population.pace import Pace


def test_a_constant_rate_waits_hazard_over_rate() -> None:
    assert Pace(0, 0.01).time_when(500, 2.0) == 700


def test_what_an_earlier_rate_used_up_is_gone() -> None:
    pace = Pace(0, 0.01)
    pace.set_rate(100, 0.1)
    pace.set_rate(110, 0.001)
    assert pace.time_when(0, 1.5) == 105
    assert pace.time_when(0, 2.5) == 610
    assert pace.time_when(105, 0.5) == 110


def test_a_pace_of_zero_never_comes() -> None:
    pace = Pace(0, 0.01)
    pace.set_rate(100, 0.0)
    assert pace.time_when(0, 0.5) == 50
    assert pace.time_when(0, 1.5) is None


def test_a_step_forgets_the_steps_planned_after_it() -> None:
    pace = Pace(0, 0.01)
    pace.set_rate(100, 0.1)
    pace.set_rate(50, 0.02)
    assert pace.time_when(100, 1.0) == 150


def test_a_step_of_the_same_rate_changes_no_time_at_all() -> None:
    whole, parts = Pace(0, 1 / 7_000), Pace(0, 1 / 7_000)
    for from_ms in range(1_000, 2_000_000, 7_001):
        parts.set_rate(from_ms, 1 / 7_000)
    random = Random(1)
    # Whole milliseconds: here the smallest error of a sum would move an event to the one before.
    draws = [(random.randrange(1_000_000), random.randrange(900_000) / 7_000) for _ in range(5_000)]
    assert [whole.time_when(*draw) for draw in draws] == [parts.time_when(*draw) for draw in draws]
