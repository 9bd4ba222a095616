"""What the API is started with."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


class KeyedMetric(Protocol):
    """A metric as far as its explanation needs it; its table in `metrics` has its name."""

    @property
    def name(self) -> str:
        """Return the name of the table."""
        ...

    @property
    def key(self) -> tuple[str, ...]:
        """Return the columns that name a row, in order."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOptions:
    """Settings of one API process; secrets stay out of its repr."""

    database_url: str = field(repr=False)
    version: str
    exchange: str | None = None  # whose books these are, as its own name says; None: not said
    jwt_secret: str | None = field(default=None, repr=False)  # HS256; the own sign-in needs it
    jwt_secret_earlier: str | None = field(default=None, repr=False)  # reads, signs nothing
    jwks_url: str | None = None  # ES256 and RS256 keys of an identity provider
    jwt_audience: str = "authenticated"
    jwt_issuer: str | None = None
    jwt_org_claim: str | None = None  # of the provider's tokens: names the org of a new user
    jwt_role_claim: str | None = None  # of the provider's tokens: names the role of a new user
    ui_dir: Path | None = None
    public_url: str | None = None  # the address that browsers see
    secure_cookie: bool = False  # true behind https: Secure cookies and HSTS
    trusted_proxies: tuple[str, ...] = ()  # networks whose X-Forwarded-* headers count
    metrics: tuple[KeyedMetric, ...] = ()  # those that can be explained
    # The clock by which kept answers and identities grow old, in seconds from any beginning.
    seconds: Callable[[], float] = time.monotonic
