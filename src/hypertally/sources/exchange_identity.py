"""Which exchange an info endpoint belongs to, so that books of two are never mixed."""

import ipaddress
import re
from urllib.parse import urlsplit

import httpx2
import msgspec

from hypertally.errors import Refused, SourceDown
from hypertally.records import Record
from hypertally.settings import MAINNET, PREFIX, TESTNET, network_of

CHAIN_IDS = {MAINNET: 999, TESTNET: 998}  # of their EVM
SETTING = f"{PREFIX}NETWORK"
IDENTITY_PATH = "/sandbox/identity"
ANSWER_SECONDS_MAX = 5  # of a server on this machine
# Names that no other exchange may have: the host or the server itself says whose they are.
_MADE_UP = re.compile(r"(sandbox|replay):[^\s]{1,90}")


class Exchange(Record, frozen=True, kw_only=True):
    """An exchange, and its address as this process knows it."""

    name: str
    host: str  # and port, if the address has one

    @property
    def chain_id(self) -> int | None:
        """The number of its EVM chain; None: not known."""
        return CHAIN_IDS.get(self.name)


class _Identity(msgspec.Struct):
    exchange: str


def is_same_exchange(first: str, second: str) -> bool:
    """Whether two names are of one exchange.

    Names of earlier releases, and those that people write, leave out the world of a made-up one.
    """
    (name, _, world), (other_name, _, other_world) = (
        text.lower().partition("@") for text in (first, second)
    )
    return name == other_name and (world == other_world or not world or not other_world)


async def identify(info_url: str, network: str | None) -> Exchange:
    """The exchange behind an info endpoint, from its host, its own word, or the operator's.

    Only a server on this machine is asked: the made-up exchange is always one. A host that nobody
    knows is an exchange of its own, unless `network` says which it is.
    Errors: `Refused` when `network` is the name of another exchange; `SourceDown` when only a
    server that does not answer could tell.
    """
    host = _host_of(info_url)
    own_name = network_of(info_url)
    if own_name is None and _is_this_machine(info_url):
        try:
            own_name = await _ask(info_url)
        except SourceDown:
            if network is None:
                raise
            return Exchange(name=network, host=host)
    if network and own_name and not is_same_exchange(network, own_name):
        raise _contradiction(network, f"{host} is {own_name}")
    if network and own_name is None and _MADE_UP.fullmatch(network):
        raise _contradiction(network, f"{host} is no made-up exchange of this machine")
    return Exchange(name=own_name or network or host, host=host)


def _contradiction(network: str, fact: str) -> Refused:
    return Refused(
        f"bad settings: {SETTING} = {network!r}, but {fact}: "
        f"leave {SETTING} out or name the endpoint of {network} in {PREFIX}INFO_URL"
    )


def _host_of(info_url: str) -> str:
    """Host and port alone: the rest of an address may hold a key."""
    return urlsplit(info_url).netloc.rpartition("@")[2].lower()


def _is_this_machine(info_url: str) -> bool:
    host = urlsplit(info_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _ask(info_url: str) -> str | None:
    """What a made-up exchange calls itself; None: the server is none.

    Errors: `SourceDown` when it does not answer.
    """
    parts = urlsplit(info_url)
    try:
        async with httpx2.AsyncClient(timeout=ANSWER_SECONDS_MAX, trust_env=False) as http:
            response = await http.get(f"{parts.scheme}://{parts.netloc}{IDENTITY_PATH}")
    except httpx2.HTTPError as error:
        raise SourceDown(
            f"{_host_of(info_url)} does not answer ({type(error).__name__}), so it cannot be known "
            f"which exchange it is: start it, or say it with {SETTING}"
        ) from error
    try:
        own_name = msgspec.json.decode(response.content, type=_Identity).exchange.lower()
    except msgspec.DecodeError:
        return None
    return own_name if response.is_success and _MADE_UP.fullmatch(own_name) else None
