"""A worker whose clock is ahead, in a process of its own that a test may kill.

Usage: python later_worker.py DATABASE_URL EXCHANGE_URL SECONDS_AHEAD
"""

import asyncio
import sys
from datetime import timedelta

from tests.flow.books import Exchange, open_books


async def main(url: str, exchange_url: str, seconds_ahead: float) -> None:
    """Run the jobs that are due."""
    async with open_books(url) as books:
        books.later = timedelta(seconds=seconds_ahead)
        await books.work(Exchange(exchange_url))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
