"""Choices of the universe that changed much: `universe_churn`."""

from datetime import datetime
from decimal import Decimal

from hypertally.jobs.alerts.state_machine import Evaluation
from hypertally.jobs.alerts.subjects import SYSTEM, Subject
from hypertally.metrics.smart_money.universe import CHURN_WARNS_ABOVE
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)


class ChurnedRun(Record, frozen=True, kw_only=True):
    """A choice of the universe that changed much."""

    id: int
    taken_at: datetime
    churn: Decimal
    members: int
    entered: int
    source: str


async def read_churned_runs(connection: Connection, at: datetime) -> list[Subject]:
    """Choices of the universe that changed more than 30%: `universe_churn`."""
    parameters = {"at": at, "above": CHURN_WARNS_ABOVE}
    runs = await read_rows(connection, QUERIES["list_churned_runs"], parameters, shape=ChurnedRun)
    return [
        Subject(
            type="universe_churn",
            subject=SYSTEM,
            evaluation=Evaluation(
                at=run.taken_at,
                condition="holds",
                reason=f"{run.entered} of the {run.members} watched wallets are new "
                f"({run.churn:.1%}), from {run.source}",
                figures={"run_id": run.id, "churn": f"{run.churn:f}"},
                event_key=f"universe_run:{run.id}",
            ),
        )
        for run in runs
    ]
