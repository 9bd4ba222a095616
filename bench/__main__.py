"""`python -m bench CLAIM`: measure one claim, or `all` of them."""

import asyncio

import click

from bench import api, cycle, ingest, latency, recompute, sealing, signals, twap_reads, twaps
from bench.page import walk


@click.group(invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Measure what the documentation claims, rivals in the same run; all of it if none is named."""
    if context.invoked_subcommand is None:
        context.invoke(all_command)


@main.command(name="ingest")
@click.option("--base", default=500_000, show_default=True, help="Fills stored before.")
@click.option("--rounds", default=3, show_default=True)
@click.option(
    "--scale",
    default=1.0,
    type=click.FloatRange(min=0.05),
    show_default=True,
    help="Share of the rows of each method; 0.05 at least.",
)
def ingest_command(*, base: int, rounds: int, scale: float) -> None:
    """New and repeated fills against VALUES and executemany."""
    asyncio.run(ingest.run(base=base, rounds=rounds, scale=scale))


@main.command(name="recompute")
@click.option("--fills", default=10_000_000, show_default=True, help="Fills stored before.")
@click.option("--samples", default=3_000, show_default=True, help="Wallet days of each draw.")
def recompute_command(*, fills: int, samples: int) -> None:
    """One wallet day, and a batch, with ten million fills stored."""
    asyncio.run(recompute.run(fills=fills, samples=samples))


@main.command(name="api")
@click.option("--seconds", default=8, show_default=True, help="Of each run of wrk.")
@click.option("--rounds", default=3, show_default=True)
def api_command(*, seconds: int, rounds: int) -> None:
    """Cached, unchanged and uncached reads and explain, with wrk."""
    asyncio.run(api.run(seconds=seconds, rounds=rounds))


@main.command(name="latency")
@click.option("--seconds", default=90, show_default=True, help="Of load, after a first round.")
@click.option("--per-second", default=1_000.0, show_default=True, help="New fills.")
def latency_command(*, seconds: int, per_second: float) -> None:
    """From the request to the exchange to the committed wallet day."""
    asyncio.run(latency.run(seconds=seconds, per_second=per_second))


@main.command(name="twaps")
@click.option("--rows", default=200_000, show_default=True, help="Statuses of an object.")
@click.option("--rounds", default=3, show_default=True)
def twaps_command(*, rows: int, rounds: int) -> None:
    """TWAP statuses from Parquet objects against rows through an ORM."""
    asyncio.run(twaps.run(rows=rows, rounds=rounds))


@main.command(name="twap-reads")
@click.option("--statuses", default=10_000_000, show_default=True, help="Stored before.")
@click.option("--seconds", default=8, show_default=True, help="Of each run of wrk.")
@click.option("--rounds", default=3, show_default=True)
def twap_reads_command(*, statuses: int, seconds: int, rounds: int) -> None:
    """Both TWAP endpoints, uncached, with wrk."""
    asyncio.run(twap_reads.run(statuses=statuses, seconds=seconds, rounds=rounds))


@main.command(name="cycle")
@click.option("--minutes", default=12, show_default=True, help="Recorded one after another.")
def cycle_command(*, minutes: int) -> None:
    """A minute of two hundred watched wallets."""
    asyncio.run(cycle.run(minutes=minutes))


@main.command(name="signals")
def signals_command() -> None:
    """Five minutes of signals, of 200 and of 2,000 wallets."""
    asyncio.run(signals.run())


@main.command(name="history")
@click.option("--days", default=7, show_default=True, help="Of history.")
@click.option("--wallets", default=200, show_default=True)
def history_command(*, days: int, wallets: int) -> None:
    """Signals of some days rebuilt; a year of 200 wallets takes 70 GB."""
    asyncio.run(signals.run_history(days=days, wallets=wallets))


@main.command(name="sealing")
@click.option("--wallets", default=200, show_default=True)
def sealing_command(*, wallets: int) -> None:
    """A day of watched wallets sealed, verified, released and restored."""
    asyncio.run(sealing.run(wallets=wallets))


@main.command(name="walk")
@click.option("--world", default="desk", show_default=True)
def walk_command(*, world: str) -> None:
    """From the start of a prepared desk to the fills behind a figure, in Chromium."""
    asyncio.run(walk.run(world=world))


@main.command(name="all")
@click.pass_context
def all_command(context: click.Context) -> None:
    """Every claim, one after another."""
    for command in (
        ingest_command,
        latency_command,
        recompute_command,
        api_command,
        twaps_command,
        twap_reads_command,
        cycle_command,
        signals_command,
        history_command,
        sealing_command,
        walk_command,
    ):
        context.invoke(command)


if __name__ == "__main__":
    main()
