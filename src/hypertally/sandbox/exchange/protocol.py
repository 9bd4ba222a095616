"""What the server needs of an exchange: a population, a regime or a folder of recordings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hypertally.sandbox.exchange.leaderboard import LeaderboardRow
from hypertally.sandbox.population.population import WalletCount
from hypertally.sandbox.population.wallet_history import HistoryKind, SortOrder, WalletHistory

NULL_BODY = b"null"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """Status and body of one answer; its weight depends on `rows`."""

    body: bytes
    status: int = 200
    rows: int = 0
    content_type: str = "application/json"


UNSUPPORTED = HttpAnswer(status=500, body=NULL_BODY)
UNREADABLE = HttpAnswer(
    status=422,
    body=b"Failed to deserialize the JSON body into the target type",
    content_type="text/plain; charset=utf-8",
)


class Exchange(Protocol):
    """An exchange: rows of wallets come from histories, every other answer is given whole."""

    @property
    def start_clock_ms(self) -> int:
        """The first time of a manual clock."""
        ...

    def advance(self, now_ms: int) -> None:
        """Run everything that happens up to a time."""
        ...

    def wallets(self) -> list[WalletCount]:
        """List the wallets with fills, for tests and demonstrations."""
        ...

    def history(self, user: str, kind: HistoryKind) -> WalletHistory | None:
        """Find rows of a wallet; None for a wallet that never traded."""
        ...

    def by_time_order(self, user: str) -> SortOrder | None:
        """Return the order of userFillsByTime; None: the server's option decides."""
        ...

    def leaderboard(self, now_ms: int) -> Sequence[LeaderboardRow]:
        """List the rows of the leaderboard, in any order."""
        ...

    def answer(self, body: bytes, *, now_ms: int) -> HttpAnswer:
        """Answer a request for anything but rows of a wallet."""
        ...
