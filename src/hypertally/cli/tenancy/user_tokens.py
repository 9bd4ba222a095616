"""`hypertally token` and `hypertally tokens`: tokens for the users of an org."""

import getpass
from datetime import UTC, datetime

import click
from rich.table import Table

from hypertally.api.identity.tokens import Purpose, mint, new_token_id
from hypertally.cli import database, kept_secrets, results, runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.cli.options import json_option, org_option
from hypertally.cli.tenancy.id_column import id_column
from hypertally.cli.tenancy.in_org import run_in_org
from hypertally.errors import Refused
from hypertally.settings import Settings
from hypertally.store.postgres import Connection
from hypertally.tenancy import tokens
from hypertally.tenancy.orgs import find_org
from hypertally.tenancy.users import ROLES, find_user, require_local_user

DAY_SECONDS = 24 * 3600
DEFAULT_ROLE = "analyst"


def _person() -> str:
    """Who runs the command, as the machine names them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in a container
        return "unnamed"


async def require_own_user(url: str, *, org: str, role: str) -> str:
    """The id of the user that this person is in an org; added if nobody knows it.

    Errors: `Refused` for a user who was removed, or whose org or role was changed since.
    """
    async with database.tenancy_transaction(url) as connection:
        return await require_local_user(connection, org=org, role=role, person=_person())


async def issue_token(
    url: str, settings: Settings, user_id: str, *, secret: str, purpose: Purpose, seconds: int
) -> str:
    """A token of a user, signed with `secret` and noted with who issued it."""
    token_id = new_token_id()
    async with database.tenancy_transaction(url) as connection:
        issued_at = await tokens.note_token(
            connection,
            token_id=token_id,
            user_id=user_id,
            purpose=purpose,
            issued_by=_person(),
            seconds=seconds,
        )
    return mint(
        secret,
        user_id,
        purpose=purpose,
        seconds=seconds,
        audience=settings.jwt_audience,
        issuer=settings.jwt_issuer,
        token_id=token_id,
        issued_at=issued_at.timestamp(),
    )


@click.command(name="token")
@org_option
@click.option(
    "--role",
    type=click.Choice(ROLES),
    help="What it allows: a viewer sees figures, an analyst their proofs too, an admin the system "
    f"too.  [default: {DEFAULT_ROLE}]",
)
@click.option("--user", help="A user of the org; by default the person who runs this.")
@click.option(
    "--days", type=click.IntRange(1, 365), default=30, show_default=True, help="How long it lasts."
)
@json_option
def token_command(
    *, org: str, role: str | None, user: str | None, days: int, as_json: bool
) -> None:
    """Print a token for the API, alone on standard output."""
    if role and user:
        raise Refused(
            "--role and --user: a user has a role; `hypertally users set-role` changes it"
        )
    settings = read_settings()
    secret = kept_secrets.jwt_secret(settings)
    if secret is None:
        raise Refused(
            "tokens come from the identity provider of HYPERTALLY_JWKS_URL: ask it for one"
        )

    async def issue() -> dict[str, str]:
        async with database.migrated(settings) as url:
            if user is None:
                user_id = await require_own_user(url, org=org, role=role or DEFAULT_ROLE)
            else:
                async with database.tenancy_transaction(url) as connection:
                    org_id = await find_org(connection, org)
                    user_id = (await find_user(connection, user_id=user, org_id=org_id)).user_id
            seconds = days * DAY_SECONDS
            token = await issue_token(
                url, settings, user_id, secret=secret, purpose="access", seconds=seconds
            )
            return {"user_id": user_id, "org": org, "token": token}

    issued = runtime.run(issue())
    results.echo_result(issued["token"], issued, as_json=as_json)


@click.group(name="tokens")
def tokens_group() -> None:
    """Tokens that were issued: by commands, and by signing in."""


@tokens_group.command(name="list")
@org_option
@click.option("--all", "is_whole", is_flag=True, help="Also those that expired or were ended.")
@json_option
def tokens_list(*, org: str, is_whole: bool, as_json: bool) -> None:
    """List tokens, newest first, without what would let anyone use them.

    Ids longer than a column are cut there; --json has them whole.
    """
    listed = run_in_org(
        org,
        lambda connection, org_id: tokens.list_tokens(connection, org_id=org_id, is_whole=is_whole),
    )
    if as_json:
        results.echo_json_lines(listed)
        return
    table = Table(
        id_column("id"), id_column("user"), "for", "issued by", "issued", "expires", "ended",
        box=None,
    )  # fmt: skip
    for token in listed:
        ended = f"{token.ended_at:%Y-%m-%d %H:%M} {token.ended_how}" if token.ended_at else ""
        table.add_row(
            token.id,
            token.user_id,
            token.purpose,
            token.issued_by or "sign-in",
            f"{token.issued_at:%Y-%m-%d %H:%M}",
            f"{token.expires_at:%Y-%m-%d %H:%M}",
            ended,
        )
    results.open_console().print(table)


@tokens_group.command(name="revoke")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@org_option
@click.option(
    "--user",
    help="Every token of this user of the org that was issued until now, also those that are not "
    "listed, as those of an identity provider.",
)
@json_option
def tokens_revoke(*, ids: tuple[str, ...], org: str, user: str | None, as_json: bool) -> None:
    """End tokens now; every server stops to accept them within two seconds."""
    if not ids and user is None:
        raise Refused("nothing to revoke: name ids of `hypertally tokens list`, or --user")

    async def revoke(connection: Connection, org_id: int) -> tuple[int, datetime | None]:
        until = None
        if user is not None:
            await find_user(connection, user_id=user, org_id=org_id)
            until = await tokens.revoke_user(connection, org_id=org_id, user_id=user)
        ended = await tokens.revoke_tokens(connection, org_id=org_id, ids=ids, user_id=user)
        return ended, until

    ended, until = run_in_org(org, revoke)
    row = {"ended": ended, "user_id": user, "issued_until": until}
    results.echo_result(_words_of(ended, user=user, until=until), row, as_json=as_json)


def _words_of(ended: int, *, user: str | None, until: datetime | None) -> str:
    """What ended; of a user's tokens nobody knows how many there are."""
    if until is None:
        return f"{ended} ended"
    return (
        f"every token of {user} issued until {until.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC has "
        f"ended; listed tokens ended: {ended}"
    )
