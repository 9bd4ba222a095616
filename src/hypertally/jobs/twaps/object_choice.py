"""Which objects of a store to read: those not read yet, those changed since, or that of a key."""

from datetime import datetime
from urllib.parse import urlsplit

from hypertally.errors import Refused
from hypertally.jobs.twaps import ingest_log
from hypertally.jobs.twaps.ingest_log import Content
from hypertally.records import Record
from hypertally.sources.object_store import ObjectStore, StoredObject
from hypertally.store.postgres import Pool, transaction


class Choice(Record, frozen=True, kw_only=True):
    """Which objects to read: those not read yet, those changed since, both, or that of a key."""

    incremental: bool = False
    since: datetime | None = None
    key: str | None = None
    prefix: str = ""  # of the keys that are looked at: a folder
    is_local: bool = False  # a file of this machine, not an object of the source


async def choose(
    pool: Pool, store: ObjectStore, choice: Choice, *, content: Content = "statuses"
) -> list[StoredObject]:
    """The objects that a choice means, in the order of their keys."""
    if choice.key is not None:
        return [await _find(store, choice.key)]
    listed = [stored async for stored in store.list(choice.prefix)]
    if choice.since is not None:
        listed = [stored for stored in listed if stored.last_modified >= choice.since]
    if not choice.incremental:
        return listed
    async with transaction(pool) as connection:
        done = await ingest_log.list_read(connection, content)
    return [stored for stored in listed if (stored.key, stored.etag) not in done]


async def _find(store: ObjectStore, key: str) -> StoredObject:
    """The object of a key: as it is logged, as the bucket lists it, or as a whole address."""
    prefix = urlsplit(store.url).path.strip("/")
    begins = [f"{store.url.rstrip('/')}/", *([f"{prefix}/"] if prefix else [])]
    below = next((key.removeprefix(begin) for begin in begins if key.startswith(begin)), None)
    if below is None:
        return await store.find(key)
    try:
        return await store.find(below)
    except Refused:
        return await store.find(key)
