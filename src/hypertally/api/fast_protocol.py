"""The server's protocol with a short way out: finished bytes go to the socket at once.

An answer that is in memory needs no task, no messages and no header checks; these cost more than
finding it. Whatever is out of the ordinary takes uvicorn's own way, and so would everything if a
later uvicorn no longer called the method below.
"""

from typing import TYPE_CHECKING, ClassVar, cast

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from hypertally.api.gateway import Front

if TYPE_CHECKING:
    from starlette.types import Scope


class FinishedBytesProtocol(HttpToolsProtocol):
    """uvicorn's protocol over httptools, asking the front for finished bytes first."""

    front: ClassVar[Front]

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        ordinary = cycle.keep_alive and not (
            cycle.waiting_for_100_continue or self.flow.write_paused or self.transport.is_closing()
        )
        ready = (
            self.front.ready(cast("Scope", cast("object", cycle.scope)))
            if ordinary and app is self.app
            else None
        )
        if ready is None:
            super()._start_asgi_task(cycle, app)
            return
        own = b"".join([b"%s: %s\r\n" % header for header in cycle.default_headers])
        status = STATUS_LINE[ready.head.status]
        self.transport.write(b"".join((status, own, ready.head.wire, ready.body)))
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        cycle.on_response()


def protocol_for(front: Front) -> type[FinishedBytesProtocol]:
    """Return the protocol bound to one front."""
    return type("BoundProtocol", (FinishedBytesProtocol,), {"front": front})
