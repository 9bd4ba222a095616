"""What was changed, lost or put into the archive is found and named, and no day leaves on it."""

import asyncio
import json
import shutil
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
import pytest_asyncio
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import hour
from tests.flow.archive.vaults import DAY, ROWS, SECRET, SealedDays, open_vault

from hypertally.cli import cli
from hypertally.clock import system_clock
from hypertally.errors import InvariantBroken
from hypertally.jobs.archive.verify_files import Vault
from hypertally.store import parquet_archive
from hypertally.store.postgres import open_pool

SEALED_DAYS = 3
MANIFEST = "wallet_snapshots/manifests/{:06}.json"
SNAPSHOT = """
insert into facts.wallet_snapshots (
    minute, wallet_id, asset, szi, missing, entry_px, position_value, unrealized_pnl, leverage,
    account_value, observed_at, payload_fingerprint, fingerprint, inserted_at)
values (
    %(minute)s, %(wallet_id)s, %(asset)s, %(szi)s, %(missing)s, %(entry_px)s, %(position_value)s,
    %(unrealized_pnl)s, %(leverage)s, %(account_value)s, %(observed_at)s, %(payload_fingerprint)s,
    %(fingerprint)s, %(inserted_at)s)
on conflict do nothing
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "archive"
    made.mkdir()
    return made


@pytest_asyncio.fixture
async def sealed(database_url: str, folder: Path) -> AsyncGenerator[SealedDays]:
    """Three sealed days in a folder."""
    hour.record(database_url)
    async with open_pool(database_url, role="hypertally_worker", size=4) as pool:
        made = SealedDays(pool, open_vault(folder.as_uri(), database_url))
        for back in range(1, SEALED_DAYS):
            made.read(
                "select facts.ensure_day('wallet_snapshots', %(day)s::date)",
                {"day": DAY - timedelta(days=back)},
            )
            made.read(
                "insert into facts.wallet_snapshots (minute, wallet_id, asset, szi, fingerprint) "
                "select s.minute - %(back)s, s.wallet_id, s.asset, s.szi, s.fingerprint + 1 "
                "from facts.wallet_snapshots as s where s.minute >= %(day)s and s.szi is not null",
                {"back": timedelta(days=back), "day": DAY},
            )
        assert len(await made.seal()) == SEALED_DAYS
        yield made


def change_byte(path: Path, place: float) -> None:
    content = bytearray(path.read_bytes())
    content[int((len(content) - 1) * place)] ^= 1
    path.write_bytes(content)


def file_of(folder: Path, number: int, part: str = "BTC") -> Path:
    (found,) = folder.glob(f"wallet_snapshots/*/{number:06}-{part}-*.parquet")
    return found


async def difference(sealed: SealedDays) -> str:
    with pytest.raises(InvariantBroken) as caught:
        await sealed.verify()
    return str(caught.value)


async def stays(sealed: SealedDays, number: int) -> None:
    """The day of a manifest is not released, and no other is lost."""
    rows = sealed.rows()
    with pytest.raises(InvariantBroken):
        await sealed.release()
    (day,) = {seal.day for seal in await sealed.seals() if seal.number == number}
    held = set(sealed.rows())
    assert {row for row in rows if f'"{day}' in row} <= held
    assert [seal.released_at for seal in await sealed.seals() if seal.number == number] == [None]


@pytest.mark.parametrize("place", [0.0, 0.01, 0.3, 0.6, 0.99, 1.0])
async def test_a_flipped_bit_of_a_file_is_found(
    sealed: SealedDays, folder: Path, place: float
) -> None:
    path = file_of(folder, 2)
    change_byte(path, place)
    said = await difference(sealed)
    assert path.name in said
    assert "sha256" in said
    await stays(sealed, 2)


async def test_a_missing_and_a_cut_file_are_found(sealed: SealedDays, folder: Path) -> None:
    cut = file_of(folder, 2)
    cut.write_bytes(cut.read_bytes()[:-1])
    size = len(cut.read_bytes())
    assert f"{cut.name} has {size} bytes, its manifest {size + 1}" in await difference(sealed)
    gone = file_of(folder, 1, "HYPE")
    gone.unlink()
    assert await difference(sealed) == f"there is no {gone.as_uri()}"
    await stays(sealed, 1)


async def test_a_file_of_other_rows_is_found_though_its_manifest_fits(
    sealed: SealedDays, folder: Path
) -> None:
    """Whoever has the secret could write such a manifest: the database knows the one it sealed."""
    path = file_of(folder, 3)
    shutil.copy(file_of(folder, 2), path)
    replace_manifest(folder, 3, files=lambda files: [files[0], sized_as(files[1], path), files[2]])
    assert "is not the manifest that was sealed" in await difference(sealed)
    sealed.read("delete from ops.seals where number = 3")
    assert path.name in await difference(sealed)
    with pytest.raises(InvariantBroken, match="its manifest says"):
        await sealed.seal()


def sized_as(file: dict[str, Any], path: Path) -> dict[str, Any]:
    size, sha256 = (
        path.stat().st_size,
        parquet_archive.hashlib.sha256(path.read_bytes()).hexdigest(),
    )
    return {**file, "bytes": size, "sha256": sha256}


def replace_manifest(folder: Path, number: int, **changes: Callable[[Any], Any]) -> None:
    """Write another manifest in the place of one, signed as it must be."""
    path = folder / MANIFEST.format(number)
    told = json.loads(path.read_bytes())["manifest"]
    told |= {name: change(told[name]) for name, change in changes.items()}
    key = parquet_archive.signing_key(SECRET)
    path.write_bytes(parquet_archive.seal(msgspec.convert(told, parquet_archive.Manifest), key))


@pytest.mark.parametrize("place", [0.01, 0.2, 0.5, 0.9, 1.0])
async def test_a_flipped_bit_of_a_manifest_is_found(
    sealed: SealedDays, folder: Path, place: float
) -> None:
    path = folder / MANIFEST.format(2)
    change_byte(path, place)
    assert path.name in await difference(sealed)
    await stays(sealed, 2)


@pytest.mark.parametrize("number", range(1, SEALED_DAYS + 1))
async def test_a_missing_manifest_is_found(sealed: SealedDays, folder: Path, number: int) -> None:
    path = folder / MANIFEST.format(number)
    path.unlink()
    assert await difference(sealed) == f"{path.as_uri()} is missing"
    await stays(sealed, number)


async def test_a_broken_chain_is_found(sealed: SealedDays, folder: Path) -> None:
    replace_manifest(folder, 2, previous=lambda _: "0" * 64)
    assert f"{MANIFEST.format(2)} follows a manifest of hash 000" in await difference(sealed)
    replace_manifest(
        folder, 2, previous=lambda _: sealed_hash(folder, 1), rows=lambda rows: rows + 1
    )
    assert "is not the manifest that was sealed" in await difference(sealed)
    await stays(sealed, 2)


def sealed_hash(folder: Path, number: int) -> str:
    return parquet_archive.hashlib.sha256(
        (folder / MANIFEST.format(number)).read_bytes()
    ).hexdigest()


async def test_an_old_manifest_in_the_place_of_a_newer_is_found(
    sealed: SealedDays, folder: Path
) -> None:
    shutil.copy(folder / MANIFEST.format(1), folder / MANIFEST.format(2))
    assert "of another dataset, number or form" in await difference(sealed)


async def test_another_secret_is_told_from_a_change_by_what_to_do(sealed: SealedDays) -> None:
    other = SealedDays(
        sealed.pool,
        open_vault(sealed.vault.store.url, sealed.vault.database_url, secret="another" * 9),
    )
    assert "HYPERTALLY_ARCHIVE_KEY" in await difference(other)
    sealed.store_late()
    with pytest.raises(InvariantBroken, match="another secret"):
        await other.seal()
    with pytest.raises(InvariantBroken):
        await other.release()


async def test_the_secret_of_tokens_can_be_changed_and_the_archive_stays(
    sealed: SealedDays, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a key of its own the archive is signed with it, and was lost with the earlier one."""
    monkeypatch.setenv("HYPERTALLY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HYPERTALLY_DATABASE_URL", sealed.vault.database_url)
    monkeypatch.setenv("HYPERTALLY_SEAL_URL", folder.as_uri())

    async def said(*command: str, **secrets: str) -> str:
        named = {f"HYPERTALLY_{name.upper()}": secret for name, secret in secrets.items()}
        runner = CliRunner(env=named)
        answer = await asyncio.to_thread(
            runner.invoke, cli, ["archive", *command], catch_exceptions=False
        )
        return answer.output

    second, third = "the second secret" * 2, "the third secret" * 2
    right = f"{SEALED_DAYS} manifests"
    assert right in await said("verify", jwt_secret=second, jwt_secret_earlier=SECRET)
    with pytest.raises(InvariantBroken, match="set HYPERTALLY_ARCHIVE_KEY_EARLIER to the old"):
        await said("verify", jwt_secret=second)
    assert right in await said("verify", jwt_secret=second, archive_key_earlier=SECRET)
    days = ("--from", str(DAY), "--to", str(DAY))
    assert "nothing to do" in await said(
        "restore", *days, jwt_secret=second, archive_key_earlier=SECRET
    )
    # With a key of its own, as docs/settings.md says, the next change does not concern it.
    keys = {"archive_key": "a key of its own" * 2, "archive_key_earlier": SECRET}
    sealed.store_late()
    assert "nothing" not in await said("seal", jwt_secret=second, **keys)
    assert f"{SEALED_DAYS + 1} manifests" in await said("verify", jwt_secret=third, **keys)


