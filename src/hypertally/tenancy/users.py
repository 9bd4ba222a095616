"""Users: each belongs to one org, with one role."""

from datetime import datetime

from hypertally.errors import Refused
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)
ROLES = ("viewer", "analyst", "admin")
USER_ID_LETTERS_MAX = 255


class User(Record, frozen=True, kw_only=True):
    """A user of an org."""

    user_id: str
    org: str
    role: str
    created_at: datetime
    last_sign_in_at: datetime | None


async def add_user(connection: Connection, *, user_id: str, org_id: int, role: str) -> None:
    """Give a new user an org and a role.

    Errors: `Refused` for a user who belongs to an org already, or an id that cannot be one.
    """
    if not user_id.isprintable() or user_id != user_id.strip() or not user_id:
        raise Refused(f"{user_id!r} cannot be a user: write the `sub` of the user's tokens")
    if len(user_id) > USER_ID_LETTERS_MAX:
        raise Refused(f"a user's id has at most {USER_ID_LETTERS_MAX} letters, not {len(user_id)}")
    values = {"user_id": user_id, "org_id": org_id, "role": role}
    cursor = await connection.execute(QUERIES["insert_user"].text, values)
    if not cursor.rowcount:
        raise Refused(
            f"{user_id} belongs to an org already: `hypertally users list` shows it, and "
            "`hypertally users remove` ends that"
        )


async def put_user(connection: Connection, *, user_id: str, org_id: int, role: str) -> None:
    """Give a user an org and a role; an existing profile is replaced."""
    values = {"user_id": user_id, "org_id": org_id, "role": role}
    await connection.execute(QUERIES["put_user"].text, values)


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
    await put_user(connection, user_id=user_id, org_id=org_id, role=role)


async def remove_user(connection: Connection, *, user_id: str, org_id: int) -> None:
    """End a user's membership and tokens, so that none opens another org that adds the user.

    Errors: `Refused` for a user whom the org does not have.
    """
    await find_user(connection, user_id=user_id, org_id=org_id)
    await connection.execute(QUERIES["end_tokens"].text, {"user_id": user_id})
    await connection.execute(QUERIES["delete_user"].text, {"user_id": user_id})
