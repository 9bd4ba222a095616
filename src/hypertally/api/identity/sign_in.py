"""Signing in with a browser: a token is swapped for a cookie that scripts cannot read."""

import contextlib
from typing import Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from hypertally.api.http.limits import SESSION_SECONDS, SIGN_IN_SECONDS_MAX
from hypertally.api.http.options import ApiOptions
from hypertally.api.http.problems import Problem
from hypertally.api.identity.auth import Authenticator
from hypertally.api.identity.token_verification import Claims, TokenVerifier, unauthorised
from hypertally.api.identity.tokens import mint, new_token_id, unix_now

router = APIRouter(include_in_schema=False)

COOKIE_NAME: Final = "hypertally_session"

FORM: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Sign in - hypertally</title>
<meta name="viewport" content="width=device-width">
<h1>Sign in</h1>
<p>Paste an access token. <code>hypertally token</code> prints one.</p>
<form action="/sign-in" method="post" autocomplete="off">
<label>Token <input name="token" type="password" required size="60"></label>
<button>Sign in</button>
</form></html>
"""


class SignIns:
    """Checks tokens that open a session; a sign-in token does so once."""

    def __init__(
        self, options: ApiOptions, *, verifier: TokenVerifier, authenticator: Authenticator
    ) -> None:
        self._options = options
        self._verifier = verifier
        self._authenticator = authenticator

    async def open(self, token: str) -> tuple[str, int]:
        """Return the token of the session and the seconds it lasts.

        Errors: `Problem` 401 for a token that is bad, used before, ended, or for something else.
        """
        claims = await self._verifier.verify(token)
        left = int(claims.exp - unix_now())
        if claims.purpose in (None, "access"):
            await self._authenticator.use(claims)
            return token, left
        if claims.purpose != "sign-in" or not claims.signed_here or claims.jti is None:
            raise unauthorised("this token does not sign in: ask for a new link")
        if left > SIGN_IN_SECONDS_MAX:
            raise unauthorised("this sign-in link lives too long: ask for a new one")
        session_id = new_token_id()
        await self._authenticator.use(
            claims, session_id=session_id, session_seconds=SESSION_SECONDS
        )
        return self._mint_session(claims, session_id), SESSION_SECONDS

    def _mint_session(self, claims: Claims, session_id: str) -> str:
        secret = self._options.jwt_secret
        assert secret is not None, "the token was signed with it"
        return mint(
            secret,
            claims.sub,
            purpose="session",
            seconds=SESSION_SECONDS,
            audience=self._options.jwt_audience,
            issuer=self._options.jwt_issuer,
            token_id=session_id,
        )

    async def close(self, token: str) -> None:
        """End the session of a token; one that proves nothing has none."""
        with contextlib.suppress(Problem):
            await self._authenticator.end(token)


@router.post("/sign-in")
async def post_sign_in(request: Request) -> Response:
    """Swap the token of the form for the session cookie; browsers keep addresses, not forms."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Problem(
            status=403, detail="the form of another site does not sign in here: open /sign-in"
        )
    form = parse_qs((await request.body()).decode("latin-1"))
    return await sign_in(request, form.get("token", [""])[0].strip())


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
    """End the session, and forget its cookie."""
    token = request.cookies.get(COOKIE_NAME)
    if token and not request.scope.get("hypertally.head"):
        await request.app.state.sign_ins.close(token)
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