async def test_a_key_that_changed_reads_with_the_earlier_one_and_signs_with_the_new(
    sealed: SealedDays,
) -> None:
    new, old = parquet_archive.signing_key("a new secret" * 3), sealed.vault.key
    rotated = SealedDays(
        sealed.pool, msgspec.structs.replace(sealed.vault, key=new, earlier_keys=(old,))
    )
    before = (await rotated.verify()).unknown
    sealed.store_late()
    await rotated.seal()
    assert ((await rotated.verify()).unknown, before) == (0, 0)
    with pytest.raises(InvariantBroken, match="another secret"):
        await sealed.verify()


async def test_another_databases_archive_is_not_written_to(
    sealed: SealedDays, make_database: Callable[[], str]
) -> None:
    url = make_database()
    hour.record(url)
    async with open_pool(url, role="hypertally_worker", size=2) as pool:
        other = SealedDays(
            pool,
            Vault(
                database_url=url,
                store=sealed.vault.store,
                key=parquet_archive.signing_key("another secret" * 3),
                clock=system_clock,
            ),
        )
        with pytest.raises(InvariantBroken, match="another secret"):
            await other.seal()
    assert (await sealed.verify()).unknown == 0


async def test_a_day_that_cannot_be_trusted_is_not_brought_back(
    sealed: SealedDays, folder: Path
) -> None:
    await sealed.release()
    change_byte(file_of(folder, 3), 0.5)
    with pytest.raises(InvariantBroken, match="sha256"):
        await sealed.restore(DAY)
    assert sealed.rows() == []
    assert await sealed.restore(DAY - timedelta(days=1)) == [DAY - timedelta(days=1)]


