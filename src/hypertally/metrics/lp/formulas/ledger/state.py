"""Where the ledger of one NFT and one owner stands after any number of events."""

from datetime import datetime
from decimal import Decimal
from typing import Final

from hypertally.metrics.lp.formulas.bounded import ZERO, Bounded
from hypertally.metrics.lp.formulas.pool.token_pairs import (
    NOTHING,
    ExactAmounts,
    PoolTokens,
    TokenAmounts,
)
from hypertally.records import Record

NO_AMOUNTS: Final[ExactAmounts] = (Decimal(0), Decimal(0))


class LedgerState(Record, frozen=True, kw_only=True):
    """Sums over the events so far, in smallest units and in USD of each event's own time."""

    owner: str  # whose ledger it is
    tokens: PoolTokens
    holder: str | None = None  # who has the NFT; None: not minted yet, or burnt
    liquidity: int = 0  # whoever has the NFT
    principal_owed: TokenAmounts = NOTHING  # freed and not paid out yet
    hodl: ExactAmounts = NO_AMOUNTS  # the deposits less the share of every removal
    deposited: TokenAmounts = NOTHING
    withdrawn: TokenAmounts = NOTHING
    fees_collected: TokenAmounts = NOTHING
    deposited_usd: Bounded = ZERO
    withdrawn_usd: Bounded = ZERO
    fees_collected_usd: Bounded = ZERO
    hodl_removed_usd: Bounded = ZERO  # what the shares removed from `hodl` were worth then
    booked_to: tuple[int, int, int] | None = None  # place of the last event: block, order, ordinal
    broken: str | None = None  # why the events cannot be the whole history

    @property
    def is_owners(self) -> bool:
        """Whether the owner has the NFT."""
        return self.holder == self.owner


class LedgerLine(Record, frozen=True, kw_only=True):
    """One line of the statement: what an event put in, took out and earned."""

    kind: str
    at: datetime
    tx_hash: str
    ordinal: int
    deposited: TokenAmounts = NOTHING
    withdrawn: TokenAmounts = NOTHING  # principal that left the liquidity
    principal_paid: TokenAmounts = NOTHING  # of what was withdrawn before
    fees_paid: TokenAmounts = NOTHING
    deposited_usd: Bounded = ZERO
    withdrawn_usd: Bounded = ZERO
    fees_paid_usd: Bounded = ZERO
    hodl_removed: ExactAmounts = NO_AMOUNTS
    hodl_removed_usd: Bounded = ZERO
    il_realised_usd: Bounded = ZERO  # withdrawn - what was removed from hodl
    liquidity_after: int
