"""`hypertally up`: start the parts as processes in order, and keep them running."""

import asyncio
import contextlib
import errno
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path

import click
import httpx2
import stamina
import structlog

from hypertally import settings as program_settings
from hypertally.cli import runtime
from hypertally.cli.exchange import sandbox_option
from hypertally.cli.exchange.sandbox_home import (
    STATE_FILE,
    WEIGHT_PER_MINUTE,
    SandboxAddresses,
    plan_addresses,
    published,
    sandbox_folder,
)
from hypertally.cli.exchange.sandbox_wallets import track_listed
from hypertally.cli.exchange.seed_file import SEED_FILE, finish_loading, is_new, load_seed
from hypertally.cli.output import OutputLost
from hypertally.cli.tenancy.user_tokens import issue_token, require_own_user
from hypertally.cli.worker import channels_of
from hypertally.errors import Refused, SourceDown, TryLater
from hypertally.jobs.runtime.exchange_identity import holds_books
from hypertally.settings import PREFIX, Settings
from hypertally.store.embedded.join import ensure_running, hold_home
from hypertally.store.embedded.programs import die_with
from hypertally.store.logins import address_of_role
from hypertally.store.migrate import newest_migration
from hypertally.store.postgres import transaction

HOST = "127.0.0.1"
EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104 - recognised, not chosen
SIGN_IN_SECONDS = 3600  # users open the link soon after the start
STOP_SECONDS_MAX = 10  # a part that still runs then is killed
RESTART_SECONDS = 1
DATABASE_LOOK_SECONDS = 2
READY_SECONDS_MAX = 120  # a first start on a slow disk
BAD_SETTINGS_CODE = 2
SANDBOX_NAME = "a made-up exchange"

log = structlog.get_logger()


@click.command(name="up")
@click.option("--sandbox", is_flag=True, help="Run against a made-up exchange on this machine.")
@click.option("--host", default=HOST, show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help=f"The port to listen on; 0: any that is free.  [{PREFIX}PORT]",
)
@click.option(
    "--replay",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="With --sandbox: serve the recorded answers of this folder instead.",
)
@click.option(
    "--world",
    type=click.Choice(["desk", "small", "tiny"]),
    help="With --sandbox: how large the made-up world is.  [default: desk; later, as it began]",
)
def up_command(
    *, sandbox: bool, host: str, port: int | None, replay: Path | None, world: str | None
) -> None:
    """Start all parts: database, worker, API and page. Ctrl-C stops them."""
    sandbox = sandbox or sandbox_option.is_given()
    if replay and not sandbox:
        raise Refused("--replay serves recordings in place of the exchange: it needs --sandbox")
    runtime.configure_logs()
    settings = program_settings.read({} if port is None else {"port": str(port)})
    channels_of(settings)  # a bad address stops the start of every part
    runtime.run(_up_sandbox(settings, host, replay, world) if sandbox else _up(settings, host))


async def _up(settings: Settings, host: str) -> None:
    """Start all parts against the exchange of the settings, and keep them running."""
    stopping = asyncio.Event()
    runtime.stop_on_signals(stopping.set)
    with hold_home(settings.home):
        port = _free_port(settings.port, host=host)
        async with runtime.migrated(settings, anew=True) as url:
            environment = _environment(settings, url, port)
            async with start_parts(settings, environment, stopping) as parts:
                parts.start("api", ["api", "--host", host], _api_environment(settings, url))
                parts.start("worker", ["worker"])
                await _announce(settings, url, _base(host, port), settings.info_url, stopping)
    click.echo("stopped")


