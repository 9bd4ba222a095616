"""What the transactions of a position or an account cost, each transaction once."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from hypertally.metrics.lp.formulas.bounded import Bounded, between, exactly, total
from hypertally.metrics.lp.formulas.exact_decimals import product, whole_tokens
from hypertally.records import Record

NATIVE_DECIMALS: Final = 18


class TransactionGas(Record, frozen=True, kw_only=True):
    """What one transaction used. A transaction that changes several NFTs is whole in each."""

    tx_hash: str
    gas_used: int | None  # None: its receipt was not read
    effective_gas_price_wei: int | None
    native_price_usd: Decimal | None  # of the transaction's own time


def gas_usd(transactions: Iterable[TransactionGas]) -> Bounded:
    """The cost of all, in USD of each transaction's own time."""
    by_hash = {transaction.tx_hash: transaction for transaction in transactions}
    return total(_cost(transaction) for transaction in by_hash.values())


def _cost(transaction: TransactionGas) -> Bounded:
    if transaction.gas_used is None or transaction.effective_gas_price_wei is None:
        return between(Decimal(0), None, f"the receipt of {transaction.tx_hash} was not read")
    wei = transaction.gas_used * transaction.effective_gas_price_wei
    if transaction.native_price_usd is None:
        if not wei:
            return exactly(0)
        return between(Decimal(0), None, f"gas of {transaction.tx_hash} has no price at that time")
    return exactly(product(whole_tokens(wei, NATIVE_DECIMALS), transaction.native_price_usd))
