"""The rows of a day on their way to the archive's files and back, a slice at a time.

They go over blocking connections of their own, which are closed before a day is released: who has
read a partition in a transaction keeps it from being dropped.
"""

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa

from hypertally.errors import InvariantBroken, Refused
from hypertally.jobs.archive.verify_files import Step, Tell, Vault, check_file, fetch_file, scratch
from hypertally.records import Record
from hypertally.store import parquet_archive
from hypertally.store.bulk import BulkLoader
from hypertally.store.parquet_archive import Dataset, Digest, File
from hypertally.store.postgres import filled_in, sql_of
from hypertally.store.queries import load

QUERIES = load(__file__)
ROLE = "hypertally_worker"


async def write_files(
    vault: Vault,
    dataset: Dataset,
    day: date,
    *,
    number: int,
    earlier: Sequence[File],
    tell: Tell,
) -> list[File]:
    """Write the rows that no earlier file has, and hold what is read back against them."""
    files: list[File] = []
    for part in dataset.slices:
        rows = await asyncio.to_thread(_read_rows, vault, dataset, day, part)
        if any(file.slice == part for file in earlier):
            rows = parquet_archive.without(
                dataset, rows, await _copy_of(vault, dataset, earlier, part)
            )
        if not rows.num_rows:
            continue
        with scratch() as folder:
            file = await _write_file(vault, dataset, rows, folder / part, day=day, number=number)
        tell(Step(day=day, what=f"{part} written"))
        if not parquet_archive.same(dataset, await check_file(vault, dataset, file), rows):
            raise InvariantBroken(f"{vault.store.place(file.key)} holds other rows than written")
        tell(Step(day=day, what=f"{part} read back"))
        files.append(file)
    return files


async def compare_files(
    vault: Vault, dataset: Dataset, day: date, *, files: Sequence[File]
) -> None:
    """Hold all that is archived of a day against the rows of the database, row by row.

    Errors: `InvariantBroken` names the slice that differs.
    """
    for part in dataset.slices:
        copy = await _copy_of(vault, dataset, files, part)
        rows = await asyncio.to_thread(_read_rows, vault, dataset, day, part)
        if not parquet_archive.same(dataset, copy, rows):
            raise InvariantBroken(
                f"{part} of {day} differs: the database holds "
                f"{parquet_archive.digest_of(rows)}, the archive {parquet_archive.digest_of(copy)}"
            )


async def bring_back(
    vault: Vault, dataset: Dataset, day: date, *, files: Sequence[File], tell: Tell
) -> None:
    """Store the rows of files again, all in one transaction.

    Errors: as of `fetch_file`; `Refused` when a wallet's number is another's here.
    """
    with scratch() as folder:
        for file in files:
            await fetch_file(vault, dataset, file, to=folder / Path(file.key).name)
            tell(Step(day=day, what=f"{file.slice} fetched"))
        await asyncio.to_thread(_load, vault, dataset, day, files, folder)


async def _copy_of(vault: Vault, dataset: Dataset, files: Sequence[File], part: str) -> pa.Table:
    copies = [await check_file(vault, dataset, file) for file in files if file.slice == part]
    return parquet_archive.together(dataset, copies)


def _read_rows(vault: Vault, dataset: Dataset, day: date, part: str) -> pa.Table:
    query = filled_in(sql_of(dataset.queries["list_rows"]), {"day": day, "slice": part})
    with BulkLoader(vault.database_url, role=ROLE) as loader:
        return parquet_archive.as_archived(dataset, loader.read_table(query))


async def _write_file(
    vault: Vault, dataset: Dataset, rows: pa.Table, path: Path, *, day: date, number: int
) -> File:
    size, sha256 = await asyncio.to_thread(parquet_archive.write, path, rows)
    key = parquet_archive.file_key(dataset.name, day, number=number, part=path.name, sha256=sha256)
    await vault.store.put(key, path)
    return File(
        key=key,
        slice=path.name,
        rows=rows.num_rows,
        digest=str(parquet_archive.digest_of(rows)),
        bytes=size,
        sha256=sha256,
    )


class _DayCount(Record, frozen=True, kw_only=True):
    rows: int
    fingerprints: str  # the sum, a numeric


class _Stranger(Record, frozen=True, kw_only=True):
    """A wallet of the archive whose number belongs to another wallet in this database."""

    wallet_id: int
    archived: str  # address
    here: str


def _load(vault: Vault, dataset: Dataset, day: date, files: Sequence[File], folder: Path) -> None:
    queries = dataset.queries
    count = filled_in(sql_of(queries["count_day"]), {"day": day})
    reopen = filled_in(sql_of(QUERIES["reopen_day"]), {"dataset": dataset.name, "day": day})
    with BulkLoader(vault.database_url, role=ROLE) as loader:
        here = loader.read_rows(count, shape=_DayCount)[0].rows
        loader.execute(reopen)
        for file in files:
            loader.copy(
                dataset.stage,
                parquet_archive.read(dataset, folder / Path(file.key).name, place=file.key),
                types={},
                make=queries["make_stage"],
                empty=queries["empty_stage"],
            )
            _refuse_strangers(
                dataset, loader.read_rows(sql_of(queries["list_strangers"]), shape=_Stranger)
            )
            loader.execute(sql_of(queries["insert_restored"]))
        counted = loader.read_rows(count, shape=_DayCount)[0]
        held = Digest(rows=counted.rows, fingerprints=int(counted.fingerprints))
        sealed = sum((Digest.parse(file.digest) for file in files), Digest())
        # Rows that were here may hold some that no file has.
        if held.rows < sealed.rows or (not here and held != sealed):
            raise InvariantBroken(f"{day} came back as {held}, its manifests say {sealed}")
        loader.commit()


def _refuse_strangers(dataset: Dataset, strangers: Sequence[_Stranger]) -> None:
    for stranger in strangers:
        raise Refused(
            f"wallet {stranger.wallet_id} of the archive is {stranger.archived}, and "
            f"{stranger.here} here: {dataset.name} can only be brought back to the database that "
            "sealed them"
        )
