"""The TWAPs of books under test: the stored figures and the oracle's."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.flow.books import Books, Exchange, milliseconds

from hypertally.records import Wallet
from hypertally.sandbox.oracles.inputs import (
    population_fills,
    population_statuses,
    population_usd_prices,
)
from hypertally.sandbox.oracles.twaps import ExecutionTotals, Slice, TwapBook, TwapKey, twap_books
from hypertally.sandbox.population.population import Population

POPULATION_SIZES: dict[str, Any] = {"wallets": 4, "days": 4, "fills": 500}
MANY = 5


def expected(population: Population) -> dict[TwapKey, TwapBook]:
    return twap_books(
        population_fills(population),
        population_statuses(population),
        population_usd_prices(population),
    )


async def tracked(books: Books) -> list[Wallet]:
    rows = await books.read(
        "select id, '0x' || encode(address, 'hex') as address from tenancy.wallets order by id"
    )
    return [Wallet(**row) for row in rows]


async def pull_again(books: Books, exchange: Exchange, *, deep: bool = False) -> None:
    """Pull fills and TWAPs of every wallet now; `deep`: as in the first pull of a day."""
    await books.execute("update ops.jobs set run_at = now() where kind = 'ingest_twaps'")
    if deep:
        await books.execute("update ops.twap_cursors set history_at = '2025-01-01'")
        await books.pull_deep(exchange)
    else:
        await books.pull(exchange)


async def twap_texts(books: Books, *, digests: bool = True) -> set[str]:
    """Every row of the metrics of TWAPs as text."""
    rows = await books.read(
        """
        select to_jsonb(t) as row from metrics.twaps as t
        union all
        select to_jsonb(s) - 'wallet_id' || jsonb_build_object('address', w.address)
        from metrics.twap_slices as s join tenancy.wallets as w on w.id = s.wallet_id
        union all
        select to_jsonb(e) - 'wallet_id' || jsonb_build_object('address', w.address)
        from metrics.twap_executions as e join tenancy.wallets as w on w.id = e.wallet_id
        """
    )
    rows = [row["row"] for row in rows]
    for row in rows:
        row.pop("wallet_id", None)
        if not digests:
            row.pop("digest")
    return {json.dumps(row, sort_keys=True) for row in rows}


def has_one_fingerprint(mode: str) -> bool:
    """A fill that one endpoint shows without its number keeps the fingerprint it came with."""
    return mode != "without_id"


async def filled(books: Books, exchange: Exchange) -> None:
    await books.track(await exchange.addresses())
    await books.settle(exchange)


async def slices(books: Books) -> dict[TwapKey, list[Slice]]:
    """The stored slices, as the oracle's records."""
    rows: dict[TwapKey, list[Slice]] = {}
    for row in await books.read(
        "select '0x' || encode(w.address, 'hex') as wallet, s.* from metrics.twap_slices as s "
        "join tenancy.wallets as w on w.id = s.wallet_id order by s.at, s.oid"
    ):
        slice_ = Slice(
            at_ms=milliseconds(row["at"]),
            oid=row["oid"],
            fills=row["fills"],
            size=row["size_coin"],
            notional=row["notional"],
            fees={token: Decimal(amount) for token, amount in row["fees"].items()},
            fees_usd=row["fees_usd"],
        )
        rows.setdefault((row["twap_id"], row["wallet"]), []).append(slice_)
    return rows


async def executions(books: Books) -> dict[TwapKey, dict[str, Any]]:
    return {
        (row["twap_id"], row["wallet"]): row
        for row in await books.read(
            "select '0x' || encode(w.address, 'hex') as wallet, e.* "
            "from metrics.twap_executions as e join tenancy.wallets as w on w.id = e.wallet_id"
        )
    }


def executed(row: Mapping[str, Any]) -> ExecutionTotals:
    return ExecutionTotals(
        slices=row["slices"],
        fills=row["slice_fills"],
        size=row["executed_size"],
        notional=row["executed_notional"],
        fees={token: Decimal(amount) for token, amount in row["fees"].items()},
        fees_usd=row["fees_usd"],
    )


async def require_twaps(books: Books, population: Population) -> dict[TwapKey, TwapBook]:
    """Require that the stored TWAPs, slices, executions and residuals are the oracle's."""
    true = expected(population)
    stored = await executions(books)
    assert stored.keys() == true.keys()
    assert await slices(books) == {key: book.slices for key, book in true.items() if book.slices}
    for key, book in true.items():
        row = stored[key]
        assert executed(row) == book.executed(), key
        assert (book.residual or (None, None)) == (row["size_residual"], row["notional_residual"])
        assert row["completeness"] == (None if book.state is None or book.state.runs else 1)
    assert await books.unfinished_work() == []
    return true
