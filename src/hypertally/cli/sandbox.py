"""`hypertally sandbox`: a made-up exchange on this machine."""

from pathlib import Path

import click

from hypertally import settings as program_settings
from hypertally.cli import results, runtime
from hypertally.cli.exchange.sandbox_home import sandbox_folder
from hypertally.cli.exchange.seed_file import SEED_FILE, is_current, is_new
from hypertally.cli.exchange.seed_making import make_seed
from hypertally.cli.options import json_option
from hypertally.errors import Refused
from hypertally.sandbox.exchange.application import ServerOptions
from hypertally.sandbox.exchange.faults import read_faults
from hypertally.sandbox.exchange.limits import WEIGHT_LIMIT
from hypertally.sandbox.launch import WORLDS, build_exchange, identity_of, world_of
from hypertally.sandbox.launch import run as run_sandbox
from hypertally.sandbox.population.population import DEFAULT_SEED
from hypertally.sandbox.population.sessions import EDITION, DifferentPopulation
from hypertally.sandbox.regimes.playback import DEFAULT_WALLETS as LEADERS_ALONE
from hypertally.sandbox.regimes.regimes import REGIMES

HOST = "127.0.0.1"
SANDBOX_PORT = 8899


@click.group(name="sandbox", invoke_without_command=True)
@click.option("--port", default=SANDBOX_PORT, show_default=True)
@click.option("--seed", default=DEFAULT_SEED, show_default=True)
@click.option(
    "--world",
    type=click.Choice(list(WORLDS)),
    default="small",
    show_default=True,
    help="How large the world is; desk: 300 wallets with hundreds of millions of USD a month.",
)
@click.option("--wallets", type=int, help="[default: by the world]")
@click.option("--days", default=90, show_default=True)
@click.option("--fills", type=int, help="[default: by the world]")
@click.option(
    "--live-per-second",
    type=float,
    help="New fills a second while the sandbox runs.  [default: by the world]",
)
@click.option(
    "--weight-limit",
    default=WEIGHT_LIMIT,
    show_default=True,
    help="Request weight a minute; the default is the exchange's own.",
)
@click.option(
    "--replay",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Serve the recorded answers below this folder instead.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep the state of the population in this file, to continue after a restart.",
)
@click.option(
    "--twaps-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the TWAP statuses of each UTC day below this folder, as Parquet.",
)
@click.option(
    "--regime",
    type=click.Choice(list(REGIMES)),
    help="Serve wallets that all follow this regime, from the last full five minutes on.",
)
@click.option(
    "--leaders",
    type=click.IntRange(min=0),
    help="Wallets of the leaderboard that follow regimes.  [default: by the world; with --regime "
    f"{LEADERS_ALONE}]",
)
@click.option(
    "--leaderboard-rows", default=60, show_default=True, help="Other wallets of the leaderboard."
)
@click.pass_context
def sandbox_command(
    context: click.Context,
    *,
    port: int,
    seed: int,
    world: str,
    wallets: int | None,
    days: int,
    fills: int | None,
    live_per_second: float | None,
    weight_limit: int,
    replay: Path | None,
    state: Path | None,
    twaps_dir: Path | None,
    regime: str | None,
    leaders: int | None,
    leaderboard_rows: int,
) -> None:
    """Serve a made-up exchange at http://127.0.0.1:PORT/info."""
    if context.invoked_subcommand:
        return
    if replay and twaps_dir:
        raise click.UsageError("--twaps-dir: recordings hold no statuses; leave out --replay")
    if regime and (replay or state or twaps_dir):
        raise click.UsageError(
            "--regime has its own wallets: leave out --replay, --state, --twaps-dir"
        )
    sizes = WORLDS[world]
    try:
        exchange = build_exchange(
            seed=seed,
            wallets=sizes.wallets if wallets is None else wallets,
            days=days,
            fills=sizes.fills if fills is None else fills,
            live_per_second=sizes.live_per_second if live_per_second is None else live_per_second,
            scale=sizes.scale,
            replay=replay,
            state=state,
            twaps_dir=twaps_dir,
            regime=regime,
            leaders=(
                leaders if leaders is not None else LEADERS_ALONE if regime else sizes.leaders
            ),
            watched_days=sizes.watched_days,
        )
    except DifferentPopulation as error:
        home = "" if state is None else f" (`hypertally up --sandbox`: all of {state.parent})"
        raise Refused(f"{error}{home}") from error
    click.echo(f"http://{HOST}:{port}/info")
    identity = identity_of(seed=seed, replay=replay, regime=regime, world=world_of(state))
    options = ServerOptions(
        identity=identity,
        leaderboard_rows=leaderboard_rows,
        weight_limit=weight_limit,
        faults=read_faults(state),
    )
    run_sandbox(exchange, port=port, options=options)


@sandbox_command.command(name="seed")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"Write the seed to this file.  [default: {SEED_FILE} in the home]",
)
@click.option("--world", type=click.Choice(list(WORLDS)), default="desk", show_default=True)
@click.option(
    "--if-missing", is_flag=True, help="Only if a sandbox would begin without it: for `make run`."
)
@json_option
def seed_command(*, output: Path | None, world: str, if_missing: bool, as_json: bool) -> None:
    """Prepare the books of a made-up world, from which a new sandbox starts at once."""
    settings = program_settings.read()
    runtime.configure_logs()
    file = output or settings.home.absolute() / SEED_FILE
    is_of_use = settings.database_url is None and is_new(sandbox_folder(settings))
    if if_missing and (not is_of_use or is_current(file, edition=EDITION)):
        return
    click.echo(f"Preparing the world {world}, once", err=True)
    runtime.run(make_seed(file, world=world, edition=EDITION))
    if as_json:
        results.echo_json_lines([{"world": world, "file": str(file)}])
    else:
        click.echo(file)
