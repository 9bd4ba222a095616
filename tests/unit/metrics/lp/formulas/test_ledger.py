"""The ledger of one NFT: conservation, any order, any partition, and what cannot be the history."""

import random
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.metrics.lp.formulas.histories import (
    AMOUNTS,
    NEW,
    OTHER,
    OWNER,
    PRICE_TEXTS,
    TOKENS,
    Textbook,
    content,
    histories,
    minted,
    place,
)

from hypertally.metrics.lp.formulas.bounded import ZERO, Bounded, exactly, unknown
from hypertally.metrics.lp.formulas.exact_decimals import EXACT
from hypertally.metrics.lp.formulas.ledger.booking import Ledger, book
from hypertally.metrics.lp.formulas.ledger.events import (
    NOBODY,
    AnyLpEvent,
    CollectEvent,
    DecreaseEvent,
    EventConflictError,
    IncreaseEvent,
    LateEventError,
    TransferEvent,
)
from hypertally.metrics.lp.formulas.ledger.result import (
    LpResult,
    fees_between,
    fees_earned,
    history_problem,
    result_of,
)

# Each removal rounds HODL to 30 places of a smallest unit, each token of at most 10^5 USD.
ROUNDING = Fraction(12 * 10**5, 10**30)


def ledger_of(events: list[AnyLpEvent]) -> Ledger:
    return book(Ledger(state=NEW), events)


def value_of(number: Bounded) -> Fraction:
    assert number.value is not None
    return Fraction(number.value)


@given(histories(), AMOUNTS, AMOUNTS, PRICE_TEXTS, PRICE_TEXTS)
def test_deposits_fees_price_effect_and_loss_are_what_is_there_and_what_left(
    events: list[AnyLpEvent],
    principal: tuple[int, int],
    more: tuple[int, int],
    price0: Decimal,
    price1: Decimal,
) -> None:
    ledger, book_of_fractions = ledger_of(events), Textbook(events)
    owed = ledger.state.principal_owed
    uncollected = owed[0] + more[0], owed[1] + more[1]
    read = content(ledger.state.liquidity, principal, uncollected)
    result = result_of(ledger.state, read, (price0, price1), gas_usd=exactly(2))
    there_and_left = (
        value_of(result.value_usd)
        + value_of(result.uncollected_fees_usd)
        + value_of(result.withdrawn_usd)
        + value_of(result.collected_usd)
    )
    explained = (
        value_of(result.deposited_usd)
        + value_of(result.fees_usd)
        + value_of(result.price_effect_usd)
        + value_of(result.il_realised_usd)
        + value_of(result.il_unrealised_usd)
    )
    assert there_and_left == explained
    assert value_of(result.pnl_usd) == there_and_left - value_of(result.deposited_usd)
    assert value_of(result.pnl_after_gas_usd) == value_of(result.pnl_usd) - 2
    assert list(fees_earned(ledger.state, read)) == book_of_fractions.all_fees(uncollected)


@given(histories(), AMOUNTS, PRICE_TEXTS, PRICE_TEXTS)
def test_every_figure_is_that_of_the_textbook(
    events: list[AnyLpEvent], principal: tuple[int, int], price0: Decimal, price1: Decimal
) -> None:
    ledger, textbook, prices = ledger_of(events), Textbook(events), (price0, price1)
    read = content(ledger.state.liquidity, principal, ledger.state.principal_owed)
    result = result_of(ledger.state, read, prices, gas_usd=ZERO)
    hodl_usd = textbook.usd(textbook.hodl(), prices)
    value_usd = textbook.usd(principal, prices)
    assert value_of(result.deposited_usd) == textbook.deposited_usd()
    assert value_of(result.withdrawn_usd) == textbook.withdrawn_usd()
    assert value_of(result.value_usd) == value_usd
    assert abs(value_of(result.hodl_usd) - hodl_usd) <= ROUNDING
    assert abs(value_of(result.il_unrealised_usd) - (value_usd - hodl_usd)) <= ROUNDING
    assert abs(value_of(result.il_realised_usd) - textbook.il_realised_usd()) <= ROUNDING
    returned = [
        principal[token]
        + sum(removal.amounts[token] for removal in textbook.removals)
        + textbook.all_fees(ledger.state.principal_owed)[token]
        - sum(deposit.amounts[token] for deposit in textbook.deposits)
        for token in (0, 1)
    ]
    assert value_of(result.pnl_vs_hold_usd) == textbook.usd(returned, prices)
    assert ledger.state.liquidity == textbook.liquidity_before(events[-1]) + _change(events[-1])


