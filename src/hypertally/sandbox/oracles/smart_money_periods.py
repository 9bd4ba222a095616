"""The expected scores of a playback that compare one window with other assets or other windows.

As the oracle of one window, this one follows the definitions alone and shares no code with the
metrics. It decides what the definitions leave open: a window without exposed wallets is left out of
the mean; the mean share is rounded as it is shown; of windows with an equal share of exits, half
count as below.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from math import comb

from hypertally.sandbox.oracles.smart_money import DIGITS, ExpectedScores
from hypertally.sandbox.oracles.smart_money_classes import BUYERS, SELLERS

PLACES = Decimal("1e-8")
WINDOWS_MIN = 500

#: (left, exposed) of one window
ExitCount = tuple[int, int]


def round_as_shown(value: Decimal | Fraction | None) -> Decimal | None:
    """Round a figure as the program shows it."""
    if value is None:
        return None
    with localcontext(prec=DIGITS):
        if isinstance(value, Fraction):
            value = Decimal(value.numerator) / value.denominator
        return value.quantize(PLACES, rounding=ROUND_HALF_EVEN)


def trend(value: Decimal | None, before: Sequence[Decimal | None]) -> str | None:
    """Compare CAS with the mean of the three periods before; None if one of them is unknown."""
    known = [behaviour for behaviour in before if behaviour is not None]
    if value is None or len(known) < 3:  # noqa: PLR2004 - a defined threshold
        return None
    with localcontext(prec=DIGITS):
        change = value - sum(known, Decimal(0)) / 3
    if abs(change) <= 5:  # noqa: PLR2004 - a defined threshold
        return "flat"
    return "rising" if change > 0 else "falling"


def v2_band(cas: Decimal | None) -> str | None:
    """Return the band of version 2; an edge belongs to the stronger band."""
    if cas is None:
        return None
    if cas >= 60:  # noqa: PLR2004 - a defined threshold
        return "strong_long" if cas >= 75 else "long"  # noqa: PLR2004
    if cas <= 40:  # noqa: PLR2004
        return "strong_short" if cas <= 25 else "short"  # noqa: PLR2004
    return "neutral"


def v1_band(cas: Decimal) -> str:
    """Return the band of version 1: 60 is long, 40 is neutral."""
    if cas >= 60:  # noqa: PLR2004 - a defined threshold
        return "strong_long" if cas > 75 else "long"  # noqa: PLR2004
    if cas < 40:  # noqa: PLR2004
        return "strong_short" if cas < 25 else "short"  # noqa: PLR2004
    return "neutral"


def herding(
    behaviour: ExpectedScores, every: Sequence[ExpectedScores]
) -> tuple[Decimal | None, int, int]:
    """Return H of one asset among all assets of a window, its sign, and the active wallets."""
    buyers, active = _active(behaviour)
    if not active:
        return None, 0, 0
    pairs = [_active(each) for each in every]
    mean_share = Fraction(sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs))
    chance = sum(
        (
            comb(active, k)
            * _power(mean_share, k)
            * _power(1 - mean_share, active - k)
            * abs(Fraction(k, active) - mean_share)
            for k in range(active + 1)
        ),
        Fraction(0),
    )
    lean = Fraction(buyers, active) - mean_share
    return round_as_shown(abs(lean) - chance), (lean > 0) - (lean < 0), active


def _power(number: Fraction, exponent: int) -> Fraction:
    return Fraction(number.numerator**exponent, number.denominator**exponent)


def _active(behaviour: ExpectedScores) -> tuple[int, int]:
    buyers = sum(behaviour.counts.get(name, 0) for name in BUYERS)
    return buyers, buyers + sum(behaviour.counts.get(name, 0) for name in SELLERS)


def mean_exit_share(windows: Sequence[ExitCount]) -> Decimal | None:
    """Return the mean share of exits, p0; None for too few windows."""
    known = [Fraction(left, exposed) for left, exposed in windows if exposed]
    return (
        round_as_shown(sum(known, Fraction(0)) / len(known)) if len(known) >= WINDOWS_MIN else None
    )


def exit_z_score(exits: ExitCount, windows: Sequence[ExitCount]) -> Decimal | None:
    """Return z: how many standard deviations the exits lie above the mean."""
    left, exposed = exits
    mean_share = mean_exit_share(windows)
    if mean_share is None or not exposed or not 0 < mean_share < 1:
        return None
    with localcontext(prec=DIGITS):
        return round_as_shown(
            (left - exposed * mean_share) / (exposed * mean_share * (1 - mean_share)).sqrt()
        )


def exit_percentile(exits: ExitCount, windows: Sequence[ExitCount]) -> Decimal | None:
    """Return the percentage of windows with a smaller share of exits."""
    left, exposed = exits
    if mean_exit_share(windows) is None or not exposed:
        return None
    share = Fraction(left, exposed)
    known = [Fraction(*window) for window in windows if window[1]]
    below, equal = (
        sum(behaviour < share for behaviour in known),
        sum(behaviour == share for behaviour in known),
    )
    return round_as_shown(100 * (below + Fraction(equal, 2)) / len(known))
