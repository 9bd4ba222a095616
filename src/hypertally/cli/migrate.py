"""`hypertally migrate`: bring the database to the schema of this version."""

import click

from hypertally import settings as program_settings
from hypertally.cli import runtime


@click.command(name="migrate")
def migrate_command() -> None:
    """Bring the database to the schema of this version."""
    settings = program_settings.read()

    async def apply() -> list[str]:
        async with runtime.database_url(settings) as url:
            return await runtime.bring_up_to_date(url)

    applied = runtime.run(apply())
    for line in applied:
        click.echo(f"applied {line}")
    click.echo("the database is up to date")
