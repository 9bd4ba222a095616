"""Two servers over one database, as a site runs them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx2
from tests.db.api.conftest import run_server

from hypertally.api.http.options import ApiOptions


@contextmanager
def two_servers(options: ApiOptions) -> Iterator[list[httpx2.Client]]:
    """Clients of two servers over one database, without tokens."""
    with ExitStack() as stack:
        clients: list[httpx2.Client] = []
        for _ in range(2):
            running = run_server(options)
            url = next(running)
            stack.callback(lambda running=running: next(running, None))
            clients.append(stack.enter_context(httpx2.Client(base_url=url)))
        yield clients
