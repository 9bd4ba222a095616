"""Numbers that may be unknown, with the bounds between which they lie and the reasons.

A sum with an unknown part is unknown, with the sum of the bounds: never the sum of the rest.
"""

from collections.abc import Iterable
from decimal import Decimal, localcontext

from hypertally.metrics.lp.formulas.exact_decimals import EXACT, quotient
from hypertally.records import Record


class Bounded(Record, frozen=True, kw_only=True):
    """A number, or what is known of it."""

    value: Decimal | None  # None: unknown
    lower: Decimal | None  # None: no lower bound is known
    upper: Decimal | None
    reasons: tuple[str, ...] = ()  # why it is unknown, in order of the alphabet

    def contains(self, number: Decimal) -> bool:
        """Whether the number could be the value."""
        is_above = self.lower is None or self.lower <= number
        return is_above and (self.upper is None or number <= self.upper)


def exactly(number: Decimal | int) -> Bounded:
    """A number that is known."""
    value = Decimal(number)
    return Bounded(value=value, lower=value, upper=value)


def between(lower: Decimal | None, upper: Decimal | None, reason: str) -> Bounded:
    """A number that is unknown for a reason, with the bounds that are known."""
    return Bounded(value=None, lower=lower, upper=upper, reasons=(reason,))


def unknown(reason: str) -> Bounded:
    """A number of which nothing is known."""
    return between(None, None, reason)


ZERO = exactly(0)


def total(parts: Iterable[Bounded]) -> Bounded:
    """The exact sum; unknown, with bounds, if a part is unknown."""
    listed = list(parts)
    return Bounded(
        value=_sum(part.value for part in listed),
        lower=_sum(part.lower for part in listed),
        upper=_sum(part.upper for part in listed),
        reasons=merged_reasons(listed),
    )


def negative(number: Bounded) -> Bounded:
    """With the sign changed."""
    return Bounded(
        value=_negated(number.value),
        lower=_negated(number.upper),
        upper=_negated(number.lower),
        reasons=number.reasons,
    )


def difference(first: Bounded, second: Bounded) -> Bounded:
    """What the first is more than the second."""
    return total([first, negative(second)])


def multiple(number: Bounded, factor: Decimal) -> Bounded:
    """The number times an exact factor."""
    if not factor:
        return ZERO
    low, high = (number.lower, number.upper) if factor > 0 else (number.upper, number.lower)
    return Bounded(
        value=_times(number.value, factor),
        lower=_times(low, factor),
        upper=_times(high, factor),
        reasons=number.reasons,
    )


def ratio(part: Bounded, whole: Bounded, *, of_nothing: str) -> Bounded:
    """The ratio, rounded once; `of_nothing` is why there is none to a whole of zero."""
    reasons = merged_reasons([part, whole])
    if whole.value is not None and not whole.value:
        return unknown(of_nothing)
    if part.value is not None and whole.value is not None:
        return exactly(quotient(part.value, whole.value))
    lower, upper = _ratio_bounds(part, whole)
    return Bounded(value=None, lower=lower, upper=upper, reasons=reasons)


def _ratio_bounds(part: Bounded, whole: Bounded) -> tuple[Decimal | None, Decimal | None]:
    """None where the whole may be zero or less, in the direction in which the ratio then grows."""
    if whole.lower is None or whole.lower < 0:
        return None, None
    to_largest = (_over(part.lower, whole.upper), _over(part.upper, whole.upper))
    if not whole.lower:
        lower = to_largest[0] if part.lower is not None and part.lower >= 0 else None
        return lower, to_largest[1] if part.upper is not None and part.upper <= 0 else None
    to_smallest = (_over(part.lower, whole.lower), _over(part.upper, whole.lower))
    lowers, uppers = zip(to_largest, to_smallest, strict=True)
    return (
        None if part.lower is None else min(lowers),
        None if part.upper is None else max(uppers),
    )


def _over(part: Decimal | None, whole: Decimal | None) -> Decimal:
    """To a whole without end it is zero; what has no bound is dealt with by the caller."""
    return Decimal(0) if part is None or not whole else quotient(part, whole)


def merged_reasons(parts: Iterable[Bounded]) -> tuple[str, ...]:
    """The reasons of all parts, each once, in an order that no order of the parts changes."""
    return tuple(sorted({reason for part in parts for reason in part.reasons}))


def _sum(numbers: Iterable[Decimal | None]) -> Decimal | None:
    with localcontext(EXACT):
        result = Decimal(0)
        for number in numbers:
            if number is None:
                return None
            result += number
        return result


def _negated(number: Decimal | None) -> Decimal | None:
    return None if number is None else EXACT.copy_negate(number) if number else Decimal(0)


def _times(number: Decimal | None, factor: Decimal) -> Decimal | None:
    return None if number is None else EXACT.multiply(number, factor)
