"""The settings that `up` gives to its parts: ports, addresses and logins."""

from hypertally.cli import database, kept_secrets
from hypertally.settings import PREFIX, Settings
from hypertally.store.logins import address_of_role


def part_environment(settings: Settings, url: str, port: int) -> dict[str, str]:
    """The settings of the parts that were chosen here: ports and addresses.

    No part has the address of the database's owner.
    """
    chosen = {
        "DATABASE_URL": address_of_role(url, "hypertally_worker"),
        "OWNER_DATABASE_URL": "",
        "PORT": str(port),
        "HOME": str(settings.home.absolute()),
    }
    if secret := kept_secrets.jwt_secret(settings):
        chosen["JWT_SECRET"] = secret
    return {PREFIX + name: value for name, value in chosen.items()}


def api_environment(settings: Settings, url: str) -> dict[str, str]:
    """The same of the API alone, which reads as one login and looks after the worker as another."""
    chosen = {
        "DATABASE_URL": address_of_role(url, "hypertally_jobs"),
        "API_DATABASE_URL": address_of_role(
            database.reading_address(settings, url), "hypertally_api"
        ),
    }
    return {PREFIX + name: value for name, value in chosen.items()}
