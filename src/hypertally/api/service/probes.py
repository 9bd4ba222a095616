"""Whether this process is alive, and whether it can serve true numbers."""

import asyncio
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from hypertally.errors import TryLater
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.migrate import newest_migration
from hypertally.store.postgres import Pool, read_row, transaction

router = APIRouter(include_in_schema=False)

READY_SECONDS_MAX: Final = 3  # a load balancer asks every few seconds

_QUERIES = queries.load(__file__)


class _Schema(Record, frozen=True, kw_only=True):
    version: str | None


@router.get("/healthz")
async def get_health() -> JSONResponse:
    """Say that the process answers."""
    return JSONResponse({"status": "alive"})


@router.get("/readyz")
async def get_readiness(request: Request) -> JSONResponse:
    """Say whether the database answers and has the program's schema; 503 names the problems."""
    wanted = newest_migration()
    problem = await _find_problem(request.app.state.pool, wanted)
    if problem:
        content = {"status": "not ready", "problems": [problem]}
        return JSONResponse(content, 503, {"Retry-After": "5"})
    return JSONResponse(
        {
            "status": "ready",
            "schema": wanted,
            "version": request.app.state.options.version,
        }
    )


async def _find_problem(pool: Pool, wanted: str) -> str | None:
    try:
        async with asyncio.timeout(READY_SECONDS_MAX), transaction(pool) as connection:
            row = await read_row(connection, _QUERIES["read_schema_version"], shape=_Schema)
    except (TryLater, TimeoutError):
        return "the database does not answer"
    if row.version != wanted:
        return (
            f"the schema is at {row.version}, this program needs {wanted}: run `hypertally migrate`"
        )
    return None