def _change(event: AnyLpEvent) -> int:
    if isinstance(event, IncreaseEvent):
        return event.liquidity
    return -event.liquidity if isinstance(event, DecreaseEvent) else 0


@given(histories(), st.randoms(use_true_random=False), st.integers(0, 12))
def test_no_order_repetition_or_partition_of_the_events_changes_the_ledger(
    events: list[AnyLpEvent], chance: random.Random, cut: int
) -> None:
    whole = ledger_of(events)
    shuffled = [*events, *events[:3]]
    chance.shuffle(shuffled)
    assert ledger_of(shuffled) == whole
    first = events[:cut]
    chance.shuffle(first)
    assert book(ledger_of(first), events[cut:]) == whole


@given(histories(), st.integers(1, 12), AMOUNTS, AMOUNTS)
def test_fees_between_two_readings_are_what_was_paid_and_grew(
    events: list[AnyLpEvent], cut: int, first: tuple[int, int], second: tuple[int, int]
) -> None:
    states = [ledger_of(events[:cut]).state, ledger_of(events).state]
    readings = [
        (state, content(state.liquidity, (0, 0), uncollected))
        for state, uncollected in zip(states, (first, second), strict=True)
    ]
    earlier, later = Textbook(events[:cut]).all_fees(first), Textbook(events).all_fees(second)
    expected = [end - start for start, end in zip(earlier, later, strict=True)]
    assert list(fees_between(*readings)) == expected


@given(histories())
def test_the_lines_add_up_to_the_sums(events: list[AnyLpEvent]) -> None:
    ledger = ledger_of(events)
    assert len(ledger.lines) == len(events)
    for token in (0, 1):
        assert (
            sum(line.fees_paid[token] for line in ledger.lines)
            == (ledger.state.fees_collected[token])
        )
        freed = sum(line.withdrawn[token] for line in ledger.lines)
        paid = sum(line.principal_paid[token] for line in ledger.lines)
        assert freed - paid == ledger.state.principal_owed[token] >= 0
    assert sum(value_of(line.deposited_usd) for line in ledger.lines) == (
        value_of(ledger.state.deposited_usd)
    )
    with localcontext(EXACT):
        for token in (0, 1):
            removed = sum(line.hodl_removed[token] for line in ledger.lines)
            assert ledger.state.deposited[token] - removed == ledger.state.hodl[token]


def test_a_payment_of_a_part_takes_principal_first() -> None:
    events = [
        minted(),
        IncreaseEvent(**place(1), liquidity=10, amounts=(1_000, 1_000)),
        DecreaseEvent(**place(2), liquidity=5, amounts=(500, 400)),
        CollectEvent(**place(3), expected=(300, 450), paid=(300, 450)),
    ]
    ledger = ledger_of(events)
    assert (ledger.lines[-1].principal_paid, ledger.lines[-1].fees_paid) == ((300, 400), (0, 50))
    assert ledger.state.principal_owed == (200, 0)


def test_units_that_a_neighbour_cost_are_fees_below_zero_and_no_principal_stays() -> None:
    events = [
        minted(),
        IncreaseEvent(**place(1), liquidity=10, amounts=(1_000, 1_000)),
        DecreaseEvent(**place(2), liquidity=10, amounts=(999, 999)),
        CollectEvent(**place(3), expected=(999, 1_003), paid=(998, 1_003)),
    ]
    ledger = ledger_of(events)
    assert ledger.lines[-1].fees_paid == (-1, 4)
    assert ledger.state.principal_owed == (0, 0)


