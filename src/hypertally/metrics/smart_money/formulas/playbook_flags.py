"""Flags of the second version: whether to add to a side, and whether to tighten its stops."""

from collections.abc import Iterable

from hypertally.metrics.smart_money.formulas.exits import Exits
from hypertally.metrics.smart_money.formulas.playbook_matrix import TURNS, Level
from hypertally.metrics.smart_money.formulas.playbook_state import (
    Latch,
    PlaybookInputs,
    PlaybookState,
    dispersion_level,
    exits_level,
)
from hypertally.records import Record


class Levels(Record, frozen=True, kw_only=True):
    """The levels of a period, latches considered. None: unknown."""

    dispersion: Level | None
    ecs: Level | None
    long_exits_high: bool | None
    short_exits_high: bool | None


class Flags(Record, frozen=True, kw_only=True):
    """The flags of a period; None where the known inputs do not decide."""

    add_exposure_long: bool | None
    add_exposure_short: bool | None
    tighten_stops_long: bool | None
    tighten_stops_short: bool | None


NO_FLAGS = Flags(
    add_exposure_long=None,
    add_exposure_short=None,
    tighten_stops_long=None,
    tighten_stops_short=None,
)


def levels_of(state: PlaybookState, inputs: PlaybookInputs) -> Levels:
    """The levels, from the latches and the scores of this period."""
    return Levels(
        dispersion=dispersion_level(inputs.dispersion, high=state.dispersion.high),
        ecs=exits_level(inputs.ecs.score.value, high=_high(state.ecs, inputs.ecs)),
        long_exits_high=_high(state.ecs_long, inputs.ecs_long),
        short_exits_high=_high(state.ecs_short, inputs.ecs_short),
    )


def _high(latch: Latch, exits: Exits) -> bool | None:
    return latch.high or exits.high


def flags_of(inputs: PlaybookInputs, levels: Levels) -> Flags:
    """Advise adding to a side if the trend is with it, exits are Low and the wallets agree."""
    direction = inputs.trend.direction
    rising = None if direction is None else TURNS[direction] > 0
    falling = None if direction is None else TURNS[direction] < 0
    few_exits = None if levels.ecs is None else levels.ecs == "low"
    agreed = None if levels.dispersion is None else levels.dispersion != "high"
    split = None if levels.dispersion is None else levels.dispersion == "high"
    return Flags(
        add_exposure_long=all_of((rising, few_exits, agreed)),
        add_exposure_short=all_of((falling, few_exits, agreed)),
        tighten_stops_long=_any((levels.long_exits_high, falling, split)),
        tighten_stops_short=_any((levels.short_exits_high, rising, split)),
    )


def all_of(values: Iterable[bool | None]) -> bool | None:
    """Three-valued `all`: false if any is false, else None if any is unknown."""
    known = list(values)
    if False in known:
        return False
    return None if None in known else True


def _any(values: Iterable[bool | None]) -> bool | None:
    """Three-valued `any`: true if any is true, else None if any is unknown."""
    known = list(values)
    if True in known:
        return True
    return None if None in known else False
