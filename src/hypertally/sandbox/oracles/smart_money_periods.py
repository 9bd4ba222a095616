"""What the scores of a playback must be, as far as they look at other assets or at other periods.

As the oracle of one window, it follows the definitions alone and shares no code with the metrics.
What these leave open: a window in which nobody was exposed is no part of what is usual; the mean
share is rounded as it is shown; of windows with as many exits, half count as below.
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
    """Round as the program shows a figure."""
    if value is None:
        return None
    with localcontext(prec=DIGITS):
        if isinstance(value, Fraction):
            value = Decimal(value.numerator) / value.denominator
        return value.quantize(PLACES, rounding=ROUND_HALF_EVEN)


def trend(value: Decimal | None, before: Sequence[Decimal | None]) -> str | None:
    """Compare CAS with the three periods before, or fewer; None where one of them is unknown."""
    known = [behaviour for behaviour in before if behaviour is not None]
    if value is None or len(known) < 3:  # noqa: PLR2004 - as it is defined
        return None
    with localcontext(prec=DIGITS):
        change = value - sum(known, Decimal(0)) / 3
    if abs(change) <= 5:  # noqa: PLR2004 - as it is defined
        return "flat"
    return "rising" if change > 0 else "falling"


def v2_band(cas: Decimal | None) -> str | None:
    """Name the band of the second version, whose edges are those of the stronger side."""
    if cas is None:
        return None
    if cas >= 60:  # noqa: PLR2004 - as it is defined
        return "strong_long" if cas >= 75 else "long"  # noqa: PLR2004
    if cas <= 40:  # noqa: PLR2004
        return "strong_short" if cas <= 25 else "short"  # noqa: PLR2004
    return "neutral"


def v1_band(cas: Decimal) -> str:
    """Name the band of the first version, in which 60 is long and 40 not yet short."""
    if cas >= 60:  # noqa: PLR2004 - as it is defined
        return "strong_long" if cas > 75 else "long"  # noqa: PLR2004
    if cas < 40:  # noqa: PLR2004
        return "strong_short" if cas < 25 else "short"  # noqa: PLR2004
    return "neutral"


def herding(
    behaviour: ExpectedScores, every: Sequence[ExpectedScores]
) -> tuple[Decimal | None, int, int]:
    """Give H of one asset among all of the same window, the sign, and how many were active."""
    buyers, active = _active(behaviour)
    if not active:
        return None, 0, 0
    pairs = [_active(each) for each in every]
    usual = Fraction(sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs))
    chance = sum(
        (
            comb(active, k)
            * _power(usual, k)
            * _power(1 - usual, active - k)
            * abs(Fraction(k, active) - usual)
            for k in range(active + 1)
        ),
        Fraction(0),
    )
    lean = Fraction(buyers, active) - usual
    return round_as_shown(abs(lean) - chance), (lean > 0) - (lean < 0), active


def _power(number: Fraction, exponent: int) -> Fraction:
    return Fraction(number.numerator**exponent, number.denominator**exponent)


def _active(behaviour: ExpectedScores) -> tuple[int, int]:
    buyers = sum(behaviour.counts.get(name, 0) for name in BUYERS)
    return buyers, buyers + sum(behaviour.counts.get(name, 0) for name in SELLERS)


def mean_exit_share(windows: Sequence[ExitCount]) -> Decimal | None:
    """Give the mean share that leaves, p0; None: too few windows."""
    known = [Fraction(left, exposed) for left, exposed in windows if exposed]
    return (
        round_as_shown(sum(known, Fraction(0)) / len(known)) if len(known) >= WINDOWS_MIN else None
    )


def exit_z_score(exits: ExitCount, windows: Sequence[ExitCount]) -> Decimal | None:
    """Give z: how many standard deviations more left than usual."""
    left, exposed = exits
    usual = mean_exit_share(windows)
    if usual is None or not exposed or not 0 < usual < 1:
        return None
    with localcontext(prec=DIGITS):
        return round_as_shown((left - exposed * usual) / (exposed * usual * (1 - usual)).sqrt())


def exit_percentile(exits: ExitCount, windows: Sequence[ExitCount]) -> Decimal | None:
    """Give the share of usual windows in which fewer left."""
    left, exposed = exits
    if mean_exit_share(windows) is None or not exposed:
        return None
    share = Fraction(left, exposed)
    known = [Fraction(*window) for window in windows if window[1]]
    below, alike = (
        sum(behaviour < share for behaviour in known),
        sum(behaviour == share for behaviour in known),
    )
    return round_as_shown(100 * (below + Fraction(alike, 2)) / len(known))
