"""TWAPs of tracked wallets: what was executed, in any window, equals the oracle digit for digit."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from tests.flow.books import Books, Exchange, milliseconds, population, require_equal, serving

from hypertally.flow import METRICS
from hypertally.jobs.rebuild import rebuild, verify
from hypertally.sandbox.population import Population
from hypertally.sandbox.twap_oracle import Executed, Slice, TwapBook, TwapKey, twap_books
from hypertally.sandbox.worlds import population_quotes, population_rows, population_statuses
from hypertally.store.postgres import open_pool

MoreBooks = Callable[[], AbstractAsyncContextManager[Books]]
WORLD: dict[str, Any] = {"wallets": 4, "days": 4, "fills": 500}
MODES = ("with_id", "without_id", "absent")


def expected(world: Population) -> dict[TwapKey, TwapBook]:
    return twap_books(
        population_rows(world), population_statuses(world), population_quotes(world)
    )


async def filled(books: Books, exchange: Exchange) -> None:
    await books.track(await exchange.addresses())
    await books.settle(exchange)


async def slices(books: Books) -> dict[TwapKey, list[Slice]]:
    """The stored slices, in the oracle's words."""
    found: dict[TwapKey, list[Slice]] = {}
    for row in await books.read(
        "select '0x' || encode(w.address, 'hex') as wallet, s.* from metrics.twap_slices as s "
        "join tenancy.wallets as w on w.id = s.wallet_id order by s.at, s.oid"
    ):
        made = Slice(
            at_ms=milliseconds(row["at"]),
            oid=row["oid"],
            fills=row["fills"],
            size=row["size_coin"],
            notional=row["notional"],
            fees={token: Decimal(amount) for token, amount in row["fees"].items()},
            fees_usd=row["fees_usd"],
        )
        found.setdefault((row["twap_id"], row["wallet"]), []).append(made)
    return found


async def executions(books: Books) -> dict[TwapKey, dict[str, Any]]:
    return {
        (row["twap_id"], row["wallet"]): row
        for row in await books.read(
            "select '0x' || encode(w.address, 'hex') as wallet, e.* "
            "from metrics.twap_executions as e join tenancy.wallets as w on w.id = e.wallet_id"
        )
    }


def executed(row: Mapping[str, Any]) -> Executed:
    return Executed(
        slices=row["slices"],
        fills=row["slice_fills"],
        size=row["executed_size"],
        notional=row["executed_notional"],
        fees={token: Decimal(amount) for token, amount in row["fees"].items()},
        fees_usd=row["fees_usd"],
    )


async def require_twaps(books: Books, world: Population) -> dict[TwapKey, TwapBook]:
    """Every TWAP is the oracle's: slices, execution, residual; none more or less."""
    true = expected(world)
    stored = await executions(books)
    assert stored.keys() == true.keys()
    assert await slices(books) == {key: book.slices for key, book in true.items() if book.slices}
    for key, book in true.items():
        row = stored[key]
        assert executed(row) == book.executed(), key
        assert (book.residual or (None, None)) == (row["size_residual"], row["notional_residual"])
        assert row["completeness"] == (None if book.state is None or book.state.runs else 1)
    assert await books.left_to_do() == []
    return true


@pytest.mark.parametrize("mode", MODES)
async def test_what_was_executed_equals_the_oracle_wherever_slices_are_shown(
    books: Books, mode: str
) -> None:
    world = population(7, **WORLD)
    async with serving(world, twap_slices_in_fills=mode) as exchange:
        await filled(books, exchange)
    true = await require_twaps(books, world)
    assert len(true) > 5
    await require_equal(books, population_rows(world), population_quotes(world))
    assert await books.value("select count(*) from facts.conflicts") == 0
