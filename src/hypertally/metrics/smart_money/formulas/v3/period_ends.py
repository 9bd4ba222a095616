"""Ends of a period: what each wallet held in one asset at a time, as it was known at that time.

The size is that of the newest observed snapshot in (e - 120 s, e]. A minute in which more than 20%
of the holders (at least 10) are seen flat together is held back: it counts as not observed until
the next observed minute agrees. An end is judged by what was known at its own time, so that one
period ends with the sizes that the next one begins with, and no exit falls between the two.

What the definition leaves open: a holder is who held any size in its last observed snapshot of the
hour before; the next minute agrees if more than 20% of the same holders (at least 10) are flat.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal

from hypertally.metrics.smart_money.formulas.v3.thresholds import (
    VANISHED_MIN,
    VANISHED_SHARE_ABOVE,
)
from hypertally.records import Record

MINUTE = timedelta(minutes=1)


class LastSightings(Record, frozen=True, kw_only=True):
    """The newest snapshots of one wallet at an end. A size is None where it was not observed."""

    wallet: str
    at_end: Decimal | None  # coin, of the minute of the end
    minute_before: Decimal | None  # of the minute before it
    earlier: Decimal | None  # the newest observed size before these, of an hour at most


class EndSize(Record, frozen=True, kw_only=True):
    """What a wallet held at an end of a period, and how old that is."""

    size: Decimal  # coin, signed
    age: timedelta


def resolve_end(sightings: Iterable[LastSightings]) -> Mapping[str, EndSize]:
    """The size of each wallet at an end; a wallet that was not observed has none."""
    wallets = list(sightings)
    end_held = is_vanish((_last(sighting), sighting.at_end) for sighting in wallets)
    before_held = is_vanish(
        (sighting.earlier, sighting.minute_before) for sighting in wallets
    ) and not (_agrees(wallets))
    sizes: dict[str, EndSize] = {}
    for sighting in wallets:
        if sighting.at_end is not None and not end_held:
            sizes[sighting.wallet] = EndSize(size=sighting.at_end, age=timedelta(0))
        elif sighting.minute_before is not None and not before_held:
            sizes[sighting.wallet] = EndSize(size=sighting.minute_before, age=MINUTE)
    return sizes


def is_vanish(pairs: Iterable[tuple[Decimal | None, Decimal | None]]) -> bool:
    """Whether too many holders are flat together, of (last size, size now) of each wallet."""
    now = [size for last, size in pairs if last and size is not None]
    vanished = sum(not size for size in now)
    return vanished >= VANISHED_MIN and vanished > VANISHED_SHARE_ABOVE * len(now)


def _last(sighting: LastSightings) -> Decimal | None:
    return sighting.earlier if sighting.minute_before is None else sighting.minute_before


def _agrees(wallets: Iterable[LastSightings]) -> bool:
    """Whether the end's minute shows the same wallets flat as the minute before it did."""
    return is_vanish(
        (sighting.earlier, sighting.at_end)
        for sighting in wallets
        if sighting.minute_before is not None
    )
