"""An archive's object: statuses of TWAPs of wallets that nobody here tracks, up to now."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

FIRST_ID = 9_000_000  # far from the numbers of the sandbox
COUNT = 260  # more than two pages of the explorer
EVERY = timedelta(minutes=30)
NEWEST_AGO = timedelta(minutes=2)
WALLETS = 7
COINS = ("HYPE", "BTC", "ETH", "SOL")
MINUTES = (30, 60, 120, 1440)
SILENT_EVERY = 10  # of these the archive never says how they ended
REASON = "error:Order could not be placed"
EXECUTED = {"finished": "100.0", "terminated": "40.25", REASON: "0.0"}
PRICE = 38


def write_statuses(path: Path) -> None:
    """Write one object; the newest TWAPs in it still run."""
    now = datetime.now(UTC).replace(microsecond=0)
    rows = [row for number in range(COUNT) for row in _statuses(number, now)]
    pq.write_table(pa.Table.from_pylist(rows), path)


def _statuses(number: int, now: datetime) -> Iterator[dict[str, object]]:
    began = now - NEWEST_AGO - number * EVERY
    minutes = MINUTES[number % len(MINUTES)]
    yield _status(number, "activated", began, minutes)
    over = began + timedelta(minutes=minutes) < now
    if over and number % SILENT_EVERY != SILENT_EVERY - 1:
        yield _status(number, list(EXECUTED)[number % len(EXECUTED)], began, minutes)


def _status(number: int, status: str, began: datetime, minutes: int) -> dict[str, object]:
    executed = EXECUTED.get(status, "0.0")
    return {
        "twap_id": FIRST_ID + number,
        "state_user": f"0x{0xFEED0000 + number % WALLETS:040x}",
        "state_timestamp": int(began.timestamp() * 1000),
        "state_coin": COINS[number % len(COINS)],
        "state_side": "AB"[number % 2],
        "state_sz": "100.0",
        "state_executedSz": executed,
        "state_executedNtl": f"{float(executed) * PRICE}",
        "state_minutes": minutes,
        "status": status,
    }
