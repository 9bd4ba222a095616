"""`hypertally sandbox`: a made-up exchange on this machine."""

from pathlib import Path

import click

from hypertally.sandbox.exchange.application import ServerOptions
from hypertally.sandbox.launch import build_exchange, identity_of, world_of
from hypertally.sandbox.launch import run as run_sandbox
from hypertally.sandbox.population.population import DEFAULT_SEED
from hypertally.sandbox.regimes.playback import DEFAULT_WALLETS as LEADERS_ALONE
from hypertally.sandbox.regimes.regimes import REGIMES

HOST = "127.0.0.1"
SANDBOX_PORT = 8899
LEADERS = 190  # with the wallets that trade live, more than the 180 that a universe needs


@click.command(name="sandbox")
@click.option("--port", default=SANDBOX_PORT, show_default=True)
@click.option("--seed", default=DEFAULT_SEED, show_default=True)
@click.option("--wallets", default=30, show_default=True)
@click.option("--days", default=90, show_default=True)
@click.option("--fills", default=6500, show_default=True)
@click.option(
    "--live-per-second",
    default=0.2,
    show_default=True,
    help="New fills a second while the sandbox runs.",
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
    help=f"Wallets of the leaderboard that follow regimes.  [default: {LEADERS}; with --regime "
    f"{LEADERS_ALONE}]",
)
@click.option(
    "--leaderboard-rows", default=60, show_default=True, help="Other wallets of the leaderboard."
)
def sandbox_command(
    *,
    port: int,
    seed: int,
    wallets: int,
    days: int,
    fills: int,
    live_per_second: float,
    replay: Path | None,
    state: Path | None,
    twaps_dir: Path | None,
    regime: str | None,
    leaders: int | None,
    leaderboard_rows: int,
) -> None:
    """Serve a made-up exchange at http://127.0.0.1:PORT/info."""
    if replay and twaps_dir:
        raise click.UsageError("--twaps-dir: recordings hold no statuses; leave out --replay")
    if regime and (replay or state or twaps_dir):
        raise click.UsageError(
            "--regime has its own wallets: leave out --replay, --state, --twaps-dir"
        )
    exchange = build_exchange(
        seed=seed,
        wallets=wallets,
        days=days,
        fills=fills,
        live_per_second=live_per_second,
        replay=replay,
        state=state,
        twaps_dir=twaps_dir,
        regime=regime,
        leaders=leaders if leaders is not None else LEADERS_ALONE if regime else LEADERS,
    )
    click.echo(f"http://{HOST}:{port}/info")
    identity = identity_of(seed=seed, replay=replay, regime=regime, world=world_of(state))
    options = ServerOptions(identity=identity, leaderboard_rows=leaderboard_rows)
    run_sandbox(exchange, port=port, options=options)
