"""`python -m bench CLAIM`: measure one claim, or `all` of them."""

import asyncio

import click

from bench import ingest


@click.group()
def main() -> None:
    """Measure what the documentation claims, rivals in the same run."""


@main.command(name="ingest")
@click.option("--base", default=500_000, show_default=True, help="Fills stored before.")
@click.option("--rounds", default=3, show_default=True)
@click.option("--scale", default=1.0, show_default=True, help="Share of the rows of each way.")
def ingest_command(*, base: int, rounds: int, scale: float) -> None:
    """New and repeated fills against VALUES and executemany."""
    asyncio.run(ingest.run(base=base, rounds=rounds, scale=scale))


if __name__ == "__main__":
    main()
