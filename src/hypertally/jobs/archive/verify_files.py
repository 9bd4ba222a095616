"""Proving the archive: every object is what its manifest says, every manifest what was signed."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa

from hypertally.clock import Clock
from hypertally.errors import InvariantBroken, Refused
from hypertally.records import Record
from hypertally.sources.object_store import ObjectStore
from hypertally.store import parquet_archive
from hypertally.store.parquet_archive import Dataset, Digest, File, Manifest


class Vault(Record, frozen=True, kw_only=True):
    """Where days are sealed, the key that signs manifests, and the clock that says what is past."""

    database_url: str
    store: ObjectStore
    key: bytes
    earlier_keys: tuple[bytes, ...] = ()  # that signed manifests before, and read them still
    clock: Clock


class Step(Record, frozen=True, kw_only=True):
    """Something of a day is done, and stays done."""

    day: date
    what: str


Tell = Callable[[Step], None]


class Seal(Record, frozen=True, kw_only=True):
    """A row of ops.seals: what one manifest added to a day."""

    number: int
    day: date
    rows: int
    digest: str
    bytes: int
    sha256: str  # of the manifest
    location: str
    sealed_at: datetime
    verified_at: datetime
    released_at: datetime | None  # None: the rows are in the database


class Proof(Record, frozen=True, kw_only=True):
    """What was found to be right."""

    manifests: int
    files: int
    rows: int
    bytes: int
    unknown: int  # manifests that the database does not know yet


async def verify(
    vault: Vault, dataset: Dataset, seals: Sequence[Seal], *, day: date | None
) -> Proof:
    """Check the whole chain of manifests, and the files of all days or of one.

    Errors: `InvariantBroken` names the first difference; `Refused` when there is no such day.
    """
    known = {seal.number: seal for seal in seals}
    numbers = [
        parquet_archive.manifest_number(dataset.name, one.key) async for one in vault.store.list()
    ]
    last = max([*known, *(number for number in numbers if number)], default=0)
    proof = Proof(manifests=0, files=0, rows=0, bytes=0, unknown=0)
    previous = None
    for number in range(1, last + 1):
        manifest, previous = await read_manifest(
            vault, dataset, number, previous=previous, seal=known.get(number)
        )
        files = manifest.files if day in (None, manifest.day) else ()
        for file in files:
            await check_file(vault, dataset, file)
        proof = Proof(
            manifests=number,
            files=proof.files + len(files),
            rows=proof.rows + sum(file.rows for file in files),
            bytes=proof.bytes + sum(file.bytes for file in files),
            unknown=proof.unknown + (number not in known),
        )
    if day and not proof.files:
        raise Refused(f"nothing of {day} is sealed: `hypertally archive list` shows what is")
    return proof


async def read_manifest(
    vault: Vault, dataset: Dataset, number: int, *, previous: str | None, seal: Seal | None
) -> tuple[Manifest, str]:
    """A manifest and the hash of its bytes, held against what is known of it.

    `previous`: the hash of the one before. `seal`: what the database says; None: nothing yet.
    """
    key = parquet_archive.manifest_key(dataset.name, number)
    place = vault.store.place(key)
    raw = await vault.store.read(key)
    if raw is None:
        raise InvariantBroken(f"{place} is missing")
    manifest = parquet_archive.unseal(raw, vault.key, *vault.earlier_keys, place=place)
    sha256 = hashlib.sha256(raw).hexdigest()
    said = (manifest.format, manifest.dataset, manifest.number, manifest.columns)
    if said != (parquet_archive.FORMAT, dataset.name, number, dataset.columns):
        raise InvariantBroken(f"{place} is of another dataset, number or form")
    if manifest.previous != previous:
        raise InvariantBroken(
            f"{place} follows a manifest of hash {manifest.previous}: the one before has {previous}"
        )
    if seal and (seal.sha256, seal.day, seal.digest) != (sha256, manifest.day, manifest.digest):
        raise InvariantBroken(
            f"{place} is not the manifest that was sealed: the database has hash {seal.sha256}, "
            f"it has {sha256}"
        )
    _check_sums(manifest, place)
    return manifest, sha256


def _check_sums(manifest: Manifest, place: str) -> None:
    total = sum((Digest.parse(file.digest) for file in manifest.files), Digest())
    if (manifest.rows, manifest.digest) != (total.rows, str(total)):
        raise InvariantBroken(f"{place} says {manifest.digest}, its files {total}")


async def check_file(vault: Vault, dataset: Dataset, file: File) -> pa.Table:
    """The rows of a file, which are what its manifest says."""
    with scratch() as folder:
        return await fetch_file(vault, dataset, file, to=folder / "file")


async def fetch_file(vault: Vault, dataset: Dataset, file: File, *, to: Path) -> pa.Table:
    """Copy a file here and read it.

    Errors: `InvariantBroken` when it is missing, or not what its manifest says.
    """
    place = vault.store.place(file.key)
    try:
        found = await vault.store.find(file.key)
    except Refused as error:
        raise InvariantBroken(str(error)) from error
    if found.size_bytes != file.bytes:
        raise InvariantBroken(f"{place} has {found.size_bytes} bytes, its manifest {file.bytes}")
    sha256 = (await vault.store.fetch(found, to)).hex()
    if sha256 != file.sha256:
        raise InvariantBroken(f"{place} has sha256 {sha256}, its manifest {file.sha256}")
    rows = parquet_archive.read(dataset, to, place=place)
    digest = parquet_archive.digest_of(rows)
    if (rows.num_rows, str(digest)) != (file.rows, file.digest):
        raise InvariantBroken(f"{place} holds {digest}, its manifest says {file.digest}")
    return rows


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that goes away."""
    with tempfile.TemporaryDirectory(prefix="hypertally-archive-") as folder:
        yield Path(folder)


async def files_of(
    vault: Vault, dataset: Dataset, seals: Sequence[Seal], *, day: date
) -> list[File]:
    """The files of a day, from its manifests; each manifest is held against the database."""
    files: list[File] = []
    for number, seal in enumerate(seals):
        if seal.day == day:
            previous = seals[number - 1].sha256 if number else None
            manifest, _ = await read_manifest(
                vault, dataset, seal.number, previous=previous, seal=seal
            )
            files += manifest.files
    return files
