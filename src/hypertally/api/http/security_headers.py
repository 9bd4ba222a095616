"""Headers that keep a browser from doing more than the page needs."""

from typing import Final

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)

_ALWAYS: Final = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "server": "hypertally",  # the server would name itself, and cannot be told to say nothing
}
_HTTPS_ONLY: Final = {"strict-transport-security": "max-age=31536000; includeSubDomains"}


def security_headers(*, https: bool) -> list[tuple[bytes, bytes]]:
    """Return the headers of every answer."""
    chosen = _ALWAYS | (_HTTPS_ONLY if https else {})
    return [(name.encode(), value.encode()) for name, value in chosen.items()]
