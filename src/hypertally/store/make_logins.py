"""Making the logins of processes, as the owner of the database, each time it is migrated.

What a login can change about itself (its password, its settings) is put right again.
"""

import psycopg
from psycopg import AsyncConnection, sql

from hypertally.errors import Refused
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.logins import (
    ROLE_OF_LOGIN,
    Login,
    Role,
    address_of_login,
    password_of_login,
)
from hypertally.store.postgres import (
    CONNECT_SECONDS_MAX,
    Connection,
    find_row,
    owner_connection,
)

QUERIES = queries.load(__file__)
# Of a session whose pool sets nothing; the API's watchdog ends what outlives its limit anyway.
SETTINGS_OF_LOGIN: dict[Login, dict[str, str]] = {
    "hypertally_api_login": {
        "statement_timeout": "10s",
        "idle_in_transaction_session_timeout": "60s",
    },
    "hypertally_watchdog_login": {},
    "hypertally_worker_login": {},
}
ENDED_BY_OWNER: Login = "hypertally_api_login"  # in ops.end_long_sessions
SEE = "see docs/operations.md, Logins"


class _LoginState(Record, frozen=True, kw_only=True):
    has_attributes: bool
    roles: list[str]
    has_admin: bool
    settings: list[str]
    owner_may_end: bool


async def make_logins(owner_url: str, *, made_beforehand: bool = False) -> None:
    """Make what is missing of the logins; `made_beforehand`: they are only compared.

    Errors: `Refused` when a login is missing or may do more than its part, or cannot be made.
    """
    shut = {} if made_beforehand else await _list_shut(owner_url)
    try:
        async with owner_connection(owner_url) as connection, connection.transaction():
            await connection.execute(QUERIES["hold_roles"].text)
            for login, role in ROLE_OF_LOGIN.items():
                if not made_beforehand:
                    secret = password_of_login(owner_url, login)
                    await _make(connection, login, role, secret, is_shut=login in shut)
                _require_no_more(login, role, await _find(connection, login))
            await connection.execute(QUERIES["open_database_to_logins"].text)
    except psycopg.errors.InsufficientPrivilege as error:
        raise Refused(
            f"the owner's address may not make the logins ({error.diag.message_primary}): {SEE}"
        ) from error
    if shut and (problems := await _list_shut(owner_url)):
        raise Refused(f"the server does not let in {'; '.join(problems.values())}: {SEE}")


async def _make(
    connection: Connection, login: Login, role: Role, secret: str | None, *, is_shut: bool
) -> None:
    """Make a login, or put right what it changed about itself."""
    name = sql.Identifier(login)
    state = await _find(connection, login)
    if state is None:
        await connection.execute(sql.SQL("create role {} login noinherit").format(name))
        state = await _find(connection, login)
    assert state is not None, "it was made just now"
    if is_shut:
        word = sql.Literal(secret)
        await connection.execute(sql.SQL("alter role {} login password {}").format(name, word))
    if role not in state.roles:
        await connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(role), name))
    if login == ENDED_BY_OWNER and not state.owner_may_end:
        await connection.execute(sql.SQL("grant {} to current_user").format(name))
    settings = SETTINGS_OF_LOGIN[login]
    if state.settings != [f"{setting}={value}" for setting, value in settings.items()]:
        await connection.execute(sql.SQL("alter role {} reset all").format(name))
        for setting, value in settings.items():
            await connection.execute(
                sql.SQL("alter role {} set {} = {}").format(
                    name, sql.Identifier(setting), sql.Literal(value)
                )
            )


async def _find(connection: Connection, login: Login) -> _LoginState | None:
    return await find_row(connection, QUERIES["find_login"], {"login": login}, shape=_LoginState)


def _require_no_more(login: Login, role: Role, state: _LoginState | None) -> None:
    if state is None:
        raise Refused(f"the login {login} is missing: {SEE}")
    if state.has_attributes or state.has_admin or state.roles != [role]:
        raise Refused(
            f"the login {login} must be NOINHERIT, without any other attribute, and a member of "
            f"{role} alone: {SEE}"
        )


async def _list_shut(owner_url: str) -> dict[Login, str]:
    """The logins that the server does not let in, each with what it says."""
    problems: dict[Login, str] = {}
    for login in ROLE_OF_LOGIN:
        address = address_of_login(owner_url, login)
        try:
            connection = await AsyncConnection.connect(address, connect_timeout=CONNECT_SECONDS_MAX)
        except psycopg.OperationalError as error:
            problems[login] = f"{login} ({' '.join(str(error).split())})"
        else:
            await connection.close()
    return problems
