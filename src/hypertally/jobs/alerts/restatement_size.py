"""The size of a restatement: how far a published number moved. Pure."""

import re
from collections.abc import Iterator
from decimal import Decimal

import msgspec

from hypertally.records import Record

MOVED_ABOVE = Decimal("0.005")  # of the number as it was published
# `data_gap` tells how much is missing.
_NO_FIGURES = frozenset({"completeness", "gap_ms"})
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
# Numbers that are not strings must not pass through a float.
_decoder = msgspec.json.Decoder(dict[str, tuple[object, object]], float_hook=Decimal)


class Moved(Record, frozen=True, kw_only=True):
    """A number that is not what was published."""

    field: str  # fees.USDC: of a map, with the key
    old: str
    new: str | None  # None: the number is not known any more
    share: Decimal | None  # of the old number; None: that was zero, or the new one is unknown


def furthest(changes: str) -> Moved | None:
    """The number that moved most, if far enough for an alert; `changes`: as the column has it."""
    moved = [
        number
        for field, (old, new) in _decoder.decode(changes).items()
        if field not in _NO_FIGURES
        for number in _moved(field, old, new)
    ]
    far = [each for each in moved if each.share is None or each.share > MOVED_ABOVE]
    return max(far, key=how_far) if far else None


def how_far(moved: Moved) -> tuple[bool, Decimal]:
    """The rank of a number among those that moved: the further, the higher."""
    return (moved.share is None, moved.share or Decimal(0))


def _moved(field: str, old: object, new: object) -> Iterator[Moved]:
    if isinstance(old, dict) or isinstance(new, dict):
        # An amount that a map does not name is zero; without the map the amount is not known.
        before = msgspec.convert(old, dict[str, object]) if isinstance(old, dict) else {}
        after = {} if new is None else msgspec.convert(new, dict[str, object])
        for name in {**before, **after}:
            gone = None if new is None else 0
            yield from _moved(f"{field}.{name}", before.get(name, 0), after.get(name, gone))
        return
    was, now = _number(old), _number(new)
    if was is None or was == now:
        return
    yield Moved(
        field=field,
        old=f"{was:f}",
        new=None if now is None else f"{now:f}",
        share=abs((now - was) / was) if now is not None and was else None,
    )


def _number(value: object) -> Decimal | None:
    if isinstance(value, str):
        return Decimal(value) if _NUMBER.fullmatch(value) else None
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    return None
