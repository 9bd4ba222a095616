"""Sealed days: what left the database comes back as it was, and no fault on the way loses a row."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pyarrow.parquet as pq
import pytest
import pytest_asyncio
from tests import hour
from tests.flow.archive.vaults import DAY, SIGNALS, SealedDays, open_vault
from tests.flow.twaps.objects import requester_pays_store

from hypertally.errors import InvariantBroken, Refused
from hypertally.jobs.archive.verify_files import Step
from hypertally.jobs.rebuild import rebuild, verify
from hypertally.sources.object_store import ObjectStore
from hypertally.store.postgres import open_pool

ROWS_OF_THE_HOUR = 12 * 300
WAITING = (
    "select 1 as it from pg_locks where not granted and relation::regclass::text like '%snap%'"
)


class Stopped(Exception):
    """The run ended here."""


@asynccontextmanager
async def sealing(url: str, store_url: str) -> AsyncGenerator[SealedDays]:
    async with open_pool(url, role="hypertally_worker", size=4) as pool:
        yield SealedDays(pool, open_vault(store_url, url))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "archive of days"  # a blank in its address
    made.mkdir()
    return made


@pytest.fixture(params=["folder", "s3"])
def store_url(
    request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    if request.param == "folder":
        yield folder.as_uri()
        return
    with requester_pays_store() as store:
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        yield store.url


@pytest_asyncio.fixture
async def sealed(database_url: str, folder: Path) -> AsyncGenerator[SealedDays]:
    """An hour of positions, and a folder to seal them to."""
    hour.record(database_url)
    async with sealing(database_url, folder.as_uri()) as made:
        yield made


async def rebuild_signals(sealed: SealedDays) -> None:
    metrics = rebuild.choose(["signals"])
    async for _ in rebuild.rebuild(sealed.pool, metrics, from_day=None, to_day=None):
        pass


async def judge_signals(sealed: SealedDays) -> verify.Comparison:
    async with open_pool(sealed.vault.database_url, role="hypertally_worker", size=1) as pool:
        (verdict,) = await verify.verify(pool, rebuild.choose(["signals"]))
    return verdict


async def test_a_day_that_left_comes_back_as_it_was(database_url: str, store_url: str) -> None:
    hour.record(database_url)
    await hour.compute(database_url)
    async with sealing(database_url, store_url) as sealed:
        await rebuild_signals(sealed)
        rows, signals = sealed.rows(), sealed.rows(SIGNALS)
        assert len(rows) == ROWS_OF_THE_HOUR
        await sealed.seal_and_release()
        assert sealed.rows() == []
        assert sealed.read("select to_regclass('facts.wallet_snapshots_2026_05_04') as it") == [
            {"it": None}
        ]
        proof = await sealed.verify()
        assert (proof.manifests, proof.files, proof.rows) == (1, 3, ROWS_OF_THE_HOUR)
        assert await sealed.restore() == [DAY]
        assert sealed.rows() == rows
        assert await sealed.restore() == []
        assert await sealed.seal() == []
        await rebuild_signals(sealed)
        assert sealed.rows(SIGNALS) == signals
        await sealed.seal_and_release()
        assert sealed.rows() == []


async def test_the_files_hold_the_rows_in_order_for_any_reader(
    sealed: SealedDays, folder: Path
) -> None:
    (manifest,) = await sealed.seal()
    stored = sealed.read(
        "select *, szi::text as szi_text from facts.wallet_snapshots "
        "order by asset, wallet_id, minute"
    )
    found = [
        row
        for file in sorted(manifest.files, key=lambda file: file.slice)
        for row in pq.read_table(folder / file.key).to_pylist()
    ]
    names = ("minute", "wallet_id", "asset", "missing", "fingerprint", "inserted_at")
    assert [[row[name] for name in names] for row in found] == [
        [row[name] for name in names] for row in stored
    ]
    assert [row["szi"] for row in found] == [row["szi_text"] for row in stored]
    total = sum(row["fingerprint"] for row in stored)
    assert manifest.digest == f"{len(stored)}:{total}"


async def test_signals_of_sealed_snapshots_are_not_rebuilt_and_nothing_is_deleted(
    sealed: SealedDays,
) -> None:
    await rebuild_signals(sealed)
    signals = sealed.rows(SIGNALS)
    assert len(signals) > hour.PERIODS
    await sealed.seal_and_release()
    with pytest.raises(Refused, match=f"archive restore --from {DAY} --to {DAY}"):
        await rebuild_signals(sealed)
    assert sealed.rows(SIGNALS) == signals


async def test_verify_leaves_out_signals_of_sealed_snapshots_and_says_how_many(
    sealed: SealedDays,
) -> None:
    await rebuild_signals(sealed)
    before = await judge_signals(sealed)
    assert (before.differing, before.sealed) == (0, 0)
    await sealed.seal_and_release()
    verdict = await judge_signals(sealed)
    assert (verdict.rows, verdict.differing) == (before.rows, 0)
    assert verdict.sealed == before.rows
    await sealed.restore()
    assert await judge_signals(sealed) == before


async def test_signals_need_the_day_before_too(sealed: SealedDays) -> None:
    await rebuild_signals(sealed)
    before = DAY - timedelta(days=1)
    sealed.read("select facts.ensure_day('wallet_snapshots', %(day)s::date)", {"day": before})
    sealed.store_late(-24 * 60 + 60)
    await sealed.seal()
    assert release(sealed, before) is None
    with pytest.raises(Refused, match=f"archive restore --from {before} --to {before}"):
        await rebuild_signals(sealed)
    verdict = await judge_signals(sealed)
    assert (verdict.sealed, verdict.differing) == (verdict.rows, 0)


async def test_an_object_that_must_be_new_is_not_overwritten(store_url: str) -> None:
    store = ObjectStore(store_url)
    await store.put("a/b", b"one", new=True)
    with pytest.raises(Refused, match="a/b is there already"):
        await store.put("a/b", b"two", new=True)
    assert await store.read("a/b") == b"one"
    await store.put("a/b", b"three")
    assert await store.read("a/b") == b"three"
    assert await store.read("a/c") is None


async def test_a_late_row_is_sealed_as_a_further_part(sealed: SealedDays) -> None:
    await sealed.seal()
    sealed.store_late()
    rows = sealed.rows()
    (manifest,) = await sealed.seal()
    assert (manifest.number, manifest.rows, manifest.digest) == (2, 1, "1:7700")
    await sealed.release()
    assert sealed.rows() == []
    await sealed.restore()
    assert sealed.rows() == rows
    sealed.store_late(2)
    (third,) = await sealed.seal()
    assert third.rows == 1
    assert (await sealed.verify()).rows == ROWS_OF_THE_HOUR + 2


async def test_a_day_with_a_row_that_is_not_sealed_stays(sealed: SealedDays) -> None:
    await sealed.seal()
    sealed.store_late()
    rows = sealed.rows()
    with pytest.raises(InvariantBroken, match=f"BTC of {DAY} differs"):
        await sealed.release()
    assert sealed.rows() == rows


async def test_a_released_day_takes_no_row_and_says_what_to_do(sealed: SealedDays) -> None:
    await sealed.seal_and_release()
    ensure = "select facts.ensure_day('wallet_snapshots', %(day)s::date)"
    with pytest.raises(psycopg.OperationalError, match=f"archive restore --from {DAY}"):
        sealed.read(ensure, {"day": DAY})
    with pytest.raises(psycopg.errors.CheckViolation):
        sealed.store_late()
    sealed.read(ensure, {"day": DAY - timedelta(days=1)})


async def test_a_row_that_is_stored_while_a_day_is_leaving_keeps_it(sealed: SealedDays) -> None:
    await sealed.seal()
    with psycopg.connect(sealed.vault.database_url) as other:
        other.execute(
            "insert into facts.wallet_snapshots (minute, wallet_id, asset, szi, fingerprint) "
            "values (%s, 1, 'BTC', 1, 1)",
            [hour.BEGIN],
        )
        leaving = asyncio.create_task(sealed.release())
        while not (leaving.done() or sealed.read(WAITING)):  # noqa: ASYNC110 - for a lock of another process
            await asyncio.sleep(0.02)
        other.commit()
    with pytest.raises(Refused, match="the database holds 3601:"):
        await leaving
    assert len(sealed.rows()) == ROWS_OF_THE_HOUR + 1


@asynccontextmanager
async def fresh(make_database: Callable[[], str], store_url: str) -> AsyncGenerator[SealedDays]:
    url = make_database()
    hour.record(url)
    async with sealing(url, store_url) as made:
        yield made


async def run_through(sealed: SealedDays, tell: Callable[[Step], None]) -> None:
    """Everything that is done to a day: sealed, a late row of it too, released and restored."""
    await sealed.seal(tell=tell)
    if not sealed.read("select 1 as it from facts.wallet_snapshots where fingerprint = 7700"):
        sealed.store_late()
    await sealed.seal_and_release(tell)
    await sealed.restore(tell=tell)


async def test_a_run_that_ends_after_any_step_has_lost_nothing_and_the_next_goes_on(
    make_database: Callable[[], str], tmp_path: Path
) -> None:
    steps: list[Step] = []
    async with AsyncExitStack() as stack:
        folder = tmp_path / "whole"
        folder.mkdir()
        whole = await stack.enter_async_context(fresh(make_database, folder.as_uri()))
        await run_through(whole, steps.append)
        digests = [seal.digest for seal in await whole.seals()]
    assert len(steps) > 15
    for last in range(len(steps)):
        await stop_after(last, make_database, tmp_path / f"stopped after {last}", digests)


async def stop_after(
    last: int, make_database: Callable[[], str], folder: Path, digests: list[str]
) -> None:
    folder.mkdir()  # noqa: ASYNC240 - nobody else waits
    async with fresh(make_database, folder.as_uri()) as sealed:
        rows = sealed.rows()
        seen: list[Step] = []

        def stop(step: Step) -> None:
            seen.append(step)
            if len(seen) > last:
                raise Stopped

        with pytest.raises(Stopped):
            await run_through(sealed, stop)
        if not sealed.rows():
            await sealed.restore()
        await run_through(sealed, lambda step: None)
        assert set(rows) < set(sealed.rows())
        assert len(sealed.rows()) == ROWS_OF_THE_HOUR + 1
        assert [seal.digest for seal in await sealed.seals()] == digests
        assert (await sealed.verify()).unknown == 0


async def test_two_runs_at_once_seal_a_day_once(sealed: SealedDays) -> None:
    await asyncio.gather(sealed.seal(), sealed.seal())
    assert sorted(await asyncio.gather(sealed.release(), sealed.release())) == [[], [DAY]]
    (seal,) = await sealed.seals()
    assert seal.released_at
    assert sealed.rows() == []
    assert (await sealed.verify()).files == 3
    await asyncio.gather(sealed.restore(), sealed.restore())
    assert len(sealed.rows()) == ROWS_OF_THE_HOUR


@pytest.mark.parametrize("held", ["rows", "nothing"])
async def test_a_database_of_an_older_backup_takes_in_what_was_sealed_since(
    sealed: SealedDays, held: str
) -> None:
    rows = sealed.rows()
    await sealed.seal()
    if held == "nothing":
        await sealed.release()
    (before,) = await sealed.seals()
    sealed.read("delete from ops.seals")
    assert (await sealed.verify()).unknown == 1
    assert await sealed.seal() == []
    (after,) = await sealed.seals()
    assert (after.sha256, after.released_at is None) == (before.sha256, held == "rows")
    await sealed.restore()
    assert sealed.rows() == rows


async def test_days_that_are_not_closed_stay_open(sealed: SealedDays) -> None:
    today = datetime.now(UTC).date()
    for back in (2, 3, 9, 10):
        day = today - timedelta(days=back)
        sealed.read("select facts.ensure_day('wallet_snapshots', %(day)s::date)", {"day": day})
        sealed.read(
            "insert into facts.wallet_snapshots (minute, wallet_id, asset, szi, fingerprint) "
            "values (%(day)s::date, 1, 'BTC', 1, 1)",
            {"day": day},
        )
    assert [manifest.day for manifest in await sealed.seal(before=DAY)] == []
    days = [manifest.day for manifest in await sealed.seal()]
    assert days == [DAY, *(today - timedelta(days=back) for back in (10, 9, 3))]
    with pytest.raises(Refused, match="say at most"):
        await sealed.seal(before=today - timedelta(days=1))
    assert await sealed.release() == [DAY, today - timedelta(days=10)]


async def test_wallets_of_another_database_are_not_brought_back(sealed: SealedDays) -> None:
    wallet = (
        "insert into tenancy.wallets (id, address) overriding system value values (5001, %(a)s)"
    )
    sealed.read(wallet, {"a": bytes(20)})
    await sealed.seal_and_release()
    sealed.read("delete from tenancy.wallets")
    sealed.read(wallet, {"a": bytes(19) + b"\1"})
    with pytest.raises(Refused, match=r"wallet 5001 of the archive is 0x0{40}, and 0x0{39}1 here"):
        await sealed.restore()
    assert sealed.rows() == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("update ops.seals set verified_at = now() - interval '61 minutes'", "within the hour"),
        ("update ops.seals set digest = '3600:1'", "the database holds 3600:"),
        ("delete from ops.seals", "the archive nothing"),
        ("update ops.seals set day = day + 1", "the archive nothing"),
        ("update ops.seals set released_at = now()", "the archive nothing"),
    ],
)
async def test_the_database_itself_lets_no_day_go_that_is_not_sealed(
    sealed: SealedDays, change: str, reason: str
) -> None:
    await sealed.seal()
    assert (release(sealed, date.today())) == "it did not end nine days ago"
    assert release(sealed, DAY - timedelta(days=1)) == "it is not in the database"
    sealed.read(change.encode())  # pyright: ignore[reportArgumentType]
    assert reason in str(release(sealed, DAY))
    assert len(sealed.rows()) == ROWS_OF_THE_HOUR


def release(sealed: SealedDays, day: date) -> str | None:
    with psycopg.connect(
        sealed.vault.database_url, autocommit=True, options="-c role=hypertally_jobs"
    ) as connection:
        row = connection.execute(
            "select facts.release_day('wallet_snapshots', %s)", [day]
        ).fetchone()
        assert row is not None
        return row[0]


@pytest.mark.parametrize("role", ["hypertally_jobs", "hypertally_facts", "hypertally_worker"])
def test_no_role_may_drop_a_day_itself(sealed: SealedDays, role: str) -> None:
    for statement in (
        "drop table facts.wallet_snapshots_2026_05_04",
        "alter table facts.wallet_snapshots detach partition facts.wallet_snapshots_2026_05_04",
    ):
        with (
            psycopg.connect(sealed.vault.database_url, options=f"-c role={role}") as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement.encode())
