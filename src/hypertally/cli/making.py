"""`hypertally sandbox`: an exchange in a box."""

from pathlib import Path

import click

from hypertally.sandbox.launch import build_exchange
from hypertally.sandbox.launch import run as run_sandbox

HOST = "127.0.0.1"
SANDBOX_PORT = 8899


@click.command(name="sandbox")
@click.option("--port", default=SANDBOX_PORT, show_default=True)
@click.option("--seed", default=7, show_default=True)
@click.option("--wallets", default=30, show_default=True)
@click.option("--days", default=90, show_default=True)
@click.option("--fills", default=6500, show_default=True)
@click.option("--live-per-second", default=0.2, show_default=True, help="New fills while it runs.")
@click.option(
    "--replay",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Serve the recorded answers below this folder instead.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep in this file what the same population needs to go on after a restart.",
)
@click.option(
    "--twaps-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write each UTC day's statuses of TWAPs below this folder, as Parquet.",
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
) -> None:
    """Serve an exchange in a box at http://127.0.0.1:PORT/info."""
    if replay and twaps_dir:
        raise click.UsageError("--twaps-dir: recordings hold no statuses; leave out --replay")
    exchange = build_exchange(
        seed=seed,
        wallets=wallets,
        days=days,
        fills=fills,
        live_per_second=live_per_second,
        replay=replay,
        state=state,
        twaps_dir=twaps_dir,
    )
    click.echo(f"http://{HOST}:{port}/info")
    run_sandbox(exchange, port=port)
