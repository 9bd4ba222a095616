"""What wallets do in a day, as far as it decides what their requests cost."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from msgspec.structs import asdict, replace

from hypertally.clock import milliseconds
from hypertally.jobs.activity.pull_fills import DEEP_OVERLAP_MS, OVERLAP_MS, RECENT_MS
from hypertally.jobs.market.hour_prices import IN_USE_FOR
from hypertally.jobs.paces import PACES, TWAP_PACES
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_row, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)
HOT, WARM, _ = PACES
_, TWAPS_OF_MONTH, _ = TWAP_PACES


class WalletActivity(Record, frozen=True, kw_only=True):
    """A day of one wallet, or of `wallets` alike; a share is a part of the day between 0 and 1."""

    wallets: Decimal = Decimal(1)
    hot_share: Decimal = Decimal(0)  # while its last fill is less than an hour old
    recent_share: Decimal = Decimal(0)  # less than the 130 minutes of a second reading
    warm_share: Decimal = Decimal(0)  # less than a day, without the hot share
    fills: Decimal = Decimal(0)  # of the day
    active_minutes: Decimal = Decimal(0)  # that hold a fill
    # Fills that a look repeats, of the ten minutes before the last: on average over the time in
    # which the wallet is hot, is warm, and at its last fill.
    hot_overlap: Decimal = Decimal(0)
    warm_overlap: Decimal = Decimal(0)
    idle_overlap: Decimal = Decimal(0)
    fills_of_five_days: Decimal = Decimal(0)
    history_rows: int = 0  # that the exchange shows
    dexs: int = 0  # that it traded perps on
    twap_statuses: int = 0
    slices: Decimal = Decimal(0)  # of TWAPs, of the day
    slices_of_history: int = 0
    twaps_begun: Decimal = Decimal(0)
    twap_running_share: Decimal = Decimal(0)
    twap_recent_share: Decimal = Decimal(0)  # one ran within the day, and none runs
    twap_month_share: Decimal = Decimal(0)  # one ran within 30 days, and none within the day
    repairs: Decimal = Decimal(0)  # requests of the day for gaps of its record


class _TrackedActivity(WalletActivity, frozen=True, kw_only=True):
    wallet_id: int


class _TwapActivity(Record, frozen=True, kw_only=True):
    wallet_id: int
    twap_statuses: int
    twaps_begun: Decimal
    twap_running_share: Decimal
    twap_recent_share: Decimal
    twap_month_share: Decimal


class MarketActivity(Record, frozen=True, kw_only=True):
    """What is asked for however many wallets are tracked."""

    dexs: int  # beside the core one
    dexs_in_use: Decimal  # of them, those on which a TWAP of a tracked wallet runs
    priced_tokens: int  # that recent days hold and that have a price in USD
    watched: int  # wallets whose positions are recorded each minute
    exits: Decimal  # readings of fills of exits in a day


class Activity(Record, frozen=True, kw_only=True):
    """All that a plan is made of."""

    wallets: Sequence[WalletActivity]
    market: MarketActivity

    @property
    def wallet_count(self) -> Decimal:
        """How many wallets the parts stand for."""
        return sum((each.wallets for each in self.wallets), Decimal(0))


async def read_activity(connection: Connection, now: datetime) -> Activity:
    """The last day of the tracked wallets, as the books have it."""
    assert HOT.active_within is not None, "the busiest pace is for wallets that traded lately"
    assert WARM.active_within is not None, "as is the second"
    bound = {
        "now": now,
        "now_ms": milliseconds(now),
        "hot": HOT.active_within,
        "warm": WARM.active_within,
        "month": TWAPS_OF_MONTH.active_within,
        "recent_ms": RECENT_MS,
        "overlap_ms": OVERLAP_MS,
        "deep_ms": DEEP_OVERLAP_MS,
        "in_use_for": IN_USE_FOR,
    }
    rows = await read_rows(connection, QUERIES["list_activity"], bound, shape=_TrackedActivity)
    twaps = await read_rows(connection, QUERIES["list_twap_activity"], bound, shape=_TwapActivity)
    twaps_of = {row.wallet_id: asdict(row) for row in twaps}
    wallets = [replace(row, **twaps_of.get(row.wallet_id, {})) for row in rows]
    market = await read_row(connection, QUERIES["read_market"], bound, shape=MarketActivity)
    return Activity(wallets=wallets, market=market)
