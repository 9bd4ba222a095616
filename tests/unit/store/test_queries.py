"""Named statements are read from the file beside a module, and a file that is wrong says so."""

from pathlib import Path

import pytest

from hypertally.store.postgres import in_schema
from hypertally.store.queries import Query, load

TWO = """\
-- name: read_one :one
-- One row; a semicolon ends it.
-- Reads: facts.pages   Writes: -   Key: id
select 1;

-- name: list_all :many
select 2
  from generate_series(1, 3);
"""


def loaded(folder: Path, text: str) -> dict[str, Query]:
    (folder / "rows.sql").write_text(text)
    return load(str(folder / "rows.py"))


def test_each_statement_is_read_with_its_name_and_kind(tmp_path: Path) -> None:
    queries = loaded(tmp_path, TWO)
    assert [(query.name, query.kind) for query in queries.values()] == [
        ("read_one", "one"),
        ("list_all", "many"),
    ]
    assert queries["list_all"].text == "select 2\n  from generate_series(1, 3)"


def test_what_a_statement_is_for_stays_with_it(tmp_path: Path) -> None:
    assert "Reads: facts.pages" in loaded(tmp_path, TWO)["read_one"].text


@pytest.mark.parametrize(
    "text", ["", "select 1;", "-- name: Read :one\nselect 1;", "-- name: read :some\nselect 1;"]
)
def test_a_file_without_a_statement_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r"rows\.sql holds no statement"):
        loaded(tmp_path, text)


def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"rows\.sql defines read_one twice"):
        loaded(tmp_path, TWO + TWO)


def test_a_module_without_its_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(str(tmp_path / "rows.py"))


def test_the_schema_of_a_statement_is_quoted() -> None:
    query = Query(name="x", kind="many", text="select '{{}}' from {schema}.days")
    assert in_schema(query, 'a"b').as_string(None) == 'select \'{}\' from "a""b".days'
