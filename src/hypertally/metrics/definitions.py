"""Definitions: each version of each metric, in words, in the SQL that computes it, and its form.

A form says what a definition computes: a hash of its statement without comments, and one of the
code that the metric's module calls. A version whose form changes is refused, at the start and by a
test, because the same number would mean something else. A change that was shown to give the same
digits, such as a new name in the code, adds its form to `definitions.toml`.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import msgspec

from hypertally.errors import Refused
from hypertally.metrics.definition_form import Form, form_of, hash_statement, registered_text
from hypertally.metrics.metric import Definition
from hypertally.records import Record
from hypertally.store.postgres import Connection, Pool, find_row, read_rows, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
FORMS_FILE = Path(__file__).with_suffix(".toml")


class StoredDefinition(Record, frozen=True, kw_only=True):
    """metrics.definitions, what of it says what is computed."""

    definition: str
    sql: str
    form: str | None  # None: stored by a release that knew no forms


class _ListedForms(Record, frozen=True, kw_only=True):
    forms: list[str]


@cache
def accepted_forms() -> Mapping[str, Sequence[Form]]:
    """By definition, the forms that were shown to give the same digits; the last is today's."""
    try:
        text = FORMS_FILE.read_text(encoding="utf-8")
        listed = msgspec.toml.decode(text, type=dict[str, _ListedForms])
    except (OSError, ValueError) as error:
        raise Refused(f"{FORMS_FILE} cannot be read ({error}): install hypertally again") from error
    return {name: [Form.parse(form) for form in entry.forms] for name, entry in listed.items()}


async def register(connection: Connection, definitions: Iterable[Definition]) -> None:
    """Store each definition under its version; the SQL that was used stays readable for ever.

    Errors: `Refused` when a definition computes something else and its version is the same.
    """
    async with connection.transaction():
        for definition in definitions:
            await _register(connection, definition)


async def are_registered(connection: Connection, definitions: Iterable[Definition]) -> bool:
    """Whether the database knows each definition, with its meaning of today."""
    stored = await _list_stored(connection)
    return all(
        (row := stored.get(definition.definition)) is not None
        and row.form is not None
        and Form.parse(row.form) in accepted_forms().get(definition.definition, ())[-1:]
        for definition in definitions
    )


async def require_registered(pool: Pool, definitions: Iterable[Definition]) -> None:
    """Refuse a database that does not know a definition, or knows another meaning of it."""
    async with transaction(pool) as connection:
        stored = await _list_stored(connection)
    for definition in definitions:
        row = stored.get(definition.definition)
        if row is None:
            raise Refused(
                f"the database does not know {definition.definition}: run `hypertally migrate` "
                "with the address of its owner, HYPERTALLY_OWNER_DATABASE_URL"
            )
        _require_same(definition, row, accepted_forms().get(definition.definition, ()))


async def _list_stored(connection: Connection) -> dict[str, StoredDefinition]:
    rows = await read_rows(connection, QUERIES["list_definitions"], shape=StoredDefinition)
    return {row.definition: row for row in rows}


async def _register(connection: Connection, definition: Definition) -> None:
    form = form_of(definition)
    accepted = accepted_forms().get(definition.definition, ())
    if form not in accepted[-1:]:
        raise Refused(
            f"{definition.definition} computes something that was not shown to mean the same: "
            f"raise its version in metrics/, or list its form with make definitions"
        )
    key = {"definition": definition.definition}
    stored = await find_row(connection, QUERIES["read_definition"], key, shape=StoredDefinition)
    if stored is not None:
        _require_same(definition, stored, accepted)
    await connection.execute(
        QUERIES["put_definition"].text,
        {
            "definition": definition.definition,
            "metric": definition.name,
            "version": int(definition.definition.rpartition("/")[2]),
            "words": definition.words,
            "sql": registered_text(definition),
            "form": str(form),
        },
    )


def _require_same(
    definition: Definition, stored: StoredDefinition, accepted: Sequence[Form]
) -> None:
    if not _means_the_same(stored, accepted):
        raise Refused(
            f"{definition.definition} is stored with another meaning: "
            f"raise its version in metrics/ and rebuild"
        )


def _means_the_same(stored: StoredDefinition, accepted: Sequence[Form]) -> bool:
    if stored.form is None:
        return hash_statement(stored.sql) in {form.statement for form in accepted}
    return Form.parse(stored.form) in accepted
