"""Inputs of the third playbook by level, and sequences of periods."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from hypertally.metrics.smart_money.formulas.exits import Exits
from hypertally.metrics.smart_money.formulas.playbook_state import PlaybookState
from hypertally.metrics.smart_money.formulas.score_arithmetic import V2, Score, Trend, turn
from hypertally.metrics.smart_money.formulas.v3.playbook import V3Step, step_v3
from hypertally.metrics.smart_money.formulas.v3.playbook_inputs import Inputs

ENOUGH, FEW = 40, 12  # active wallets: High dispersion needs 20


def exits_of(value: str | None, *, high: bool = False, exposed: int = 100) -> Exits:
    """ECS with its level; p0 is known."""
    number = None if value is None else Decimal(value)
    low = number is not None and number <= 15
    return Exits(
        score=Score(
            value=number,
            lower=None,
            upper=None,
            n=exposed,
            completeness=Decimal(1),
            definition=V2,
        ),
        left=0,
        exposed=exposed,
        forced=0,
        unexplained=0,
        p0=Decimal("0.08"),
        z=None,
        percentile=None,
        high_from=Decimal(26),
        high=high,
        level="high" if high else "low" if low else "medium",
    )


def inputs_of(
    cas: str | None = "65",
    change: str | None = "0",
    dispersion: str | None = "20",
    ecs: Exits | None = None,
    **others: Any,
) -> Inputs:
    """The inputs of a period."""
    moved = None if change is None else Decimal(change)
    exits = ecs or exits_of("5")
    named = {
        "acting": 40 if cas is not None else 7,
        "trend_known": 3 if change is not None else 2,
        "active": ENOUGH,
        "active_needed": 20,
        "ecs_long": exits_of("5"),
        "ecs_short": exits_of("5"),
        "observed": 200,
        "wallets": 200,
    }
    return Inputs(
        cas=None if cas is None else Decimal(cas),
        trend=Trend(direction=turn(moved), change=moved),
        dispersion=None if dispersion is None else Decimal(dispersion),
        ecs=exits,
        **(named | others),
    )


def play(periods: Iterable[Inputs], state: PlaybookState | None = None) -> list[V3Step]:
    """The playbook of one period after the other."""
    state = state or PlaybookState()
    steps: list[V3Step] = []
    for inputs in periods:
        steps.append(step_v3(state, inputs))
        state = steps[-1].state
    return steps
