"""Object stores: S3, whose readers pay, or a folder of this machine.

obstore is called from threads of Python's own: what its `..._async` calls leave running when the
interpreter ends aborts the process now and then, after all was done.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from obstore import exceptions
from obstore.store import LocalStore, S3Store

from hypertally.errors import Refused, SourceDown
from hypertally.records import Record

ANSWER_SECONDS_MAX = 60
TRIES_MAX = 4  # then the reading of the object has failed, and is told
CHUNK_BYTES = 8 * 1024 * 1024  # what is held of an object at a time
OBJECT_BYTES_MAX = 8 * 1024**3  # a day of all statuses is under a hundredth of it
SMALL_BYTES_MAX = 1024 * 1024  # of an object that is read at once: a manifest has two thousand

REFUSALS = (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)
CREDENTIALS = (  # each line is enough
    ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ("AWS_WEB_IDENTITY_TOKEN_FILE",),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI",),
)


class StoredObject(Record, frozen=True, kw_only=True):
    """What a store says of an object."""

    key: str  # below the address of the store
    etag: str  # changes with the content
    last_modified: datetime
    size_bytes: int


class ObjectStore:
    """One address, s3://bucket/prefix or file:///folder.

    Errors: `Refused` for a folder that is not there, and for S3 without credentials.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._store = _open(url)

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """Every object below a prefix, in the order of its key as S3 lists them.

        Errors: `Refused` when the store will not let us; `SourceDown` when it does not answer.
        """
        with self._translated(""):
            chunks = self._store.list(prefix or None)  # pyright: ignore[reportUnknownMemberType]  # one of its forms needs arro3
            while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
                for meta in chunk:
                    yield StoredObject(
                        key=meta["path"],
                        etag=meta["e_tag"] or "",
                        last_modified=meta["last_modified"],
                        size_bytes=meta["size"],
                    )

    async def find(self, key: str) -> StoredObject:
        """What the store says of one object.

        Errors: `Refused` when there is none of that key, or the store will not let us.
        """
        try:
            with self._translated(key):
                meta = await asyncio.to_thread(self._store.head, key)
        except ValueError as error:
            raise Refused(f"{key!r} is no key of an object: name it as it is listed") from error
        return StoredObject(
            key=key,
            etag=meta["e_tag"] or "",
            last_modified=meta["last_modified"],
            size_bytes=meta["size"],
        )

    async def fetch(self, found: StoredObject, to: Path) -> bytes:
        """Copy an object into a file, piece by piece; the sha256 of its bytes.

        Errors: `SourceDown` when it is not whole, or has changed since it was listed.
        """
        if found.size_bytes > OBJECT_BYTES_MAX:
            raise Refused(f"{found.key} holds {found.size_bytes} bytes, over {OBJECT_BYTES_MAX}")
        digest, size = hashlib.sha256(), 0
        with self._translated(found.key), to.open("wb") as file:
            answer = await asyncio.to_thread(self._store.get, found.key)
            if (answer.meta["e_tag"] or "") != found.etag:
                raise SourceDown(f"{found.key} changed while it was read: read it again")
            chunks = answer.stream(min_chunk_size=CHUNK_BYTES)
            while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
                digest.update(chunk)
                size += file.write(chunk)
        if size != found.size_bytes:
            raise SourceDown(f"{found.key} ended after {size} of {found.size_bytes} bytes")
        return digest.digest()

    async def read_start(self, found: StoredObject, length: int) -> bytes:
        """The first bytes of an object, fewer if it is shorter.

        Errors: as `list` has them; `Refused` when it is gone.
        """
        if not found.size_bytes:
            return b""
        with self._translated(found.key):
            end = min(length, found.size_bytes)
            part = await asyncio.to_thread(self._store.get_range, found.key, start=0, end=end)
            return bytes(part)

    async def read(self, key: str) -> bytes | None:
        """A small object at once; None where there is none.

        Errors: `Refused` when it is not small; as `list` has them.
        """
        with self._translated(key):
            try:
                answer = await asyncio.to_thread(self._store.get, key)
            except (FileNotFoundError, exceptions.NotFoundError):
                return None
            if answer.meta["size"] > SMALL_BYTES_MAX:
                raise Refused(f"{self.place(key)} holds more than {SMALL_BYTES_MAX} bytes")
            return bytes(await asyncio.to_thread(answer.bytes))

    async def put(self, key: str, content: Path | bytes, *, new: bool = False) -> None:
        """Store an object whole, or not at all; `new`: only if there is none of that key.

        Errors: `Refused` when there is one, or the store will not let us; `SourceDown`.
        """
        with self._translated(key, "written"):
            try:
                mode = "create" if new else "overwrite"
                await asyncio.to_thread(self._store.put, key, content, mode=mode)
            except (FileExistsError, exceptions.AlreadyExistsError) as error:
                raise Refused(
                    f"{self.place(key)} is there already: does another database write there?"
                ) from error
        if isinstance(self._store, LocalStore):
            await asyncio.to_thread(_keep, _folder(self.url), key)

    def place(self, key: str) -> str:
        """The whole address of an object."""
        return f"{self.url.rstrip('/')}/{key}".rstrip("/")

    @contextmanager
    def _translated(self, key: str, what: str = "read") -> Iterator[None]:
        place = self.place(key)
        try:
            yield
        except (FileNotFoundError, exceptions.NotFoundError) as error:
            raise Refused(f"there is no {place}") from error
        except (PermissionError, *REFUSALS) as error:
            raise _refused(place, what) from error
        except exceptions.BaseError as error:
            # What lists objects has no error of its own.
            if "403 Forbidden" in str(error):
                raise _refused(place, what) from error
            raise SourceDown(
                f"{place} could not be {what}: {str(error).splitlines()[0]}"
            ) from error


def may_be_read(url: str) -> bool:
    """Whether it is a folder, or the environment holds credentials: S3's readers pay."""
    enough = (all(os.environ.get(name) for name in names) for names in CREDENTIALS)
    return not url.startswith("s3:") or any(enough)


def _refused(place: str, what: str = "read") -> Refused:
    if place.startswith("file:"):
        return Refused(f"{place} may not be {what}: look at the permissions of the folder")
    return Refused(
        f"{place} may not be {what}: the reader pays there, so AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY must be those of an account that may"
    )


def _folder(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))


def _keep(folder: Path, key: str) -> None:
    """Have a file outlast a power cut: its bytes, and its name in every folder above."""
    path = folder / key
    for one in (path, *path.parents):
        if one == folder.parent:
            return
        handle = os.open(one, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _open(url: str) -> S3Store | LocalStore:
    parts = urlsplit(url)
    if parts.scheme == "file":
        folder = _folder(url)
        if not folder.is_dir():
            raise Refused(f"{url}: there is no such folder")
        return LocalStore(folder)
    if not may_be_read(url):  # a store without them asks the network who it is
        raise _refused(url)
    return S3Store(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        request_payer=True,
        # A bucket on another S3 than Amazon's is named by AWS_ENDPOINT_URL, its first part by path.
        virtual_hosted_style_request=False,
        client_options={"timeout": f"{ANSWER_SECONDS_MAX}s", "allow_http": True},
        retry_config={"max_retries": TRIES_MAX},
    )