decimals = st.decimals(-(10**29), 10**29, allow_nan=False, allow_infinity=False)
numbers = st.none() | decimals.map(lambda value: format(value, "f"))
bigints = st.integers(-(2**63), 2**63 - 1)
times = st.datetimes(
    min_value=hour.BEGIN.replace(tzinfo=None), max_value=hour.BEGIN.replace(tzinfo=None, year=9998)
).map(lambda time: time.replace(tzinfo=hour.BEGIN.tzinfo))
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


@st.composite
def snapshots(draw: st.DrawFn) -> dict[str, Any]:
    szi = draw(numbers)
    return {
        "minute": hour.BEGIN + timedelta(minutes=draw(st.integers(0, 700))),
        "wallet_id": draw(st.integers(-(2**31), 2**31 - 1)),
        "asset": draw(st.sampled_from(["HYPE", "BTC", "ETH"])),
        "szi": szi,
        "missing": draw(texts) if szi is None else None,
        **{
            name: draw(numbers)
            for name in (
                "entry_px",
                "position_value",
                "unrealized_pnl",
                "leverage",
                "account_value",
            )
        },
        "observed_at": draw(st.none() | times),
        "payload_fingerprint": draw(st.none() | bigints),
        "fingerprint": draw(bigints),
        "inserted_at": draw(times),
    }


@given(rows=st.lists(snapshots(), min_size=1, max_size=25))
@settings(max_examples=12)
async def test_any_rows_come_back_digit_for_digit(
    make_database: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[dict[str, Any]],
) -> None:
    url, folder = make_database(), tmp_path_factory.mktemp("archive")
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        connection.execute("select facts.ensure_day('wallet_snapshots', %s)", [hour.BEGIN])
        connection.cursor().executemany(SNAPSHOT, rows)
    async with open_pool(url, role="hypertally_worker", size=2) as pool:
        sealed = SealedDays(pool, open_vault(folder.as_uri(), url))
        before = sealed.rows(ROWS)
        await sealed.seal_and_release()
        assert sealed.rows() == []
        await sealed.restore()
        assert sealed.rows() == before
