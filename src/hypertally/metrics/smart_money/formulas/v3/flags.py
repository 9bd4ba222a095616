"""Flags of the third version: an unknown input does not hide a known one.

`tighten_stops` is true if any known input makes it true, and false otherwise, with the inputs that
are unknown beside it. `add_exposure` is unknown where no known input denies it.
"""

from collections.abc import Mapping
from typing import Final

from hypertally.metrics.smart_money.formulas.playbook_flags import all_of
from hypertally.metrics.smart_money.formulas.playbook_matrix import TURNS
from hypertally.metrics.smart_money.formulas.playbook_state import PlaybookState
from hypertally.metrics.smart_money.formulas.v3.playbook_inputs import Inputs, V3Levels
from hypertally.records import Record

INPUTS: Final = ("exits", "trend", "dispersion")


class V3Flags(Record, frozen=True, kw_only=True):
    """The flags of a period, and the inputs of each that are unknown."""

    add_exposure_long: bool | None
    add_exposure_short: bool | None
    tighten_stops_long: bool
    tighten_stops_short: bool
    unknown_inputs: Mapping[str, tuple[str, ...]]  # flag -> inputs; none: all are known


def flags_of(state: PlaybookState, inputs: Inputs, levels: V3Levels) -> V3Flags:
    """Advise adding to a side if the trend is with it, exits are Low and there is no stand-off."""
    direction = inputs.trend.direction
    rising = None if direction is None else TURNS[direction] > 0
    falling = None if direction is None else TURNS[direction] < 0
    split = None if levels.dispersion is None else levels.dispersion == "high"
    few_exits = None if levels.ecs is None else levels.ecs == "low"
    agreed = None if split is None else not split
    long_left = state.ecs_long.high or inputs.ecs_long.high is True
    short_left = state.ecs_short.high or inputs.ecs_short.high is True
    decided = {
        "add_exposure_long": (few_exits, rising, agreed),
        "add_exposure_short": (few_exits, falling, agreed),
        "tighten_stops_long": (long_left, falling, split),
        "tighten_stops_short": (short_left, rising, split),
    }
    return V3Flags(
        add_exposure_long=all_of(decided["add_exposure_long"]),
        add_exposure_short=all_of(decided["add_exposure_short"]),
        tighten_stops_long=True in decided["tighten_stops_long"],
        tighten_stops_short=True in decided["tighten_stops_short"],
        unknown_inputs=_unknown_inputs(decided),
    )


def _unknown_inputs(
    decided: Mapping[str, tuple[bool | None, ...]],
) -> dict[str, tuple[str, ...]]:
    return {
        flag: tuple(name for name, value in zip(INPUTS, values, strict=True) if value is None)
        for flag, values in decided.items()
        if None in values
    }


LOCKED_FLAGS: Final = V3Flags(
    add_exposure_long=None,
    add_exposure_short=None,
    tighten_stops_long=False,
    tighten_stops_short=False,
    unknown_inputs={
        f"{flag}_{side}": INPUTS
        for flag in ("add_exposure", "tighten_stops")
        for side in ("long", "short")
    },
)
