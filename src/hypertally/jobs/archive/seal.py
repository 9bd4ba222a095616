"""Sealing days of facts to the archive, releasing them from the database, bringing them back.

A day's files are written and read back before its manifest, the manifest before its row in
ops.seals, and that row before the day may leave: who is killed in between has lost nothing, and the
next run goes on. What the archive knows and the database does not is taken in first.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any

from hypertally.errors import InvariantBroken, Refused
from hypertally.jobs.archive.files import bring_back, compare_files, write_files
from hypertally.jobs.archive.verify_files import (
    Seal,
    Step,
    Tell,
    Vault,
    check_file,
    files_of,
    read_manifest,
)
from hypertally.store import parquet_archive
from hypertally.store.parquet_archive import Dataset, Digest, File, Manifest
from hypertally.store.postgres import Connection, Pool, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
CLOSED_DAYS = 2  # after its end a day may still get a late minute
KEPT_DAYS = 9  # signals look back a day, and the next ones may be computed a day late


def last_closed(today: date) -> date:
    """The last day that is two full days past."""
    return today - timedelta(days=CLOSED_DAYS + 1)


def last_releasable(today: date) -> date:
    """The last day that may leave the database."""
    return today - timedelta(days=KEPT_DAYS + 1)


async def seal_days(
    pool: Pool, vault: Vault, dataset: Dataset, *, before: date | None, tell: Tell
) -> list[Manifest]:
    """Seal what is not sealed yet of every closed day, in order; the manifests written.

    Errors: `Refused` for a bound that is not closed, or another database's archive;
    `InvariantBroken` when what is read back is not what was written.
    """
    latest = last_closed(vault.clock().date()) + timedelta(days=1)
    if before and before > latest:
        raise Refused(f"--before {before}: later minutes may still come, say at most {latest}")
    await _take_in(pool, vault, dataset, tell)
    async with transaction(pool) as connection:
        query = dataset.queries["list_days"].text
        found = await connection.execute(query, {"before": before or latest})
        days = [row["day"] for row in await found.fetchall()]
    sealed = [await _seal_day(pool, vault, dataset, day, tell) for day in days]
    return [manifest for manifest in sealed if manifest]


async def release_days(
    pool: Pool, vault: Vault, dataset: Dataset, *, before: date | None, tell: Tell
) -> list[date]:
    """Let sealed days leave that ended nine days ago, each verified just before; these days.

    Errors: `InvariantBroken` when a copy is not equal to the rows; `Refused` when the database
    will not let a day go.
    """
    end = min(last_releasable(vault.clock().date()) + timedelta(days=1), before or date.max)
    async with transaction(pool) as connection:
        seals = await list_seals(connection, dataset)
    days = sorted({seal.day for seal in seals if not seal.released_at and seal.day < end})
    return [day for day in days if await _release_day(pool, vault, dataset, day, tell)]


async def restore_days(
    pool: Pool, vault: Vault, dataset: Dataset, *, from_day: date, to_day: date, tell: Tell
) -> list[date]:
    """Bring back what the archive has of these days and the database has not; these days.

    Errors: `InvariantBroken` when the archive is not what was sealed; `Refused` when its wallets
    are another database's.
    """
    await _take_in(pool, vault, dataset, tell)
    async with transaction(pool) as connection:
        seals = await list_seals(connection, dataset)
    days = sorted({seal.day for seal in seals if from_day <= seal.day <= to_day})
    return [day for day in days if await _restore_day(pool, vault, dataset, day, tell)]


async def list_seals(connection: Connection, dataset: Dataset) -> list[Seal]:
    """What the database knows of the archive, in the order of the manifests."""
    found = await connection.execute(QUERIES["list_seals"].text, {"dataset": dataset.name})
    return [Seal(**row) for row in await found.fetchall()]


@asynccontextmanager
async def _alone(pool: Pool, dataset: Dataset) -> AsyncIterator[tuple[Connection, list[Seal]]]:
    """A transaction in which nobody else works on the archive, and what is sealed."""
    async with transaction(pool) as connection:
        await connection.execute(QUERIES["lock_archive"].text, {"dataset": dataset.name})
        yield connection, await list_seals(connection, dataset)


async def _count(connection: Connection, dataset: Dataset, day: date) -> Digest:
    found = await connection.execute(dataset.queries["count_day"].text, {"day": day})
    row = await found.fetchone()
    assert row is not None  # an aggregate answers one row
    return Digest(rows=row["rows"], fingerprints=int(row["fingerprints"]))


def _total(seals: Sequence[Seal]) -> Digest:
    return sum((Digest.parse(seal.digest) for seal in seals), Digest())


async def _take_in(pool: Pool, vault: Vault, dataset: Dataset, tell: Tell) -> None:
    """Know of manifests that were written by a run that was killed, or before a backup."""
    async with _alone(pool, dataset) as (connection, seals):
        number = len(seals) + 1
        if seals:  # what goes on from a manifest must be signed as that one is
            before = _last(seals[:-1])
            await read_manifest(vault, dataset, number - 1, previous=before, seal=seals[-1])
        previous = _last(seals)
        while await vault.store.read(parquet_archive.manifest_key(dataset.name, number)):
            manifest, previous = await read_manifest(
                vault, dataset, number, previous=previous, seal=None
            )
            for file in manifest.files:
                await check_file(vault, dataset, file)
            held = await _count(connection, dataset, manifest.day)
            await _note(connection, vault, manifest, sha256=previous, released=not held.rows)
            tell(Step(day=manifest.day, what=f"manifest {number} taken in"))
            number += 1


async def _note(
    connection: Connection, vault: Vault, manifest: Manifest, *, sha256: str, released: bool = False
) -> None:
    key = parquet_archive.manifest_key(manifest.dataset, manifest.number)
    seal: dict[str, Any] = {
        "dataset": manifest.dataset,
        "number": manifest.number,
        "day": manifest.day,
        "rows": manifest.rows,
        "digest": manifest.digest,
        "bytes": sum(file.bytes for file in manifest.files),
        "sha256": sha256,
        "location": vault.store.place(key),
        "released": released,
    }
    await connection.execute(QUERIES["insert_seal"].text, seal)


async def _seal_day(
    pool: Pool, vault: Vault, dataset: Dataset, day: date, tell: Tell
) -> Manifest | None:
    """Seal the rows of a day that are in no manifest; None: there are none."""
    async with _alone(pool, dataset) as (connection, seals):
        parts = [seal for seal in seals if seal.day == day]
        held, sealed = await _count(connection, dataset, day), _total(parts)
        if held == sealed:
            return None
        if held.rows <= sealed.rows:
            raise InvariantBroken(
                f"the database holds {held} of {day}, the archive {sealed}: bring back what is "
                f"missing with hypertally archive restore --from {day} --to {day}"
            )
        number = len(seals) + 1
        earlier = await files_of(vault, dataset, seals, day=day)
        files = await write_files(vault, dataset, day, number=number, earlier=earlier, tell=tell)
        manifest = _manifest(
            dataset,
            day,
            files,
            number=number,
            previous=_last(seals),
            written_at=vault.clock(),
        )
        sha256 = await _write_manifest(vault, manifest)
        tell(Step(day=day, what=f"manifest {number} written"))
        await _note(connection, vault, manifest, sha256=sha256)
    tell(Step(day=day, what=f"sealed, {manifest.rows:,} rows"))
    return manifest


def _last(seals: Sequence[Seal]) -> str | None:
    return seals[-1].sha256 if seals else None


def _manifest(
    dataset: Dataset,
    day: date,
    files: Sequence[File],
    *,
    number: int,
    previous: str | None,
    written_at: datetime,
) -> Manifest:
    total = sum((Digest.parse(file.digest) for file in files), Digest())
    return Manifest(
        format=parquet_archive.FORMAT,
        dataset=dataset.name,
        number=number,
        day=day,
        rows=total.rows,
        digest=str(total),
        columns=dataset.columns,
        sorted_by=dataset.sorted_by,
        files=tuple(files),
        previous=previous,
        written_at=written_at,
    )


async def _write_manifest(vault: Vault, manifest: Manifest) -> str:
    raw = parquet_archive.seal(manifest, vault.key)
    key = parquet_archive.manifest_key(manifest.dataset, manifest.number)
    await vault.store.put(key, raw, new=True)
    if await vault.store.read(key) != raw:
        raise InvariantBroken(f"{vault.store.place(key)} is not what was written")
    return hashlib.sha256(raw).hexdigest()


async def _release_day(pool: Pool, vault: Vault, dataset: Dataset, day: date, tell: Tell) -> bool:
    """Let a day go; false when another run did so while this one waited."""
    async with _alone(pool, dataset) as (connection, seals):
        if all(seal.released_at for seal in seals if seal.day == day):
            return False
        files = await files_of(vault, dataset, seals, day=day)
        await compare_files(vault, dataset, day, files=files)
        tell(Step(day=day, what="copy verified"))
        bound = {"dataset": dataset.name, "day": day}
        await connection.execute(QUERIES["mark_verified"].text, bound)
        answer = await (await connection.execute(QUERIES["release_day"].text, bound)).fetchone()
        if answer and answer["refusal"]:
            raise Refused(f"{day} is not released: {answer['refusal']}")
    tell(Step(day=day, what="released"))
    return True


async def _restore_day(pool: Pool, vault: Vault, dataset: Dataset, day: date, tell: Tell) -> bool:
    """Bring a day back; false when all of it is here."""
    async with _alone(pool, dataset) as (connection, seals):
        parts = [seal for seal in seals if seal.day == day]
        held = await _count(connection, dataset, day)
        if held.rows >= _total(parts).rows and not any(seal.released_at for seal in parts):
            return False
        await bring_back(
            vault, dataset, day, files=await files_of(vault, dataset, seals, day=day), tell=tell
        )
    tell(Step(day=day, what=f"restored, {_total(parts).rows:,} rows"))
    return True
