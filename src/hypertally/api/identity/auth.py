"""Who asks: a verified token names a user, the user's profile names the org and the role."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from cachetools import TLRUCache

from hypertally.api.http.limits import IDENTITIES_KEPT_MAX, PROFILE_SECONDS_MAX
from hypertally.api.http.problems import Problem
from hypertally.api.http.single_flight import SingleFlight
from hypertally.api.identity.token_verification import TokenVerifier, unauthorised
from hypertally.api.identity.tokens import unix_now
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, Pool, find_row, transaction, translated

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

    def require(self, role: Role) -> None:
        """Refuse unless this identity has `role` or a higher one."""
        if RANKS[self.role] < RANKS[role]:
            raise Problem(
                status=403,
                detail=f"this needs the role {role}, yours is {self.role}: ask your admin",
            )


class _Profile(Record, frozen=True, kw_only=True):
    org_id: int
    role: Role


class _Org(Record, frozen=True, kw_only=True):
    name: str


class Authenticator:
    """Turns tokens into identities; keeps each for a few seconds, never past its expiry."""

    def __init__(
        self, verifier: TokenVerifier, *, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self.pool: Pool | None = None  # set when the server has started
        self._verifier = verifier
        self._single_flight: SingleFlight[str, Identity] = SingleFlight()
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
        # Signed and read once, however many requests bring the token at the same moment.
        return await self._single_flight.run(token, lambda: self._identify(token))

    async def _identify(self, token: str) -> Identity:
        claims = await self._verifier.verify(token)
        if claims.purpose not in READING_PURPOSES:
            raise unauthorised("this token only signs in: open /sign-in?token=... with it")
        assert self.pool is not None, "requests come after the start-up"
        identity = await read_identity(self.pool, claims.sub, expires_at=claims.exp)
        self.identities[token] = identity
        return identity


async def read_identity(pool: Pool, user_id: str, *, expires_at: float) -> Identity:
    """Return the org and the role of a user.

    Errors: `Problem` 403 for a user without a profile.
    """
    async with transaction(pool) as connection:
        await set_identity(connection, user_id=user_id, org_id=None)
        profile = await find_row(
            connection, _QUERIES["read_profile"], {"user_id": user_id}, shape=_Profile
        )
        if profile is None:
            raise Problem(
                status=403, detail="this user belongs to no org: ask an admin for a profile"
            )
        await set_identity(connection, user_id=user_id, org_id=profile.org_id)
        parameters = {"org_id": profile.org_id}
        org = await find_row(connection, _QUERIES["read_org_name"], parameters, shape=_Org)
    return Identity(
        user_id=user_id,
        org_id=profile.org_id,
        org=org.name if org else "",
        role=profile.role,
        expires_at=expires_at,
    )


def _kept_until(_: str, identity: Identity, now: float) -> float:
    left = identity.expires_at - unix_now()
    return now + min(PROFILE_SECONDS_MAX, left)


async def set_identity(connection: Connection, *, user_id: str, org_id: int | None) -> None:
    """Name the caller for this transaction; without an org only the own profile is visible."""
    await connection.execute(
        _QUERIES["set_identity"].text,
        {"user_id": user_id, "org_id": "" if org_id is None else str(org_id)},
    )


@asynccontextmanager
async def connect_as(pool: Pool, identity: Identity) -> AsyncIterator[Connection]:
    """Give a connection whose transaction sees what `identity` may see and nothing else.

    A pipeline is one transaction up to its end: the caller's name and the first statement are sent
    together, and there is no begin and no commit to wait for.
    """
    with translated():
        async with pool.connection() as connection, connection.pipeline():
            await set_identity(connection, user_id=identity.user_id, org_id=identity.org_id)
            yield connection
