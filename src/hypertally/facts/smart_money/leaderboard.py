"""The leaderboard: the wallets an answer ranks highest by 30-day PnL, and those that were watched.

An answer ranks every trader there is. Kept are the highest, more than are ever chosen, so that it
can be seen who was passed over, and the wallets asked for by name, so that it can be seen what
became of those that left.
"""

import heapq
import re
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from hypertally.errors import BadPayload
from hypertally.facts.fact import Fact
from hypertally.facts.market.reference import fingerprint
from hypertally.facts.rows import reject_of
from hypertally.records import Answer, JsonObject, Record, Reject, is_array, is_object
from hypertally.store.postgres import Connection
from hypertally.store.queries import load

QUERIES = load(__file__)
KEPT_MAX = 1000  # five times the universe: who holds without trading is passed over
REJECTS_MAX = 1000  # of a new shape every row is one; all are counted
WINDOW = "month"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_DECIMAL = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,60})?")
_encoder = msgspec.json.Encoder(order="deterministic")


class LeaderboardRow(Record, frozen=True, kw_only=True):
    """facts.leaderboard_rows: what an answer says of a wallet. Decimals are source strings."""

    wallet: str  # 0x and 40 hex digits, lower case
    ordinal: int  # place in the answer
    account_value: str | None  # USD
    pnl_30d: str  # USD; contains unrealised spot
    roi_30d: str | None  # of 1
    volume_30d: str | None  # USD
    raw_payload: str  # the source's row, as JSON


class BestRows:
    """Reads the rows of one answer as they come; holds those that are kept."""

    def __init__(self, watched: Collection[str] = (), *, kept_max: int = KEPT_MAX) -> None:
        self._watched = frozenset(watched)
        self._kept_max = kept_max
        # The lowest first; of equal PnL the higher address, so that the lower stays.
        self._best: list[tuple[Decimal, int, int, LeaderboardRow]] = []
        self._named: list[LeaderboardRow] = []
        self.rejects: list[Reject] = []
        self.seen = 0
        self.valid = 0

    def take(self, row: Any) -> None:
        """Read the next row; a row that cannot be read is kept with the reason."""
        ordinal = self.seen
        self.seen += 1
        try:
            read = decode_row(row, ordinal=ordinal)
        except BadPayload as problem:
            if len(self.rejects) < REJECTS_MAX:
                self.rejects.append(reject_of(row, problem, ordinal=ordinal))
            return
        self.valid += 1
        if read.wallet in self._watched:
            self._named.append(read)
        ranked = (Decimal(read.pnl_30d), -int(read.wallet, 16), -ordinal, read)
        if len(self._best) < self._kept_max:
            heapq.heappush(self._best, ranked)
        else:
            heapq.heappushpop(self._best, ranked)

    def rows(self) -> list[LeaderboardRow]:
        """The kept rows, the highest first; a wallet that comes twice has its higher one."""
        best = [row for *_, row in sorted(self._best, reverse=True)]
        kept: dict[str, LeaderboardRow] = {}
        for row in [*best, *self._named]:
            kept.setdefault(row.wallet, row)
        return list(kept.values())


def decode_row(row: Any, *, ordinal: int) -> LeaderboardRow:
    """One row of `leaderboardRows`.

    Errors: `BadPayload` when it has no address or no PnL of the month, or any figure is no decimal.
    """
    if not is_object(row):
        raise BadPayload("the row is not an object")
    address = row.get("ethAddress")
    if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
        raise BadPayload(f"ethAddress is not an address: {address!r}")
    month = _month(row.get("windowPerformances"))
    pnl = _decimal(month, "pnl")
    if pnl is None:
        raise BadPayload(f"pnl of {WINDOW} is missing")
    return LeaderboardRow(
        wallet=address.lower(),
        ordinal=ordinal,
        account_value=_decimal(row, "accountValue"),
        pnl_30d=pnl,
        roi_30d=_decimal(month, "roi"),
        volume_30d=_decimal(month, "vlm"),
        raw_payload=_encoder.encode(row).decode(),
    )


def _month(windows: Any) -> JsonObject:
    for window in windows if is_array(windows) else ():
        if not is_array(window) or len(window) != len(("name", "figures")):
            continue
        name, figures = window
        if name == WINDOW and is_object(figures):
            return figures
    raise BadPayload(f"windowPerformances holds no {WINDOW}")


def _decimal(row: JsonObject, name: str) -> str | None:
    value = row.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise BadPayload(f"{name} is not a decimal in a string: {value!r}")
    return value


async def insert(
    connection: Connection, rows: Sequence[LeaderboardRow], *, answer: Answer, page_id: int
) -> int:
    """Append the kept rows of an answer; how many."""
    names = LeaderboardRow.__struct_fields__
    bound: dict[str, Any] = {name: [getattr(row, name) for row in rows] for name in names}
    bound["fingerprint"] = [fingerprint(row) for row in rows]
    cursor = await connection.execute(
        QUERIES["insert_leaderboard_rows"].text,
        {**bound, "page_id": page_id, "taken_at": answer.asked_at},
    )
    return cursor.rowcount


FACT = Fact(
    name="leaderboard_rows",
    source="leaderboard",
    key=("page_id", "wallet"),
    decode=decode_row,
    insert=insert,
)
