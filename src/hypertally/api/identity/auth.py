"""Who asks: a verified token names a user, the user's profile names the org and the role."""

import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from cachetools import TLRUCache

from hypertally.api.http.limits import (
    IDENTITIES_KEPT_MAX,
    PROFILE_RENEWED_SECONDS,
    PROFILE_SECONDS_MAX,
)
from hypertally.api.http.problems import Problem
from hypertally.api.http.single_flight import SingleFlight
from hypertally.api.identity.claims import Claims
from hypertally.api.identity.token_verification import TokenVerifier, unauthorised
from hypertally.api.identity.tokens import unix_now
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import (
    Connection,
    Pool,
    committed_transaction,
    find_row,
    read_row,
    transaction,
    translated,
)

Role: TypeAlias = Literal["viewer", "analyst", "admin"]

RANKS: Final[dict[Role, int]] = {"viewer": 0, "analyst": 1, "admin": 2}
READING_PURPOSES: Final = frozenset({None, "access", "session"})

_QUERIES = queries.load(__file__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A user as the database knows them: what may be read, and as whom."""

    user_id: str
    org_id: int
    org: str
    role: Role
    expires_at: float  # of the token, Unix seconds
    token_id: str = ""  # what the database knows the token by; a command has none
    revision: int = 0  # of the org's wallets and their names
    names_wallets: bool = False  # the org gave a label or a tag
    read_at: float = 0.0  # before the database was asked, by the clock of what is kept

    def require(self, role: Role) -> None:
        """Refuse unless this identity has `role` or a higher one."""
        if RANKS[self.role] < RANKS[role]:
            raise Problem(
                status=403,
                detail=f"this needs the role {role}, yours is {self.role}: ask your admin",
            )


class _Profile(Record, frozen=True, kw_only=True):
    org_id: int | None  # None: the user has no org
    role: Role | None
    is_ended: bool  # the token


class _Opened(Record, frozen=True, kw_only=True):
    is_open: bool | None  # None: the user has no org


class _Admission(Record, frozen=True, kw_only=True):
    refusal: str | None  # None: the user is admitted


class _Org(Record, frozen=True, kw_only=True):
    name: str
    revision: int
    names_wallets: bool


class Authenticator:
    """Turns tokens into identities; keeps each for a few seconds, never past its expiry."""

    def __init__(
        self, verifier: TokenVerifier, *, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self.pool: Pool | None = None  # set when the server has started
        self._verifier = verifier
        self._seconds = seconds
        self._endings = 0  # tokens that this process ended
        self._single_flight: SingleFlight[tuple[str, int], Identity] = SingleFlight()
        self.identities: TLRUCache[str, Identity] = TLRUCache(
            IDENTITIES_KEPT_MAX, ttu=_kept_until, timer=seconds
        )

    async def identify(self, token: str) -> Identity:
        """Return whose token this is.

        Errors: `Problem` 401 for a token that proves nothing, 403 for a user without a profile.
        """
        known = self.identities.get(token)
        if known is not None:
            return known
        # Signed and read once, however many requests bring the token at the same moment; what
        # began before a token was ended serves nobody who asks after it.
        flight = (token, self._endings)
        return await self._single_flight.run(flight, lambda: self._identify(token))

    def find(self, token: str) -> Identity:
        """Return the kept identity of a token; it is read again in time, while nobody waits.

        Waiting for it, all requests of a token stood still whenever its identity ended.
        Errors: `KeyError` for a token whose identity is not kept.
        """
        identity = self.identities[token]
        if self._seconds() - identity.read_at > PROFILE_RENEWED_SECONDS:
            # Refused now, it is refused to the next request too, which says why.
            flight = (token, self._endings)
            self._single_flight.start(flight, lambda: self._renew(token))
        return identity

    async def _renew(self, token: str) -> Identity:
        try:
            return await self._identify(token)
        except Problem:
            self.identities.pop(token, None)
            raise

    async def _identify(self, token: str) -> Identity:
        endings = self._endings
        claims = await self._verifier.verify(token)
        if claims.purpose not in READING_PURPOSES:
            raise unauthorised("this token only signs in: open /sign-in?token=... with it")
        read_at = self._seconds()
        identity = replace(await read_identity(self._open_pool(), claims), read_at=read_at)
        if endings == self._endings:  # else it may be this token that was ended meanwhile
            self.identities[token] = identity
        return identity

    async def end(self, token: str) -> None:
        """End a token before it expires: here at once, elsewhere when what is kept of it is old.

        Errors: `Problem` 401 for a token that proves nothing.
        """
        claims = await self._verifier.verify(token)
        values = {
            "token_id": claims.token_id,
            "purpose": claims.purpose or "access",
            "expires_at": claims.exp,
        }
        async with open_as(self._open_pool(), claims.sub) as connection:
            await connection.execute(_QUERIES["close_session"].text, values)
        self._forget(claims)

    def _forget(self, claims: Claims) -> None:
        """Keep nothing of a token that has ended."""
        self._endings += 1
        ended = (claims.sub, claims.token_id)
        for spelled, identity in list(self.identities.items()):  # its signature has many spellings
            if (identity.user_id, identity.token_id) == ended:
                self.identities.pop(spelled, None)

    async def use(
        self, claims: Claims, *, session_id: str | None = None, session_seconds: int = 0
    ) -> None:
        """Come in with a token; a session that it opens is noted with it.

        Errors: `Problem` 401 for a link that was used before, or a token that ended; 403 for a user
        without an org.
        """
        values = {
            "token_id": claims.token_id,
            "purpose": claims.purpose or "access",
            "issued_at": claims.iat,
            "expires_at": claims.exp,
            "session_id": session_id,
            "session_expires_at": unix_now() + session_seconds,
        }
        row = await self._open_session(claims.sub, values)
        if row.is_open is None:
            await admit(self._open_pool(), claims)
            row = await self._open_session(claims.sub, values)
        if not row.is_open:
            self._forget(claims)
            raise unauthorised("this token was used before, or ended: ask for a new link")

    async def _open_session(self, user_id: str, values: Mapping[str, object]) -> _Opened:
        async with open_as(self._open_pool(), user_id) as connection:
            return await read_row(connection, _QUERIES["open_session"], values, shape=_Opened)

    def _open_pool(self) -> Pool:
        assert self.pool is not None, "requests come after the start-up"
        return self.pool


async def read_identity(pool: Pool, claims: Claims) -> Identity:
    """Return the org and the role of a user; of a new one as the token's claim says.

    Errors: `Problem` 401 for a token that ended, 403 for a user without a profile.
    """
    identity = await _find_identity(pool, claims)
    if identity is None:
        await admit(pool, claims)
        identity = await _find_identity(pool, claims)
    if identity is None:
        raise _no_member("the user was removed a moment ago")
    return identity


async def _find_identity(pool: Pool, claims: Claims) -> Identity | None:
    values = {"user_id": claims.sub, "token_id": claims.token_id, "issued_at": claims.iat}
    async with transaction(pool) as connection:
        await set_identity(connection, user_id=claims.sub, org_id=None)
        profile = await read_row(connection, _QUERIES["read_profile"], values, shape=_Profile)
        if profile.is_ended:
            raise unauthorised("this token was ended: sign in again")
        if profile.org_id is None or profile.role is None:
            return None
        await set_identity(connection, user_id=claims.sub, org_id=profile.org_id)
        parameters = {"org_id": profile.org_id}
        org = await find_row(connection, _QUERIES["read_org"], parameters, shape=_Org)
    return Identity(
        user_id=claims.sub,
        org_id=profile.org_id,
        org=org.name if org else "",
        role=profile.role,
        expires_at=claims.exp,
        token_id=claims.token_id,
        revision=org.revision if org else 0,
        names_wallets=org is not None and org.names_wallets,
    )


async def admit(pool: Pool, claims: Claims) -> None:
    """Give a user without an org the one that the token claims; a refusal is noted in its log.

    Errors: `Problem` 403 that says why the user is not admitted.
    """
    if claims.membership is None:
        raise _no_member()
    values = {
        "org": claims.membership.org,
        "role": claims.membership.role,
        "fault": claims.membership.fault,
        "token_id": claims.token_id,
    }
    async with open_as(pool, claims.sub) as connection:
        row = await read_row(connection, _QUERIES["admit_member"], values, shape=_Admission)
    if row.refusal is not None:
        raise _no_member(row.refusal)


def _no_member(reason: str = "") -> Problem:
    because = f" ({reason})" if reason else ""
    detail = f"this user belongs to no org{because}: an admin adds one with `hypertally users add`"
    return Problem(status=403, detail=detail)


def _kept_until(_: str, identity: Identity, now: float) -> float:
    left = identity.expires_at - unix_now()
    return min(identity.read_at + PROFILE_SECONDS_MAX, now + left)


async def set_identity(connection: Connection, *, user_id: str, org_id: int | None) -> None:
    """Name the caller for this transaction; without an org only the own profile is visible."""
    await connection.execute(
        _QUERIES["set_identity"].text,
        {"user_id": user_id, "org_id": "" if org_id is None else str(org_id)},
    )


@asynccontextmanager
async def open_as(pool: Pool, user_id: str) -> AsyncGenerator[Connection]:
    """Give a connection whose transaction acts for a user and sees what others commit."""
    async with committed_transaction(pool) as connection:
        await set_identity(connection, user_id=user_id, org_id=None)
        yield connection


@asynccontextmanager
async def connect_as(pool: Pool, identity: Identity) -> AsyncGenerator[Connection]:
    """Give a connection whose transaction sees what `identity` may see and nothing else.

    A pipeline is one transaction up to its end: the caller's name and the first statement are sent
    together, and there is no begin and no commit to wait for.
    """
    with translated():
        async with pool.connection() as connection, connection.pipeline():
            await set_identity(connection, user_id=identity.user_id, org_id=identity.org_id)
            yield connection


@asynccontextmanager
async def open_snapshot(pool: Pool, identity: Identity) -> AsyncGenerator[Connection]:
    """Give a connection for several answers, all from one snapshot of what `identity` may see."""
    async with transaction(pool) as connection:
        await set_identity(connection, user_id=identity.user_id, org_id=identity.org_id)
        yield connection
