"""`hypertally token`: tokens for the users of an org."""

import click

from hypertally.api.identity.tokens import mint
from hypertally.cli import runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.cli.options import org_option
from hypertally.errors import Refused
from hypertally.tenancy.orgs import find_org, put_user

DAY_SECONDS = 24 * 3600
ROLES = ("viewer", "analyst", "admin")


async def put_local_user(url: str, *, org: str, role: str) -> str:
    """The id of the user that local tokens of an org and a role name; added if missing."""
    user_id = f"local:{org}:{role}"
    async with runtime.tenancy_transaction(url) as connection:
        org_id = await find_org(connection, org)
        await put_user(connection, user_id=user_id, org_id=org_id, role=role)
    return user_id


@click.command(name="token")
@org_option
@click.option(
    "--role", type=click.Choice(ROLES), default="viewer", show_default=True, help="What it allows."
)
@click.option(
    "--days", type=click.IntRange(1, 365), default=30, show_default=True, help="How long it lasts."
)
def token_command(*, org: str, role: str, days: int) -> None:
    """Print a token for the API, alone on standard output."""
    settings = read_settings()
    secret = runtime.jwt_secret(settings)
    if secret is None:
        raise Refused(
            "tokens come from the identity provider of HYPERTALLY_JWKS_URL: ask it for one"
        )

    async def make_user() -> str:
        async with runtime.migrated(settings) as url:
            return await put_local_user(url, org=org, role=role)

    user_id = runtime.run(make_user())
    click.echo(mint(secret, user_id, seconds=days * DAY_SECONDS, audience=settings.jwt_audience))
