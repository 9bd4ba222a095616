"""Wallet snapshots: what watched wallets hold at a minute, from `/info clearinghouseState`.

A wallet has a row for each asset: flat where the answer does not name it, unknown with the reason
where there is no answer. A minute is written once: later rows of it change nothing.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from hypertally.clock import at
from hypertally.errors import BadPayload
from hypertally.facts.fact import Fact
from hypertally.facts.market.reference import fingerprint
from hypertally.facts.smart_money.archived_snapshots import DATASET
from hypertally.records import ASSETS, TIME_MS_MAX, JsonObject, Record, Wallet, is_array, is_object
from hypertally.store.postgres import Connection, Pool, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
SOURCE = "clearinghouseState"
REASON_CHARS_MAX = 200  # a minute in which the exchange is away has six hundred of them
NO_SIZE = "the answer names the position without a size"
_DECIMAL = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
_encoder = msgspec.json.Encoder(order="deterministic", decimal_format="number")


class Snapshot(Record, frozen=True, kw_only=True):
    """facts.wallet_snapshots: one wallet in one asset. Decimals are source strings."""

    minute: datetime  # UTC
    wallet_id: int
    asset: str
    szi: str | None  # coin, signed; None: see missing
    missing: str | None = None
    entry_px: str | None = None
    position_value: str | None = None
    unrealized_pnl: str | None = None
    leverage: str | None = None
    account_value: str | None = None  # of the whole account on the core dex
    observed_at: datetime | None = None  # the exchange's clock
    payload_fingerprint: int | None = None  # of all positions


def decode(body: Any, *, wallet: Wallet, minute: datetime) -> list[Snapshot]:
    """Read a `clearinghouseState` answer: a row for each asset.

    Errors: `BadPayload` when the answer is not of that shape, or names an asset twice.
    """
    positions = body.get("assetPositions") if is_object(body) else None
    if not is_object(body) or not is_array(positions):
        raise BadPayload("the answer holds no assetPositions")
    held = _held(positions)
    common = {
        "minute": minute,
        "wallet_id": wallet.id,
        "account_value": _optional(body.get("marginSummary"), "accountValue"),
        "observed_at": _time(body.get("time")),
        "payload_fingerprint": _payload_fingerprint(positions),
    }
    return [_row(asset, held.get(asset), common) for asset in ASSETS]


def missing(wallet: Wallet, *, minute: datetime, reason: str) -> list[Snapshot]:
    """The rows of a wallet that was not observed."""
    reason_text = " ".join(reason.split())[:REASON_CHARS_MAX] or "no reason was given"
    return [
        Snapshot(minute=minute, wallet_id=wallet.id, asset=asset, szi=None, missing=reason_text)
        for asset in ASSETS
    ]


def _held(positions: list[Any]) -> dict[str, JsonObject]:
    held: dict[str, JsonObject] = {}
    for entry in positions:
        position = entry.get("position") if is_object(entry) else None
        coin = position.get("coin") if is_object(position) else None
        if not is_object(position) or not isinstance(coin, str):
            raise BadPayload(f"a position has no coin: {str(entry)[:80]}")
        if coin in held:
            raise BadPayload(f"{coin} is named twice")
        held[coin] = position
    return held


def _row(asset: str, position: JsonObject | None, common: dict[str, Any]) -> Snapshot:
    if position is None:
        return Snapshot(asset=asset, szi="0", **common)
    szi = _optional(position, "szi")
    if szi is None:
        return Snapshot(asset=asset, szi=None, missing=NO_SIZE, **common)
    return Snapshot(
        asset=asset,
        szi=szi,
        entry_px=_optional(position, "entryPx"),
        position_value=_optional(position, "positionValue"),
        unrealized_pnl=_optional(position, "unrealizedPnl"),
        leverage=_optional(position.get("leverage"), "value"),
        **common,
    )


def _optional(within: Any, name: str) -> str | None:
    """A decimal as the source wrote it; None where there is none that can be read."""
    value = within.get(name) if is_object(within) else None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # leverage is a number
    return value if isinstance(value, str) and _DECIMAL.fullmatch(value) else None


def _time(ms: Any) -> datetime | None:
    whole = isinstance(ms, int) and not isinstance(ms, bool)
    return at(ms) if whole and 0 <= ms <= TIME_MS_MAX else None


def _payload_fingerprint(positions: list[Any]) -> int:
    digest = hashlib.blake2b(_encoder.encode(positions), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


async def insert(
    connection: Connection, snapshots: Sequence[Snapshot], addresses: dict[int, str]
) -> int:
    """Append the rows of a minute in one statement; those it has already stay as they are.

    `addresses`: of each wallet by its id, which means nothing outside this database.
    """
    names = Snapshot.__struct_fields__
    bound: dict[str, Any] = {name: [getattr(row, name) for row in snapshots] for name in names}
    bound["fingerprint"] = [_fingerprint(row, addresses[row.wallet_id]) for row in snapshots]
    cursor = await connection.execute(QUERIES["insert_snapshots"].text, bound)
    return cursor.rowcount


class _Said(Record, frozen=True, kw_only=True):
    wallet: str
    minute: datetime
    asset: str
    szi: str | None
    entry_px: str | None
    position_value: str | None
    account_value: str | None


def _fingerprint(row: Snapshot, address: str) -> int:
    return fingerprint(
        _Said(
            wallet=address,
            minute=row.minute,
            asset=row.asset,
            szi=row.szi,
            entry_px=row.entry_px,
            position_value=row.position_value,
            account_value=row.account_value,
        )
    )


async def ensure_days(pool: Pool, times: set[datetime]) -> None:
    """Make the daily partitions that hold these times, where they are missing."""
    for day in sorted({time.strftime("%Y-%m-%d") for time in times}):
        async with transaction(pool) as connection:
            await connection.execute(QUERIES["ensure_day"].text, {"day_of": day})


FACT = Fact(
    name="wallet_snapshots",
    source="info.clearinghouseState",
    key=("minute", "asset", "wallet_id"),
    decode=decode,
    insert=insert,
    archive=DATASET,
)
