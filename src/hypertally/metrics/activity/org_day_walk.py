"""The walk over orgs' days: batches of days, each computed from the wallets' days."""

from hypertally.metrics.metric import Days, Walk, all_at_once
from hypertally.records import OrgDay
from hypertally.store.postgres import Connection, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)
DAYS_A_STATEMENT = 64  # of an org whose wallets trade much, a day is a large statement


async def _list_batches(connection: Connection, days: Days) -> list[list[OrgDay]]:
    bounds = {"from_day": days.first, "to_day": days.last}
    keys = await read_rows(connection, QUERIES["list_global_days"], bounds, shape=OrgDay)
    return [keys[at : at + DAYS_A_STATEMENT] for at in range(0, len(keys), DAYS_A_STATEMENT)]


ORG_DAYS = Walk(
    list_units=all_at_once(_list_batches),
    lock=QUERIES["lock_org_days"],
    waiting=QUERIES["list_waiting"],
    waiting_key=("org_id", "day"),
)
