"""The archive's objects: rows as Parquet, and manifests that say what they hold.

A manifest is signed, and holds the hash of the one before: what was changed, taken out or put in
shows. Numerics are kept as text, digit for digit, because a scale is part of what was stored.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import msgspec
import pyarrow as pa

from hypertally.errors import InvariantBroken
from hypertally.records import Record
from hypertally.store import arrow
from hypertally.store.queries import Query

FORMAT = 1
COMPRESSION_LEVEL = 3  # measured: 9 takes twice as long for a hundredth of the size
KEY_PURPOSE = b"hypertally archive manifests 1"
NAME_DIGITS = 16  # of a file's hash: its name changes with its content
TYPES = {
    "int32": pa.int32(),
    "int64": pa.int64(),
    "text": pa.string(),
    "numeric": pa.string(),
    "time": pa.timestamp("us", tz="UTC"),
}
_encoder = msgspec.json.Encoder(order="deterministic")


class Column(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column as it is archived."""

    name: str
    type: str  # of TYPES


class Dataset(Record, frozen=True, kw_only=True):
    """A table of facts that is archived, and the statements that read it and bring it back."""

    name: str
    columns: tuple[Column, ...]
    beside: tuple[str, ...]  # columns that are none of the table's
    slices: tuple[str, ...]  # each is a file: one at a time is held in memory
    sorted_by: tuple[str, ...]  # the order inside a file, and what is unique there
    stage: str  # temporary table that rows come back through
    queries: Mapping[str, Query]

    @property
    def schema(self) -> pa.Schema:
        """The columns of its files."""
        return pa.schema([(column.name, TYPES[column.type]) for column in self.columns])


class Digest(Record, frozen=True, kw_only=True):
    """What is known of a set of rows: additive, whatever the order."""

    rows: int = 0
    fingerprints: int = 0  # their sum

    def __add__(self, other: "Digest") -> "Digest":
        return Digest(
            rows=self.rows + other.rows, fingerprints=self.fingerprints + other.fingerprints
        )

    def __str__(self) -> str:
        return f"{self.rows}:{self.fingerprints}"

    @classmethod
    def parse(cls, text: str) -> "Digest":
        """The digest that was written as count:sum."""
        rows, _, fingerprints = text.partition(":")
        return cls(rows=int(rows), fingerprints=int(fingerprints))


class File(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Parquet file of the archive."""

    key: str
    slice: str
    rows: int
    digest: str
    bytes: int
    sha256: str


class Manifest(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one sealing of a day wrote."""

    format: int
    dataset: str
    number: int  # 1, 2, 3 ... of the dataset
    day: date
    rows: int
    digest: str
    columns: tuple[Column, ...]
    sorted_by: tuple[str, ...]
    files: tuple[File, ...]
    previous: str | None  # sha256 of the manifest before; None: it is the first
    written_at: datetime


class _Signed(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    manifest: Manifest
    signature: str


def signing_key(secret: str) -> bytes:
    """The key of the manifests: made from the program's secret, which it does not give away."""
    return hmac.digest(secret.encode(), KEY_PURPOSE, "sha256")


def manifest_key(dataset: str, number: int) -> str:
    """Where a manifest is."""
    return f"{dataset}/manifests/{number:06}.json"


def manifest_number(dataset: str, key: str) -> int | None:
    """The number of the manifest that is there; None: something else is."""
    digits = key.removeprefix(f"{dataset}/manifests/").removesuffix(".json")
    number = int(digits) if digits.isdecimal() else 0
    return number if key == manifest_key(dataset, number) else None


def file_key(dataset: str, day: date, *, number: int, part: str, sha256: str) -> str:
    """Where a file is."""
    return f"{dataset}/{day}/{number:06}-{part}-{sha256[:NAME_DIGITS]}.parquet"


def seal(manifest: Manifest, key: bytes) -> bytes:
    """The bytes of a manifest with its signature."""
    return _encoder.encode(_Signed(manifest=manifest, signature=_sign(manifest, key)))


def unseal(raw: bytes, *keys: bytes, place: str) -> Manifest:
    """Read a manifest.

    Errors: `InvariantBroken` when it is not what was signed with one of these keys.
    """
    try:
        signed = msgspec.json.decode(raw, type=_Signed)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvariantBroken(f"{place} cannot be read as a manifest: {error}") from error
    # A byte more or less that means the same is a change too.
    if _encoder.encode(signed) != raw:
        raise InvariantBroken(f"{place} is not as it was written")
    signatures = [_sign(signed.manifest, key) for key in keys]
    if not any(hmac.compare_digest(signed.signature, own) for own in signatures):
        raise InvariantBroken(
            f"{place} was changed, or signed with another secret than HYPERTALLY_ARCHIVE_KEY or "
            "HYPERTALLY_ARCHIVE_KEY_EARLIER (without them HYPERTALLY_JWT_SECRET, or the files "
            "archive_key and jwt_secret in HYPERTALLY_HOME): if the secret was changed since, set "
            "HYPERTALLY_ARCHIVE_KEY_EARLIER to the old one, for good"
        )
    return signed.manifest


def _sign(manifest: Manifest, key: bytes) -> str:
    return hmac.digest(key, _encoder.encode(manifest), "sha256").hex()


def as_archived(dataset: Dataset, rows: pa.Table) -> pa.Table:
    """Rows as the database answers them, in the types and the order of the files."""
    return arrow.select_columns(rows, dataset.schema.names).cast(dataset.schema)


def digest_of(rows: pa.Table) -> Digest:
    """The count of rows and the sum of their fingerprints: Python's sum, as Arrow's overflows."""
    fingerprints = msgspec.convert(rows.column("fingerprint").to_pylist(), list[int])
    return Digest(rows=rows.num_rows, fingerprints=sum(fingerprints))


def without(dataset: Dataset, rows: pa.Table, known: pa.Table) -> pa.Table:
    """The rows whose keys are not among the known ones, in their order."""
    keys = list(dataset.sorted_by)
    left = rows.join(arrow.select_columns(known, keys), keys=keys, join_type="left anti")
    return in_order(dataset, arrow.select_columns(left, rows.column_names))


def in_order(dataset: Dataset, rows: pa.Table) -> pa.Table:
    """Rows in the order of a file."""
    return arrow.sort_rows(rows, dataset.sorted_by)


def same(dataset: Dataset, one: pa.Table, other: pa.Table) -> bool:
    """Whether two sets of rows are equal, row by row, in all columns of the table."""
    extra_columns = list(dataset.beside)
    return bool(one.drop_columns(extra_columns).equals(other.drop_columns(extra_columns)))


def write(path: Path, rows: pa.Table) -> tuple[int, str]:
    """Write rows as Parquet; how many bytes, and their sha256."""
    arrow.write_parquet(path, rows, compression_level=COMPRESSION_LEVEL)
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def read(dataset: Dataset, path: Path, *, place: str) -> pa.Table:
    """Read the rows of a file.

    Errors: `InvariantBroken` when it is no Parquet file of this dataset.
    """
    try:
        rows = arrow.read_parquet(path)
    except (pa.ArrowException, OSError) as error:
        raise InvariantBroken(f"{place} cannot be read as Parquet: {error}") from error
    if not rows.schema.equals(dataset.schema):
        raise InvariantBroken(f"{place} has other columns than {dataset.name}")
    return rows


def together(dataset: Dataset, files: Sequence[pa.Table]) -> pa.Table:
    """The rows of several files as one, in order."""
    if not files:
        return dataset.schema.empty_table()
    return in_order(dataset, pa.concat_tables(files)) if len(files) > 1 else files[0]
