"""The option --sandbox, which every command has that works on the books of an exchange."""

import re

import click

NAME = "sandbox"
_GIVEN = "hypertally --sandbox"  # where a command keeps that the option was given
_COMMAND = re.compile(r"`(hypertally (?!up\b|sandbox\b)(?![^`]*--sandbox)[^`]*)`")


def _keep(context: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's form
    if value:
        context.meta[_GIVEN] = True


def make_option() -> click.Option:
    """The option, for one command."""
    return click.Option(
        [f"--{NAME}"],
        is_flag=True,
        expose_value=False,
        callback=_keep,
        help="Use the sandbox that `hypertally up --sandbox` runs, not the real exchange.",
    )


def add_option(command: click.Command) -> None:
    """Give a command, and each command below it, the option, unless it has its own."""
    if isinstance(command, click.Group):
        for below in command.commands.values():
            add_option(below)
    if all(parameter.name != NAME for parameter in command.params):
        command.params.append(make_option())


def is_given() -> bool:
    """Whether the command that runs was given the option."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_GIVEN))


def for_sandbox(remedy: str) -> str:
    """The same sentence, whose commands work on the sandbox's books too."""
    return _COMMAND.sub(r"`\1 --sandbox`", remedy)
