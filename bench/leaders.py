"""The sandbox with wallets to watch and no limit of weight, in a process of its own."""

import asyncio
import os

from hypertally.sandbox.exchange.application import ServerOptions
from hypertally.sandbox.exchange.server import serve
from hypertally.sandbox.launch import build_exchange

NO_LIMIT = 10**9

if __name__ == "__main__":
    exchange = build_exchange(
        wallets=4, days=2, fills=100, leaders=int(os.environ["BENCH_LEADERS"]), live_per_second=0
    )
    options = ServerOptions(weight_limit=NO_LIMIT, leaderboard_rows=0)
    asyncio.run(serve(exchange, port=int(os.environ["BENCH_PORT"]), options=options))
