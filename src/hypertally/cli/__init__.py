"""`hypertally`: the only entry point. Errors are one line and exit code 2."""

import sys

import click

from hypertally.cli import books, org, processes
from hypertally.cli.running import Interrupted
from hypertally.errors import HypertallyError

GROUPS = (processes, org, books)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hypertally")
def cli() -> None:
    """Keep the books of Hyperliquid wallets: correct, rebuildable, explainable."""


for group in GROUPS:
    for command in group.COMMANDS:
        cli.add_command(command)


def main() -> None:
    """Run the command line; what the user can mend is said in one line."""
    try:
        code = cli(standalone_mode=False)
    except click.exceptions.Exit as leaving:
        code = leaving.exit_code
    except click.ClickException as problem:
        click.echo(f"hypertally: {problem.format_message()}", err=True)
        code = 2
    except HypertallyError as problem:
        click.echo(f"hypertally: {problem}", err=True)
        code = 2
    except (click.Abort, KeyboardInterrupt, Interrupted):
        code = 130
    sys.exit(code if isinstance(code, int) else 0)
