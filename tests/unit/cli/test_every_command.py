"""What every command has: JSON for scripts, and completion in the shell."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from hypertally.cli import COMMANDS, cli

COMMAND = Path(sys.executable).with_name("hypertally")
# They serve until they are stopped, and print no result.
SERVERS = {"up", "api", "worker", "sandbox"}


def leaves(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """The commands that do something, with their whole names."""
    context = click.Context(command)
    if not isinstance(command, click.Group):
        yield name, command
        return
    if name and command.invoke_without_command:
        yield name, command
    for part in command.list_commands(context):
        inner = command.get_command(context, part)
        assert inner is not None
        yield from leaves(inner, f"{name} {part}".strip())


def options_of(command: click.Command) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


def test_every_command_that_prints_takes_json() -> None:
    commands = dict(leaves(cli))
    assert {name.split()[0] for name in commands} == set(COMMANDS)
    printing = {name: command for name, command in commands.items() if name not in SERVERS}
    assert [name for name in printing if "--json" not in options_of(printing[name])] == []
    assert len(printing) >= 33


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_is_given_a_script_for_completion(shell: str) -> None:
    script = ask_shell(_HYPERTALLY_COMPLETE=f"{shell}_source")
    assert "_HYPERTALLY_COMPLETE" in script
    assert "hypertally" in script


def test_commands_and_options_are_completed() -> None:
    words = {"_HYPERTALLY_COMPLETE": "bash_complete"}
    group = ask_shell(COMP_WORDS="hypertally tok", COMP_CWORD="1", **words)
    assert group.split() == ["plain,token", "plain,tokens"]
    option = ask_shell(COMP_WORDS="hypertally up --ho", COMP_CWORD="2", **words)
    assert option.split() == ["plain,--host"]


def ask_shell(**variables: str) -> str:
    result = subprocess.run(
        [COMMAND], env=os.environ | variables, capture_output=True, text=True, check=True
    )
    return result.stdout
