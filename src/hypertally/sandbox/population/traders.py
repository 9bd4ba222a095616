"""The wallets of a population: addresses, holdings, fills, and their shares of the activity."""

from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256

from hypertally.sandbox.population.positions import Holdings
from hypertally.sandbox.population.wallet_history import HistoryKind, WalletHistory

ACTIVITY_EXPONENT = 1.3  # the first of 40 wallets makes about three in ten fills
UNTRACKED_SHARE = 1 / 3  # untracked wallets trade a third as much as the tracked ones
UNTRACKED_WALLETS_MIN = 6
MAKER_BPS = (Decimal("1.5"), Decimal("1.5"), Decimal("1.0"), Decimal(0), Decimal("-0.3"))


@dataclass(slots=True, kw_only=True)
class Trader:
    """A wallet that trades; the exchange lists the tracked ones alone."""

    address: str
    tracked: bool
    maker_bps: Decimal
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


def make_traders(seed: int, wallets: int) -> list[Trader]:
    """Make the tracked wallets, and a fifth as many untracked ones."""
    untracked = max(wallets // 5, UNTRACKED_WALLETS_MIN)
    return [make_trader(f"{seed}:{number}", tracked=True) for number in range(wallets)] + [
        make_trader(f"{seed}:world:{number}", tracked=False) for number in range(untracked)
    ]


def activity_weights(wallets: int, traders: int) -> list[float]:
    """Return how often each trader is drawn: the tracked wallets first, the most active first."""
    tracked = [(number + 1) ** -ACTIVITY_EXPONENT for number in range(wallets)]
    untracked = traders - wallets
    return tracked + [sum(tracked) * UNTRACKED_SHARE / untracked] * untracked
