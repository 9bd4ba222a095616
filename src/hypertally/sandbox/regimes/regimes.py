"""The regimes by name: fifteen calm minutes, then twenty minutes of events.

The events happen in HYPE and BTC; ETH stays calm. Later the wallets slowly restore their first
positions, and after two hours the regime begins again. `ROTATION` plays before the default
population: three assets take turns, each with another regime every hour, so that a regime begins in
one of them every twenty minutes.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from types import MappingProxyType

from hypertally.sandbox.regimes.script import (
    LONG,
    SHORT,
    PositionAction,
    RegimeScript,
    RequestFailures,
    ScriptStep,
    script_step,
)

EVENTS_FROM = 15  # full minutes of calm before
WAVE = 5
EVENTS_UNTIL = 35
RESTORE_FROM = 81
PERIOD = 120
HOUR = 60
EVENT_ASSETS = ("HYPE", "BTC")
CALM_ASSET = "ETH"

PricePaths = dict[str, Sequence[tuple[int, Decimal]]]


def _step(  # noqa: PLR0917 - a line of a script reads like a sentence
    asset: str,
    action: PositionAction,
    side: int,
    first: int,
    minutes: int,
    share: str = "1",
    *,
    by: str = "1",
    forced: bool = False,
) -> ScriptStep:
    return script_step(
        asset, action, side, first=first, minutes=minutes, share=share, by=by, forced=forced
    )


def _usual_activity(asset: str, first: int, until: int) -> list[ScriptStep]:
    """The usual activity: every five minutes as many wallets add long as add short."""
    steps: list[ScriptStep] = []
    for wave in range(first, until, WAVE):
        steps += [
            _step(asset, PositionAction.ADD, LONG, wave + 1, WAVE, "0.12", by="0.1"),
            _step(asset, PositionAction.ADD, SHORT, wave + 1, WAVE, "0.18", by="0.1"),
            _step(asset, PositionAction.REDUCE, LONG, wave + 1, WAVE, "0.05", by="0.1"),
            _step(asset, PositionAction.REDUCE, SHORT, wave + 1, WAVE, "0.05", by="0.1"),
        ]
    return steps


def _restore(asset: str, first: int, until: int) -> ScriptStep:
    return _step(asset, PositionAction.RESTORE, LONG, first, until - first + 1)


def _herding_in(asset: str, at: int) -> list[ScriptStep]:
    return [
        _step(asset, PositionAction.OPEN, LONG, at + 1, 20, "0.6"),
        _step(asset, PositionAction.ADD, LONG, at + 1, 20, "0.5", by="0.2"),
    ]


def _split(asset: str, at: int) -> list[ScriptStep]:
    return [
        _step(asset, PositionAction.ADD, LONG, at + 1, 20, "0.5", by="0.3"),
        _step(asset, PositionAction.REDUCE, LONG, at + 1, 20, "0.4", by="0.3"),
        _step(asset, PositionAction.ADD, SHORT, at + 1, 20, "0.5", by="0.3"),
        _step(asset, PositionAction.FLIP, SHORT, at + 1, 20, "0.2", by="0.5"),
        _step(asset, PositionAction.OPEN, LONG, at + 1, 20, "0.1"),
        _step(asset, PositionAction.OPEN, SHORT, at + 1, 20, "0.1"),
    ]


def _exit_cascade(asset: str, at: int) -> list[ScriptStep]:
    waves = (("0.5", "0.2"), ("0.6", "0.4"), ("0.4", "0.2"), ("0.2", "0.1"))
    steps: list[ScriptStep] = []
    for wave, (closed, reduced) in enumerate(waves):
        first = at + 1 + wave * WAVE
        steps += [
            _step(asset, PositionAction.CLOSE, LONG, first, WAVE, closed),
            _step(asset, PositionAction.REDUCE, LONG, first, WAVE, reduced, by="0.5"),
            _step(asset, PositionAction.OPEN, SHORT, first, WAVE, "0.1"),
        ]
    return steps


def _liquidation_cascade(asset: str, at: int) -> list[ScriptStep]:
    steps: list[ScriptStep] = []
    for wave in range(3):
        first = at + 1 + wave * WAVE
        steps += [
            _step(asset, PositionAction.CLOSE, LONG, first, WAVE, "0.3", forced=True),
            _step(asset, PositionAction.REDUCE, LONG, first, WAVE, "0.2", by="0.5", forced=True),
            _step(asset, PositionAction.CLOSE, LONG, first, WAVE, "0.1"),
            _step(asset, PositionAction.ADD, SHORT, first, WAVE, "0.3", by="0.2"),
        ]
    return steps


def _calm(asset: str, at: int) -> list[ScriptStep]:
    return _usual_activity(asset, at, at + EVENTS_UNTIL - EVENTS_FROM)


StepBuilder = Callable[[str, int], list[ScriptStep]]


def _script(
    name: str,
    build_steps: StepBuilder = _calm,
    *,
    failures: Sequence[RequestFailures] = (),
    low: str = "1",
) -> RegimeScript:
    steps: list[ScriptStep] = []
    for asset in (*EVENT_ASSETS, CALM_ASSET):
        build = _calm if asset == CALM_ASSET else build_steps
        steps += _usual_activity(asset, 0, EVENTS_FROM) + build(asset, EVENTS_FROM)
        steps += [
            *_usual_activity(asset, EVENTS_UNTIL, RESTORE_FROM - 1),
            _restore(asset, RESTORE_FROM, PERIOD),
        ]
    return RegimeScript(
        name=name, period=PERIOD, steps=steps, failures=failures, price_paths=_paths(Decimal(low))
    )


def _paths(low: Decimal) -> PricePaths:
    usual = {"HYPE": Decimal("38.5"), "BTC": Decimal(98_000), "ETH": Decimal(3_150)}
    return {
        asset: [
            (0, price),
            (EVENTS_FROM, price * Decimal("1.002")),
            (EVENTS_FROM + WAVE, price * (1 + low) / 2),
            (EVENTS_UNTIL, price * low),
            (RESTORE_FROM, price),
            (PERIOD, price),
        ]
        for asset, price in usual.items()
    }


THIN = (
    RequestFailures(first_minute=EVENTS_FROM, minutes=2 * WAVE, share=Decimal("0.08")),
    RequestFailures(first_minute=EVENTS_FROM + 2 * WAVE, minutes=WAVE, share=Decimal("0.15")),
    RequestFailures(first_minute=EVENTS_FROM + 3 * WAVE, minutes=WAVE, share=Decimal("0.3")),
)
STALE = (
    RequestFailures(first_minute=EVENTS_FROM, minutes=EVENTS_UNTIL - EVENTS_FROM, prices=True),
)

REGIMES = MappingProxyType(
    {
        script.name: script
        for script in (
            _script("calm"),
            _script("herding_in", _herding_in, low="1.03"),
            _script("split", _split),
            _script("exit_cascade", _exit_cascade, low="0.97"),
            _script("liquidation_cascade", _liquidation_cascade, low="0.88"),
            _script("stale_feed", failures=STALE),
            _script("thin_coverage", failures=THIN),
        )
    }
)


def _rotation() -> RegimeScript:
    turns = (_herding_in, _exit_cascade, _split)
    steps: list[ScriptStep] = []
    for asset in (*EVENT_ASSETS, CALM_ASSET):
        for turn, build in enumerate(turns):
            hour = turn * HOUR
            steps += build(asset, hour) + _usual_activity(asset, hour + 20, hour + 35)
            steps.append(_restore(asset, hour + 36, hour + HOUR))
    return RegimeScript(
        name="rotation",
        period=HOUR * len(turns),
        steps=steps,
        delays_minutes={"HYPE": 0, "BTC": 20, "ETH": 40},
    )


ROTATION = _rotation()


def find_regime(name: str) -> RegimeScript:
    """Find a regime by its name; raises ValueError with the known names."""
    if name not in REGIMES:
        message = f"there is no regime {name!r}: use one of {', '.join(REGIMES)}"
        raise ValueError(message)
    return REGIMES[name]
