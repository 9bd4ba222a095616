"""`python -m hypertally.sandbox`: an exchange on loopback, without the rest of the program."""

from pathlib import Path

import click

from hypertally.sandbox.launch import build_exchange, run
from hypertally.sandbox.population import (
    DEFAULT_DAYS,
    DEFAULT_FILLS,
    DEFAULT_LIVE_PER_SECOND,
    DEFAULT_SEED,
    DEFAULT_WALLETS,
)
from hypertally.sandbox.server import HOST, Options

DEFAULT_PORT = 8899


@click.command()
@click.option("--port", default=DEFAULT_PORT, show_default=True)
@click.option("--seed", default=DEFAULT_SEED, show_default=True)
@click.option("--wallets", default=DEFAULT_WALLETS, show_default=True)
@click.option("--days", default=DEFAULT_DAYS, show_default=True)
@click.option("--fills", default=DEFAULT_FILLS, show_default=True)
@click.option("--live-per-second", default=DEFAULT_LIVE_PER_SECOND, show_default=True)
@click.option("--replay", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--state", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--manual-clock", is_flag=True)
def main(
    *,
    port: int,
    seed: int,
    wallets: int,
    days: int,
    fills: int,
    live_per_second: float,
    replay: Path | None,
    state: Path | None,
    manual_clock: bool,
) -> None:
    """Serve a made-up exchange, or recorded answers, at POST /info."""
    exchange = build_exchange(
        seed=seed,
        wallets=wallets,
        days=days,
        fills=fills,
        live_per_second=live_per_second,
        replay=replay,
        state=state,
    )
    click.echo(f"http://{HOST}:{port}/info")
    run(exchange, port=port, options=Options(manual_clock=manual_clock))


if __name__ == "__main__":
    main()
