"""The mix of wallets that a plan assumes where no books tell: few trade all day, most rest."""

from decimal import Decimal

from msgspec.structs import replace

from hypertally.facts.pages import HISTORY_ROWS_MAX
from hypertally.jobs.request_plan.activity import Activity, MarketActivity, WalletActivity

_DEXS = 9  # of builders, in November 2026
_PRICED_TOKENS = 4  # quote tokens and fees beside USDC
_EXITS = 24  # of a watched wallet in a day: once an hour a position becomes smaller


def _alike(day: WalletActivity, *, overlap: int) -> WalletActivity:
    """Days like this one, and each look repeats so many fills."""
    return replace(
        day,
        hot_overlap=Decimal(overlap),
        warm_overlap=Decimal(overlap),
        idle_overlap=Decimal(overlap),
        fills_of_five_days=5 * day.fills,
    )


_ALL_DAY = _alike(
    WalletActivity(
        wallets=Decimal("0.01"),
        hot_share=Decimal(1),
        recent_share=Decimal(1),
        fills=Decimal(1440),
        active_minutes=Decimal(720),
        history_rows=HISTORY_ROWS_MAX,
        dexs=2,
    ),
    overlap=10,
)
_HALF_THE_DAY = _alike(
    WalletActivity(
        wallets=Decimal("0.04"),
        hot_share=Decimal("0.5"),
        recent_share=Decimal("0.6"),
        warm_share=Decimal("0.5"),
        fills=Decimal(200),
        active_minutes=Decimal(100),
        history_rows=5000,
        dexs=1,
        twap_statuses=40,
        slices=Decimal(60),
        slices_of_history=1200,
        twaps_begun=Decimal(1),
        twap_running_share=Decimal("0.02"),
        twap_recent_share=Decimal("0.98"),
    ),
    overlap=4,
)
_EACH_DAY = _alike(
    WalletActivity(
        wallets=Decimal("0.2"),
        hot_share=Decimal("0.1"),
        recent_share=Decimal("0.15"),
        warm_share=Decimal("0.9"),
        fills=Decimal(20),
        active_minutes=Decimal(10),
        history_rows=1000,
        dexs=1,
    ),
    overlap=3,
)
_AT_REST = WalletActivity(
    wallets=Decimal("0.75"),
    idle_overlap=Decimal(2),
    fills_of_five_days=Decimal(10),
    history_rows=200,
    dexs=1,
)
WORDS = (
    "assumed: 1 % of the wallets trade all day, 4 % half the day and run a TWAP, 20 % an hour or "
    "two, 75 % rest"
)


def assume_activity(wallets: int, *, watched: int) -> Activity:
    """So many wallets of that mix, and so many watched ones."""
    parts = (_ALL_DAY, _HALF_THE_DAY, _EACH_DAY, _AT_REST)
    return Activity(
        wallets=[replace(part, wallets=part.wallets * wallets) for part in parts],
        market=MarketActivity(
            dexs=_DEXS,
            dexs_in_use=Decimal(1),
            priced_tokens=_PRICED_TOKENS,
            watched=watched,
            exits=Decimal(_EXITS * watched),
        ),
    )
