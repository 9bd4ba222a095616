"""Every statement of the program is one its folder's role may run, and names what exists."""

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from hypertally.flow import METRICS
from hypertally.jobs.rebuild.verify import SCRATCH, twins_of
from hypertally.metrics.metric import Metric
from hypertally.store.postgres import in_schema, with_source
from hypertally.store.queries import Query, load
from hypertally.store.twins import comparison, twin_statement

PACKAGE = Path(str(files("hypertally")))
ROLES = {
    "facts": "hypertally_facts",
    "metrics": "hypertally_metrics",
    "jobs": "hypertally_jobs",
    "tenancy": "hypertally_tenancy",
    "api": "hypertally_api",
}
PLACEHOLDER = re.compile(r"%%|%\((\w+)\)s")
FIRST = "hold_snapshot"  # of `verify`: only the first statement of a transaction may be it

Connection = psycopg.Connection[tuple[Any, ...]]


# A statement that this file no longer finds is one that nothing checks: the number only grows.
STATEMENTS_MIN = 296


def statements() -> Iterator[Any]:
    for folder in ROLES:
        for path in sorted((PACKAGE / folder).rglob("*.sql")):
            place = path.relative_to(PACKAGE).with_suffix("").as_posix()
            for query in load(str(path)).values():
                if query.name != FIRST:
                    yield pytest.param(folder, path, query, id=f"{place}:{query.name}")


@pytest.fixture(scope="module")
def module_url(make_database) -> str:
    return make_database()


@pytest.fixture
def login(module_url: str) -> Iterator[Connection]:
    """The login inside a transaction that is rolled back."""
    with psycopg.connect(module_url) as connection:
        yield connection
        connection.rollback()


def become(connection: Connection, role: str) -> None:
    connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))


def variants(path: Path, query: Query) -> list[str]:
    """The statement as the server gets it, placeholders and all; one a source of its rows."""
    if "{source}" in query.text:
        beside = load(str(path))
        schema = "metrics" if "{schema}" in query.text else None
        return [
            with_source(query, beside[name], schema=schema).as_string(None)
            for name in beside
            if name.endswith("_rows")
        ]
    if "{schema}" in query.text:
        return [in_schema(query, "metrics").as_string(None)]
    return [query.text]


def plan(connection: Connection, text: str) -> None:
    """Have a statement parsed, planned and its rights checked, without running it."""
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    numbered = PLACEHOLDER.sub(number, text)
    arguments = f"({', '.join(['null'] * len(names))})" if names else ""
    connection.execute("set local plan_cache_mode = force_generic_plan")
    connection.execute(f"prepare tried as {numbered}".encode())
    try:
        connection.execute(f"explain execute tried {arguments}".encode())
    finally:
        if connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
            connection.execute("deallocate tried")


def is_planned(text: str) -> bool:
    first_word = re.sub(r"--.*", "", text).split(maxsplit=1)[0].lower()
    return first_word in ("select", "with", "insert", "update", "delete")


def make_temporary_tables(connection: Connection, path: Path, *, but: Query) -> None:
    for neighbour in path.parent.glob("*.sql"):
        for query in load(str(neighbour)).values():
            if "create temporary table" in query.text and query.name != but.name:
                connection.execute(query.text.encode())


CASES = list(statements())


def test_every_statement_of_the_tree_is_found() -> None:
    assert len(CASES) >= STATEMENTS_MIN
    assert len({case.id for case in CASES}) == len(CASES)


@pytest.mark.parametrize(("folder", "path", "query"), CASES)
def test_statement_may_be_run_by_the_role_of_its_folder(
    login: Connection, folder: str, path: Path, query: Query
) -> None:
    become(login, ROLES[folder])
    make_temporary_tables(login, path, but=query)
    for text in variants(path, query):
        if is_planned(text):
            plan(login, text)
        else:
            login.execute(text.encode())


@pytest.mark.parametrize("metric", METRICS, ids=[metric.name for metric in METRICS])
def test_a_metric_is_compared_with_its_twin_by_whoever_computes_it(
    login: Connection, metric: Metric
) -> None:
    become(login, "hypertally_metrics")
    for table in metric.tables:
        login.execute(twin_statement(table, schema="metrics", scratch=SCRATCH))
    compared = login.execute(comparison(twins_of(metric), limit=5)).fetchall()
    assert compared == [(0, 0, 0, "[]")]


