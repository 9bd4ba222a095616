"""The whole pipeline against an oracle that shares no code with it, digit for digit."""

import pytest
from tests.flow.books import Books, require_oracle_figures, serving, small_population

from hypertally.sandbox.oracles.inputs import population_fills, population_usd_prices


@pytest.mark.parametrize("seed", [1, 7])
async def test_every_day_of_a_population_equals_the_oracle(books: Books, seed: int) -> None:
    world = small_population(seed)
    async with serving(world) as exchange:
        await books.track(await exchange.addresses())
        await books.settle(exchange)
    await require_oracle_figures(books, population_fills(world), population_usd_prices(world))
