"""Which exchange an info endpoint belongs to: its host, its own word, or the operator's."""

from pathlib import Path
from typing import Any

import pytest
from tests.loopback import Reply, scripted_server

from hypertally.errors import Refused, SourceDown
from hypertally.sandbox.exchange.server import running_sandbox
from hypertally.sandbox.launch import identity_of
from hypertally.sandbox.population.population import Population
from hypertally.settings import read_exchange_name
from hypertally.sources.exchange_identity import identify

NOBODY = "http://127.0.0.1:9/info"


@pytest.mark.parametrize(
    ("info_url", "network", "name", "chain_id"),
    [
        ("https://api.hyperliquid.xyz/info", None, "mainnet", 999),
        ("https://API.hyperliquid.xyz.:443/info", None, "mainnet", 999),
        ("https://api.hyperliquid.xyz/info", "mainnet", "mainnet", 999),
        ("https://api.hyperliquid-testnet.xyz/info", None, "testnet", 998),
        ("https://me:secret@node.example:3001/key/info", None, "node.example:3001", None),
        ("https://Node.example/info", "mainnet", "mainnet", 999),
        ("http://[fe80::1]:3001/info", None, "[fe80::1]:3001", None),
        (NOBODY, "mainnet", "mainnet", 999),
        (NOBODY, "sandbox:8", "sandbox:8", None),
        (NOBODY, "sandbox:8@0123abcd", "sandbox:8@0123abcd", None),
        ("https://node.example/info", "ours", "ours", None),
    ],
)
async def test_a_host_or_the_operator_names_the_exchange(
    info_url: str, network: str | None, name: str, chain_id: int | None
) -> None:
    exchange = await identify(info_url, network)
    assert (exchange.name, exchange.chain_id) == (name, chain_id)
    assert "secret" not in exchange.host
    assert "key" not in exchange.host


async def test_a_made_up_exchange_names_itself() -> None:
    population = Population(
        seed=8, wallets=1, days=1, until_ms=1_795_000_000_000, fills=0, live_per_second=0
    )
    own_name = "sandbox:8@0123abcd"
    async with running_sandbox(population, identity=own_name) as url:
        for network in (None, "sandbox:8", own_name):
            assert (await identify(f"{url}/info", network)).name == own_name
        # A name of one's own gave two exchanges one name.
        for network in ("mainnet", "ours", "sandbox:9", "sandbox:8:calm", "sandbox:8@76543210"):
            with pytest.raises(Refused, match=rf"NETWORK = '{network}', but 127\S+ is sandbox:8@0"):
                await identify(f"{url}/info", network)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"seed": 9, "replay": None, "regime": None}, "sandbox:9"),
        ({"seed": 7, "replay": None, "regime": "calm"}, "sandbox:7:calm"),
        ({"replay": Path("/recorded/two words"), "regime": None}, "replay:two_words"),
        ({"seed": 7, "replay": None, "regime": None, "world": "00ff00ff"}, "sandbox:7@00ff00ff"),
    ],
)
async def test_each_made_up_exchange_has_a_name_that_settings_take(
    options: dict[str, Any], name: str
) -> None:
    assert identity_of(**options) == name
    assert read_exchange_name(name) == name
    assert (await identify(NOBODY, name)).name == name


@pytest.mark.parametrize(
    ("name", "stored"),
    [("SANDBOX:7", "sandbox:7"), ("Mainnet", "mainnet"), ("Replay:May", "replay:may")],
)
def test_a_name_has_one_writing(name: str, stored: str) -> None:
    """`SANDBOX:7` was a name of one's own."""
    assert read_exchange_name(name) == stored


@pytest.mark.parametrize(
    ("name", "network"),
    [("api.hyperliquid.xyz", "mainnet"), ("API.hyperliquid-testnet.xyz:443", "testnet")],
)
def test_a_host_of_the_real_exchange_is_no_name_of_ones_own(name: str, network: str) -> None:
    with pytest.raises(ValueError, match=f"that is a host of {network}: write {network}"):
        read_exchange_name(name)


@pytest.mark.parametrize("name", ["ours@00ff00f", "ours@", "sandbox:7@00ff00ff1", "a@b"])
def test_a_world_is_a_number_of_eight_digits(name: str) -> None:
    with pytest.raises(ValueError, match="without blanks"):
        read_exchange_name(name)


@pytest.mark.parametrize("network", ["sandbox:7", "replay:october"])
async def test_a_made_up_exchange_is_on_this_machine(network: str) -> None:
    with pytest.raises(Refused, match=r"but node\.example is no made-up exchange of this machine"):
        await identify("https://node.example/info", network)
    async with scripted_server(Reply((b"[]",))) as server:
        with pytest.raises(Refused, match="is no made-up exchange of this machine"):
            await identify(server.url, network)


@pytest.mark.parametrize("network", ["testnet", "sandbox:7", "replay:october", "foo"])
async def test_the_real_exchange_is_never_called_another(network: str) -> None:
    with pytest.raises(Refused, match=r"but api\.hyperliquid\.xyz is mainnet"):
        await identify("https://api.hyperliquid.xyz/info", network)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(),
        Reply((b"<html>",)),
        Reply((b'{"exchange": "mainnet"}',)),
        Reply((b'{"exchange": "sandbox:7"}',), status=404),
    ],
)
async def test_another_server_of_this_machine_is_an_exchange_of_its_own(reply: Reply) -> None:
    async with scripted_server(reply) as server:
        name = (await identify(server.url, None)).name
        assert name == server.url.split("/")[2]


async def test_a_server_of_this_machine_that_is_silent_could_be_any_exchange() -> None:
    with pytest.raises(SourceDown, match=r"127\.0\.0\.1:9 does not answer .*HYPERTALLY_NETWORK"):
        await identify(NOBODY, None)