def test_a_column_that_does_not_exist_is_found_out(login: Connection) -> None:
    become(login, "hypertally_facts")
    with pytest.raises(psycopg.errors.UndefinedColumn):
        plan(login, "select colour from facts.hl_fills_raw where oid = %(oid)s")


def test_a_fact_cannot_read_metrics(login: Connection) -> None:
    become(login, "hypertally_facts")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        plan(login, "select day from metrics.wallet_day_metrics")


RELATIONS = """
select n.nspname, c.relname
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where n.nspname in ('facts', 'metrics', 'ops', 'tenancy') and c.relkind in ('r', 'p')
order by 1, 2
"""
WRITERS = """
select r.rolname, p.privilege
from unnest(array['hypertally_tenancy', 'hypertally_facts', 'hypertally_metrics',
                  'hypertally_jobs', 'hypertally_api']) as r (rolname)
cross join unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) as p (privilege)
where has_table_privilege(r.rolname, %(table)s, p.privilege)
"""
OWNERS = {
    "facts": "hypertally_facts",
    "metrics": "hypertally_metrics",
    "ops": "hypertally_jobs",
    "tenancy": "hypertally_tenancy",
}


def test_each_schema_is_written_by_one_role(login: Connection) -> None:
    found = {
        f"{schema}.{table}": {
            role for role, _ in login.execute(WRITERS, {"table": f"{schema}.{table}"}).fetchall()
        }
        for schema, table in login.execute(RELATIONS).fetchall()
    }
    expected = {name: {OWNERS[name.partition(".")[0]]} for name in found}
    # The migration tool's own table belongs to the login; when a figure was computed is noted by
    # whoever computes it.
    expected["ops.schema_migrations"] = set()
    expected["ops.computations"] = {"hypertally_jobs", "hypertally_metrics"}
    # A status that is stored marks its TWAP in the same statement.
    expected["ops.dirty_twaps"] = {"hypertally_jobs", "hypertally_facts"}
    assert found == expected


def test_the_api_may_write_nothing_at_all(login: Connection) -> None:
    for schema, table in login.execute(RELATIONS).fetchall():
        writers = login.execute(WRITERS, {"table": f"{schema}.{table}"}).fetchall()
        assert "hypertally_api" not in {role for role, _ in writers}, f"{schema}.{table}"
    found = login.execute(
        """
        select nspname from pg_namespace
        where has_schema_privilege('hypertally_api', oid, 'CREATE') and nspname <> 'pg_temp'
        """
    ).fetchall()
    assert found == []
    callable_functions = login.execute(
        """
        select p.oid::regproc::text
        from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
        where n.nspname in ('facts', 'metrics', 'ops', 'tenancy')
            and p.prorettype <> 'trigger'::regtype
            and has_function_privilege('hypertally_api', p.oid, 'EXECUTE')
        order by 1
        """
    ).fetchall()
    assert callable_functions == [
        ("facts.dex_of",),
        ("facts.fill_is_forced",),
        ("facts.is_ahead",),
        ("facts.market_of",),
        ("facts.time_of_ms",),
        ("facts.twap_runs",),
        ("facts.twap_word",),
        ("metrics.add_amounts",),
        ("metrics.add_intervals",),
        ("metrics.count_snapshots",),
        ("metrics.list_days_without_fills",),
        ("metrics.list_days_without_fills_of_org",),
        ("metrics.list_doubtful_days",),
        ("metrics.list_unknown_days",),
        ("metrics.longest_twap",),
        ("metrics.moves_of_run",),
        ("metrics.sum_intervals",),
        ("metrics.sum_minutes",),
        ("metrics.sum_positions",),
        ("metrics.twap_over_by",),
        ("metrics.with_priced",),
        ("metrics.with_unpriced",),
        ("ops.archive_totals",),
        ("ops.is_behind",),
        ("ops.is_forgetting",),
        ("ops.shown_state",),
        ("ops.twap_source_totals",),
        # Signing in and out, for the caller alone: tests/security/test_sign_in.py.
        ("tenancy.admit_member",),
        ("tenancy.admit_user",),
        ("tenancy.close_session",),
        ("tenancy.current_org",),
        ("tenancy.current_user_id",),
        ("tenancy.is_ended",),
        ("tenancy.is_ended",),  # for a process of an earlier release
        ("tenancy.open_session",),
        ("tenancy.open_session",),
    ]
