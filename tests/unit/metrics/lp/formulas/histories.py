"""Made-up histories of an NFT, and the ledger of them as a textbook has it, in fractions."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from hypertally.metrics.lp.formulas.ledger.events import (
    NOBODY,
    AnyLpEvent,
    CollectEvent,
    DecreaseEvent,
    IncreaseEvent,
    TransferEvent,
)
from hypertally.metrics.lp.formulas.ledger.state import LedgerState
from hypertally.metrics.lp.formulas.pool.position_reading import EMPTY, PositionContent
from hypertally.metrics.lp.formulas.pool.token_pairs import PoolToken, TokenAmounts

OWNER = "0x" + "a1" * 20
OTHER = "0x" + "b2" * 20
TOKENS = PoolToken(symbol="WHYPE", decimals=18), PoolToken(symbol="USDC", decimals=6)
NEW = LedgerState(owner=OWNER, tokens=TOKENS)
START = datetime(2026, 11, 1, tzinfo=UTC)
PRICE_TEXTS = st.decimals("0.000001", "99999", places=6)
AMOUNTS = st.tuples(st.integers(0, 10**24), st.integers(0, 10**13))


def place(number: int, **changes: Any) -> dict[str, Any]:
    """The fields that every event has, of the event with this number."""
    return {
        "block_number": 100 + number // 3,
        "order_in_block": number,
        "tx_hash": f"0x{number:064x}",
        "ordinal": 0,
        "at": START + timedelta(minutes=number),
        "prices": (Decimal(30), Decimal(1)),
    } | changes


def minted(number: int = 0, recipient: str = OWNER) -> TransferEvent:
    return TransferEvent(**place(number), sender=NOBODY, recipient=recipient)


def content(liquidity: int, principal: TokenAmounts, uncollected: TokenAmounts) -> PositionContent:
    """A position as it is read."""
    return PositionContent(
        liquidity=liquidity,
        in_range=True,
        principal=principal,
        growth_inside=EMPTY.growth_inside,
        owed_by_nft=uncollected,
        owed_by_pool=uncollected,
        uncollected=uncollected,
    )


@st.composite
def histories(draw: st.DrawFn) -> list[AnyLpEvent]:
    """From the mint on: deposits, removals, and payments of all or of a part of what is owed."""
    events: list[AnyLpEvent] = [minted()]
    liquidity, owed = 0, [0, 0]
    for number in range(1, 1 + draw(st.integers(1, 12))):
        kinds = ["increase", "collect", *(["decrease"] if liquidity else [])]
        kind = draw(st.sampled_from(kinds))
        fields = place(number, prices=(draw(PRICE_TEXTS), draw(PRICE_TEXTS)))
        if kind == "increase":
            added = draw(st.integers(1, 2**100))
            liquidity += added
            events.append(IncreaseEvent(**fields, liquidity=added, amounts=draw(AMOUNTS)))
        elif kind == "decrease":
            removed = draw(st.one_of(st.just(liquidity), st.integers(1, liquidity)))
            liquidity -= removed
            freed = draw(AMOUNTS)
            owed = [amount + more for amount, more in zip(owed, freed, strict=True)]
            events.append(DecreaseEvent(**fields, liquidity=removed, amounts=freed))
        else:
            fees = draw(st.tuples(st.integers(0, 10**20), st.integers(0, 10**9)))
            most = [amount + fee for amount, fee in zip(owed, fees, strict=True)]
            expected = [draw(st.integers(0, amount)) for amount in most]
            short = [draw(st.integers(0, min(14, amount))) for amount in expected]
            left = zip(owed, expected, strict=True)
            owed = [max(0, amount - payment) for amount, payment in left]
            events.append(
                CollectEvent(
                    **fields,
                    expected=(expected[0], expected[1]),
                    paid=(expected[0] - short[0], expected[1] - short[1]),
                )
            )
    return events


class Textbook:
    """Sums over a history, event by event and without a running state where that can be."""

    def __init__(self, events: Sequence[AnyLpEvent]) -> None:
        self.deposits = [event for event in events if isinstance(event, IncreaseEvent)]
        self.removals = [event for event in events if isinstance(event, DecreaseEvent)]
        self.payments = [event for event in events if isinstance(event, CollectEvent)]
        self.events = events

    @staticmethod
    def usd(amounts: Sequence[int | Fraction], prices: Sequence[Decimal | None]) -> Fraction:
        units = [10**token.decimals for token in TOKENS]
        parts = zip(amounts, prices, units, strict=True)
        return sum(
            (Fraction(amount) * Fraction(price or 0) / unit for amount, price, unit in parts),
            Fraction(0),
        )

    def liquidity_before(self, event: AnyLpEvent) -> int:
        number = event.order_in_block
        added = sum(other.liquidity for other in self.deposits if other.order_in_block < number)
        return added - sum(
            other.liquidity for other in self.removals if other.order_in_block < number
        )

    def share_left(self, after: AnyLpEvent, before: int) -> Fraction:
        """What is left of a deposit by the event with this number: 1 - f for each removal."""
        share = Fraction(1)
        for removal in self.removals:
            if after.order_in_block < removal.order_in_block < before:
                share *= 1 - Fraction(removal.liquidity, self.liquidity_before(removal))
        return share

    def hodl(self, before: int = 10**9) -> list[Fraction]:
        return [
            sum(
                (
                    deposit.amounts[token] * self.share_left(deposit, before)
                    for deposit in self.deposits
                    if deposit.order_in_block < before
                ),
                Fraction(0),
            )
            for token in (0, 1)
        ]

    def deposited_usd(self) -> Fraction:
        return sum((self.usd(event.amounts, event.prices) for event in self.deposits), Fraction(0))

    def withdrawn_usd(self) -> Fraction:
        return sum((self.usd(event.amounts, event.prices) for event in self.removals), Fraction(0))

    def il_realised_usd(self) -> Fraction:
        lost = Fraction(0)
        for removal in self.removals:
            share = Fraction(removal.liquidity, self.liquidity_before(removal))
            hodl = [amount * share for amount in self.hodl(before=removal.order_in_block)]
            lost += self.usd(removal.amounts, removal.prices) - self.usd(hodl, removal.prices)
        return lost

    def all_fees(self, uncollected: TokenAmounts) -> list[int]:
        """What was paid and can be, less what was freed: however payments are split."""
        return [
            sum(payment.paid[token] for payment in self.payments)
            + uncollected[token]
            - sum(removal.amounts[token] for removal in self.removals)
            for token in (0, 1)
        ]
