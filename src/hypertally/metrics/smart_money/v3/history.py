"""What was usual in the seven days before a period, by horizon: exits, and active wallets."""

from datetime import datetime
from operator import itemgetter

from hypertally.metrics.smart_money.formulas.exits import exit_baseline
from hypertally.metrics.smart_money.formulas.scores import ExitBaselines
from hypertally.metrics.smart_money.formulas.v3.scores import V3, Usual
from hypertally.metrics.smart_money.signal_history import EXITS_OF, SlidingCounts
from hypertally.store.postgres import Connection
from hypertally.store.queries import load

QUERIES = load(__file__)
SIDES = ("all", "long", "short")


class UsualHistory:
    """What was usual before each of successive periods, in order of time."""

    def __init__(self, schema: str = "metrics") -> None:
        self._exits = SlidingCounts(
            QUERIES["count_exits"],
            schema,
            EXITS_OF,
            definition=V3,
            key=itemgetter("asset", "window_minutes", "side"),
            item=itemgetter("left", "exposed"),
        )
        self._active = SlidingCounts(
            QUERIES["count_active"],
            schema,
            EXITS_OF,
            definition=V3,
            key=itemgetter("asset", "window_minutes"),
            item=itemgetter("active"),
        )

    async def advance_to(self, connection: Connection, at: datetime) -> None:
        """Move the end of the seven days to a time."""
        await self._exits.advance_to(connection, at)
        await self._active.advance_to(connection, at)

    def usual(self, asset: str, window_minutes: int) -> Usual:
        """What was usual of an asset over windows of this length."""
        sides = {
            side: exit_baseline(self._exits.counts[asset, window_minutes, side]) for side in SIDES
        }
        return Usual(
            exits=ExitBaselines(**sides), active=self._active.counts[asset, window_minutes]
        )
