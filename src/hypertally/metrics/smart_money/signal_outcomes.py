"""Outcomes: what the mark did after each signal, frozen when its horizon ends."""

from datetime import datetime, timedelta

from hypertally.metrics.smart_money.formulas.thresholds import HORIZONS
from hypertally.metrics.smart_money.formulas.v3.thresholds import WINDOWS
from hypertally.store.postgres import Connection, in_schema
from hypertally.store.queries import load

QUERIES = load(__file__)
# A signal is also judged after its own horizon.
HORIZON_MINUTES = sorted(
    {span // timedelta(minutes=1) for span in (*HORIZONS.values(), *WINDOWS.values())}
)


async def rebuild(connection: Connection, at: datetime, *, schema: str = "metrics") -> int:
    """Compute again the outcomes whose horizon ends at `at`; how many.

    An outcome reads its signal and the marks of both ends, so none of it was known before.
    """
    parameters = {"at": at, "horizon_minutes": HORIZON_MINUTES}
    await connection.execute(in_schema(QUERIES["delete_outcomes"], schema), parameters)
    inserted = await connection.execute(in_schema(QUERIES["insert_outcomes"], schema), parameters)
    return inserted.rowcount
