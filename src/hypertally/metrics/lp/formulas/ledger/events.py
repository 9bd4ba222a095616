"""What happens to an NFT: liquidity comes and goes, tokens are paid out, it changes hands.

An event is the same event wherever it is read: its transaction and its ordinal among the manager's
logs there name it. The block and the place in it only order events.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeAlias

from hypertally.metrics.lp.formulas.pool.token_pairs import TokenAmounts, UsdPrices
from hypertally.records import Record

NOBODY = "0x" + "0" * 40  # from whom an NFT comes when it is minted, and to whom when it is burnt


class LpEvent(Record, frozen=True, kw_only=True):
    """What every event has."""

    block_number: int
    order_in_block: int
    tx_hash: str
    ordinal: int
    at: datetime
    prices: UsdPrices  # of the event's own time


class IncreaseEvent(LpEvent, frozen=True, kw_only=True):
    """Tokens were deposited."""

    liquidity: int
    amounts: TokenAmounts


class DecreaseEvent(LpEvent, frozen=True, kw_only=True):
    """Principal was freed; it is paid out with a later `Collect`."""

    liquidity: int
    amounts: TokenAmounts


class CollectEvent(LpEvent, frozen=True, kw_only=True):
    """Tokens were paid out."""

    expected: TokenAmounts  # as the manager's event states it
    paid: TokenAmounts  # as the pool's event of the same transaction states it


class TransferEvent(LpEvent, frozen=True, kw_only=True):
    """The NFT changed hands."""

    sender: str
    recipient: str
    # What it held then: None where nobody read it, which a mint and a burn do not need.
    principal: TokenAmounts | None = None
    uncollected: TokenAmounts | None = None


AnyLpEvent: TypeAlias = IncreaseEvent | DecreaseEvent | CollectEvent | TransferEvent


class EventConflictError(ValueError):
    """Two sources state one event differently."""


class LateEventError(ValueError):
    """An event lies before what is booked already: the ledger has to be made anew."""


def place_of(event: AnyLpEvent) -> tuple[int, int, int]:
    """Where an event stands among all others."""
    return event.block_number, event.order_in_block, event.ordinal


def in_order(events: Iterable[AnyLpEvent]) -> list[AnyLpEvent]:
    """Each event once, as they happened. Errors: `EventConflictError`."""
    by_identity: dict[tuple[str, int], AnyLpEvent] = {}
    for event in events:
        identity = event.tx_hash, event.ordinal
        if by_identity.setdefault(identity, event) != event:
            raise EventConflictError(
                f"two sources differ on event {event.ordinal} of transaction {event.tx_hash}"
            )
    return sorted(by_identity.values(), key=place_of)
