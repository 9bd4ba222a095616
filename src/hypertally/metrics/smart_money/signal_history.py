"""Signal history: the position sizes of a day and the exits of a week that signals compare with.

Both are counts over a window that ends with the period. Along a stretch of periods they are carried
on by what enters and what leaves the window: the same counts for a hundredth of the rows.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import Any

from hypertally.metrics.smart_money.formulas.exits import exit_baseline
from hypertally.metrics.smart_money.formulas.score_arithmetic import V2
from hypertally.metrics.smart_money.formulas.scores import ExitBaselines
from hypertally.metrics.smart_money.formulas.wallet_moves import median
from hypertally.store.postgres import Connection, in_schema
from hypertally.store.queries import Query, load

QUERIES = load(__file__)
SIZES_OF = timedelta(hours=24)
EXITS_OF = timedelta(days=7)


class SignalHistory:
    """Position sizes and exits before each of successive periods, in order of time."""

    def __init__(self, schema: str = "metrics") -> None:
        self._sizes = SlidingCounts(
            QUERIES["count_sizes"],
            schema,
            SIZES_OF,
            key=itemgetter("wallet_id", "asset"),
            item=itemgetter("size"),
        )
        self._exits = SlidingCounts(
            QUERIES["count_exits"],
            schema,
            EXITS_OF,
            key=itemgetter("asset", "side"),
            item=itemgetter("left", "exposed"),
        )
        self._median_sizes: dict[tuple[int, str], Decimal | None] = {}

    async def advance_to(self, connection: Connection, at: datetime) -> None:
        """Move the end of both windows to a time."""
        for position in await self._sizes.advance_to(connection, at):
            self._median_sizes[position] = median(self._sizes.counts[position])
        await self._exits.advance_to(connection, at)

    @property
    def median_sizes(self) -> Mapping[tuple[int, str], Decimal | None]:
        """The median size of each position seen: by wallet id and asset, in coin, exact."""
        return self._median_sizes

    def exit_baselines(self, asset: str) -> ExitBaselines:
        """The baselines of exits: all, long and short."""
        sides = {
            side: exit_baseline(self._exits.counts[asset, side])
            for side in ("all", "long", "short")
        }
        return ExitBaselines(**sides)


class SlidingCounts:
    """Counts of each key's items within a sliding window."""

    def __init__(
        self,
        query: Query,
        schema: str,
        span: timedelta,
        *,
        definition: str = V2,
        key: Callable[[dict[str, Any]], Any],
        item: Callable[[dict[str, Any]], Any],
    ) -> None:
        self.counts: defaultdict[Any, Counter[Any]] = defaultdict(Counter)
        self._statement = in_schema(query, schema)
        self._span = span
        self._definition = definition
        self._key = key
        self._item = item
        self._at: datetime | None = None

    async def advance_to(self, connection: Connection, at: datetime) -> set[Any]:
        """Move the end of the window to a time; the keys whose counts changed."""
        before, self._at = self._at, at
        if before is not None and before <= at < before + self._span:
            change = await self._count(connection, before, at)
            change.subtract(await self._count(connection, before - self._span, at - self._span))
            return self._apply(change)
        emptied = set(self.counts)
        self.counts.clear()
        return emptied | self._apply(await self._count(connection, at - self._span, at))

    async def _count(
        self, connection: Connection, after: datetime, until: datetime
    ) -> Counter[tuple[Any, Any]]:
        cursor = await connection.execute(
            self._statement, {"after": after, "until": until, "definition": self._definition}
        )
        return Counter(
            {(self._key(row), self._item(row)): row["many"] for row in await cursor.fetchall()}
        )

    def _apply(self, change: Counter[tuple[Any, Any]]) -> set[Any]:
        changed: set[Any] = set()
        for (key, item), count in change.items():
            if count:
                counter = self.counts[key]
                counter[item] += count
                if not counter[item]:
                    del counter[item]
                changed.add(key)
        return changed