def test_a_flow_without_a_price_makes_the_profit_unknown_with_what_is_known_as_a_bound() -> None:
    unpriced = place(1, prices=(None, Decimal(1)))
    events = [minted(), IncreaseEvent(**unpriced, liquidity=10, amounts=(10**18, 5 * 10**6))]
    ledger = ledger_of(events)
    read = content(10, (10**18, 5 * 10**6), (0, 0))
    result = result_of(ledger.state, read, (Decimal(30), Decimal(1)), gas_usd=ZERO)
    assert result.deposited_usd == Bounded(
        value=None,
        lower=Decimal(5),
        upper=None,
        reasons=("WHYPE has no price at that time",),
    )
    assert result.value_usd.value == 35
    assert (result.pnl_usd.value, result.pnl_usd.lower, result.pnl_usd.upper) == (None, None, 30)
    assert result.il_unrealised_usd.value == 0


def test_a_token_of_which_nothing_moved_needs_no_price() -> None:
    unpriced = place(1, prices=(None, Decimal(1)))
    ledger = ledger_of([minted(), IncreaseEvent(**unpriced, liquidity=1, amounts=(0, 7))])
    assert ledger.state.deposited_usd.value == Decimal("0.000007")


def test_a_position_that_was_not_read_has_a_profit_of_at_least_what_it_returned() -> None:
    events = [minted(), IncreaseEvent(**place(1), liquidity=10, amounts=(0, 5 * 10**6))]
    prices = Decimal(30), Decimal(1)
    result = result_of(ledger_of(events).state, None, prices, gas_usd=ZERO)
    assert (result.value_usd.value, result.value_usd.lower) == (None, Decimal(0))
    assert result.uncollected_usd.value is result.pnl_usd.value is None
    assert result.deposited_usd.value == 5


BROKEN: dict[str, list[AnyLpEvent]] = {
    "was not minted": [IncreaseEvent(**place(0), liquidity=1, amounts=(1, 1))],
    "more liquidity was removed": [
        minted(),
        DecreaseEvent(**place(1), liquidity=1, amounts=(1, 1)),
    ],
    "did not have the NFT": [
        minted(),
        TransferEvent(
            **place(1), sender=OTHER, recipient=OWNER, principal=(1, 1), uncollected=(0, 0)
        ),
    ],
    "was not read": [minted(), TransferEvent(**place(1), sender=OWNER, recipient=OTHER)],
}


@pytest.mark.parametrize("reason", BROKEN)
def test_events_that_cannot_be_the_history_leave_what_they_add_up_to_unknown(reason: str) -> None:
    ledger = ledger_of(BROKEN[reason])
    assert ledger.state.broken is not None
    assert reason in ledger.state.broken
    read = content(1, (0, 10**6), (0, 2 * 10**6))
    result = result_of(ledger.state, read, (Decimal(30), Decimal(1)), gas_usd=ZERO)
    assert result.value_usd.value == 1
    assert result.uncollected_usd.value == 2
    unknown_figures = [
        result.deposited_usd,
        result.withdrawn_usd,
        result.collected_usd,
        result.hodl_usd,
        result.il_share,
        result.il_realised_usd,
        result.fees_usd,
        result.pnl_usd,
        result.pnl_vs_hold_usd,
    ]
    assert [figure.value for figure in unknown_figures] == [None] * 9
    assert {figure.reasons for figure in unknown_figures} == {(ledger.state.broken,)}


def test_the_contracts_state_whether_the_history_is_whole() -> None:
    state = ledger_of([minted(), IncreaseEvent(**place(1), liquidity=9, amounts=(1, 1))]).state
    assert history_problem(state, 9, OWNER) is None
    assert "9, the NFT has 8" in (history_problem(state, 8, OWNER) or "")
    assert OTHER in (history_problem(state, 9, OTHER) or "")
    broken = ledger_of(BROKEN["was not minted"]).state
    assert history_problem(broken, 0, OWNER) == broken.broken


