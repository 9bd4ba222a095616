"""Books of a fresh database, and retries without pauses."""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager

import pytest
import pytest_asyncio
import stamina
from tests.flow.books import Books, open_books


@pytest_asyncio.fixture
async def books(database_url: str) -> AsyncGenerator[Books]:
    async with open_books(database_url) as made:
        yield made


@pytest.fixture
def more_books(
    make_database: Callable[[], str],
) -> Callable[[], AbstractAsyncContextManager[Books]]:
    """A function that opens the books of another fresh database."""
    return lambda: open_books(make_database())


@pytest.fixture(autouse=True)
def no_waiting_between_tries() -> Iterator[None]:
    """Retry requests as often as usual, without the pauses between the tries."""
    with stamina.set_testing(True, attempts=10, cap=True):
        yield
