"""Signing in with a browser: a token is swapped for a cookie that scripts cannot read."""

import time
from typing import Final

from cachetools import TLRUCache
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from hypertally.api.http.limits import SESSION_SECONDS, SIGN_IN_SECONDS_MAX, SIGN_INS_KEPT_MAX
from hypertally.api.http.options import ApiOptions
from hypertally.api.http.problems import Problem
from hypertally.api.identity.token_verification import Claims, TokenVerifier, unauthorised
from hypertally.api.identity.tokens import mint, unix_now

router = APIRouter(include_in_schema=False)

COOKIE_NAME: Final = "hypertally_session"

FORM: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Sign in - hypertally</title>
<meta name="viewport" content="width=device-width">
<h1>Sign in</h1>
<p>Paste an access token. <code>hypertally token</code> prints one.</p>
<form action="/sign-in" method="get" autocomplete="off">
<label>Token <input name="token" type="password" required size="60"></label>
<button>Sign in</button>
</form></html>
"""


class SignIns:
    """Checks tokens that open a session; a sign-in token does so once."""

    def __init__(self, options: ApiOptions, *, verifier: TokenVerifier) -> None:
        self._options = options
        self._verifier = verifier
        # Kept longer than any sign-in token may live, so none can come a second time.
        self._used: TLRUCache[str, bool] = TLRUCache(
            SIGN_INS_KEPT_MAX,
            ttu=lambda _, __, now: now + SIGN_IN_SECONDS_MAX + 60,
            timer=time.monotonic,
        )

    async def open(self, token: str) -> tuple[str, int]:
        """Return the token of the session and the seconds it lasts.

        Errors: `Problem` 401 for a token that is bad, used before, or for something else.
        """
        claims = await self._verifier.verify(token)
        left = int(claims.exp - unix_now())
        if claims.purpose in (None, "access"):
            return token, left
        if claims.purpose != "sign-in" or not claims.signed_here or claims.jti is None:
            raise unauthorised("this token does not sign in: ask for a new link")
        if left > SIGN_IN_SECONDS_MAX:
            raise unauthorised("this sign-in link lives too long: ask for a new one")
        self._use(claims.jti)
        return self._mint_session(claims), SESSION_SECONDS

    def _use(self, jti: str) -> None:
        if jti in self._used:
            raise unauthorised("this sign-in link was used before: ask for a new one")
        if len(self._used) >= SIGN_INS_KEPT_MAX:
            # Forgetting an unexpired one would let it be used again.
            raise unauthorised("too many sign-ins at once: try again later")
        self._used[jti] = True

    def _mint_session(self, claims: Claims) -> str:
        secret = self._options.jwt_secret
        assert secret is not None, "the token was signed with it"
        return mint(
            secret,
            claims.sub,
            purpose="session",
            seconds=SESSION_SECONDS,
            audience=self._options.jwt_audience,
            issuer=self._options.jwt_issuer,
        )


@router.get("/sign-in")
async def sign_in(request: Request, token: str = "") -> Response:
    """Swap the token of the link or of the Authorization header for the session cookie."""
    token = token or request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    # A HEAD comes from something that looks at links; it must not use the token up.
    if not token or request.scope.get("hypertally.head"):
        return HTMLResponse(FORM, headers={"Cache-Control": "no-store"})
    try:
        session, seconds = await request.app.state.sign_ins.open(token)
    except Problem:
        # A person with a link that is used up is better served by the page: it says what to do.
        if "text/html" in request.headers.get("accept", ""):
            return RedirectResponse("/", status_code=303, headers={"Cache-Control": "no-store"})
        raise
    response = RedirectResponse("/", status_code=303, headers={"Cache-Control": "no-store"})
    response.set_cookie(
        COOKIE_NAME,
        session,
        max_age=max(seconds, 0),
        path="/",
        httponly=True,
        samesite="strict",
        secure=_is_https(request),
    )
    return response


@router.get("/sign-out")
async def sign_out(request: Request) -> Response:
    """Forget the session cookie."""
    response = RedirectResponse("/", status_code=303, headers={"Cache-Control": "no-store"})
    response.delete_cookie(
        COOKIE_NAME,
        path="/",
        httponly=True,
        samesite="strict",
        secure=_is_https(request),
    )
    return response


def _is_https(request: Request) -> bool:
    """Whether the browser speaks https: by the settings, or as a trusted proxy says."""
    return request.app.state.options.secure_cookie or request.url.scheme == "https"
