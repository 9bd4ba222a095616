"""The result of a position: what it is worth, what it earned, and why.

Profit is shown in two ways, each named: with each flow at its own time's prices (`pnl_usd`), and
with everything at today's (`pnl_vs_hold_usd`). The first is the sum of three parts, to the last
digit: the price effect (what the deposits would have gained outside), impermanent loss (realised
at removals, and of what is still in), and fees.
"""

from hypertally.metrics.lp.formulas.bounded import (
    ZERO,
    Bounded,
    between,
    difference,
    exactly,
    ratio,
    total,
    unknown,
)
from hypertally.metrics.lp.formulas.ledger.state import LedgerState
from hypertally.metrics.lp.formulas.pool.position_reading import EMPTY, PositionContent
from hypertally.metrics.lp.formulas.pool.token_pairs import (
    TokenAmounts,
    UsdPrices,
    difference_of,
    sum_of,
)
from hypertally.metrics.lp.formulas.pool.usd_values import usd_value
from hypertally.records import Record

NOT_READ = "the position was not read"


class LpResult(Record, frozen=True, kw_only=True):
    """Everything in USD; a figure that cannot be known has its reasons and bounds."""

    value_usd: Bounded  # of the liquidity
    uncollected_usd: Bounded  # of all that collect() would pay
    uncollected_fees_usd: Bounded
    deposited_usd: Bounded
    withdrawn_usd: Bounded
    collected_usd: Bounded  # fees
    hodl_usd: Bounded
    il_share: Bounded  # value / HODL - 1
    il_unrealised_usd: Bounded
    il_realised_usd: Bounded
    price_effect_usd: Bounded
    fees_usd: Bounded  # collected and uncollected
    pnl_usd: Bounded
    pnl_vs_hold_usd: Bounded
    pnl_after_gas_usd: Bounded


def history_problem(state: LedgerState, liquidity: int, owner: str) -> str | None:
    """Why the events are not the whole history: the contracts state another end of them."""
    if state.broken is not None:
        return state.broken
    if state.liquidity != liquidity:
        return f"the events add up to a liquidity of {state.liquidity}, the NFT has {liquidity}"
    if state.holder != owner:
        return f"by the events {state.holder or 'nobody'} has the NFT, by the contract {owner}"
    return None


def fees_earned(state: LedgerState, content: PositionContent) -> TokenAmounts:
    """All fees since the owner has the NFT: those paid out and those that can be collected."""
    owed = difference_of(content.uncollected, state.principal_owed)
    return sum_of(state.fees_collected, owed)


def fees_between(
    earlier: tuple[LedgerState, PositionContent], later: tuple[LedgerState, PositionContent]
) -> TokenAmounts:
    """What was earned from one reading to a later one, whatever was paid out in between."""
    return difference_of(fees_earned(*later), fees_earned(*earlier))


def result_of(
    state: LedgerState,
    content: PositionContent | None,
    prices: UsdPrices,
    *,
    gas_usd: Bounded,
    problem: str | None = None,
) -> LpResult:
    """The result at today's prices; `content` None: the position was not read.

    `problem` says why the history is not whole, or that the NFT is staked and not read: what the
    ledger counts is then unknown. An NFT that was burnt or sent has nothing left for its owner.
    """
    if not state.is_owners and state.broken is None and problem is None:
        content = EMPTY
    if problem is not None or state.broken is not None:
        return _without_history(state, content, prices, problem or state.broken or "")
    value = _value(state, content, prices)
    hodl = usd_value(state.hodl, state.tokens, prices)
    owed_fees = _uncollected_fees(state, content, prices)
    fees = total([state.fees_collected_usd, owed_fees])
    lost = difference(state.withdrawn_usd, state.hodl_removed_usd)
    left = difference(value, hodl)
    moved = difference(total([hodl, state.hodl_removed_usd]), state.deposited_usd)
    returned = [value, owed_fees, state.withdrawn_usd, state.fees_collected_usd]
    pnl = difference(total(returned), state.deposited_usd)
    return LpResult(
        value_usd=value,
        uncollected_usd=_uncollected(state, content, prices),
        uncollected_fees_usd=owed_fees,
        deposited_usd=state.deposited_usd,
        withdrawn_usd=state.withdrawn_usd,
        collected_usd=state.fees_collected_usd,
        hodl_usd=hodl,
        il_share=ratio(left, hodl, of_nothing="nothing is left in the position"),
        il_unrealised_usd=left,
        il_realised_usd=lost,
        price_effect_usd=moved,
        fees_usd=fees,
        pnl_usd=pnl,
        pnl_vs_hold_usd=_pnl_vs_hold(state, content, prices),
        pnl_after_gas_usd=difference(pnl, gas_usd),
    )


def _value(state: LedgerState, content: PositionContent | None, prices: UsdPrices) -> Bounded:
    if content is None:
        return between(ZERO.value, None, NOT_READ) if state.liquidity else ZERO
    return usd_value(content.principal, state.tokens, prices)


def _uncollected(state: LedgerState, content: PositionContent | None, prices: UsdPrices) -> Bounded:
    if content is None:
        return between(ZERO.value, None, NOT_READ)
    return usd_value(content.uncollected, state.tokens, prices)


def _uncollected_fees(
    state: LedgerState, content: PositionContent | None, prices: UsdPrices
) -> Bounded:
    if content is None:
        return unknown(NOT_READ)
    owed = difference_of(content.uncollected, state.principal_owed)
    return usd_value(owed, state.tokens, prices)


def _pnl_vs_hold(state: LedgerState, content: PositionContent | None, prices: UsdPrices) -> Bounded:
    if content is None:
        return unknown(NOT_READ)
    returned = sum_of(sum_of(content.principal, state.withdrawn), fees_earned(state, content))
    return usd_value(difference_of(returned, state.deposited), state.tokens, prices)


def _without_history(
    state: LedgerState, content: PositionContent | None, prices: UsdPrices, problem: str
) -> LpResult:
    """What one reading says by itself: the value, and what can be collected."""
    missing = unknown(problem)
    uncollected = _uncollected(state, content, prices)
    return LpResult(
        value_usd=between(ZERO.value, None, NOT_READ)
        if content is None
        else usd_value(content.principal, state.tokens, prices),
        uncollected_usd=uncollected,
        uncollected_fees_usd=between(None, uncollected.upper, problem),
        deposited_usd=between(exactly(0).value, None, problem),
        withdrawn_usd=between(exactly(0).value, None, problem),
        collected_usd=missing,
        hodl_usd=between(exactly(0).value, None, problem),
        il_share=missing,
        il_unrealised_usd=missing,
        il_realised_usd=missing,
        price_effect_usd=missing,
        fees_usd=missing,
        pnl_usd=missing,
        pnl_vs_hold_usd=missing,
        pnl_after_gas_usd=missing,
    )
