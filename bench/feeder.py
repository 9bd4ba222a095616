"""A small exchange for the latency measurement: wallets that trade evenly, served over HTTP."""

import os
import time
from typing import Any

import msgspec
import uvicorn

from bench.given_fills import address_of

HOST = "127.0.0.1"
PAGE_ROWS = 2_000
_HEX = 16


class Feeder:
    """An exchange whose wallets gain `per_second` fills since its start."""

    def __init__(self, *, per_second: float) -> None:
        self._gap_ms = int(1000 / per_second)
        self._began_ms = int(time.time() * 1000)

    def rows(self, address: str, since_ms: int) -> list[dict[str, Any]]:
        """The fills of a wallet from a time on, oldest first."""
        wallet = int(address, _HEX)
        phase = wallet * 7 % self._gap_ms  # so that wallets trade at different times
        first = max(0, -((self._began_ms + phase - since_ms) // self._gap_ms))
        now_ms = int(time.time() * 1000)
        last = (now_ms - self._began_ms - phase) // self._gap_ms
        numbers = range(first, min(last, first + PAGE_ROWS - 1) + 1)
        return [self._row(wallet, phase, number) for number in numbers]

    def _row(self, wallet: int, phase: int, number: int) -> dict[str, Any]:
        buys = number % 2 == 0  # each position is opened and closed again
        return {
            "coin": f"C{1 + wallet % 20}",
            "px": "101.25",
            "sz": "0.5",
            "side": "B" if buys else "A",
            "time": self._began_ms + phase + number * self._gap_ms,
            "startPosition": "0.0" if buys else "0.5",
            "dir": "Open Long" if buys else "Close Long",
            "closedPnl": "0.0" if buys else "0.25",
            "hash": f"0x{wallet * 10**9 + number:064x}",
            "oid": wallet * 10**7 + number,
            "crossed": buys,
            "fee": "0.01",
            "tid": wallet * 10**7 + number,
            "feeToken": "USDC",
            "twapId": None,
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer POST /info; fills are the only data."""
        body: bytes = (await receive())["body"] if scope["type"] == "http" else b""
        request: dict[str, Any] = msgspec.json.decode(body or b"{}")
        rows: Any = {"universe": [], "tokens": []} if request.get("type") == "spotMeta" else []
        if request.get("type") == "userFillsByTime":
            rows = self.rows(request["user"], request["startTime"])
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": msgspec.json.encode(rows)})


def addresses(count: int) -> list[str]:
    """The wallets that trade."""
    return [address_of(number) for number in range(1, count + 1)]


if __name__ == "__main__":
    uvicorn.run(
        Feeder(per_second=float(os.environ["BENCH_FILLS_A_SECOND"])),
        host=HOST,
        port=int(os.environ["BENCH_PORT"]),
        log_level="critical",
        access_log=False,
        lifespan="off",
    )
