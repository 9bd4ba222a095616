"""`hypertally`: the only entry point. An error is one line: exit code 2 refused, 1 failed."""

import os
from importlib import import_module
from typing import Any, NoReturn

import click

from hypertally.cli.exchange.sandbox_option import (
    add_option,
    for_sandbox,
    is_given,
    make_option,
)
from hypertally.cli.output import flush_output, guard_output
from hypertally.errors import HypertallyError, Refused

# Command -> where it is defined. A part is imported when it is called: the worker needs no web
# framework, and none of them the others.
COMMANDS = {
    "up": "hypertally.cli.processes.up:up_command",
    "api": "hypertally.cli.processes.api:api_command",
    "worker": "hypertally.cli.processes.worker:worker_command",
    "migrate": "hypertally.cli.processes.migrate:migrate_command",
    "adopt": "hypertally.cli.exchange.adopt:adopt_command",
    "sandbox": "hypertally.cli.sandbox:sandbox_command",
    "orgs": "hypertally.cli.tenancy.orgs:orgs_group",
    "wallets": "hypertally.cli.wallets:wallets_group",
    "users": "hypertally.cli.tenancy.users:users_group",
    "token": "hypertally.cli.tenancy.user_tokens:token_command",
    "tokens": "hypertally.cli.tenancy.user_tokens:tokens_group",
    "pull": "hypertally.cli.jobs:pull_group",
    "twap": "hypertally.cli.twaps:twap_group",
    "smart-money": "hypertally.cli.smart_money:smart_money_command",
    "alerts": "hypertally.cli.alerts:alerts_group",
    "status": "hypertally.cli.status:status_command",
    "plan": "hypertally.cli.plan:plan_command",
    "jobs": "hypertally.cli.jobs:jobs_group",
    "rejects": "hypertally.cli.rejects:rejects_group",
    "rebuild": "hypertally.cli.metrics:rebuild_command",
    "verify": "hypertally.cli.metrics:verify_command",
    "archive": "hypertally.cli.archive:archive_group",
    "explain": "hypertally.cli.explain:explain_command",
}
# `up` starts the sandbox, `sandbox` is its exchange; every other command can be asked to use it.
WITHOUT_BOOKS = {"up", "sandbox"}


class Commands(click.Group):
    """Finds a command by the list above."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of the list."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        if cmd_name not in WITHOUT_BOOKS:
            add_option(command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a remedy names the books that the command was about."""
        try:
            return super().invoke(ctx)
        except HypertallyError as problem:
            if is_given():
                problem.args = (for_sandbox(str(problem)),)
            raise


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    params=[make_option()],
)
@click.version_option(package_name="hypertally")
def cli() -> None:
    """Keep the books of Hyperliquid wallets: correct, rebuildable, explainable."""


def main() -> None:
    """Run the command line; what the user can mend is said in one line."""
    guard_output()
    try:
        code = cli(standalone_mode=False)
    except click.exceptions.Exit as leaving:
        code = leaving.exit_code
    except click.ClickException as problem:
        click.echo(f"hypertally: {problem.format_message()}", err=True)
        code = 2
    except Refused as problem:
        click.echo(f"hypertally: {problem}", err=True)
        code = 2
    except HypertallyError as problem:
        # Not what was asked, but what was found: the same command may succeed later.
        click.echo(f"hypertally: {problem}", err=True)
        code = 1
    except (click.Abort, KeyboardInterrupt):
        code = 130
    _leave(code if isinstance(code, int) else 0)


def _leave(code: int) -> NoReturn:
    """End the process without the interpreter's own end.

    Threads of the HTTP server outlast it: one that asks for the interpreter while that goes away
    prints a panic, or aborts a process that had done all its work.
    """
    os._exit(flush_output(code))
