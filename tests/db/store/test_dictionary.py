"""Every table and column says in the database what it holds; the specification's names work."""

import psycopg

from hypertally.store.dictionary import DESCRIBED, read_dictionary, write_comments
from hypertally.store.migrate import MIGRATIONS

QUERIES = (
    "select * from v_latest_health",
    "select count(*) from wallet_universe_current",
    (
        "select snapshot_ts, status, coverage_pct, rows_written from ingest_runs "
        "order by snapshot_ts desc limit 5"
    ),
    "select * from v_latest_signals",
    "select * from v_recent_alerts",
)


def test_no_table_view_or_column_is_without_a_comment(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(DESCRIBED).fetchall()
    assert len(rows) > 900
    assert [(relation, column) for relation, column, _, comment in rows if not comment] == []


async def test_comments_are_written_where_they_differ_alone(database_url: str) -> None:
    dictionary = read_dictionary(MIGRATIONS)
    assert await write_comments(database_url, dictionary) == 0
    with psycopg.connect(database_url) as connection:
        connection.execute("comment on table metrics.signals is 'something else'")
        connection.execute("comment on column metrics.signals.cas is null")
    assert await write_comments(database_url, dictionary) == 2
    with psycopg.connect(database_url) as connection:
        described = connection.execute(
            "select obj_description('metrics.signals'::regclass)"
        ).fetchone()
    assert described == (dictionary.words_of("metrics.signals"),)


def test_the_specifications_queries_work_without_a_schema(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "insert into ops.ingest_runs (minute, status, started_at, duration_ms, wallets, "
            "wallets_ok, wallets_failed, rows_written, coverage) "
            "values ('2026-11-20 12:00Z', 'partial', now(), 900, 200, 190, 10, 600, 0.95)"
        )
        answers = [connection.execute(query.encode()).fetchall() for query in QUERIES]
    (run,) = answers[2]
    assert [str(value) for value in run[1:]] == ["partial", "95.000000", "600"]
