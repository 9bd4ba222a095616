"""The lines of a ledger: what each event puts in, takes out and earns."""

from decimal import Decimal

from hypertally.metrics.lp.formulas.bounded import difference
from hypertally.metrics.lp.formulas.exact_decimals import FORMING, rounded
from hypertally.metrics.lp.formulas.ledger.events import (
    NOBODY,
    AnyLpEvent,
    DecreaseEvent,
    IncreaseEvent,
    TransferEvent,
)
from hypertally.metrics.lp.formulas.ledger.state import NO_AMOUNTS, LedgerLine, LedgerState
from hypertally.metrics.lp.formulas.pool.token_pairs import (
    NOTHING,
    ExactAmounts,
    TokenAmounts,
    difference_of,
    smaller_of,
)
from hypertally.metrics.lp.formulas.pool.usd_values import usd_value


def line_of(state: LedgerState, event: AnyLpEvent) -> LedgerLine | None:
    """The line of an event; None where the owner has no part in it."""
    if isinstance(event, TransferEvent):
        return _transfer_line(state, event)
    if not state.is_owners:
        return None
    if isinstance(event, IncreaseEvent):
        return _line(state, event, "increase", deposited=event.amounts)
    if isinstance(event, DecreaseEvent):
        return _line(
            state,
            event,
            "decrease",
            withdrawn=event.amounts,
            hodl_removed=_share(state.hodl, event.liquidity, state.liquidity),
        )
    principal = smaller_of(event.expected, state.principal_owed)
    return _line(
        state,
        event,
        "collect",
        principal_paid=principal,
        fees_paid=difference_of(event.paid, principal),
    )


def _transfer_line(state: LedgerState, event: TransferEvent) -> LedgerLine | None:
    """An NFT that comes is a deposit of what it holds, one that goes a removal of everything.

    What it owes when it comes is principal that was freed before: neither deposit nor fee.
    """
    principal, uncollected = event.principal or NOTHING, event.uncollected or NOTHING
    if event.sender == event.recipient or state.owner not in {event.sender, event.recipient}:
        return None
    if event.sender == NOBODY:
        return _line(state, event, "mint")
    if event.recipient == NOBODY:
        return _line(state, event, "burn")
    if event.recipient == state.owner:
        return _line(state, event, "received", deposited=principal)
    return _line(
        state,
        event,
        "sent",
        withdrawn=principal,
        principal_paid=state.principal_owed,
        fees_paid=difference_of(uncollected, state.principal_owed),
        hodl_removed=state.hodl,
    )


def _line(
    state: LedgerState,
    event: AnyLpEvent,
    kind: str,
    *,
    deposited: TokenAmounts = NOTHING,
    withdrawn: TokenAmounts = NOTHING,
    principal_paid: TokenAmounts = NOTHING,
    fees_paid: TokenAmounts = NOTHING,
    hodl_removed: ExactAmounts = NO_AMOUNTS,
) -> LedgerLine:
    withdrawn_usd = usd_value(withdrawn, state.tokens, event.prices)
    removed_usd = usd_value(hodl_removed, state.tokens, event.prices)
    return LedgerLine(
        kind=kind,
        at=event.at,
        tx_hash=event.tx_hash,
        ordinal=event.ordinal,
        deposited=deposited,
        withdrawn=withdrawn,
        principal_paid=principal_paid,
        fees_paid=fees_paid,
        deposited_usd=usd_value(deposited, state.tokens, event.prices),
        withdrawn_usd=withdrawn_usd,
        fees_paid_usd=usd_value(fees_paid, state.tokens, event.prices),
        hodl_removed=hodl_removed,
        hodl_removed_usd=removed_usd,
        il_realised_usd=difference(withdrawn_usd, removed_usd),
        liquidity_after=liquidity_after(state, event),
    )


def _share(hodl: ExactAmounts, removed: int, liquidity: int) -> ExactAmounts:
    """The share of HODL that leaves with a share of the liquidity, to 30 places of a unit."""
    if not liquidity:
        return NO_AMOUNTS
    share0, share1 = (
        rounded(FORMING.divide(FORMING.multiply(amount, Decimal(removed)), Decimal(liquidity)))
        for amount in hodl
    )
    return share0, share1


def liquidity_after(state: LedgerState, event: AnyLpEvent) -> int:
    """The liquidity of the NFT, whoever has it."""
    if isinstance(event, IncreaseEvent):
        return state.liquidity + event.liquidity
    return (
        state.liquidity - event.liquidity if isinstance(event, DecreaseEvent) else state.liquidity
    )
