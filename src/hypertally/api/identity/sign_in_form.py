"""The form of /sign-in: its page, and what a browser may send back with it."""

import asyncio
from typing import Final
from urllib.parse import parse_qs, urlsplit

from fastapi import Request
from starlette.requests import ClientDisconnect

from hypertally.api.http.limits import FORM_SECONDS_MAX
from hypertally.api.http.problems import Problem

FORM_TYPE: Final = "application/x-www-form-urlencoded"

# Its own referrer policy: under the one of all answers browsers send no origin with a form.
PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Sign in - hypertally</title>
<meta name="viewport" content="width=device-width">
<meta name="referrer" content="same-origin">
<h1>Sign in</h1>
<p>Paste an access token. <code>hypertally token</code> prints one, of the made-up exchange
<code>hypertally token --sandbox</code>.</p>
<form action="/sign-in" method="post" autocomplete="off">
<label>Token <input name="token" type="password" required size="60"></label>
<button>Sign in</button>
</form></html>
"""


async def read_form_token(request: Request) -> str:
    """Return the token of the form that this site's own page sends.

    Errors: `Problem` 403 for a form of another site, 408 for one that does not come whole, 415 for
    what no form of ours sends.
    """
    _check_site(request)
    body = await _read_body(request)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and media_type != FORM_TYPE:
        detail = f"{media_type[:60]!a} is not read here: send the token as {FORM_TYPE}"
        raise Problem(status=415, detail=detail)
    return parse_qs(body.decode("latin-1")).get("token", [""])[0].strip()


async def _read_body(request: Request) -> bytes:
    try:
        async with asyncio.timeout(FORM_SECONDS_MAX):
            return await request.body()
    except (TimeoutError, ClientDisconnect):
        length = request.headers.get("content-length", "")
        detail = f"the {length} bytes of the form did not come within {FORM_SECONDS_MAX} seconds"
        raise Problem(status=408, detail=f"{detail}: send it again, whole") from None


def _check_site(request: Request) -> None:
    """Refuse a browser that brings the form of another site; other programs name no site."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    is_vouched_for = site in ("same-origin", "none")
    if site is not None and not is_vouched_for:
        raise _another_site()
    if origin is None or (origin == "null" and is_vouched_for):
        return
    if not _is_own(origin, request):
        raise _another_site()


def _is_own(origin: str, request: Request) -> bool:
    try:
        parts = urlsplit(origin.lower())
    except ValueError:
        return False
    public = urlsplit((request.app.state.options.public_url or "").lower())
    if public.netloc and (parts.scheme, parts.netloc) == (public.scheme, public.netloc):
        return True
    # Whoever is on the way can answer http in the name of a host that is reached by https alone.
    if (parts.scheme, public.scheme) == ("http", "https") and parts.hostname == public.hostname:
        return False
    return parts.netloc != "" and parts.netloc == request.headers.get("host", "").lower()


def _another_site() -> Problem:
    detail = (
        "the form of another site does not sign in here: open /sign-in (behind a proxy "
        "HYPERTALLY_PUBLIC_URL names the address that browsers see)"
    )
    return Problem(status=403, detail=detail)
