"""Who asks: a verified token names a user, the user's profile names the org and the role."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, cast

from cachetools import TLRUCache

from hypertally.api.http.limits import IDENTITIES_KEPT_MAX, PROFILE_SECONDS_MAX
from hypertally.api.http.problems import Problem
from hypertally.api.http.single_flight import SingleFlight
from hypertally.api.identity.token_verification import Claims, TokenVerifier, unauthorised
from hypertally.api.identity.tokens import unix_now
from hypertally.store import queries
from hypertally.store.postgres import Connection, Pool, transaction, translated

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


class Authenticator:
    """Turns tokens into identities; keeps each for a few seconds, never past its expiry."""

    def __init__(self, verifier: TokenVerifier) -> None:
        self.pool: Pool | None = None  # set when the server has started
        self._verifier = verifier
        self._single_flight: SingleFlight[str, Identity] = SingleFlight()
        self.identities: TLRUCache[str, Identity] = TLRUCache(
            IDENTITIES_KEPT_MAX, ttu=_kept_until, timer=time.monotonic
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
        identity = await self._read_identity(claims)
        self.identities[token] = identity
        return identity

    async def _read_identity(self, claims: Claims) -> Identity:
        assert self.pool is not None, "requests come after the start-up"
        async with transaction(self.pool) as connection:
            await set_identity(connection, user_id=claims.sub, org_id=None)
            found = await connection.execute(_QUERIES["read_profile"].text, {"user_id": claims.sub})
            profile = await found.fetchone()
            if profile is None:
                raise Problem(
                    status=403,
                    detail="this user belongs to no org: ask an admin for a profile",
                )
            await set_identity(connection, user_id=claims.sub, org_id=profile["org_id"])
            found = await connection.execute(
                _QUERIES["read_org_name"].text, {"org_id": profile["org_id"]}
            )
            org = await found.fetchone()
        return Identity(
            user_id=claims.sub,
            org_id=profile["org_id"],
            org=org["name"] if org else "",
            role=cast("Role", profile["role"]),
            expires_at=claims.exp,
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
    """One transaction that sees what `identity` may see and nothing else.

    It is the one a pipeline is up to its end: the caller's name and the first question go out
    together, and there is no begin and no commit to wait for.
    """
    with translated():
        async with pool.connection() as connection, connection.pipeline():
            await set_identity(connection, user_id=identity.user_id, org_id=identity.org_id)
            yield connection
