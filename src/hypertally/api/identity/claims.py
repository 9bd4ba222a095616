"""What a valid token may claim: its types, lengths and characters are decided here alone.

A signature proves who wrote a token, not that its content can be used: providers, and whoever has
our secret, sign what they like.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, get_args

from hypertally.api.http.limits import CLAIM_SHOWN_MAX, EXPIRY_MAX
from hypertally.api.identity.tokens import Purpose
from hypertally.records import is_object
from hypertally.tenancy.orgs import is_org_name
from hypertally.tenancy.users import LOCAL, ROLES, is_user_id

PURPOSES: Final[tuple[str, ...]] = get_args(Purpose)


class InvalidClaim(ValueError):
    """A signed token says what cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """The org and the role that an identity provider's token claims for its user."""

    org: str | None  # None: no org can be called so
    role: str
    fault: str | None  # why it admits nobody; None: it can


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a verified token says."""

    sub: str
    exp: float  # Unix seconds
    iat: float | None = None
    purpose: str | None = None  # None: an access token of an identity provider
    jti: str | None = None
    membership: Membership | None = None  # None: no rule, or no claim
    token_id: str  # what the database knows the token by, among those of its user
    signed_here: bool  # with our own secret, not by an identity provider


@dataclass(frozen=True, slots=True)
class MemberRule:
    """Which claims of an identity provider name a user's org and role; a dot leads inside."""

    org_claim: str | None
    role_claim: str | None

    def read(self, content: Mapping[str, object]) -> Membership | None:
        """Return what the claims say; None where no rule or no claim is."""
        org = _claim(content, self.org_claim)
        if org is None:
            return None
        role = _claim(content, self.role_claim)
        role = "viewer" if role is None else role
        if not isinstance(org, str) or not is_org_name(org):
            fault = f"the claim names the org {_shown(org)}, which no org can be called"
            return Membership(org=None, role="viewer", fault=fault)
        if not isinstance(role, str) or role not in ROLES:
            fault = f"the claim names the role {_shown(role)}: one of {', '.join(ROLES)}"
            return Membership(org=org, role="viewer", fault=fault)
        return Membership(org=org, role=role, fault=None)


def read_claims(
    content: Mapping[str, object], *, token: str, signed_here: bool, rule: MemberRule
) -> Claims:
    """Return what a token says whose signature, audience and expiry hold.

    Errors: `InvalidClaim` that names the claim.
    """
    jti = _token_id(content)
    return Claims(
        sub=_user(content, signed_here=signed_here),
        exp=_time(content, "exp") or 0,
        iat=_time(content, "iat"),
        purpose=_purpose(content),
        jti=jti,
        membership=None if signed_here else rule.read(content),
        token_id=jti or _fingerprint(token),
        signed_here=signed_here,
    )


def _user(content: Mapping[str, object], *, signed_here: bool) -> str:
    sub = content.get("sub")
    if not isinstance(sub, str) or not is_user_id(sub):
        raise InvalidClaim("sub")
    if sub.startswith(LOCAL) and not signed_here:
        raise InvalidClaim("sub")  # who runs commands here has no account elsewhere
    return sub


def _token_id(content: Mapping[str, object]) -> str | None:
    jti = content.get("jti")
    if jti is not None and not (isinstance(jti, str) and is_user_id(jti)):
        raise InvalidClaim("jti")  # it is listed and indexed as users are
    return jti


def _purpose(content: Mapping[str, object]) -> str | None:
    value = content.get("purpose")
    if value is None or value in PURPOSES:
        return value if value is None else str(value)
    raise InvalidClaim("purpose")


def _time(content: Mapping[str, object], name: str) -> float | None:
    value = content.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidClaim(name)
    if not 0 < value <= EXPIRY_MAX:
        raise InvalidClaim(name)
    return float(value)


def _fingerprint(token: str) -> str:
    """Name a token without an id by what is signed: its signature can be spelled in many ways."""
    return hashlib.sha256(token.rpartition(".")[0].encode()).hexdigest()


def _claim(content: object, path: str | None) -> object:
    if not path:
        return None
    for name in path.split("."):
        content = content.get(name) if is_object(content) else None
    return content


def _shown(value: object) -> str:
    return ascii(value)[:CLAIM_SHOWN_MAX]
