"""Files of this machine that failed before they were told from objects of the source."""

import asyncio
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from tests.db.alerts.alert_rows import AT, Desk
from tests.db.store.earlier_release import make_books

from hypertally.cli.database import bring_up_to_date
from hypertally.jobs.runtime.resources import TwapSource
from hypertally.sources.object_store import ObjectStore
from hypertally.store.postgres import open_pool

LAST_MIGRATION = "0025"  # of the last release that logged both alike
OF_A_FOLDER = "1f04ac-6438d5c8f3e80-2c"  # inode, time and size
OF_S3 = '"9b2cf535f27731c974343645a3985328"'
READ = """
insert into ops.etl_s3_ingest_log (s3_object_key, etag, error_text, rows_rejected, ingested_at)
values (%s, %s, %s, %s, %s)
"""
FIRE = """
with fired as (
    insert into ops.alerts
        (type, subject, level, from_state, to_state, reason, at, event_key, value)
    values ('archive_behind', 'system', 'high', 'inactive', 'firing', 'a.parquet failed', %s,
        'failed', '{"failed_objects": 1}')
    returning type, subject, reason, to_state, at
)
update ops.alert_state as s
set state = f.to_state, reason = f.reason, since = f.at, judged_at = f.at, last_fired_at = f.at
from fired as f
where s.type = f.type and s.subject = f.subject
"""


def upgraded_books(
    server_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *readings: tuple[object, ...]
) -> str:
    """Books of that release with these readings, whose alert fires, brought up to date."""
    url = make_books(server_url, folder, monkeypatch, last_migration=LAST_MIGRATION)
    with psycopg.connect(url) as connection:
        for number, reading in enumerate(readings):
            read_at = AT - timedelta(hours=2) + timedelta(minutes=number)
            connection.execute(READ, [*reading, read_at])
        connection.execute(FIRE, [AT - timedelta(hours=1)])
    assert asyncio.run(bring_up_to_date(url)) != []
    return url


async def check(url: str, source: TwapSource | None = None) -> list[str]:
    """The moves of the alert after one more check."""
    async with open_pool(url, role="hypertally_worker", size=2) as pool:
        desk = Desk(pool)
        await desk.check(AT, twap_source=source)
        return await desk.moves("archive_behind")


@pytest.mark.parametrize("was_another_read", [True, False])
@pytest.mark.parametrize("has_source", [True, False])
def test_the_alert_of_a_local_file_that_failed_ends(
    server_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    was_another_read: bool,
    has_source: bool,
) -> None:
    cut_off = ("a.parquet", OF_A_FOLDER, "no readable Parquet: it is cut off", 0)
    refused = ("b.parquet", OF_A_FOLDER, None, 9)
    read = [("c.parquet", OF_A_FOLDER, None, 0)] * was_another_read
    url = upgraded_books(server_url, tmp_path, monkeypatch, cut_off, refused, *read)
    source = TwapSource(database_url="", store=ObjectStore(tmp_path.as_uri()))
    moves = asyncio.run(check(url, source if has_source else None))
    assert moves == ["system: firing", "system: resolved"]


@pytest.mark.parametrize(
    ("key", "content_hash"),
    [("a.parquet", OF_S3), ("2026/a.parquet", OF_A_FOLDER), ("a.parquet", '"9b-2"')],
)
def test_the_alert_of_an_object_of_the_source_stays(
    server_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    key: str,
    content_hash: str,
) -> None:
    failed = (key, content_hash, "no readable Parquet: it is cut off", 0)
    url = upgraded_books(server_url, tmp_path, monkeypatch, failed)
    assert asyncio.run(check(url)) == ["system: firing"]
