"""The wallets of a population: addresses, holdings, fills, and their shares of the activity.

A scale says how large they trade: a small one for tests, and a desk of hundreds of millions a
month. The fee tiers are those of the exchange: taker and maker in basis points, by the volume of
two weeks; the volumes of a desk are known by the rank of a wallet, because activity falls by rank.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from types import MappingProxyType

from hypertally.sandbox.population.positions import Holdings
from hypertally.sandbox.population.wallet_history import HistoryKind, WalletHistory

ACTIVITY_EXPONENT = 1.3  # the first of 40 wallets makes about three in ten fills
UNTRACKED_SHARE = 1 / 3  # untracked wallets trade a third as much as the tracked ones
UNTRACKED_WALLETS_MIN = 6
MAKER_BPS = (Decimal("1.5"), Decimal("1.5"), Decimal("1.0"), Decimal(0), Decimal("-0.3"))


#: the number of the first ranks -> taker and maker fee of core perps, in basis points
DESK_TIERS = (
    (1, Decimal("3.5"), Decimal("0.8")),  # over 25 million USD in two weeks
    (5, Decimal("4.0"), Decimal("1.2")),  # over 5 million
    (10_000, Decimal("4.5"), Decimal("1.5")),
)
REBATE_EVERY, REBATE_RANK = 12, 9  # one wallet in twelve makes markets, and is paid for it
REBATE_BPS = Decimal("-0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The sizes of orders and TWAP slices, in USD: a Pareto distribution, cut at a maximum."""

    order_usd_min: int
    order_shape: float  # of the Pareto distribution: the smaller, the more large orders
    order_usd_max: int
    slice_usd_min: int
    slice_usd_max: int
    tiers: tuple[tuple[int, Decimal, Decimal], ...] = ()  # none: fees by the wallet's name alone

    def fees_of_rank(self, rank: int) -> tuple[Decimal, Decimal] | None:
        """Return the taker and the maker fee of core perps of a wallet; None without tiers."""
        for ranks, taker, maker in self.tiers:
            if rank < ranks:
                return taker, REBATE_BPS if rank % REBATE_EVERY == REBATE_RANK else maker
        return None


SCALES = MappingProxyType(
    {
        "small": Scale(
            order_usd_min=12,
            order_shape=0.75,
            order_usd_max=250_000,
            slice_usd_min=12,
            slice_usd_max=20_000,
        ),
        "desk": Scale(
            order_usd_min=1_400,
            order_shape=0.8,
            order_usd_max=900_000,
            slice_usd_min=280,
            slice_usd_max=60_000,
            tiers=DESK_TIERS,
        ),
    }
)
DEFAULT_SCALE = "small"

#: the books of a desk; its wallets belong to them by turns, the most active first
BOOKS = (
    "Momentum",
    "Basis",
    "Carry",
    "Stat arb",
    "Execution",
    "Client",
    "Vol hedge",
    "Relative value",
    "Trend",
    "Market making",
    "Treasury",
    "Macro",
)


@dataclass(slots=True, kw_only=True)
class Trader:
    """A wallet that trades; the exchange lists the tracked ones alone."""

    address: str
    tracked: bool
    maker_bps: Decimal
    taker_bps: Decimal | None = None  # of core perps; None: the usual fee of the market
    name: str | None = None  # what the desk calls it
    holdings: Holdings = field(default_factory=Holdings)
    fills: WalletHistory = field(default_factory=WalletHistory)  # all fills
    fills_without_slices: WalletHistory = field(default_factory=WalletHistory)
    twap_slices: WalletHistory = field(default_factory=WalletHistory)
    twap_statuses: WalletHistory = field(default_factory=WalletHistory)
    last_cloid: str | None = None

    def add_fill(self, time_ms: int, body: bytes, *, is_slice: bool) -> None:
        """Add the newest fill."""
        self.fills.append(time_ms, body)
        history = self.twap_slices if is_slice else self.fills_without_slices
        history.append(time_ms, body)

    def history(self, kind: HistoryKind) -> WalletHistory:
        """Return the rows of one kind."""
        histories = {
            HistoryKind.FILLS: self.fills,
            HistoryKind.FILLS_WITHOUT_SLICES: self.fills_without_slices,
            HistoryKind.TWAP_SLICES: self.twap_slices,
            HistoryKind.TWAP_STATUSES: self.twap_statuses,
        }
        return histories[kind]


def make_trader(name: str, *, tracked: bool) -> Trader:
    """Make a wallet; its address and its maker fee depend on the name alone."""
    digest = sha256(f"wallet:{name}".encode()).hexdigest()
    return Trader(
        address=f"0x{digest[:40]}",
        tracked=tracked,
        maker_bps=MAKER_BPS[int(digest[40:44], 16) % len(MAKER_BPS)],
    )


def make_traders(seed: int, wallets: int, scale: Scale) -> list[Trader]:
    """Make the tracked wallets, and a fifth as many untracked ones."""
    untracked = max(wallets // 5, UNTRACKED_WALLETS_MIN)
    tracked = [make_trader(f"{seed}:{number}", tracked=True) for number in range(wallets)]
    for rank, trader in enumerate(tracked):
        if (fees := scale.fees_of_rank(rank)) is not None:
            trader.taker_bps, trader.maker_bps = fees
            trader.name = name_of_rank(rank)
    return tracked + [
        make_trader(f"{seed}:world:{number}", tracked=False) for number in range(untracked)
    ]


def name_of_rank(rank: int) -> str:
    """Return what a desk calls a wallet: its book, and its number in the book."""
    number, book = divmod(rank, len(BOOKS))
    return f"{BOOKS[book]} {number + 1:02}"


def activity_weights(wallets: int, traders: int) -> list[float]:
    """Return how often each trader is drawn: the tracked wallets first, the most active first."""
    tracked = [(number + 1) ** -ACTIVITY_EXPONENT for number in range(wallets)]
    untracked = traders - wallets
    return tracked + [sum(tracked) * UNTRACKED_SHARE / untracked] * untracked
