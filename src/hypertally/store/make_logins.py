"""Making the logins of processes, as the owner of the database, each time it is migrated.

What a login can change about itself (its password, its settings) is put right again. A login that
the program made says so in its comment; one that somebody else made is compared and never changed.
"""

import psycopg
import stamina
from psycopg import AsyncConnection, sql

from hypertally.errors import KeyTaken, Refused
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.logins import (
    ROLE_OF_LOGIN,
    ROLES_OF_LOGIN,
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
    read_row,
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
LIMITED: Login = "hypertally_api_login"  # in connections, as whoever reads for others
NO_LIMIT = -1
MARK = "made by hypertally"
# Roles are of a whole server, and another of its databases makes the same ones at this moment.
RACES = (KeyTaken, psycopg.errors.DuplicateObject, psycopg.errors.InternalError_)
RIGHTS_SHOWN_MAX = 5  # of a login in a message; the rest appears once these are gone
SEE = "see docs/operations.md, Logins"


class _LoginState(Record, frozen=True, kw_only=True):
    attribute_remedies: list[str]  # what takes away the attributes that it must not have
    own_rights: list[str]  # what it has rights on that nobody grants to a login
    roles: list[str]
    has_admin: bool
    settings: list[str]
    databases_with_settings: list[str]
    connections_max: int
    is_ours: bool
    owner_may_end: bool


class _Connections(Record, frozen=True, kw_only=True):
    connections_max: int


async def are_made(connection: Connection) -> bool:
    """Whether each login is there and has its part alone; any login may ask."""
    for login in ROLE_OF_LOGIN:
        state = await _find(connection, login)
        if state is None or _faults(login, state):
            return False
    return True


async def require_no_excess(connection: Connection) -> None:
    """Refuse logins that somebody gave more than their part; any login may ask.

    What a login changes about itself stops nothing here: one that was taken over could stop all.
    Errors: `Refused` that says what a login has, and what to do.
    """
    for login in ROLE_OF_LOGIN:
        state = await _find(connection, login)
        if state and (excess := _excess(login, state)):
            raise Refused(f"the login {login} {excess}: {SEE}")


@stamina.retry(on=RACES, attempts=5)
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
                    await _make(connection, login, role)
                    if login in shut:
                        await _let_in(connection, login, password_of_login(owner_url, login))
                _require_no_more(login, await _find(connection, login))
            await connection.execute(QUERIES["open_database_to_logins"].text)
    except psycopg.errors.InsufficientPrivilege as error:
        raise Refused(
            f"the owner's address may not make the logins ({error.diag.message_primary}): {SEE}"
        ) from error
    if shut and (problems := await _list_shut(owner_url)):
        raise Refused(
            f"the server does not let in {'; '.join(problems.values())}: their passwords follow "
            "from the one in the owner's address; with logins of your own set "
            f"HYPERTALLY_OWNER_DATABASE_URL, {SEE}"
        )


async def _make(connection: Connection, login: Login, role: Role) -> None:
    """Make a login, or put right what it changed about itself."""
    name = sql.Identifier(login)
    state = await _find(connection, login)
    if state is None:
        await connection.execute(sql.SQL("create role {} login noinherit").format(name))
        await connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(role), name))
        mark = sql.SQL("comment on role {} is {}").format(name, sql.Literal(MARK))
        await connection.execute(mark)
        state = await _find(connection, login)
    assert state is not None, "it was made just now"
    if not state.is_ours:
        return
    if login == ENDED_BY_OWNER and not state.owner_may_end:
        await connection.execute(sql.SQL("grant {} to current_user").format(name))
    if state.databases_with_settings or not _has_own_settings(login, state):
        await _put_settings(connection, login, state)
    if login == LIMITED:
        most = await read_row(connection, QUERIES["count_connections"], shape=_Connections)
        if state.connections_max != most.connections_max:
            limit = sql.SQL("alter role {} connection limit {}").format(name, most.connections_max)
            await connection.execute(limit)


async def _let_in(connection: Connection, login: Login, secret: str | None) -> None:
    """Give a login its password again; without one in the owner's address it keeps what it has."""
    state = await _find(connection, login)
    if secret and state and state.is_ours:
        statement = sql.SQL("alter role {} login password {}")
        words = (sql.Identifier(login), sql.Literal(secret))
        await connection.execute(statement.format(*words))


async def _put_settings(connection: Connection, login: Login, state: _LoginState) -> None:
    name = sql.Identifier(login)
    for database in state.databases_with_settings:
        statement = sql.SQL("alter role {} in database {} reset all")
        await connection.execute(statement.format(name, sql.Identifier(database)))
    await connection.execute(sql.SQL("alter role {} reset all").format(name))
    for setting, value in SETTINGS_OF_LOGIN[login].items():
        await connection.execute(
            sql.SQL("alter role {} set {} = {}").format(
                name, sql.Identifier(setting), sql.Literal(value)
            )
        )


async def _find(connection: Connection, login: Login) -> _LoginState | None:
    values = {"login": login, "mark": MARK}
    return await find_row(connection, QUERIES["find_login"], values, shape=_LoginState)


def _has_own_settings(login: Login, state: _LoginState) -> bool:
    return set(state.settings) == _own_settings(login)


def _own_settings(login: Login) -> set[str]:
    return {f"{setting}={value}" for setting, value in SETTINGS_OF_LOGIN[login].items()}


def _excess(login: Login, state: _LoginState) -> str:
    """What others gave a login beyond its part, in words; empty: nothing."""
    if state.attribute_remedies:
        attributes = " ".join(state.attribute_remedies)
        return (
            "must be LOGIN NOINHERIT, without any other attribute: let an administrator run "
            f"`alter role {login} {attributes}`"
        )
    if state.has_admin or sorted(state.roles) != sorted(ROLES_OF_LOGIN[login]):
        roles = ", ".join(sorted(ROLES_OF_LOGIN[login]))
        return f"may become {roles} alone: let an administrator revoke the other roles from it"
    if state.own_rights:
        shown = ", ".join(state.own_rights[:RIGHTS_SHOWN_MAX])
        return (
            f"has rights of its own, or owns something ({shown}): let an administrator revoke them "
            "from it, or change the owner; rights belong to roles"
        )
    return ""


def _faults(login: Login, state: _LoginState) -> str:
    """What a login has beyond its part, or changed about itself, in words; empty: nothing."""
    if excess := _excess(login, state):
        return excess
    if state.databases_with_settings or not set(state.settings) <= _own_settings(login):
        return f"has settings of its own: let an administrator run `alter role {login} reset all`"
    if state.is_ours and not _has_own_settings(login, state):
        return "lost its settings"
    return ""


def _require_no_more(login: Login, state: _LoginState | None) -> None:
    if state is None:
        raise Refused(f"the login {login} is missing: {SEE}")
    if fault := _faults(login, state):
        raise Refused(f"the login {login} {fault}: {SEE}")


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
