"""The pace turns a drawn hazard into a time, across changes of rate."""

from random import Random

from hypertally.sandbox.population.pace import Pace


def test_a_constant_rate_waits_hazard_over_rate() -> None:
    assert Pace(0, 0.01).after(500, 2.0) == 700


def test_what_an_earlier_rate_used_up_is_gone() -> None:
    pace = Pace(0, 0.01)
    pace.step(100, 0.1)
    pace.step(110, 0.001)
    assert pace.after(0, 1.5) == 105
    assert pace.after(0, 2.5) == 610
    assert pace.after(105, 0.5) == 110


def test_a_pace_of_zero_never_comes() -> None:
    pace = Pace(0, 0.01)
    pace.step(100, 0.0)
    assert pace.after(0, 0.5) == 50
    assert pace.after(0, 1.5) is None


def test_a_step_forgets_the_steps_planned_after_it() -> None:
    pace = Pace(0, 0.01)
    pace.step(100, 0.1)
    pace.step(50, 0.02)
    assert pace.after(100, 1.0) == 150


def test_a_step_of_the_same_rate_changes_no_time_at_all() -> None:
    whole, parts = Pace(0, 1 / 7_000), Pace(0, 1 / 7_000)
    for from_ms in range(1_000, 2_000_000, 7_001):
        parts.step(from_ms, 1 / 7_000)
    random = Random(1)
    # Whole milliseconds: here the smallest error of a sum would move an event to the one before.
    draws = [(random.randrange(1_000_000), random.randrange(900_000) / 7_000) for _ in range(5_000)]
    assert [whole.after(*draw) for draw in draws] == [parts.after(*draw) for draw in draws]
