"""What jobs may use: the database, the exchange, the clock and the rest, opened by the command."""

from decimal import Decimal

import msgspec

from hypertally.clock import Clock
from hypertally.jobs.runtime.shared_budget import SharedBudget
from hypertally.records import Record
from hypertally.settings import (
    ALERT_TWAP_SHARE_PERCENT,
    ALERT_WALLET_USD,
    EXITS_WEIGHT_MAX,
    UNIVERSE_REFRESH_MINUTES,
    UNIVERSE_SIZE,
    WEIGHT_PER_MINUTE,
)
from hypertally.sources.heartbeat import Heartbeat
from hypertally.sources.info import InfoClient
from hypertally.sources.notifications import Channel, Channels
from hypertally.sources.object_store import ObjectStore
from hypertally.store.postgres import Pool


class TwapSource(Record, frozen=True, kw_only=True):
    """The object store that holds the statuses of all TWAPs, and the database they go into."""

    database_url: str
    store: ObjectStore | None  # None: there is no store that this program may read


class Watch(Record, frozen=True, kw_only=True):
    """What smart money jobs need to watch wallets."""

    leaderboard_url: str | None  # None: this exchange has no leaderboard
    fallback_url: str | None
    positions: InfoClient  # for snapshots alone: snapshots do not queue up behind pulls
    budget: SharedBudget  # for snapshots
    universe_size: int = UNIVERSE_SIZE  # wallets that are watched
    refresh_minutes: int = UNIVERSE_REFRESH_MINUTES  # from one choice of them to the next
    exits_weight_max: int = EXITS_WEIGHT_MAX  # a minute, for the fills of exits


class AlertBounds(Record, frozen=True, kw_only=True):
    """From which size on alerts tell what happened, as the operator chose."""

    twap_share_percent: Decimal = ALERT_TWAP_SHARE_PERCENT  # of what the market traded in an hour
    wallet_usd: Decimal = ALERT_WALLET_USD  # of the position of a labelled wallet


class Resources(Record, frozen=True, kw_only=True):
    """Everything that a handler may use."""

    pool: Pool
    info: InfoClient
    clock: Clock
    weight_per_minute: int = WEIGHT_PER_MINUTE  # the allowance that forecasts are made with
    channels: Channels = msgspec.field(
        default_factory=dict[str, Channel]
    )  # that alerts are told to
    alert_bounds: AlertBounds = AlertBounds()
    heartbeat: Heartbeat | None = None  # None: no monitor waits for a call
    alerts_page: str | None = None  # the address of the page of alerts; None: none is known
    twap_source: TwapSource | None = None
    watch: Watch | None = None  # None: this worker leaves smart money to others

    @property
    def reads_twap_source(self) -> bool:
        """Whether this worker may read the store of TWAP statuses, which it does every day."""
        return self.twap_source is not None and self.twap_source.store is not None

    def require_watch(self) -> Watch:
        """What watching needs; only a worker that watches runs such jobs."""
        assert self.watch is not None, "a worker without a watch claims no smart money job"
        return self.watch
