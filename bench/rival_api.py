"""The rival of the API: the same wallet days by FastAPI's usual means, rows through a model.

And its ceiling: an application that only sends the bytes of one answer.
"""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import jwt
import msgspec
import uvicorn
import uvloop
from fastapi import FastAPI, Header, HTTPException
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from hypertally.api.server import serve

_DAYS = """
select day, fills, events, forced_fills, spot_volume_usd, perp_volume_usd, hip3_volume_usd,
    outcome_volume_usd, other_volume_usd, taker_volume_usd, maker_volume_usd, volumes,
    gross_realised_pnl_usd, spot_closed_pnl_usd, outcome_closed_pnl_usd, fees, fees_usd,
    builder_fees, coins, first_fill_at, last_fill_at, unpriced, closed, completeness, definition,
    digest, reference_digest
from metrics.wallet_day_metrics as m join tenancy.wallets as w on w.id = m.wallet_id
where w.address = decode(substr(%(address)s, 3), 'hex') and m.day >= %(first)s
order by day desc limit %(limit)s
"""


class Day(BaseModel):
    """One row."""

    day: date
    fills: int
    events: int
    forced_fills: int
    spot_volume_usd: Decimal | None
    perp_volume_usd: Decimal | None
    hip3_volume_usd: Decimal | None
    outcome_volume_usd: Decimal | None
    other_volume_usd: Decimal | None
    taker_volume_usd: Decimal | None
    maker_volume_usd: Decimal | None
    volumes: dict[str, dict[str, str]]
    gross_realised_pnl_usd: Decimal | None
    spot_closed_pnl_usd: Decimal | None
    outcome_closed_pnl_usd: Decimal | None
    fees: dict[str, str]
    fees_usd: Decimal | None
    builder_fees: dict[str, str]
    coins: int
    first_fill_at: datetime
    last_fill_at: datetime
    unpriced: list[dict[str, Any]]
    closed: bool
    completeness: Decimal
    definition: str
    digest: str
    reference_digest: str


class Days(BaseModel):
    """The answer."""

    wallet: str
    days: list[Day]


def app(url: str, secret: str) -> FastAPI:
    """No limits, no row security, no compression, no validators: it does less than ours."""
    pool = AsyncConnectionPool(
        url, min_size=1, max_size=8, open=False, kwargs={"row_factory": dict_row}
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with pool:
            yield

    made = FastAPI(lifespan=lifespan)

    @made.get("/api/v1/wallets/{address}/days", response_model=Days)
    async def days(
        address: str,
        authorization: Annotated[str, Header()],
        limit: int = 100,
        first: date = date(2000, 1, 1),
    ) -> dict[str, Any]:
        try:
            token = authorization.removeprefix("Bearer ")
            jwt.decode(token, secret, algorithms=["HS256"], audience="authenticated")
        except jwt.InvalidTokenError as error:
            raise HTTPException(401) from error
        bound = {"address": address, "limit": limit, "first": first}
        async with pool.connection() as connection:
            rows = await (await connection.execute(_DAYS, bound)).fetchall()
        return {"wallet": address, "days": rows}

    return made


async def serve_bytes(body: bytes, headers: dict[str, str]) -> None:
    """The ceiling: one answer's bytes and nothing else, under the server that we use."""
    sent_headers = [(name.encode(), text.encode()) for name, text in headers.items()]

    async def send_bytes(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": sent_headers})
        await send({"type": "http.response.body", "body": body})

    port = int(os.environ["BENCH_PORT"])
    await serve(send_bytes, host="127.0.0.1", port=port, stopping=asyncio.Event())


if __name__ == "__main__" and "BENCH_ANSWER" in os.environ:
    answer = msgspec.json.decode(Path(os.environ["BENCH_ANSWER"]).read_bytes())
    uvloop.run(serve_bytes(answer["body"].encode(), answer["headers"]))
elif __name__ == "__main__":
    uvicorn.run(
        app(os.environ["BENCH_DATABASE_URL"], os.environ["BENCH_SECRET"]),
        port=int(os.environ["BENCH_PORT"]),
        log_level="warning",
        access_log=False,
    )
