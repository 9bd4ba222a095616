"""The source of TWAP statuses as of a time: `archive_behind`."""

from datetime import datetime, timedelta

from hypertally.jobs.alerts.state_machine import Condition, Evaluation
from hypertally.jobs.alerts.subjects import time_text
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_row
from hypertally.store.queries import load

QUERIES = load(__file__)
SILENT_AFTER = timedelta(hours=30)  # the source has an object a day, and six hours to spare


class _ArchiveState(Record, frozen=True, kw_only=True):
    read_at: datetime | None  # when an object was read to its end last; None: none ever was
    failed: int  # objects whose newest reading failed
    failed_key: str | None  # the first of them
    error: str | None
    failure_told: bool  # the last firing was for objects that failed, not for silence


async def read_archive(
    connection: Connection, at: datetime, *, expects_objects: bool
) -> Evaluation:
    """Whether the source is read; `expects_objects`: this worker may read it every day."""
    state = await read_row(connection, QUERIES["read_archive"], {"at": at}, shape=_ArchiveState)
    figures = {
        "last_object_at": state.read_at and time_text(state.read_at),
        "failed_objects": state.failed,
    }
    if state.failed:
        more = f", and {state.failed - 1} more" if state.failed > 1 else ""
        reason = f"the object {state.failed_key} could not be read: {state.error}{more}"
        return Evaluation(at=at, condition="holds", reason=reason, figures=figures)
    if not expects_objects or state.read_at is None:
        # A worker that reads no source cannot end an alert about silence.
        condition: Condition = "clears" if state.failure_told else "unknown"
        return Evaluation(at=at, condition=condition, reason="no source is read every day")
    if at - state.read_at > SILENT_AFTER:
        hours = (at - state.read_at) // timedelta(hours=1)
        reason = f"no object was read since {time_text(state.read_at)}, for {hours} h"
        return Evaluation(at=at, condition="holds", reason=reason, figures=figures)
    return Evaluation(at=at, condition="clears", reason="objects are read", figures=figures)
