"""Signing in with a browser: a token is swapped for a cookie that scripts cannot read."""

import contextlib
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from hypertally.api.http.limits import SESSION_SECONDS, SIGN_IN_SECONDS_MAX
from hypertally.api.http.options import ApiOptions
from hypertally.api.http.problems import Problem
from hypertally.api.identity.auth import Authenticator
from hypertally.api.identity.claims import Claims
from hypertally.api.identity.credentials import COOKIE_NAME, bearer_of, session_tokens
from hypertally.api.identity.sign_in_form import PAGE, read_form_token
from hypertally.api.identity.token_verification import TokenVerifier, unauthorised
from hypertally.api.identity.tokens import mint, new_token_id, unix_now

router = APIRouter(include_in_schema=False)

NO_STORE: Final = {"Cache-Control": "no-store"}
FORGET_ANSWERS: Final = {"Clear-Site-Data": '"cache"'}  # that the browser keeps
REFUSED: Final = "/?refused=1"  # the page says so, and what to do


class SignIns:
    """Checks tokens that open a session; a sign-in token does so once."""

    def __init__(
        self, options: ApiOptions, *, verifier: TokenVerifier, authenticator: Authenticator
    ) -> None:
        self._options = options
        self._verifier = verifier
        self._authenticator = authenticator

    async def open(self, token: str) -> tuple[str, int]:
        """Return the token of the session and the seconds it lasts, at least one.

        Errors: `Problem` 401 for a token that is bad, used before, ended, or for something else;
        403 for a user without an org.
        """
        claims = await self._verifier.verify(token)
        left = int(claims.exp - unix_now())
        if left < 1:  # other clocks may still read it; a cookie of no second is none
            raise unauthorised("the token has expired: ask for a new one")
        if claims.purpose in (None, "access"):
            await self._authenticator.use(claims)
            return token, left
        is_link = claims.purpose == "sign-in" and claims.signed_here
        if not is_link or claims.jti is None or claims.iat is None:
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
            issued_at=claims.iat,  # it ends with its link if the user is revoked meanwhile
        )

    async def close(self, token: str) -> None:
        """End the session of a token; one that proves nothing has none."""
        with contextlib.suppress(Problem):
            await self._authenticator.end(token)


@router.post("/sign-in")
async def post_sign_in(request: Request) -> Response:
    """Swap the token of the form for the session cookie; browsers keep addresses, not forms."""
    return await sign_in(request, await read_form_token(request))


@router.get("/sign-in")
async def sign_in(request: Request, token: str = "") -> Response:
    """Swap the token of the link or of the Authorization header for the session cookie."""
    token = token or bearer_of(dict(request.headers.raw))
    # A HEAD comes from something that looks at links; it must not use the token up.
    if not token or request.scope.get("hypertally.head"):
        return HTMLResponse(PAGE, headers=NO_STORE)
    try:
        session, seconds = await request.app.state.sign_ins.open(token)
    except Problem:
        # A person with a link that is used up is better served by the page: it says what to do.
        if "text/html" in request.headers.get("accept", ""):
            return RedirectResponse(REFUSED, status_code=303, headers=NO_STORE)
        raise
    response = RedirectResponse("/", status_code=303, headers=NO_STORE)
    response.set_cookie(
        COOKIE_NAME,
        session,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="strict",
        secure=_is_https(request),
    )
    return response


@router.get("/sign-out")
async def sign_out(request: Request) -> Response:
    """End every session that the browser has here, and forget its cookie."""
    if not request.scope.get("hypertally.head"):
        for token in session_tokens(dict(request.headers.raw)):
            await request.app.state.sign_ins.close(token)
    response = RedirectResponse("/", status_code=303, headers=NO_STORE | FORGET_ANSWERS)
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
