"""Whom a request comes from: a trusted proxy is believed, everybody else speaks for themselves."""

import asyncio

import pytest
from starlette.types import Receive, Scope, Send

from hypertally.api.app import behind_proxies
from hypertally.api.gateway import address_of

FORWARDED = [(b"x-forwarded-for", b"6.6.6.6, 203.0.113.9"), (b"x-forwarded-proto", b"https")]


@pytest.mark.parametrize(
    ("trusted", "peer", "expected"),
    [
        ((), "10.0.0.1", ("10.0.0.1", "http")),
        (("10.0.0.0/8",), "10.0.0.1", ("203.0.113.9", "https")),
        (("10.0.0.0/8", "203.0.113.9/32"), "10.0.0.1", ("6.6.6.6", "https")),
        (("10.0.0.0/8",), "192.0.2.1", ("192.0.2.1", "http")),
        (("::1/128",), "::1", ("203.0.113.9", "https")),
    ],
)
def test_only_a_trusted_proxy_says_for_whom_it_asks(
    trusted: tuple[str, ...], peer: str, expected: tuple[str, str]
) -> None:
    clients: list[tuple[str, str]] = []

    async def app(scope: Scope, _: Receive, __: Send) -> None:
        clients.append((address_of(scope), scope["scheme"]))

    scope = {"type": "http", "client": (peer, 1), "scheme": "http", "headers": FORWARDED}
    asyncio.run(behind_proxies(app, trusted)(scope, None, None))
    assert clients == [expected]


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("203.0.113.9:5123", "203.0.113.9:5123"),
        ("unknown", "unknown"),
    ],
)
def test_addresses_of_one_network_are_counted_as_one(host: str, counted: str) -> None:
    assert address_of({"client": (host, 1)}) == counted
