"""Anomalies: snapshots of a position that cannot be what the wallet did.

Judged from what was known at the newest snapshot, so that a signal never looks ahead: a collapse
is known one snapshot after it. What the definition leaves open: a change is explained by fills that
add up to it within 2%; where a wallet's fills are unknown a collapse still counts, since to close
and reopen within 2% in two minutes is rarer than a bad answer, a jump is noted as unproven and only
against a median that is not zero, and frozen cannot be told; a return from a collapse is no jump.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Literal

from hypertally.metrics.smart_money.formulas.score_arithmetic import EXACT
from hypertally.metrics.smart_money.formulas.thresholds import FROZEN_AFTER, JUMP_TIMES, TOLERANCE
from hypertally.records import Record

AnomalyKind = Literal["transient_collapse", "szi_jump", "null_szi", "frozen", "mass_vanish"]


class Observation(Record, frozen=True, kw_only=True):
    """One wallet's position in one coin in one snapshot."""

    at: datetime  # the minute
    observed: bool  # the wallet answered
    szi: Decimal | None  # coin, signed; None though observed: the answer holds no size
    payload: int | None = None  # fingerprint of the answer without its own time


class PositionChange(Record, frozen=True, kw_only=True):
    """What a fill did to the position."""

    at: datetime
    change: Decimal  # coin, signed


class Anomaly(Record, frozen=True, kw_only=True):
    """One snapshot that is not to be trusted."""

    kind: AnomalyKind
    at: datetime  # the snapshot that is wrong
    known_at: datetime  # the snapshot that shows it
    proven: bool  # by known fills; an unproven jump does not make a move dirty
    szi: Decimal | None
    expected: Decimal | None  # what the snapshots around it call for

    @property
    def dirties(self) -> bool:
        """Whether moves that begin or end at this snapshot are left out of the scores."""
        # A minute that is held back is not an end at all.
        return self.kind != "mass_vanish" and (self.proven or self.kind != "szi_jump")


def find_anomalies(
    series: Sequence[Observation],
    *,
    fills: Sequence[PositionChange] | None,
    typical_change: Decimal | None,
) -> list[Anomaly]:
    """What the newest snapshot of a series, in order of time, shows.

    `fills` are those of the series' time, None where the wallet's are unknown; `typical_change` is
    the median |change| between successive snapshots of the 24 hours before the newest.
    """
    if not series:
        return []
    with localcontext(EXACT):
        anomalies = [*_null(series), *_collapse(series, fills)]
        if not any(anomaly.kind == "transient_collapse" for anomaly in anomalies):
            anomalies += _jump(series, fills, typical_change)
        return [*anomalies, *_frozen(series, fills)]


def _null(series: Sequence[Observation]) -> Iterator[Anomaly]:
    newest = series[-1]
    if newest.observed and newest.szi is None:
        yield _anomaly("null_szi", newest, newest, proven=True, expected=None)


def _collapse(
    series: Sequence[Observation], fills: Sequence[PositionChange] | None
) -> Iterator[Anomaly]:
    """Something, nothing in one snapshot, and back within 2%, without a fill."""
    if len(series) < 3:  # noqa: PLR2004
        return
    first, zero, back = series[-3:]
    if not first.szi or zero.szi is None or zero.szi or back.szi is None:
        return
    near = abs(back.szi - first.szi) <= TOLERANCE * abs(first.szi)
    if near and not _between(fills, first, back):
        yield _anomaly(
            "transient_collapse", zero, back, proven=fills is not None, expected=first.szi
        )


def _jump(
    series: Sequence[Observation], fills: Sequence[PositionChange] | None, typical: Decimal | None
) -> Iterator[Anomaly]:
    """A change more than ten times the typical, that fills do not explain."""
    if len(series) < 2 or typical is None:  # noqa: PLR2004
        return
    before, newest = series[-2:]
    if before.szi is None or newest.szi is None or (fills is None and not typical):
        return
    change = newest.szi - before.szi
    filled = sum((fill.change for fill in _between(fills, before, newest)), Decimal(0))
    explained = abs(filled - change) <= TOLERANCE * abs(change)
    if abs(change) > JUMP_TIMES * typical and not explained:
        yield _anomaly(
            "szi_jump", newest, newest, proven=fills is not None, expected=before.szi + filled
        )


def _frozen(
    series: Sequence[Observation], fills: Sequence[PositionChange] | None
) -> Iterator[Anomaly]:
    """The same answer for more than 30 minutes in which there were fills."""
    newest = oldest = series[-1]
    if newest.payload is None:
        return
    for sighting in reversed(series):
        if sighting.observed and sighting.payload != newest.payload:
            break
        oldest = sighting if sighting.observed else oldest
    if newest.at - oldest.at > FROZEN_AFTER and _between(fills, oldest, newest):
        yield _anomaly("frozen", newest, newest, proven=True, expected=None)


def _between(
    fills: Sequence[PositionChange] | None, start: Observation, end: Observation
) -> list[PositionChange]:
    return [fill for fill in fills or () if start.at < fill.at <= end.at]


def _anomaly(
    kind: AnomalyKind,
    wrong: Observation,
    shown_by: Observation,
    *,
    proven: bool,
    expected: Decimal | None,
) -> Anomaly:
    return Anomaly(
        kind=kind,
        at=wrong.at,
        known_at=shown_by.at,
        proven=proven,
        szi=wrong.szi,
        expected=expected,
    )
