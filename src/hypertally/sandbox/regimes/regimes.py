"""The regimes by name: each is calm for fifteen minutes, then something happens for twenty.

It happens in HYPE and BTC; ETH stays calm beside them. Later all is undone, slowly, and after two
hours it begins again. `ROTATION` is for the default world: three assets take turns, each of them
with another regime every hour, so that somewhere one begins every twenty minutes.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from types import MappingProxyType

from hypertally.sandbox.regimes.script import LONG, SHORT, Act, Deed, Failing, Script

BEGIN = 15  # full minutes of calm before
WAVE = 5
LAST = 35
RESTORE_FROM = 81
PERIOD = 120
HOUR = 60
EVENTFUL = ("HYPE", "BTC")
STILL = "ETH"

Prices = dict[str, Sequence[tuple[int, Decimal]]]


def _act(  # noqa: PLR0917 - a line of a script reads like a sentence
    asset: str,
    deed: Deed,
    side: int,
    first: int,
    minutes: int,
    share: str = "1",
    *,
    by: str = "1",
    forced: bool = False,
) -> Act:
    return Act(
        asset=asset,
        deed=deed,
        side=side,
        first_minute=first,
        minutes=minutes,
        share=Decimal(share),
        by=Decimal(by),
        forced=forced,
    )


def _bustle(asset: str, first: int, until: int) -> list[Act]:
    """The usual coming and going: as many add to either side in every five minutes."""
    acts: list[Act] = []
    for wave in range(first, until, WAVE):
        acts += [
            _act(asset, Deed.ADD, LONG, wave + 1, WAVE, "0.12", by="0.1"),
            _act(asset, Deed.ADD, SHORT, wave + 1, WAVE, "0.18", by="0.1"),
            _act(asset, Deed.REDUCE, LONG, wave + 1, WAVE, "0.05", by="0.1"),
            _act(asset, Deed.REDUCE, SHORT, wave + 1, WAVE, "0.05", by="0.1"),
        ]
    return acts


def _restore(asset: str, first: int, until: int) -> Act:
    return _act(asset, Deed.RESTORE, LONG, first, until - first + 1)


def _herding_in(asset: str, at: int) -> list[Act]:
    return [
        _act(asset, Deed.OPEN, LONG, at + 1, 20, "0.6"),
        _act(asset, Deed.ADD, LONG, at + 1, 20, "0.5", by="0.2"),
    ]


def _split(asset: str, at: int) -> list[Act]:
    return [
        _act(asset, Deed.ADD, LONG, at + 1, 20, "0.5", by="0.3"),
        _act(asset, Deed.REDUCE, LONG, at + 1, 20, "0.4", by="0.3"),
        _act(asset, Deed.ADD, SHORT, at + 1, 20, "0.5", by="0.3"),
        _act(asset, Deed.FLIP, SHORT, at + 1, 20, "0.2", by="0.5"),
        _act(asset, Deed.OPEN, LONG, at + 1, 20, "0.1"),
        _act(asset, Deed.OPEN, SHORT, at + 1, 20, "0.1"),
    ]


def _exit_cascade(asset: str, at: int) -> list[Act]:
    waves = (("0.5", "0.2"), ("0.6", "0.4"), ("0.4", "0.2"), ("0.2", "0.1"))
    acts: list[Act] = []
    for wave, (closed, reduced) in enumerate(waves):
        first = at + 1 + wave * WAVE
        acts += [
            _act(asset, Deed.CLOSE, LONG, first, WAVE, closed),
            _act(asset, Deed.REDUCE, LONG, first, WAVE, reduced, by="0.5"),
            _act(asset, Deed.OPEN, SHORT, first, WAVE, "0.1"),
        ]
    return acts


def _liquidation_cascade(asset: str, at: int) -> list[Act]:
    acts: list[Act] = []
    for wave in range(3):
        first = at + 1 + wave * WAVE
        acts += [
            _act(asset, Deed.CLOSE, LONG, first, WAVE, "0.3", forced=True),
            _act(asset, Deed.REDUCE, LONG, first, WAVE, "0.2", by="0.5", forced=True),
            _act(asset, Deed.CLOSE, LONG, first, WAVE, "0.1"),
            _act(asset, Deed.ADD, SHORT, first, WAVE, "0.3", by="0.2"),
        ]
    return acts


def _calm(asset: str, at: int) -> list[Act]:
    return _bustle(asset, at, at + LAST - BEGIN)


Happening = Callable[[str, int], list[Act]]


def _script(
    name: str,
    happening: Happening = _calm,
    *,
    failings: Sequence[Failing] = (),
    low: str = "1",
) -> Script:
    acts: list[Act] = []
    for asset in (*EVENTFUL, STILL):
        happens = _calm if asset == STILL else happening
        acts += _bustle(asset, 0, BEGIN) + happens(asset, BEGIN)
        acts += [*_bustle(asset, LAST, RESTORE_FROM - 1), _restore(asset, RESTORE_FROM, PERIOD)]
    return Script(
        name=name, period=PERIOD, acts=acts, failings=failings, paths=_paths(Decimal(low))
    )


def _paths(low: Decimal) -> Prices:
    usual = {"HYPE": Decimal("38.5"), "BTC": Decimal(98_000), "ETH": Decimal(3_150)}
    return {
        asset: [
            (0, price),
            (BEGIN, price * Decimal("1.002")),
            (BEGIN + WAVE, price * (1 + low) / 2),
            (LAST, price * low),
            (RESTORE_FROM, price),
            (PERIOD, price),
        ]
        for asset, price in usual.items()
    }


THIN = (
    Failing(first_minute=BEGIN, minutes=2 * WAVE, share=Decimal("0.08")),
    Failing(first_minute=BEGIN + 2 * WAVE, minutes=WAVE, share=Decimal("0.15")),
    Failing(first_minute=BEGIN + 3 * WAVE, minutes=WAVE, share=Decimal("0.3")),
)
STALE = (Failing(first_minute=BEGIN, minutes=LAST - BEGIN, prices=True),)

REGIMES = MappingProxyType(
    {
        script.name: script
        for script in (
            _script("calm"),
            _script("herding_in", _herding_in, low="1.03"),
            _script("split", _split),
            _script("exit_cascade", _exit_cascade, low="0.97"),
            _script("liquidation_cascade", _liquidation_cascade, low="0.88"),
            _script("stale_feed", failings=STALE),
            _script("thin_coverage", failings=THIN),
        )
    }
)


def _rotation() -> Script:
    turns = (_herding_in, _exit_cascade, _split)
    acts: list[Act] = []
    for asset in (*EVENTFUL, STILL):
        for turn, happens in enumerate(turns):
            hour = turn * HOUR
            acts += happens(asset, hour) + _bustle(asset, hour + 20, hour + 35)
            acts.append(_restore(asset, hour + 36, hour + HOUR))
    return Script(
        name="rotation",
        period=HOUR * len(turns),
        acts=acts,
        shifts={"HYPE": 0, "BTC": 20, "ETH": 40},
    )


ROTATION = _rotation()


def regime(name: str) -> Script:
    """Find a regime by its name; raises ValueError naming those there are."""
    if name not in REGIMES:
        message = f"there is no regime {name!r}: use one of {', '.join(REGIMES)}"
        raise ValueError(message)
    return REGIMES[name]
