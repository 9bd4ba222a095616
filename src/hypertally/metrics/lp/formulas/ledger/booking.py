"""The ledger of one NFT: its events in order, each booked once, in exact numbers.

Flows are booked at their own time's prices and never priced again. HODL is what the deposits would
be had they never been put in: a deposit adds to it, a removal of a share of the liquidity takes the
same share of it. A payment takes freed principal first; the rest is fees.

Where several NFTs share a range the pool may pay a few smallest units less than was freed. Those
are booked as fees below zero, so that nothing is lost between the columns.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from hypertally.metrics.lp.formulas.bounded import total
from hypertally.metrics.lp.formulas.exact_decimals import EXACT
from hypertally.metrics.lp.formulas.ledger.events import (
    NOBODY,
    AnyLpEvent,
    DecreaseEvent,
    LateEventError,
    TransferEvent,
    in_order,
    place_of,
)
from hypertally.metrics.lp.formulas.ledger.lines import line_of, liquidity_after
from hypertally.metrics.lp.formulas.ledger.state import LedgerLine, LedgerState
from hypertally.metrics.lp.formulas.pool.token_pairs import (
    NOTHING,
    ExactAmounts,
    TokenAmounts,
    difference_of,
    sum_of,
)
from hypertally.records import Record


class Ledger(Record, frozen=True, kw_only=True):
    """The state after the last event, and a line for each event that the owner has part in."""

    state: LedgerState
    lines: tuple[LedgerLine, ...] = ()


def book(ledger: Ledger, events: Iterable[AnyLpEvent]) -> Ledger:
    """The ledger after later events, given in any order.

    Errors: `EventConflictError`, `LateEventError`.
    """
    state, lines = ledger.state, list(ledger.lines)
    for event in in_order(events):
        if state.booked_to is not None and place_of(event) <= state.booked_to:
            raise LateEventError(f"event {event.ordinal} of {event.tx_hash} lies before the last")
        if state.broken is not None:
            break
        broken = _break_of(state, event)
        if broken is not None:
            state = msgspec.structs.replace(state, broken=broken)
            break
        line = line_of(state, event)
        state = _after(state, event, line)
        lines += [] if line is None else [line]
    return Ledger(state=state, lines=tuple(lines))


def _break_of(state: LedgerState, event: AnyLpEvent) -> str | None:
    """Why an event cannot follow the events before it."""
    place = f"at event {event.ordinal} of transaction {event.tx_hash}"
    if isinstance(event, TransferEvent):
        if (state.holder or NOBODY) != event.sender:
            return f"the history is not whole: {event.sender} did not have the NFT {place}"
        is_flow = state.owner in {event.sender, event.recipient}
        changes_hands = NOBODY not in {event.sender, event.recipient}
        if is_flow and changes_hands and (event.principal is None or event.uncollected is None):
            return f"what the NFT held was not read {place}"
        return None
    if state.holder is None:
        return f"the history is not whole: the NFT was not minted {place}"
    if isinstance(event, DecreaseEvent) and event.liquidity > state.liquidity:
        return f"the history is not whole: more liquidity was removed than there was {place}"
    return None


def _after(state: LedgerState, event: AnyLpEvent, line: LedgerLine | None) -> LedgerState:
    holder = state.holder
    if isinstance(event, TransferEvent):
        holder = None if event.recipient == NOBODY else event.recipient
    state = msgspec.structs.replace(
        state,
        holder=holder,
        liquidity=liquidity_after(state, event),
        booked_to=place_of(event),
    )
    if line is None:
        return state
    return msgspec.structs.replace(
        state,
        principal_owed=_principal_owed_after(state, event, line),
        hodl=_hodl_after(state.hodl, line),
        deposited=sum_of(state.deposited, line.deposited),
        withdrawn=sum_of(state.withdrawn, line.withdrawn),
        fees_collected=sum_of(state.fees_collected, line.fees_paid),
        deposited_usd=total([state.deposited_usd, line.deposited_usd]),
        withdrawn_usd=total([state.withdrawn_usd, line.withdrawn_usd]),
        fees_collected_usd=total([state.fees_collected_usd, line.fees_paid_usd]),
        hodl_removed_usd=total([state.hodl_removed_usd, line.hodl_removed_usd]),
    )


def _principal_owed_after(state: LedgerState, event: AnyLpEvent, line: LedgerLine) -> TokenAmounts:
    if line.kind == "received" and isinstance(event, TransferEvent):
        return event.uncollected or NOTHING
    freed = line.withdrawn if line.kind == "decrease" else NOTHING
    return difference_of(sum_of(state.principal_owed, freed), line.principal_paid)


def _hodl_after(hodl: ExactAmounts, line: LedgerLine) -> ExactAmounts:
    hodl0, hodl1 = (
        EXACT.subtract(EXACT.add(amount, Decimal(added)), removed)
        for amount, added, removed in zip(hodl, line.deposited, line.hodl_removed, strict=True)
    )
    return hodl0, hodl1
