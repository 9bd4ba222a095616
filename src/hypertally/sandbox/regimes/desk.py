"""The regime of a desk: a few watched wallets that act together often enough to be told.

A score needs ten active wallets, so most five minutes say nothing, as in reality. In each asset an
hour with a herd of buyers, one with a herd of sellers and one of dispute take turns; the assets
follow each other by an hour and twenty minutes.
"""

from types import MappingProxyType

from hypertally.sandbox.regimes.regimes import HOUR, WAVE
from hypertally.sandbox.regimes.script import (
    LONG,
    SHORT,
    PositionAction,
    RegimeScript,
    ScriptStep,
    script_step,
)

DESK_LEADERS = 24
HERD_WAVES = 6  # of five minutes: a trend is known after three
CYCLE = 4 * HOUR  # three turns, and an hour of rest
#: of each cycle: the share that opens, and that adds in each wave
HERDS = (("0.8", "0.8"), ("1", "0.6"), ("0.6", "0.9"))
PERIOD = len(HERDS) * CYCLE + HOUR  # so that each day has its events at other hours
#: Minutes of each turn in which positions are restored. Ten minutes lie between them and what
#: closes or opens positions: one that is gone for a single look counts as an answer gone wrong.
RESTORE_FROM, RESTORE_UNTIL = 46, 51
DELAYS = MappingProxyType({"HYPE": 0, "BTC": 80, "ETH": 160})


def _herd(asset: str, at: int, side: int, shares: tuple[str, str]) -> list[ScriptStep]:
    """Most wallets open on one side and add to it for half an hour; then most of them leave."""
    opens, adds = shares
    first = at + 1
    steps = [script_step(asset, PositionAction.OPEN, side, first=first, minutes=WAVE, share=opens)]
    for wave in range(1, HERD_WAVES):
        begin = first + wave * WAVE
        steps += [
            script_step(
                asset, PositionAction.ADD, side, first=begin, minutes=WAVE, share=adds, by="0.1"
            ),
            script_step(
                asset,
                PositionAction.REDUCE,
                -side,
                first=begin,
                minutes=WAVE,
                share="0.3",
                by="0.2",
            ),
        ]
    leaving = first + HERD_WAVES * WAVE
    steps += [
        script_step(asset, PositionAction.CLOSE, side, first=leaving, minutes=WAVE, share="0.65"),
        script_step(
            asset,
            PositionAction.REDUCE,
            side,
            first=leaving + WAVE,
            minutes=WAVE,
            share="0.5",
            by="0.5",
        ),
    ]
    return steps


def _dispute(asset: str, at: int) -> list[ScriptStep]:
    """About as many wallets buy as sell."""
    first = at + 1
    return [
        script_step(asset, PositionAction.OPEN, LONG, first=first, minutes=WAVE, share="0.4"),
        script_step(asset, PositionAction.OPEN, SHORT, first=first, minutes=WAVE, share="0.9"),
        script_step(
            asset, PositionAction.ADD, LONG, first=first + WAVE, minutes=WAVE, share="0.9", by="0.2"
        ),
        script_step(
            asset,
            PositionAction.ADD,
            SHORT,
            first=first + WAVE,
            minutes=WAVE,
            share="0.9",
            by="0.2",
        ),
    ]


def _cycle(asset: str, at: int, shares: tuple[str, str]) -> list[ScriptStep]:
    turns = (
        _herd(asset, at, LONG, shares),
        _dispute(asset, at + HOUR),
        _herd(asset, at + 2 * HOUR, SHORT, shares),
    )
    steps: list[ScriptStep] = []
    for turn, events in enumerate(turns):
        begin = at + turn * HOUR + RESTORE_FROM
        minutes = RESTORE_UNTIL - RESTORE_FROM
        steps += [
            *events,
            script_step(asset, PositionAction.RESTORE, LONG, first=begin, minutes=minutes),
        ]
    return steps


DESK_ROTATION = RegimeScript(
    name="desk",
    period=PERIOD,
    steps=[
        step
        for asset in DELAYS
        for cycle, shares in enumerate(HERDS)
        for step in _cycle(asset, cycle * CYCLE, shares)
    ],
    delays_minutes=DELAYS,
)
