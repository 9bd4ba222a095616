"""Tokens that were issued: who holds them, which ended, and who signed in with them."""

from collections.abc import Sequence
from datetime import datetime

from hypertally.errors import Refused
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_row, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)


class IssuedToken(Record, frozen=True, kw_only=True):
    """A token of a user of an org, less the token itself."""

    id: str
    user_id: str
    purpose: str
    issued_by: str | None  # None: a sign-in opened it
    issued_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_how: str | None


class SignIn(Record, frozen=True, kw_only=True):
    """Who came in, went out, or was turned away."""

    at: datetime
    user_id: str
    event: str
    token_id: str
    session_id: str | None
    reason: str | None  # of a refusal; None: not refused, or the token had ended


class _Issue(Record, frozen=True, kw_only=True):
    issued_at: datetime


class _Revocation(Record, frozen=True, kw_only=True):
    revoked_at: datetime


async def note_token(
    connection: Connection,
    *,
    token_id: str,
    user_id: str,
    purpose: str,
    issued_by: str,
    seconds: int,
) -> datetime:
    """Note a token that is valid from now on; return the database's now, which revocations use."""
    values = {
        "id": token_id,
        "user_id": user_id,
        "purpose": purpose,
        "issued_by": issued_by,
        "seconds": seconds,
    }
    row = await read_row(connection, QUERIES["insert_token"], values, shape=_Issue)
    return row.issued_at


async def list_tokens(connection: Connection, *, org_id: int, is_whole: bool) -> list[IssuedToken]:
    """Return tokens of an org's users, newest first; `is_whole`: those that no longer serve too."""
    values = {"org_id": org_id, "is_whole": is_whole}
    return await read_rows(connection, QUERIES["list_tokens"], values, shape=IssuedToken)


async def revoke_user(connection: Connection, *, org_id: int, user_id: str) -> datetime:
    """End every token of a user, also those that are not listed; return until when issued."""
    values = {"org_id": org_id, "user_id": user_id}
    row = await read_row(connection, QUERIES["revoke_user"], values, shape=_Revocation)
    return row.revoked_at


async def revoke_tokens(
    connection: Connection, *, org_id: int, ids: Sequence[str], user_id: str | None
) -> int:
    """End listed tokens by their ids, or those of a user; return how many ended now.

    Errors: `Refused` that names the ids the org does not have.
    """
    listed = {token.id for token in await list_tokens(connection, org_id=org_id, is_whole=True)}
    if unknown := [token_id for token_id in ids if token_id not in listed]:
        raise Refused(
            f"the org has no token {', '.join(unknown)}: `hypertally tokens list` shows their ids"
        )
    values = {"org_id": org_id, "ids": list(ids), "user_id": user_id}
    cursor = await connection.execute(QUERIES["revoke_tokens"].text, values)
    return cursor.rowcount


async def list_sign_ins(connection: Connection, *, org_id: int, limit: int) -> list[SignIn]:
    """Return the newest sign-ins of those who were an org's users then, or claimed to be."""
    values = {"org_id": org_id, "limit": limit}
    return await read_rows(connection, QUERIES["list_sign_ins"], values, shape=SignIn)
