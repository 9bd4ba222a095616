"""The state of the books at a glance: queue, cursors, lag, weight used, what fires."""

from typing import Any

from hypertally.store.postgres import Pool, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)


async def read_status(pool: Pool) -> dict[str, Any]:
    """Queue by kind, wallets by the age of their record, weight of a minute, facts, alerts."""
    async with transaction(pool) as connection:
        jobs = await (await connection.execute(QUERIES["list_jobs"].text)).fetchall()
        record = await (await connection.execute(QUERIES["read_record"].text)).fetchone()
        facts = await (await connection.execute(QUERIES["read_facts"].text)).fetchone()
        weights = await (await connection.execute(QUERIES["list_weights"].text)).fetchall()
        errors = await (await connection.execute(QUERIES["list_errors"].text)).fetchall()
        alerts = await (await connection.execute(QUERIES["count_firing"].text)).fetchall()
    return {
        "jobs": jobs,
        "wallets": record,
        "facts": facts,
        "weight": weights,
        "errors": errors,
        "alerts": alerts,
    }
