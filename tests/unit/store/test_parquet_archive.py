"""The archive's objects: any rows are read as they were written, and a manifest bears no change."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypertally.errors import InvariantBroken
from hypertally.facts.smart_money.archived_snapshots import DATASET
from hypertally.store import parquet_archive
from hypertally.store.parquet_archive import Column, Digest, File, Manifest

KEY = parquet_archive.signing_key("a secret that nobody has")
MANIFEST = Manifest(
    format=parquet_archive.FORMAT,
    dataset="wallet_snapshots",
    number=7,
    day=date(2026, 5, 4),
    rows=3,
    digest="3:-6",
    columns=(Column(name="minute", type="time"),),
    sorted_by=("wallet_id", "minute"),
    files=(File(key="a", slice="BTC", rows=3, digest="3:-6", bytes=9, sha256="0" * 64),),
    previous="1" * 64,
    written_at=datetime(2026, 5, 7, 0, 0, 1, 250_000, tzinfo=UTC),
)

times = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)).map(
    lambda time: time.replace(tzinfo=UTC)
)
bigints = st.integers(-(2**63), 2**63 - 1)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "time": times,
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": bigints,
    "text": st.text(),
    "numeric": st.from_regex(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", fullmatch=True),
}
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            column.name: VALUES[column.type]
            if column.name == "fingerprint"
            else st.none() | VALUES[column.type]
            for column in DATASET.columns
        }
    ),
    max_size=20,
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("archive") / "rows.parquet"


@given(rows=ROWS)
def test_any_rows_are_read_as_they_were_written(path: Path, rows: list[dict[str, Any]]) -> None:
    parquet_archive.write(path, pa.Table.from_pylist(rows, schema=DATASET.schema))
    found = parquet_archive.read(DATASET, path, place="here")
    assert found.to_pylist() == rows
    digest = parquet_archive.digest_of(found)
    assert str(digest) == f"{len(rows)}:{sum(row['fingerprint'] for row in rows)}"
    assert Digest.parse(str(digest)) == digest


@given(
    keys=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), unique=True),
    known=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), unique=True),
)
def test_rows_that_are_archived_are_left_out(
    keys: list[tuple[int, int]], known: list[tuple[int, int]]
) -> None:
    rows, others = _keyed(sorted(keys)), _keyed(known)
    left = parquet_archive.without(DATASET, rows, others)
    assert left.equals(_keyed(sorted(set(keys) - set(known))))


def _keyed(keys: list[tuple[int, int]]) -> pa.Table:
    empty = dict.fromkeys(DATASET.schema.names)
    return pa.Table.from_pylist(
        [
            {**empty, "wallet_id": wallet, "minute": datetime(2026, 5, 4, 0, minute, tzinfo=UTC)}
            for wallet, minute in keys
        ],
        schema=DATASET.schema,
    )


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert (
        parquet_archive.unseal(parquet_archive.seal(MANIFEST, KEY), KEY, place="here") == MANIFEST
    )


@given(place=st.integers(0, len(parquet_archive.seal(MANIFEST, KEY)) - 1), bit=st.integers(0, 7))
def test_a_manifest_bears_no_flipped_bit(place: int, bit: int) -> None:
    raw = bytearray(parquet_archive.seal(MANIFEST, KEY))
    raw[place] ^= 1 << bit
    with pytest.raises(InvariantBroken, match="here"):
        parquet_archive.unseal(bytes(raw), KEY, place="here")


@pytest.mark.parametrize("change", ["another key", "a blank", "a field"])
def test_a_manifest_bears_no_other_form(change: str) -> None:
    raw, key = parquet_archive.seal(MANIFEST, KEY), KEY
    if change == "another key":
        key = parquet_archive.signing_key("another")
    elif change == "a blank":
        raw = raw.replace(b":", b": ", 1)
    else:
        raw = json.dumps({**json.loads(raw), "note": "mine"}).encode()
    with pytest.raises(InvariantBroken, match="here"):
        parquet_archive.unseal(raw, key, place="here")


def test_the_number_of_a_manifest_is_told_by_its_key_alone() -> None:
    assert (
        parquet_archive.manifest_number(
            "wallet_snapshots", parquet_archive.manifest_key("wallet_snapshots", 7)
        )
        == 7
    )
    for key in ("fills/manifests/000007.json", "wallet_snapshots/manifests/7.json", "7", ""):
        assert parquet_archive.manifest_number("wallet_snapshots", key) is None
