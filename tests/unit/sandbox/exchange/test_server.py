"""The sandbox's server: what it says when it cannot start."""

from socket import socket

import pytest

from hypertally.sandbox.exchange.population_exchange import PopulationExchange
from hypertally.sandbox.exchange.server import HOST, serve
from hypertally.sandbox.population.population import Population


async def test_a_port_in_use_is_named_with_its_remedy() -> None:
    world = Population(seed=9, wallets=1, days=1, until_ms=1_795_000_000_000, fills=1)
    with socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SystemExit, match=rf"cannot listen on {HOST} port {port} .*choose"):
            await serve(PopulationExchange(world), port=port)
