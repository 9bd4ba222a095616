"""`hypertally jobs requeue`: dead jobs are queued again, by id or all of them."""

from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from hypertally.cli import cli

NO_JOB = 2**62


@pytest.fixture
def dead_ids(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids of three dead jobs in the database that the commands use."""
    monkeypatch.setenv("HYPERTALLY_DATABASE_URL", database_url)
    monkeypatch.setenv("HYPERTALLY_HOME", str(tmp_path))
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "insert into ops.jobs (kind, payload, status, attempts, max_attempts, last_error, "
            "finished_at) select 'ingest_wallet', '{}', 'dead', 10, 10, 'so', now() "
            "from generate_series(1, 3) returning id"
        ).fetchall()
    return sorted(job_id for (job_id,) in rows)


def requeue(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["jobs", "requeue", *arguments])


def still_dead(database_url: str) -> list[int]:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "select id from ops.jobs where status = 'dead' order by id"
        ).fetchall()
    return [job_id for (job_id,) in rows]


def test_the_jobs_that_are_named_are_queued_again(dead_ids: list[int], database_url: str) -> None:
    result = requeue(str(dead_ids[0]), str(dead_ids[2]))
    assert (result.exit_code, result.stdout) == (0, "2 queued again\n")
    assert still_dead(database_url) == [dead_ids[1]]


def test_an_id_of_no_dead_job_is_exit_code_2(dead_ids: list[int], database_url: str) -> None:
    result = requeue(str(dead_ids[0]), str(NO_JOB))
    assert (result.exit_code, result.stdout) == (2, "1 queued again\n")
    assert still_dead(database_url) == dead_ids[1:]


@pytest.mark.usefixtures("dead_ids")
def test_all_dead_jobs_are_queued_again(database_url: str) -> None:
    result = requeue("--all")
    assert (result.exit_code, result.stdout) == (0, "3 queued again\n")
    assert still_dead(database_url) == []
