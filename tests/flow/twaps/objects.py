"""A real S3 server with requester-pays buckets, and objects of TWAP statuses for it."""

import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import obstore
import pyarrow as pa
import pyarrow.parquet as pq
from moto.server import DomainDispatcherApplication, create_backend_app
from obstore.store import S3Store
from werkzeug.serving import make_server

PREFIX = "raw/twap_statuses"
START_MS = 1_784_268_840_523
ACCOUNT = {"AWS_ACCESS_KEY_ID": "reader", "AWS_SECRET_ACCESS_KEY": "secret"}


@dataclass
class RequesterPaysStore:
    """The server's address and the requests it refused."""

    bucket: str  # its own: all servers of a process share their buckets
    endpoint: str = ""
    refused: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{PREFIX}"

    @property
    def environment(self) -> dict[str, str]:
        return ACCOUNT | {"AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": "us-east-1"}

    def writer(self) -> S3Store:
        return S3Store(
            self.bucket,
            endpoint=self.endpoint,
            region="us-east-1",
            access_key_id="writer",
            secret_access_key="secret",
            request_payer=True,
            virtual_hosted_style_request=False,
            client_options={"allow_http": True},
        )

    def put(self, key: str, table: pa.Table | bytes, **options: Any) -> None:
        obstore.put(self.writer(), f"{PREFIX}/{key}", as_parquet(table, **options))


class _RequesterPaysCheck:
    """A check before the server: reads without the requester-pays header are refused, as on S3."""

    def __init__(self, inner: Any, store: RequesterPaysStore) -> None:
        self._inner = inner
        self._store = store

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        pays = environ.get("HTTP_X_AMZ_REQUEST_PAYER") == "requester"
        if not pays and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            self._store.refused.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
            start_response("403 Forbidden", [("Content-Type", "application/xml")])
            return [b"<Error><Code>AccessDenied</Code></Error>"]
        return self._inner(environ, start_response)


@contextmanager
def requester_pays_store() -> Iterator[RequesterPaysStore]:
    """An S3 server on a free port of this machine, with an empty bucket."""
    store = RequesterPaysStore(f"statuses-{secrets.token_hex(6)}")
    app = _RequesterPaysCheck(DomainDispatcherApplication(create_backend_app), store)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    store.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        _make_bucket(store)
        yield store
    finally:
        server.shutdown()
        thread.join(timeout=5)


def _make_bucket(store: RequesterPaysStore) -> None:
    import boto3

    boto3.client(
        "s3",
        endpoint_url=store.endpoint,
        region_name="us-east-1",
        aws_access_key_id="writer",
        aws_secret_access_key="secret",
    ).create_bucket(Bucket=store.bucket)


def statuses(count: int, *, first_id: int = 1, **columns: Any) -> pa.Table:
    """`count` TWAPs with two statuses each, as the archive writes them."""
    ids = [first_id + at for at in range(count) for _ in range(2)]
    rows: Mapping[str, Any] = {
        "twap_id": ids,
        "state_user": [f"0x{twap_id % 977:040x}" for twap_id in ids],
        "state_timestamp": [START_MS + twap_id * 60_000 for twap_id in ids],
        "state_coin": ["HYPE" if twap_id % 3 else "xyz:TSLA" for twap_id in ids],
        "state_side": ["B" if twap_id % 2 else "A" for twap_id in ids],
        "state_sz": [f"{twap_id}.5" for twap_id in ids],
        "state_executedSz": ["0.0" if at % 2 == 0 else f"{ids[at]}.5" for at in range(len(ids))],
        "state_executedNtl": ["0.0" if at % 2 == 0 else f"{ids[at]}.25" for at in range(len(ids))],
        "state_minutes": [30] * len(ids),
        "status": ["activated", "finished"] * count,
    }
    return pa.table({**rows, **columns})


def as_parquet(table: pa.Table | bytes, **options: Any) -> bytes:
    if isinstance(table, bytes):
        return table
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **options)
    return sink.getvalue().to_pybytes()