async def _up_sandbox(
    settings: Settings, host: str, replay: Path | None, world: str | None
) -> None:
    """Start a made-up exchange and all parts against it, in a home of their own."""
    stopping = asyncio.Event()
    runtime.stop_on_signals(stopping.set)
    with hold_home(sandbox_folder(settings)):
        if replay is None and settings.database_url is None:
            _load_seed(settings, world)
        has_books = (sandbox_folder(settings) / STATE_FILE).exists() and replay is None
        port = _free_port(settings.port, host=host)
        exchange_url = f"http://{HOST}:{_free_port(0)}"
        addresses = plan_addresses(settings, url=exchange_url, port=port, replay=replay)
        own = program_settings.read(addresses.overrides())
        async with runtime.migrated(own, anew=True) as url:
            if replay is None:
                await _require_state(url, addresses)
            environment = addresses.environment() | _environment(own, url, port)
            with published(settings, addresses):
                async with start_parts(own, environment, stopping) as parts:
                    parts.start("sandbox", _sandbox_arguments(addresses, replay, world))
                    parts.start("api", ["api", "--host", host], _api_environment(own, url))
                    announce = partial(
                        _announce, own, url, _base(host, port), SANDBOX_NAME, stopping
                    )
                    if has_books:  # the page shows them while the exchange makes its past again
                        await announce()
                    # The worker needs an exchange that answers and a complete TWAP source.
                    await _track_sandbox(url, exchange_url, stopping)
                    parts.start("worker", ["worker"])
                    if not has_books:
                        await announce()
                    if not stopping.is_set():
                        click.echo("Commands find it by --sandbox: `hypertally status --sandbox`")
    click.echo("stopped")


def _load_seed(settings: Settings, world: str | None) -> None:
    """Begin a new home with the prepared seed, if there is one."""
    home, seed = sandbox_folder(settings), settings.home / SEED_FILE
    finish_loading(home)
    if is_new(home) and seed.exists():
        from hypertally.sandbox.population.sessions import EDITION

        schema = newest_migration()
        click.echo(load_seed(seed, home, edition=EDITION, schema=schema, world=world))


async def _require_state(url: str, addresses: SandboxAddresses) -> None:
    """Refuse books of a made-up exchange whose past is lost: made again, it has other fills."""
    if addresses.state.exists():
        return
    async with (
        runtime.worker_pool(url, size=1) as pool,
        transaction(pool) as connection,
    ):
        if await holds_books(connection):
            raise Refused(
                f"the state of the made-up exchange, {addresses.state}, is missing, and its books "
                f"are there: remove {addresses.database} to begin anew"
            )


def _environment(settings: Settings, url: str, port: int) -> dict[str, str]:
    """The settings of the parts that were chosen here: ports and addresses.

    No part has the address of the database's owner.
    """
    chosen = {
        "DATABASE_URL": address_of_role(url, "hypertally_worker"),
        "OWNER_DATABASE_URL": "",
        "PORT": str(port),
        "HOME": str(settings.home.absolute()),
    }
    if secret := runtime.jwt_secret(settings):
        chosen["JWT_SECRET"] = secret
    return {PREFIX + name: value for name, value in chosen.items()}


def _api_environment(settings: Settings, url: str) -> dict[str, str]:
    """The same of the API alone, which reads as one login and looks after the worker as another."""
    chosen = {
        "DATABASE_URL": address_of_role(url, "hypertally_jobs"),
        "API_DATABASE_URL": address_of_role(
            runtime.reading_address(settings, url), "hypertally_api"
        ),
    }
    return {PREFIX + name: value for name, value in chosen.items()}


def _sandbox_arguments(
    addresses: SandboxAddresses, replay: Path | None, world: str | None
) -> list[str]:
    """The command of the made-up exchange: where it listens, and what it remembers."""
    command = ["sandbox", "--port", addresses.url.rpartition(":")[2]]
    command += ["--weight-limit", str(WEIGHT_PER_MINUTE)]
    if replay:
        return [*command, "--replay", str(replay)]
    from hypertally.sandbox.launch import world_of_state  # a web server loads slowly

    command += ["--world", world or world_of_state(addresses.state) or "desk"]
    return [*command, "--state", str(addresses.state), "--twaps-dir", str(addresses.twaps)]


