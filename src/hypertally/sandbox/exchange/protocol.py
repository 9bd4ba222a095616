"""What the server needs of whatever it serves: a population or a folder of recordings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hypertally.sandbox.exchange.leaderboard import Standing
from hypertally.sandbox.population.population import WalletCount
from hypertally.sandbox.population.wallet_history import Feed, SortOrder, Tape

NULL_BODY = b"null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status and body of one answer, with the rows it is charged for."""

    body: bytes
    status: int = 200
    rows: int = 0
    content_type: str = "application/json"


UNSUPPORTED = Answer(status=500, body=NULL_BODY)
UNREADABLE = Answer(
    status=422,
    body=b"Failed to deserialize the JSON body into the target type",
    content_type="text/plain; charset=utf-8",
)


class Exchange(Protocol):
    """A world that answers; fills come from tapes, everything else is answered whole."""

    @property
    def start_clock_ms(self) -> int:
        """Where a manual clock starts."""
        ...

    def advance(self, now_ms: int) -> None:
        """Let everything up to a time happen."""
        ...

    def wallets(self) -> list[WalletCount]:
        """List the wallets worth asking about."""
        ...

    def tape(self, user: str, feed: Feed) -> Tape | None:
        """Find a list of a wallet; None when it never traded."""
        ...

    def by_time_order(self, user: str) -> SortOrder | None:
        """Say which end userFillsByTime starts with, when the world itself knows."""
        ...

    def standings(self, now_ms: int) -> Sequence[Standing]:
        """List the wallets that the leaderboard shows, in any order."""
        ...

    def answer(self, body: bytes, *, now_ms: int) -> Answer:
        """Answer a request that is not for fills."""
        ...
