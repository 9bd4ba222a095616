"""The migrations make the schema that is written down, however often and by however many."""

import asyncio
import runpy
import secrets
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from psycopg import conninfo, sql
from tests.db.runtime.offline import offline

from hypertally.facts import pages
from hypertally.flow import FACTS, METRICS
from hypertally.jobs import periodic
from hypertally.jobs.runtime import queue
from hypertally.store.migrate import MIGRATIONS, migrate
from hypertally.store.postgres import Pool, open_pool, transaction

PROJECT = Path(__file__).parents[3]
UTC_MONTHS = [
    (datetime(2023, 5, 31, 23, 59, 59, 999000, tzinfo=UTC), "2023_05"),
    (datetime(2023, 6, 1, tzinfo=UTC), "2023_06"),
    (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), "2026_12"),
    (datetime(9999, 11, 30, tzinfo=UTC), "9999_11"),
]


@pytest.fixture(scope="module")
def script() -> SimpleNamespace:
    """The script that writes what the migrations make."""
    return SimpleNamespace(**runpy.run_path(str(PROJECT / "scripts" / "schema.py")))


@pytest.fixture
def empty_url(server_url: str, database_url: str) -> str:
    """The address of a database without any schema."""
    name = f"empty_{secrets.token_hex(6)}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    old = conninfo.conninfo_to_dict(database_url)["dbname"]
    return database_url.replace(str(old), name)


def months(url: str, parent: str) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select inhrelid::regclass::text from pg_inherits where inhparent = %s::regclass "
            "order by 1",
            [f"facts.{parent}"],
        ).fetchall()
    return [name.removeprefix(f"facts.{parent}_") for (name,) in rows]


def test_schema_sql_is_what_the_migrations_make(script: SimpleNamespace, database_url: str) -> None:
    assert script.dump(database_url) == script.SCHEMA.read_text(), "run `make schema`"


def test_the_column_dictionary_is_what_the_migrations_make(
    script: SimpleNamespace, database_url: str
) -> None:
    assert script.columns(database_url) == script.COLUMNS.read_text(), "run `make schema`"


def test_every_column_has_a_meaning(script: SimpleNamespace, database_url: str) -> None:
    text = script.columns(database_url)
    assert [line for line in text.splitlines() if line.endswith("|  |")] == []


KEYED = [("facts", fact.name, fact.key) for fact in FACTS] + [
    ("metrics", metric.name, metric.whole_key) for metric in METRICS
]


@pytest.mark.parametrize(("schema", "table", "key"), KEYED, ids=[name for _, name, _ in KEYED])
def test_the_database_enforces_every_key(
    database_url: str, schema: str, table: str, key: tuple[str, ...]
) -> None:
    with psycopg.connect(database_url) as connection:
        keys = connection.execute(
            "select array(select attname::text from pg_attribute"
            "             where attrelid = indrelid and attnum = any (indkey)) "
            "from pg_index where indisunique and indrelid = %s::regclass",
            [f"{schema}.{table}"],
        ).fetchall()
    assert set(key) in [set(columns) for (columns,) in keys]


async def test_migrating_again_changes_nothing(script: SimpleNamespace, database_url: str) -> None:
    before = script.dump(database_url)
    assert await migrate(database_url) == []
    assert script.dump(database_url) == before


async def test_two_migrations_at_once_apply_each_file_once(
    script: SimpleNamespace, empty_url: str
) -> None:
    one, other = await asyncio.gather(migrate(empty_url), migrate(empty_url))
    assert sorted([*one, *other]) == sorted(path.name for path in MIGRATIONS.glob("*.sql"))
    assert script.dump(empty_url) == script.SCHEMA.read_text()


async def test_a_month_is_made_on_demand_where_it_is_missing(
    worker_pool: Pool, database_url: str
) -> None:
    times = {time for time, _ in UTC_MONTHS}
    await pages.ensure_months(worker_pool, "hl_fills_raw", times)
    await pages.ensure_months(worker_pool, "hl_fills_raw", times)
    assert months(database_url, "hl_fills_raw") == [month for _, month in UTC_MONTHS]
    assert months(database_url, "pages") == []


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/Los_Angeles"])
def test_a_month_is_one_of_utc_whatever_the_session_says(database_url: str, zone: str) -> None:
    with psycopg.connect(database_url, options=f"-c timezone={zone}") as connection:
        connection.execute("select facts.ensure_month('pages', '2025-03-01 00:00:00+00')")
        connection.execute("select facts.ensure_month('pages', '2025-03-31 23:59:59+00')")
        bounds = connection.execute(
            "select bounds[1]::timestamptz, bounds[2]::timestamptz from ("
            "  select regexp_matches(pg_get_expr(relpartbound, oid), $$'(.*)'.*'(.*)'$$) as bounds"
            "  from pg_class where relispartition and relkind = 'r') as partitions"
        ).fetchall()
    assert bounds == [(datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 4, 1, tzinfo=UTC))]


def test_only_the_partitioned_facts_have_months(database_url: str) -> None:
    with (
        psycopg.connect(database_url) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="not partitioned by month"),
    ):
        connection.execute("select facts.ensure_month('conflicts', now())")


async def test_eight_connections_make_the_same_months_at_once(database_url: str) -> None:
    times = [datetime(2024 + n // 12, n % 12 + 1, 15, tzinfo=UTC) for n in range(12)]
    start = asyncio.Barrier(8)

    async def make(pool: Pool, turn: int) -> None:
        await start.wait()
        for time in [*times[turn:], *times[:turn]]:
            await pages.ensure_months(pool, "hl_fills_raw", {time})

    async with open_pool(database_url, role="hypertally_worker", size=8) as pool:
        await asyncio.gather(*(make(pool, turn) for turn in range(8)))
    assert months(database_url, "hl_fills_raw") == [time.strftime("%Y_%m") for time in times]


@pytest.mark.parametrize("day", [(2027, 1, 1), (2027, 1, 31), (2027, 12, 31), (2028, 2, 29)])
def test_no_month_ahead_is_left_out(day: tuple[int, int, int]) -> None:
    time = datetime(*day, tzinfo=UTC)
    ahead = {(at.year, at.month) for at in periodic.times_ahead(time)}
    months_wanted = [(time.month - 1 + n) for n in range(periodic.MONTHS_AHEAD + 1)]
    assert {(time.year + n // 12, n % 12 + 1) for n in months_wanted} <= ahead


async def test_housekeeping_makes_months_ahead_of_need(
    worker_pool: Pool, database_url: str
) -> None:
    async with transaction(worker_pool) as connection:
        await periodic.start(connection, [periodic.HOUSEKEEPING])
    jobs = await queue.claim(worker_pool, worker="test", lease_seconds=60, limit=10)
    job = next(job for job in jobs if job.kind == "housekeeping")
    await periodic.housekeeping(offline(worker_pool), job)
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "select array_agg(to_char(now() at time zone 'UTC' + make_interval(months => n), "
            "                 'YYYY_MM') order by n) from generate_series(0, 2) as n"
        ).fetchone()
    assert row is not None
    for parent in ("hl_fills_raw", "pages"):
        assert set(row[0]) <= set(months(database_url, parent))
