"""Rows of fills as the exchange has sent them, each shape with what is special in it."""

from typing import Any

ADDRESS = "0x" + "ab" * 20
OTHER = "0x" + "cd" * 20
HASH = "0x" + "12" * 32
NO_HASH = "0x" + "00" * 32
TIME_MS = 1_741_564_800_123  # 2025-03-10 00:00:00.123
Row = dict[str, Any]

ORDINARY: Row = {
    "coin": "BTC",
    "px": "63000.5",
    "sz": "0.01",
    "side": "B",
    "time": TIME_MS,
    "startPosition": "0.0",
    "dir": "Open Long",
    "closedPnl": "0.0",
    "hash": HASH,
    "oid": 77,
    "crossed": True,
    "fee": "0.28",
    "feeToken": "USDC",
    "tid": 88,
    "twapId": None,
}
EVENT: Row = ORDINARY | {"hash": NO_HASH, "crossed": False, "fee": "0.0"}
# As the exchange has sent them from 2023 to 2026, each with what is special in it.
SHAPES: dict[str, Row] = {
    "ordinary": ORDINARY,
    "close": ORDINARY | {"side": "A", "dir": "Close Long", "closedPnl": "-12.345678"},
    "flip": ORDINARY | {"dir": "Short > Long", "startPosition": "-0.004", "closedPnl": "3.2"},
    "rebate": ORDINARY | {"crossed": False, "fee": "-0.0019"},
    "spot buy pays in the token": ORDINARY
    | {"coin": "@107", "dir": "Buy", "px": "18.62041381", "fee": "0.0007", "feeToken": "HYPE"},
    "spot sell": ORDINARY | {"coin": "PURR/USDC", "dir": "Sell", "side": "A"},
    "HIP-3": ORDINARY | {"coin": "xyz:TSLA", "deployerFee": "0.14", "feeToken": "USDH"},
    "outcome": ORDINARY | {"coin": "#30", "dir": "Buy", "px": "0.37", "feeToken": "USDH"},
    "settlement": EVENT | {"coin": "#31", "dir": "Settlement", "px": "1.0", "closedPnl": "6.3"},
    "merge": EVENT | {"coin": "#30", "dir": "Merge Outcome"},
    "netting": EVENT | {"dir": "Net Child Vaults"},
    "dust": EVENT | {"coin": "@1", "dir": "Spot Dust Conversion", "tid": 0, "sz": "0.0000086141"},
    "other dust": EVENT | {"coin": "@1", "dir": "Spot Dust Conversion", "tid": 0, "oid": 78},
    "auto-deleveraging": ORDINARY
    | {
        "dir": "Auto-Deleveraging",
        "fee": "0.0",
        "liquidation": {"liquidatedUser": OTHER, "markPx": "61999.9", "method": "backstop"},
    },
    "own liquidation": ORDINARY
    | {
        "dir": "Close Long",
        "side": "A",
        "liquidation": {"liquidatedUser": ADDRESS, "markPx": "61000.0", "method": "market"},
    },
    "liquidated": ORDINARY | {"dir": "Liquidated Isolated Long", "side": "A"},
    "builder": ORDINARY | {"builderFee": "0.001087", "builder": {"b": OTHER, "f": 10}},
    "client order": ORDINARY | {"cloid": "0x" + "9a" * 16},
    "TWAP slice": ORDINARY | {"hash": NO_HASH, "twapId": 2_250_263},
    "of 2023": {name: ORDINARY[name] for name in ORDINARY if name not in ("tid", "fee", "feeToken")}
    | {"time": 1_686_787_200_000},
    "of tomorrow": ORDINARY | {"dir": "Teleport", "priorityGas": "0.5", "flags": [1, {"a": None}]},
    "tiny": ORDINARY | {"sz": "0.000000000000000001", "px": "0.000000000000000001"},
    "huge": ORDINARY
    | {
        "px": "99999999999999999999.999999999999999999",
        "sz": "99999999999999999999.999999999999999999",
        "startPosition": "-23683940.8000000007",
    },
}
