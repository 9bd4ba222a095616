"""Users: each belongs to one org, with one role."""

from datetime import datetime

from hypertally.errors import Refused
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_row, read_rows
from hypertally.store.queries import load
from hypertally.tenancy.orgs import find_org

QUERIES = load(__file__)
ROLES = ("viewer", "analyst", "admin")
USER_ID_LETTERS_MAX = 255
LOCAL = "local:"  # begins the id of who runs commands here; no provider's user is called so


def is_user_id(text: str) -> bool:
    """Whether a text can be a user's id: what a listing shows as it is, and an index can hold."""
    return text.isprintable() and text == text.strip() and 0 < len(text) <= USER_ID_LETTERS_MAX


class User(Record, frozen=True, kw_only=True):
    """A user of an org."""

    user_id: str
    org: str
    role: str
    created_at: datetime
    last_sign_in_at: datetime | None


class _Profile(Record, frozen=True, kw_only=True):
    org: str | None
    role: str | None


async def add_user(connection: Connection, *, user_id: str, org_id: int, role: str) -> None:
    """Give a new user an org and a role, also one who was removed before.

    Errors: `Refused` for a user who belongs to an org already, or an id that cannot be one.
    """
    if len(user_id) > USER_ID_LETTERS_MAX:
        raise Refused(f"a user's id has at most {USER_ID_LETTERS_MAX} letters, not {len(user_id)}")
    if not is_user_id(user_id):
        raise Refused(f"{user_id!r} cannot be a user: write the `sub` of the user's tokens")
    values = {"user_id": user_id, "org_id": org_id, "role": role}
    cursor = await connection.execute(QUERIES["insert_user"].text, values)
    if not cursor.rowcount:
        raise Refused(
            f"{user_id} belongs to an org already: `hypertally users list` shows it, and "
            "`hypertally users remove` ends that"
        )
    await connection.execute(QUERIES["forget_removal"].text, {"user_id": user_id})


async def require_local_user(connection: Connection, *, org: str, role: str, person: str) -> str:
    """Return the id of a person of this machine, who is added if nobody knows them.

    Errors: `Refused` for a person who was removed, or whose org or role was changed since.
    """
    user_id = f"{LOCAL}{org}:{role}:{person}"
    if not is_user_id(user_id):
        raise Refused(f"{person!r} cannot be a user: set the environment's LOGNAME to a plain name")
    values = {"user_id": user_id, "org_id": await find_org(connection, org), "role": role}
    await connection.execute(QUERIES["insert_local_user"].text, values)
    profile = await read_row(
        connection, QUERIES["find_profile"], {"user_id": user_id}, shape=_Profile
    )
    if profile.org is None:
        raise Refused(
            f"{user_id} was removed: `hypertally users add {user_id} --org {org} --role {role}` "
            "brings the user back"
        )
    if (profile.org, profile.role) != (org, role):
        raise Refused(
            f"{user_id} is {profile.role} of {profile.org}: `--org {profile.org} --user {user_id}` "
            "instead of --role gives a token as that, `hypertally users set-role` changes the role"
        )
    return user_id


async def list_users(connection: Connection, *, org_id: int) -> list[User]:
    """Return the users of an org, by id."""
    return await read_rows(connection, QUERIES["list_users"], {"org_id": org_id}, shape=User)


async def find_user(connection: Connection, *, user_id: str, org_id: int) -> User:
    """Return a user of an org.

    Errors: `Refused` for a user whom the org does not have.
    """
    for user in await list_users(connection, org_id=org_id):
        if user.user_id == user_id:
            return user
    raise Refused(f"the org has no user {user_id!r}: `hypertally users list` shows them")


async def set_role(connection: Connection, *, user_id: str, org_id: int, role: str) -> None:
    """Change what a user may see.

    Errors: `Refused` for a user whom the org does not have.
    """
    await find_user(connection, user_id=user_id, org_id=org_id)
    values = {"user_id": user_id, "org_id": org_id, "role": role}
    await connection.execute(QUERIES["set_role"].text, values)


async def remove_user(connection: Connection, *, user_id: str, org_id: int) -> None:
    """End a user's membership and tokens until `add_user`, whatever a provider's claim says.

    Errors: `Refused` for a user whom the org does not have.
    """
    await find_user(connection, user_id=user_id, org_id=org_id)
    await connection.execute(QUERIES["end_tokens"].text, {"user_id": user_id})
    await connection.execute(QUERIES["delete_user"].text, {"user_id": user_id})
    values = {"user_id": user_id, "org_id": org_id}
    await connection.execute(QUERIES["insert_removal"].text, values)
