"""Exchanges with a few fills written by hand, served as recordings."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from hypertally.sandbox.replay.replay import ReplayExchange

ALICE, BOB, CAROL = ("0x" + digits * 20 for digits in ("a1", "b2", "c3"))
SPOT_META: Mapping[str, Any] = {"tokens": [{"name": "USDC", "index": 0}], "universe": []}
_numbers = count(1)

Row = dict[str, Any]


def ms(text: str) -> int:
    """Milliseconds of a UTC time: 2025-10-01T12:00."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def fill(time_ms: int, **fields: Any) -> Row:
    """A fill row: by default a taker opens a position of 1 BTC at 100 USDC."""
    number = next(_numbers)
    row = {
        "coin": "BTC",
        "px": "100",
        "sz": "1",
        "side": "B",
        "time": time_ms,
        "startPosition": "0.0",
        "dir": "Open Long",
        "closedPnl": "0.0",
        "hash": f"0x{number:064x}",
        "oid": number,
        "crossed": True,
        "fee": "0.0",
        "feeToken": "USDC",
        "tid": number,
        "twapId": None,
    }
    return row | fields


def holding(at_ms: int, **sizes: str) -> Row:
    """The state of an account on the core dex: a signed size of each coin."""
    positions = [{"type": "oneWay", "position": {"coin": c, "szi": s}} for c, s in sizes.items()]
    return {"assetPositions": positions, "time": at_ms}


def trade(time_ms: int, taker: str, maker: str, **fields: Any) -> dict[str, Row]:
    """Both legs of one trade: the taker buys."""
    leg = fill(time_ms, **fields)
    other = {"side": "A", "crossed": False, "oid": next(_numbers), "dir": "Open Short"}
    return {taker: leg, maker: leg | other}


def world(
    folder: Path,
    fills: Mapping[str, Sequence[Row]],
    *,
    positions: Mapping[str, Row] | None = None,
    spot_meta: Mapping[str, Any] = SPOT_META,
) -> ReplayExchange:
    """An exchange with these wallets, these fills and, by wallet, these account states alone."""
    folder.mkdir()
    answers = {
        "spotMeta": spot_meta,
        "perpDexs": [None],
    }
    requests = [{"file": f"{name}.json", "request": {"type": name}} for name in answers]
    for name, answer in answers.items():
        (folder / f"{name}.json").write_bytes(msgspec.json.encode(answer))
    for user, state in (positions or {}).items():
        name = f"state_{user}"
        (folder / f"{name}.json").write_bytes(msgspec.json.encode(state))
        request = {"type": "clearinghouseState", "user": user}
        requests.append({"file": f"{name}.json", "request": request})
    (folder / "_requests.json").write_bytes(msgspec.json.encode(requests))
    recorded = [{"user": user, "rows": list(rows)} for user, rows in fills.items()]
    (folder / "fills.json").write_bytes(msgspec.json.encode(recorded))
    return ReplayExchange(folder)
