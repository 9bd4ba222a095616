"""The ingest log of the TWAP source, as the coverage and the metrics show it."""

from decimal import Decimal

import psycopg
import pytest

from hypertally.api.resource.coverage_shapes import Coverage

READINGS = """
insert into ops.etl_s3_ingest_log (s3_object_key, etag, last_modified, rows_ingested,
    rows_repeated, rows_rejected, error_text, skipped, reject_reasons, bytes_read, cost_usd,
    ingested_at)
values
    ('a', '1', '2026-03-02', 0, 0, 0, 'torn', null, '{}', 1000, 0.5, '2026-03-03T01:00Z'),
    ('a', '1', '2026-03-02', 5, 1, 2, null, null, '{"no side": 2}', 1000, 0.25,
     '2026-03-03T02:00Z'),
    ('b', '2', '2026-03-04', 0, 0, 3, null, null, '{"no side": 1, "no size": 2}', 10, 0.05,
     '2026-03-05T02:00Z'),
    ('notes.txt', '3', '2026-03-01', 0, 0, 0, null, 'no Parquet', '{}', 0, 0,
     '2026-03-05T03:00Z'),
    ('c', '4', '2026-03-05', 0, 0, 0, 'no column for side', null, '{}', 7, 0.2,
     '2026-03-05T04:00Z')
"""


@pytest.fixture(scope="module", autouse=True)
def readings(world: str) -> None:
    with psycopg.connect(world, autocommit=True, options="-c timezone=UTC") as connection:
        connection.execute(READINGS)


def test_the_coverage_tells_what_the_source_brought_refused_and_cost(get) -> None:
    answer = get("/api/v1/coverage", "vic").json()
    Coverage.model_validate(answer)
    log = answer["twap_source"]
    # One reading of an earlier release stands there already: nine rows of one object.
    assert (log["objects"], log["failed"], log["skipped"]) == (2, 2, 1)
    assert (log["rows_new"], log["rows_repeated"], log["rows_rejected"]) == (14, 1, 5)
    assert (log["bytes_read"], Decimal(log["cost_usd"])) == ("2017", 1)
    assert log["readings_without_cost"] == 1
    assert log["newest_object_at"] == "2026-03-02T02:15:00.000Z"
    assert [(row["object"], row["is_skipped"], row["reason"]) for row in log["unread"]] == [
        ("c", False, "no column for side"),
        ("b", False, "every row was refused"),
        ("notes.txt", True, "no Parquet"),
    ]
    assert log["reject_reasons"] == [
        {"reason": "no side", "rows": 3},
        {"reason": "no size", "rows": 2},
    ]


def test_the_metrics_show_the_totals_and_no_name(client) -> None:
    text = client.get("/metrics").text
    for line in (
        'hypertally_twap_source_objects{state="read"} 2.0',
        'hypertally_twap_source_objects{state="failed"} 2.0',
        'hypertally_twap_source_rows{kind="new"} 14.0',
        'hypertally_twap_source_rows{kind="rejected"} 5.0',
        "hypertally_twap_source_cost_usd 1.0",
    ):
        assert line in text
    assert "hypertally_twap_source_last_read_timestamp_seconds" in text
    assert "notes.txt" not in text
