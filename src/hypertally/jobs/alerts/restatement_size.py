"""How far a published number moved, from a row of metrics.restatements. Pure."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from hypertally.records import Record

MOVED_ABOVE = Decimal("0.005")  # of the number as it was published
# How much is missing is told where it goes missing: by `data_gap`.
_NO_FIGURES = frozenset({"completeness", "gap_ms"})
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
# Numbers that are not strings must not pass through a float.
_decoder = msgspec.json.Decoder(dict[str, list[Any]], float_hook=Decimal)


class Moved(Record, frozen=True, kw_only=True):
    """A number that is not what was published."""

    field: str  # fees.USDC: of a map, with the key
    old: str
    new: str | None  # None: it is not known any more
    share: Decimal | None  # of the old one; None: that was zero, or there is no new one


def furthest(changes: str) -> Moved | None:
    """The number that moved most, if it moved far enough to be told; `changes` as it is stored."""
    moved = [
        one
        for field, (old, new) in _decoder.decode(changes).items()
        if field not in _NO_FIGURES
        for one in _moved(field, old, new)
    ]
    far = [one for one in moved if one.share is None or one.share > MOVED_ABOVE]
    return max(far, key=_rank) if far else None


def _rank(moved: Moved) -> tuple[bool, Decimal]:
    return (moved.share is None, moved.share or Decimal(0))


def _moved(field: str, old: Any, new: Any) -> Iterator[Moved]:
    if isinstance(old, Mapping) or isinstance(new, Mapping):
        # An amount that is not in a map is zero; that of a map that is gone is not known.
        before = old if isinstance(old, Mapping) else {}
        after = {} if new is None else new
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


def _number(value: Any) -> Decimal | None:
    if isinstance(value, str):
        return Decimal(value) if _NUMBER.fullmatch(value) else None
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    return None
