"""The server's protocol with a short path: cached responses go to the socket at once.

A cached response needs no task, no messages and no header checks: these cost more than finding it.
Every unusual request takes uvicorn's own path, and so would every request if a later uvicorn no
longer called the method below.
"""

from typing import TYPE_CHECKING, ClassVar, cast

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from hypertally.api.gateway import Gateway

if TYPE_CHECKING:
    from starlette.types import Scope


class CachedResponseProtocol(HttpToolsProtocol):
    """uvicorn's protocol over httptools, asking the gateway for a cached response first."""

    gateway: ClassVar[Gateway]

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        ordinary = cycle.keep_alive and not (
            cycle.waiting_for_100_continue or self.flow.write_paused or self.transport.is_closing()
        )
        ready = (
            self.gateway.find_cached(cast("Scope", cast("object", cycle.scope)))
            if ordinary and app is self.app
            else None
        )
        if ready is None:
            super()._start_asgi_task(cycle, app)
            return
        own = b"".join([b"%s: %s\r\n" % header for header in cycle.default_headers])
        status = STATUS_LINE[ready.head.status]
        self.transport.write(b"".join((status, own, ready.head.header_bytes, ready.body)))
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        cycle.on_response()


def protocol_for(gateway: Gateway) -> type[CachedResponseProtocol]:
    """Return the protocol bound to one gateway."""
    return type("BoundProtocol", (CachedResponseProtocol,), {"gateway": gateway})
