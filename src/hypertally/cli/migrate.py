"""`hypertally migrate`: bring the database to the schema of this version."""

import click

from hypertally.cli import runtime
from hypertally.cli.exchange.sandbox_home import read_settings


@click.command(name="migrate")
def migrate_command() -> None:
    """Bring the database to the schema of this version."""
    for line in runtime.run(runtime.migrate_only(read_settings())):
        click.echo(f"applied {line}")
    click.echo("the database is up to date")
