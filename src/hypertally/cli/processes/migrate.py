"""`hypertally migrate`: bring the database to the schema of this version."""

import click

from hypertally.cli import database, results, runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.cli.options import json_option


@click.command(name="migrate")
@json_option
def migrate_command(*, as_json: bool) -> None:
    """Bring the database to the schema of this version."""
    for line in runtime.run(database.migrate_only(read_settings())):
        results.echo_result(f"applied {line}", {"applied": line}, as_json=as_json)
    if not as_json:
        click.echo("the database is up to date")