def test_a_known_problem_outside_the_events_makes_the_sums_unknown_too() -> None:
    state = ledger_of([minted(), IncreaseEvent(**place(1), liquidity=9, amounts=(1, 1))]).state
    result = result_of(
        state, None, (Decimal(30), Decimal(1)), gas_usd=ZERO, problem="staked, not read"
    )
    assert result.pnl_usd == unknown("staked, not read")
    assert result.value_usd.value is None


def moved(number: int, sender: str, recipient: str) -> TransferEvent:
    return TransferEvent(
        **place(number),
        sender=sender,
        recipient=recipient,
        principal=(10**18, 10**7),
        uncollected=(0, 4 * 10**6),
    )


def result_now(ledger: Ledger) -> LpResult:
    read = content(10, (10**18, 10**7), (0, 5 * 10**6))
    return result_of(ledger.state, read, (Decimal(30), Decimal(1)), gas_usd=ZERO)


def test_an_nft_that_comes_is_a_deposit_and_what_it_owes_is_no_fee() -> None:
    events = [
        minted(recipient=OTHER),
        IncreaseEvent(**place(1), liquidity=10, amounts=(1, 1)),
        moved(2, OTHER, OWNER),
    ]
    ledger = ledger_of(events)
    assert [line.kind for line in ledger.lines] == ["received"]
    assert ledger.state.deposited_usd.value == 40
    assert ledger.state.principal_owed == (0, 4 * 10**6)
    result = result_now(ledger)
    assert (result.pnl_usd.value, result.fees_usd.value) == (1, 1)
    assert result.uncollected_usd.value == 5


def test_an_nft_that_goes_is_a_removal_of_everything_with_its_fees() -> None:
    events = [
        minted(),
        IncreaseEvent(**place(1), liquidity=10, amounts=(10**18, 0)),
        moved(2, OWNER, OTHER),
        DecreaseEvent(**place(3), liquidity=10, amounts=(5, 5)),
    ]
    ledger = ledger_of(events)
    assert [line.kind for line in ledger.lines] == ["mint", "increase", "sent"]
    result = result_now(ledger)
    assert (result.withdrawn_usd.value, result.collected_usd.value) == (40, 4)
    assert (result.value_usd.value, result.uncollected_usd.value) == (0, 0)
    assert (result.pnl_usd.value, result.il_realised_usd.value) == (14, 10)
    assert ledger.state.hodl == (0, 0)
    assert ledger.state.liquidity == 0


def test_an_nft_that_was_burnt_has_nothing_left() -> None:
    burnt = TransferEvent(**place(1), sender=OWNER, recipient=NOBODY)
    ledger = ledger_of([minted(), burnt])
    assert [line.kind for line in ledger.lines] == ["mint", "burn"]
    result = result_of(ledger.state, None, (None, None), gas_usd=ZERO)
    assert (result.value_usd.value, result.pnl_usd.value) == (0, 0)
    assert result.il_share.reasons == ("nothing is left in the position",)


def test_one_event_told_in_two_ways_is_refused() -> None:
    first = IncreaseEvent(**place(1), liquidity=1, amounts=(1, 1))
    second = IncreaseEvent(**place(1), liquidity=2, amounts=(1, 1))
    with pytest.raises(EventConflictError, match="two sources differ"):
        ledger_of([minted(), first, second])


def test_an_event_of_before_is_refused_since_all_later_lines_would_be_wrong() -> None:
    ledger = ledger_of([minted(), IncreaseEvent(**place(2), liquidity=1, amounts=(1, 1))])
    with pytest.raises(LateEventError, match="lies before the last"):
        book(ledger, [IncreaseEvent(**place(1), liquidity=1, amounts=(1, 1))])


def test_amounts_are_priced_by_the_decimals_of_their_token() -> None:
    assert [token.decimals for token in TOKENS] == [18, 6]
    ledger = ledger_of([minted(), IncreaseEvent(**place(1), liquidity=1, amounts=(10**18, 10**6))])
    assert ledger.state.deposited_usd.value == 31
