"""Every statement of the program is one its folder's role may run, and names what exists."""

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypertally.store.postgres import in_schema
from hypertally.store.queries import Query, load
from psycopg import sql

PACKAGE = Path(str(files("hypertally")))
ROLES = {
    "facts": "hypertally_facts",
    "metrics": "hypertally_metrics",
    "jobs": "hypertally_jobs",
    "tenancy": "hypertally_tenancy",
    "api": "hypertally_api",
}
PLACEHOLDER = re.compile(r"%%|%\((\w+)\)s")
PLANNED = ("select", "with", "insert", "update", "delete")
# `verify` makes its scratch schema as the login, which alone may make one.
AS_LOGIN = re.compile(r"make_scratch|scratch_\w+|grant_scratch|act_as_metrics")

Connection = psycopg.Connection[tuple[Any, ...]]


def statements() -> Iterator[Any]:
    for folder in ROLES:
        for path in sorted((PACKAGE / folder).glob("*.sql")):
            for query in load(str(path)).values():
                if not AS_LOGIN.fullmatch(query.name):
                    yield pytest.param(folder, path, query, id=f"{folder}-{path.stem}-{query.name}")


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


def written(query: Query, schema: str) -> str:
    """The statement as the server gets it, with its placeholders still in."""
    if "{schema}" in query.text:
        return in_schema(query, schema).as_string(None)
    return query.text


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


def try_statement(connection: Connection, query: Query, schema: str = "metrics") -> None:
    text = written(query, schema)
    first_word = re.sub(r"--.*", "", text).split(maxsplit=1)[0].lower()
    if first_word in PLANNED:
        plan(connection, text)
    else:
        connection.execute(text.encode())


@pytest.mark.parametrize(("folder", "path", "query"), list(statements()))
def test_statement_runs_under_the_role_of_its_folder(
    login: Connection, folder: str, path: Path, query: Query
) -> None:
    become(login, ROLES[folder])
    for other in load(str(path)).values():
        if "create temporary table" in other.text and other is not query:
            login.execute(other.text.encode())
    try_statement(login, query)
