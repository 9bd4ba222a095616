"""`hypertally users`: who belongs to an org, and what they may see."""

from collections.abc import Awaitable, Callable

import click
from rich.table import Table

from hypertally.cli import runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.cli.options import json_option, org_option
from hypertally.store.postgres import Connection
from hypertally.tenancy import tokens, users
from hypertally.tenancy.orgs import find_org

SIGN_INS_SHOWN = 100


@click.group(name="users")
def users_group() -> None:
    """The users of an org; an id is the `sub` of the user's tokens."""


def _change(org: str, change: Callable[[Connection, int], Awaitable[None]]) -> None:
    settings = read_settings()

    async def run() -> None:
        async with (
            runtime.migrated(settings) as url,
            runtime.tenancy_transaction(url) as connection,
        ):
            await change(connection, await find_org(connection, org))

    runtime.run(run())


@users_group.command(name="add")
@click.argument("user")
@org_option
@click.option("--role", type=click.Choice(users.ROLES), default="viewer", show_default=True)
def users_add(*, user: str, org: str, role: str) -> None:
    """Give a new user an org and a role."""
    _change(org, lambda connection, org_id: users.add_user(
        connection, user_id=user, org_id=org_id, role=role
    ))  # fmt: skip
    click.echo(f"{user} added to {org} as {role}")


@users_group.command(name="set-role")
@click.argument("user")
@click.argument("role", type=click.Choice(users.ROLES))
@org_option
def users_set_role(*, user: str, role: str, org: str) -> None:
    """Change what a user may see; every server knows within two seconds."""
    _change(org, lambda connection, org_id: users.set_role(
        connection, user_id=user, org_id=org_id, role=role
    ))  # fmt: skip
    click.echo(f"{user} is {role} now")


@users_group.command(name="remove")
@click.argument("user")
@org_option
def users_remove(*, user: str, org: str) -> None:
    """End a user's membership: no token of the user shows anything then."""
    _change(org, lambda connection, org_id: users.remove_user(
        connection, user_id=user, org_id=org_id
    ))  # fmt: skip
    click.echo(f"{user} removed from {org}")


@users_group.command(name="list")
@org_option
@json_option
def users_list(*, org: str, as_json: bool) -> None:
    """List the users of an org, with the time each last signed in."""
    listed: list[users.User] = []

    async def read(connection: Connection, org_id: int) -> None:
        listed.extend(await users.list_users(connection, org_id=org_id))

    _change(org, read)
    if as_json:
        runtime.echo_json_lines(listed)
        return
    table = Table("user", "role", "since", "last sign-in", box=None)
    for user in listed:
        last = f"{user.last_sign_in_at:%Y-%m-%d %H:%M}" if user.last_sign_in_at else ""
        table.add_row(user.user_id, user.role, f"{user.created_at:%Y-%m-%d}", last)
    runtime.open_console().print(table)


@users_group.command(name="sign-ins")
@org_option
@click.option("--limit", type=click.IntRange(1, 10_000), default=SIGN_INS_SHOWN, show_default=True)
@json_option
def users_sign_ins(*, org: str, limit: int, as_json: bool) -> None:
    """List who came in, went out or was turned away, newest first."""
    listed: list[tokens.SignIn] = []

    async def read(connection: Connection, org_id: int) -> None:
        listed.extend(await tokens.list_sign_ins(connection, org_id=org_id, limit=limit))

    _change(org, read)
    if as_json:
        runtime.echo_json_lines(listed)
        return
    table = Table("at", "user", "event", "token", "session", box=None)
    for row in listed:
        table.add_row(
            f"{row.at:%Y-%m-%d %H:%M:%S}", row.user_id, row.event, row.token_id,
            row.session_id or "",
        )  # fmt: skip
    runtime.open_console().print(table)
