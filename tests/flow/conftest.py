"""Books over a fresh database, and a client that tries again without waiting."""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager

import pytest
import pytest_asyncio
import stamina
from tests.flow.books import Books, opened


@pytest_asyncio.fixture
async def books(database_url: str) -> AsyncGenerator[Books]:
    async with opened(database_url) as made:
        yield made


@pytest.fixture
def more_books(
    make_database: Callable[[], str],
) -> Callable[[], AbstractAsyncContextManager[Books]]:
    """A function that opens books of another fresh database."""
    return lambda: opened(make_database())


@pytest.fixture(autouse=True)
def no_waiting_between_tries() -> Iterator[None]:
    """A request is tried as often as always; only the pauses between the tries are left out."""
    with stamina.set_testing(True, attempts=10, cap=True):
        yield
