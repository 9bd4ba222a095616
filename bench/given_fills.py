"""New fills as the exchange sends them: seeded JSON rows of the format of 2026."""

import random
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

import msgspec
import pyarrow as pa

from bench.stored_fills import LAST_DAY, WALLETS
from hypertally.facts.activity import fills
from hypertally.facts.activity.fills import Sourced
from hypertally.store.bulk import as_arrow

_DIRECTIONS = ("Open Long", "Close Long", "Open Short", "Close Short")
_COINS = [f"C{n}" for n in range(1, 111)] + [f"xyz:C{n}" for n in range(111, 151)]
_COIN_WEIGHTS = list(accumulate((n + 1) ** -1.2 for n in range(len(_COINS))))
_WALLET_WEIGHTS = list(accumulate(1 / n for n in range(1, WALLETS + 1)))
_WALLET_IDS = range(1, WALLETS + 1)
_FIRST_TID = 10**12  # above every stored one
_FILLS_A_SECOND = 1000
_START_MS = int(
    datetime(LAST_DAY.year, LAST_DAY.month, LAST_DAY.day, tzinfo=UTC).timestamp() * 1000
)


class FillBatch:
    """A batch of fills: JSON rows, their wallets, and decoded rows, made before the measurement."""

    def __init__(self, *, seed: int, count: int, first: int, wallet_id: int | None = None) -> None:
        random_source = random.Random(seed)
        numbers = range(first, first + count)
        self.rows = [_row(random_source, _FIRST_TID + number) for number in numbers]
        self.wallet_ids = (
            [wallet_id] * count
            if wallet_id
            else random_source.choices(_WALLET_IDS, cum_weights=_WALLET_WEIGHTS, k=count)
        )
        self.sourced = [
            Sourced(
                wallet_id=owner,
                page_id=1,
                fill=fills.decode_row(row, wallet=address_of(owner), ordinal=0),
            )
            for row, owner in zip(self.rows, self.wallet_ids, strict=True)
        ]

    def body(self) -> bytes:
        """The answer that holds the rows."""
        return msgspec.json.encode(self.rows)

    def arrow(self) -> pa.Table:
        """The batch as the Arrow columns of the stage table."""
        return as_arrow(fills.stage_columns(self.sourced), fills.STAGE_TYPES)

    def tuples(self) -> list[tuple[Any, ...]]:
        """The rows as parameters of a driver; decimals stay strings, the driver's cheapest form."""
        columns = fills.stage_columns(self.sourced)
        return list(zip(*(columns[name] for name in COLUMNS), strict=True))


COLUMNS = (
    *("time", "oid", "tid", "fingerprint", "page_id", "twap_id", "wallet_id", "ordinal"),
    *("crossed", "side", "coin", "px", "sz", "start_position", "dir", "closed_pnl", "hash"),
    *("fee", "fee_token", "builder_fee", "deployer_fee", "cloid", "liquidated_user"),
    *("liquidation_mark_px", "liquidation_method", "extra"),
)


def address_of(wallet_id: int) -> str:
    """The address of the wallet that `stored_fills` gives this id."""
    return f"0x{wallet_id:040x}"


def _row(random_source: random.Random, number: int) -> dict[str, Any]:
    row = {
        "coin": random_source.choices(_COINS, cum_weights=_COIN_WEIGHTS)[0],
        "px": f"{random_source.randrange(1_000, 9_000_000) / 100:.2f}",
        "sz": f"{random_source.randrange(1, 500_000) / 10_000:.4f}",
        "side": random_source.choice("AB"),
        "time": _START_MS + (number - _FIRST_TID) * 1000 // _FILLS_A_SECOND,
        "startPosition": f"{random_source.randrange(-(10**6), 10**6) / 10_000:.4f}",
        "dir": random_source.choice(_DIRECTIONS),
        "closedPnl": f"{random_source.randrange(-(10**8), 10**8) / 10**6:.6f}",
        "hash": f"0x{random_source.getrandbits(256):064x}",
        "oid": number // 2,
        "crossed": random_source.random() < 0.5,
        "fee": f"{random_source.randrange(0, 10**6) / 10**6:.6f}",
        "tid": number,
        "feeToken": "USDC",
        "twapId": None,
    }
    if random_source.random() < 0.3:
        row["cloid"] = f"0x{random_source.getrandbits(128):032x}"
    if random_source.random() < 0.1:
        row["builderFee"] = f"{random_source.randrange(1, 10**4) / 10**6:.6f}"
    return row
