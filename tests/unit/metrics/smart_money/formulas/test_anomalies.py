"""A snapshot that cannot be what the wallet did is found, as soon as it shows and no sooner."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from hypertally.metrics.smart_money.formulas.anomalies import (
    Anomaly,
    Observation,
    PositionChange,
    find_anomalies,
)

START = datetime(2026, 1, 5, tzinfo=UTC)


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


def series(*sizes: str | None, payloads: list[int] | None = None) -> list[Observation]:
    return [
        Observation(
            at=minute(number),
            observed=True,
            szi=None if size is None else Decimal(size),
            payload=None if payloads is None else payloads[number],
        )
        for number, size in enumerate(sizes)
    ]


def filled(at: float, change: str) -> PositionChange:
    return PositionChange(at=minute(at), change=Decimal(change))


def find(
    sightings: list[Observation],
    *fills: PositionChange,
    known: bool = True,
    typical: str | None = "1",
) -> list[Anomaly]:
    return find_anomalies(
        sightings,
        fills=list(fills) if known else None,
        typical_change=None if typical is None else Decimal(typical),
    )


def kinds(anomalies: list[Anomaly]) -> list[str]:
    return [one.kind for one in anomalies]


@pytest.mark.parametrize("back", ["100", "98", "102"])
def test_a_position_that_is_gone_for_one_snapshot_collapsed(back: str) -> None:
    (anomalies,) = find(series("100", "0", back))
    assert anomalies.kind == "transient_collapse"
    assert (anomalies.at, anomalies.known_at) == (minute(1), minute(2))
    assert (anomalies.szi, anomalies.expected) == (0, 100)
    assert anomalies.proven
    assert anomalies.dirties


@pytest.mark.parametrize(
    "sizes",
    [
        ("100", "0", "97.99"),
        ("100", "0", "-100"),
        ("0", "0", "100"),
        ("100", "0", "0", "100"),
        ("100", None, "100"),
    ],
)
def test_what_does_not_come_back_alike_after_one_snapshot_did_not_collapse(
    sizes: tuple[str | None, ...],
) -> None:
    assert "transient_collapse" not in kinds(find(series(*sizes), typical=None))


def test_a_fill_explains_a_collapse() -> None:
    closed = filled(0.5, "-100"), filled(1.5, "100")
    assert find(series("100", "0", "100"), *closed) == []


def test_a_collapse_is_not_known_before_the_position_is_back() -> None:
    assert "transient_collapse" not in kinds(find(series("100", "0")))


def test_without_known_fills_a_collapse_counts_and_is_unproven() -> None:
    (anomalies,) = find(series("100", "0", "100"), known=False)
    assert (anomalies.kind, anomalies.proven, anomalies.dirties) == (
        "transient_collapse",
        False,
        True,
    )


def test_a_change_ten_times_the_usual_without_a_fill_is_a_jump() -> None:
    (anomalies,) = find(series("100", "110.00000001"))
    assert (anomalies.kind, anomalies.at, anomalies.known_at) == ("szi_jump", minute(1), minute(1))
    assert (anomalies.szi, anomalies.expected) == (Decimal("110.00000001"), 100)
    assert find(series("100", "110")) == []


@pytest.mark.parametrize(
    ("changes", "jumps"),
    [
        (("50",), False),
        (("20", "30"), False),
        (("49",), False),
        (("48.9",), True),
        (("-50",), True),
    ],
)
def test_fills_that_add_up_to_the_change_explain_it(
    changes: tuple[str, ...], *, jumps: bool
) -> None:
    fills = [filled(0.5, change) for change in changes]
    assert kinds(find(series("100", "150"), *fills)) == ["szi_jump"] * jumps


def test_fills_before_the_last_snapshot_explain_nothing() -> None:
    assert kinds(find(series("100", "150"), filled(0, "50"), filled(1.5, "50"))) == ["szi_jump"]


def test_without_known_fills_a_jump_is_noted_and_does_not_dirty() -> None:
    (anomalies,) = find(series("100", "150"), known=False)
    assert (anomalies.kind, anomalies.proven, anomalies.dirties) == ("szi_jump", False, False)
    assert find(series("100", "150"), known=False, typical="0") == []
    assert kinds(find(series("100", "150"), typical="0")) == ["szi_jump"]


def test_no_jump_is_found_without_a_usual_change() -> None:
    assert find(series("100", "150"), typical=None) == []


def test_an_answer_without_a_size_is_null_and_a_wallet_that_did_not_answer_is_not() -> None:
    (anomalies,) = find(series("100", None))
    assert (anomalies.kind, anomalies.dirties) == ("null_szi", True)
    silent = Observation(at=minute(1), observed=False, szi=None)
    assert find([*series("100"), silent]) == []


def test_the_same_answer_for_more_than_half_an_hour_with_fills_is_frozen() -> None:
    still = ["5"] * 32
    frozen = find(series(*still, payloads=[7] * 32), filled(3, "1"))
    assert kinds(frozen) == ["frozen"]
    assert frozen[0].at == minute(31)
    half_an_hour = find(series(*still[:31], payloads=[7] * 31), filled(3, "1"))
    assert half_an_hour == []
    changed = find(series(*still, payloads=[6, 6, *[7] * 30]), filled(3, "1"))
    assert changed == []


def test_no_fill_no_freeze() -> None:
    still = series(*["5"] * 40, payloads=[7] * 40)
    assert find(still) == []
    assert find(still, known=False) == []
    assert find(series(*["5"] * 40), filled(3, "1")) == []


def test_a_snapshot_without_an_answer_does_not_end_a_freeze() -> None:
    still = series(*["5"] * 40, payloads=[7] * 40)
    still[20] = Observation(at=minute(20), observed=False, szi=None)
    assert kinds(find(still, filled(3, "1"))) == ["frozen"]


def test_of_no_snapshot_nothing_is_said() -> None:
    assert find([]) == []