@dataclass(frozen=True, slots=True)
class _Parts:
    """The processes of `up`, each started again whenever it ends."""

    group: asyncio.TaskGroup
    environment: Mapping[str, str]
    stopping: asyncio.Event

    def start(
        self, name: str, arguments: list[str], environment: Mapping[str, str] | None = None
    ) -> None:
        """Start a part; `environment`: settings of it alone."""
        chosen = {**os.environ, **self.environment, **(environment or {})}
        self.group.create_task(_keep_alive(name, arguments, chosen, self.stopping))


@asynccontextmanager
async def start_parts(
    settings: Settings, environment: Mapping[str, str], stopping: asyncio.Event
) -> AsyncGenerator[_Parts]:
    """Keep the database and the parts running until `stopping` is set."""
    try:
        async with asyncio.TaskGroup() as group:
            if not settings.database_url:
                group.create_task(_keep_database(settings, stopping))
            yield _Parts(group, environment, stopping)
    except* Refused as refused:
        raise Refused(str(refused.exceptions[0])) from None
    except* OutputLost as lost:
        raise OutputLost(str(lost.exceptions[0])) from None


async def _keep_database(settings: Settings, stopping: asyncio.Event) -> None:
    """Join the embedded server regularly: joining starts it again if its supervisor was killed."""
    while not stopping.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DATABASE_LOOK_SECONDS):
                await stopping.wait()
                return
        try:
            (await ensure_running(settings.home)).close()
        except TryLater as problem:
            log.warning("database away", problem=str(problem))


async def _keep_alive(
    name: str, arguments: list[str], environment: dict[str, str], stopping: asyncio.Event
) -> None:
    """Run a part; start it again whenever it ends before `stopping` is set.

    Errors: `Refused` when it says that its settings are of no use.
    """
    while not stopping.is_set():
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "hypertally",
            *arguments,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            # A Ctrl-C at the terminal reaches `up` alone: it stops the parts in order.
            start_new_session=True,
            preexec_fn=partial(
                die_with, os.getpid(), signal.SIGTERM
            ),  # when `up` is killed outright
        )
        waiting = asyncio.create_task(stopping.wait())
        ended = asyncio.create_task(process.wait())
        await asyncio.wait((waiting, ended), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if stopping.is_set():
            await _stop(process, ended)
        elif process.returncode == BAD_SETTINGS_CODE:
            stopping.set()
            raise Refused(f"the {name} could not start: see the line above")
        else:
            log.warning("part ended, starting it again", part=name, code=process.returncode)
            await asyncio.sleep(RESTART_SECONDS)


async def _stop(process: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    done, _ = await asyncio.wait((ended,), timeout=STOP_SECONDS_MAX)
    if not done:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await ended


def _free_port(port: int, *, host: str = HOST) -> int:
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


def _base(host: str, port: int) -> str:
    """The address of the page, as this machine reaches it."""
    reached = HOST if host in EVERYWHERE else host
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


async def _track_sandbox(url: str, sandbox: str, stopping: asyncio.Event) -> None:
    """Track the wallets of the made-up exchange for the first org."""
    listed = await _get(f"{sandbox}/sandbox/wallets", stopping)
    if listed is not None:
        await track_listed(url, listed)


async def _announce(
    settings: Settings, url: str, base: str, exchange: str, stopping: asyncio.Event
) -> None:
    """Print the link once the API answers."""
    if await _get(f"{base}/readyz", stopping) is None:
        return
    click.echo(f"hypertally {version('hypertally')} is up, on {exchange}; Ctrl-C stops it")
    secret = runtime.jwt_secret(settings)
    if secret is None:
        click.echo(f"Open {base} and sign in with a token of your identity provider")
    else:
        try:
            user_id = await require_own_user(url, org="default", role="admin")
        except Refused as problem:  # removed by somebody: not brought back by a start
            click.echo(f"Open {base} and sign in: there is no link, as {problem}")
            return
        token = await issue_token(
            url, settings, user_id, secret=secret, purpose="sign-in", seconds=SIGN_IN_SECONDS
        )
        click.echo(f"Open {base}/sign-in?token={token}")


async def _get(address: str, stopping: asyncio.Event) -> bytes | None:
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
