"""`hypertally users`: who belongs to an org, and what they may see."""

import click
from rich.table import Table

from hypertally.cli import results
from hypertally.cli.options import json_option, org_option
from hypertally.cli.tenancy.id_column import id_column
from hypertally.cli.tenancy.in_org import run_in_org
from hypertally.tenancy import tokens, users

SIGN_INS_SHOWN = 100


@click.group(name="users")
def users_group() -> None:
    """The users of an org; an id is the `sub` of the user's tokens."""


@users_group.command(name="add")
@click.argument("user")
@org_option
@click.option("--role", type=click.Choice(users.ROLES), default="viewer", show_default=True)
@json_option
def users_add(*, user: str, org: str, role: str, as_json: bool) -> None:
    """Give a new or a removed user an org and a role."""
    run_in_org(org, lambda connection, org_id: users.add_user(
        connection, user_id=user, org_id=org_id, role=role
    ))  # fmt: skip
    row = {"user_id": user, "org": org, "role": role}
    results.echo_result(f"{user} added to {org} as {role}", row, as_json=as_json)


@users_group.command(name="set-role")
@click.argument("user")
@click.argument("role", type=click.Choice(users.ROLES))
@org_option
@json_option
def users_set_role(*, user: str, role: str, org: str, as_json: bool) -> None:
    """Change what a user may see; every server knows within two seconds."""
    run_in_org(org, lambda connection, org_id: users.set_role(
        connection, user_id=user, org_id=org_id, role=role
    ))  # fmt: skip
    row = {"user_id": user, "org": org, "role": role}
    results.echo_result(f"{user} is {role} now", row, as_json=as_json)


@users_group.command(name="remove")
@click.argument("user")
@org_option
@json_option
def users_remove(*, user: str, org: str, as_json: bool) -> None:
    """End a user's membership: no token of the user shows anything until `users add`."""
    run_in_org(org, lambda connection, org_id: users.remove_user(
        connection, user_id=user, org_id=org_id
    ))  # fmt: skip
    row = {"user_id": user, "org": org, "role": None}
    results.echo_result(f"{user} removed from {org}", row, as_json=as_json)


@users_group.command(name="list")
@org_option
@json_option
def users_list(*, org: str, as_json: bool) -> None:
    """List the users of an org, with the time each last signed in.

    Ids longer than a column are cut there; --json has them whole.
    """
    listed = run_in_org(org, lambda connection, org_id: users.list_users(connection, org_id=org_id))
    if as_json:
        results.echo_json_lines(listed)
        return
    table = Table(id_column("user"), "role", "since", "last sign-in", box=None)
    for user in listed:
        last = f"{user.last_sign_in_at:%Y-%m-%d %H:%M}" if user.last_sign_in_at else ""
        table.add_row(user.user_id, user.role, f"{user.created_at:%Y-%m-%d}", last)
    results.open_console().print(table)


@users_group.command(name="sign-ins")
@org_option
@click.option("--limit", type=click.IntRange(1, 10_000), default=SIGN_INS_SHOWN, show_default=True)
@json_option
def users_sign_ins(*, org: str, limit: int, as_json: bool) -> None:
    """List who came in, went out or was turned away, newest first."""
    listed = run_in_org(
        org,
        lambda connection, org_id: tokens.list_sign_ins(connection, org_id=org_id, limit=limit),
    )
    if as_json:
        results.echo_json_lines(listed)
        return
    table = Table(
        "at", id_column("user"), "event", id_column("token"), id_column("session"), "reason",
        box=None,
    )  # fmt: skip
    for row in listed:
        table.add_row(
            f"{row.at:%Y-%m-%d %H:%M:%S}", row.user_id, row.event, row.token_id,
            row.session_id or "", row.reason or "",
        )  # fmt: skip
    results.open_console().print(table)
