"""The logins of processes: what each connects to PostgreSQL as, and what it may become.

Whoever owns the database makes them and brings the schema up to date; no pool connects as the
owner. A login owns nothing and inherits nothing: it may become one role, and has that role's rights
only while it is that role.

    address of the owner        --> each pool connects as the login of its role
    address of one of the logins --> as it stands: who runs the database made the logins
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias
from urllib.parse import quote, unquote, urlsplit

from psycopg import conninfo

from hypertally.errors import Refused

Role: TypeAlias = Literal[
    "hypertally_tenancy",
    "hypertally_facts",
    "hypertally_metrics",
    "hypertally_jobs",
    "hypertally_api",
    "hypertally_worker",
]
Login: TypeAlias = Literal[
    "hypertally_api_login", "hypertally_watchdog_login", "hypertally_worker_login"
]

# What each may become. The worker's role is a member of those of all folders but the API's.
ROLE_OF_LOGIN: Final[Mapping[Login, Role]] = {
    "hypertally_api_login": "hypertally_api",  # reads for those who ask
    "hypertally_watchdog_login": "hypertally_jobs",  # beside it: looks after the worker
    "hypertally_worker_login": "hypertally_worker",  # workers and commands
}
LOGIN_OF_ROLE: Final[Mapping[Role, Login]] = {
    "hypertally_api": "hypertally_api_login",
    "hypertally_jobs": "hypertally_watchdog_login",
    "hypertally_worker": "hypertally_worker_login",
    "hypertally_facts": "hypertally_worker_login",
    "hypertally_metrics": "hypertally_worker_login",
    "hypertally_tenancy": "hypertally_worker_login",
}


# As which roles each may act: the worker's is a member of all but the API's.
ROLES_OF_LOGIN: Final[Mapping[Login, frozenset[Role]]] = {
    "hypertally_api_login": frozenset({"hypertally_api"}),
    "hypertally_watchdog_login": frozenset({"hypertally_jobs"}),
    "hypertally_worker_login": frozenset(LOGIN_OF_ROLE) - {"hypertally_api"},
}
API_SETTING: Final = "HYPERTALLY_API_DATABASE_URL"  # all other pools have HYPERTALLY_DATABASE_URL


def login_of(url: str) -> Login | None:
    """Which login an address names; None: it is another's, who must be the owner."""
    user = conninfo.conninfo_to_dict(url).get("user")
    return user if user in ROLE_OF_LOGIN else None


def require_may_become(url: str, role: Role) -> None:
    """Refuse the address of a login that may never act as a role: a pool would try again and again.

    Errors: `Refused`, which names the login and the setting.
    """
    login = login_of(url)
    if login is None or role in ROLES_OF_LOGIN[login]:
        return
    setting = API_SETTING if role == "hypertally_api" else "HYPERTALLY_DATABASE_URL"
    raise Refused(
        f"{setting} logs in as {login}, which may not act as {role}: set it to the address of "
        f"{LOGIN_OF_ROLE[role]}"
    )


def address_of_role(url: str, role: Role) -> str:
    """Where a pool of a role connects: as its login, unless the address is a login's already."""
    return url if login_of(url) else address_of_login(url, LOGIN_OF_ROLE[role])


def address_of_login(owner_url: str, login: Login) -> str:
    """The address of a login that the program made, from the owner's.

    What else the owner's query says stays as it is written: libpq reads `%20` as a blank, and `+`
    as a plus.
    """
    parts = urlsplit(owner_url)
    secret = password_of_login(owner_url, login)
    word = f":{quote(secret)}" if secret else ""
    query = "&".join(
        setting
        for setting in parts.query.split("&")
        if unquote(setting.partition("=")[0]) not in ("user", "password")
    )
    netloc = f"{login}{word}@{parts.netloc.rpartition('@')[2]}"
    return parts._replace(netloc=netloc, query=query).geturl()


def password_of_login(owner_url: str, login: Login) -> str | None:
    """The password of a login that the program made; None: the server asks the owner for none.

    It follows from the owner's, so that every process that knows one knows the other, and nobody
    who knows a login's learns the owner's.
    """
    owners = conninfo.conninfo_to_dict(owner_url).get("password")
    if not owners:
        return None
    return hmac.digest(str(owners).encode(), f"hypertally {login}".encode(), hashlib.sha256).hex()
