"""An exchange on loopback whose every answer a test decides, request by request."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.flow.books import Exchange
from tests.flow.handmade import Row

Answer = tuple[int, object]  # HTTP status and body
Script = Callable[[Row], Answer | None]  # None: the exchange answers as it does


@dataclass
class Scripted:
    """One wallet's exchange: its fills in order of time, and the positions that it states."""

    fills: list[Row] = field(default_factory=list)
    state: Row | None = None  # None: none is stated, 500
    page_rows: int = 2_000
    rows_kept: int = 10_000  # of the newest fills; others are not shown
    script: Script | None = None
    requests: list[Row] = field(default_factory=list)
    exchange: Exchange = field(default_factory=lambda: Exchange(""))

    def answer(self, request: Row) -> Answer:
        """What the exchange gives to a request."""
        self.requests.append(request)
        scripted = self.script(request) if self.script else None
        return scripted or self.whole(request)

    def whole(self, request: Row) -> Answer:
        """What an exchange without faults gives."""
        match request["type"]:
            case "userFillsByTime":
                return 200, self.rows(request)
            case "clearinghouseState":
                return (200, self.state) if self.state else (500, None)
            case "spotMeta":
                return 200, {"tokens": [{"name": "USDC", "index": 0}], "universe": []}
            case "perpDexs":
                return 200, [None]
            case _:
                return 200, []

    def rows(self, request: Row) -> list[Row]:
        """The page of fills that a request asks for."""
        first, last = request["startTime"], request.get("endTime", 10**18)
        newest = self.fills[-self.rows_kept :]
        return [row for row in newest if first <= row["time"] <= last][: self.page_rows]

    def asked(self, request_type: str) -> int:
        """How often a type was asked for."""
        return sum(request["type"] == request_type for request in self.requests)


@contextmanager
def scripted() -> Iterator[Scripted]:
    """A running exchange of this kind."""
    scene = Scripted()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, body = scene.answer(request)
            encoded = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    scene.exchange = Exchange(f"http://127.0.0.1:{server.server_port}")
    try:
        yield scene
    finally:
        server.shutdown()
        server.server_close()
