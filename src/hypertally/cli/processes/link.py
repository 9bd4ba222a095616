"""Where the page listens, and the link that opens it."""

import asyncio
import errno
import socket
from http import HTTPStatus
from importlib.metadata import version

import click
import httpx2
import stamina

from hypertally.cli import kept_secrets
from hypertally.cli.exchange.sandbox_option import for_sandbox
from hypertally.cli.tenancy.user_tokens import issue_token, require_own_user
from hypertally.errors import Refused, SourceDown
from hypertally.settings import PREFIX, Settings

HOST = "127.0.0.1"
SANDBOX_NAME = "a made-up exchange"
EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104 - recognised, not chosen
SIGN_IN_SECONDS = 3600  # users open the link soon after the start
READY_SECONDS_MAX = 120  # a first start on a slow disk


def free_port(port: int, *, host: str = HOST) -> int:
    """The port itself, or a free one for 0.

    Errors: `Refused` when something else listens there, or the host is not of this machine.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return probe.getsockname()[1]
    except (socket.gaierror, UnicodeError) as error:
        raise Refused(
            f"--host {host!r} is not known here: name an address of this machine, such as {HOST}"
        ) from error
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise Refused(f"--host {host} is no address of this machine: try {HOST}") from error
        raise Refused(
            f"port {port} of {host} cannot be used ({error.strerror}): set {PREFIX}PORT to another"
        ) from error


def base_address(host: str, port: int) -> str:
    """The address of the page, as this machine reaches it."""
    reached = HOST if host in EVERYWHERE else host
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


async def announce(
    settings: Settings, url: str, *, base: str, exchange: str, stopping: asyncio.Event
) -> None:
    """Print the link once the API answers."""
    if await get_body(f"{base}/readyz", stopping) is None:
        return
    click.echo(f"hypertally {version('hypertally')} is up, on {exchange}; Ctrl-C stops it")
    secret = kept_secrets.jwt_secret(settings)
    if secret is None:
        click.echo(f"Open {base} and sign in with a token of your identity provider")
    else:
        try:
            user_id = await require_own_user(url, org="default", role="admin")
        except Refused as problem:  # removed by somebody: not brought back by a start
            reason = for_sandbox(str(problem)) if exchange == SANDBOX_NAME else problem
            click.echo(f"Open {base} and sign in: there is no link, as {reason}")
            return
        token = await issue_token(
            url, settings, user_id, secret=secret, purpose="sign-in", seconds=SIGN_IN_SECONDS
        )
        click.echo(f"Open {base}/sign-in?token={token}")


async def get_body(address: str, stopping: asyncio.Event) -> bytes | None:
    """The body of one of our addresses, once it answers 200; None if stopped before."""
    async with httpx2.AsyncClient(trust_env=False, timeout=5) as http:
        async for attempt in stamina.retry_context(
            on=(httpx2.HTTPError, SourceDown),
            attempts=None,
            timeout=READY_SECONDS_MAX,
            wait_initial=0.05,
            wait_max=0.25,
        ):
            with attempt:
                if stopping.is_set():
                    return None
                response = await http.get(address)
                if response.status_code != HTTPStatus.OK:
                    raise SourceDown(f"{address} answers {response.status_code}")
                return response.content
    return None
