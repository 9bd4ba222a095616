"""Twins: empty copies of tables in another schema, and their comparison with the tables."""

import json
from collections.abc import Sequence
from typing import Any

from psycopg import sql

from hypertally.records import Record
from hypertally.store.postgres import Connection, read_row
from hypertally.store.queries import Query

_MAKE = "create table {twin} (like {table} including indexes including defaults)"
# `row` is a JSON object; a table whose rows belong to it adds them as a list under its name.
_COMPARE = """
with stored as (
    select {key}, to_jsonb(t) {parts_of_table} as row from {table} as t
), recomputed as (
    select {key}, to_jsonb(t) {parts_of_twin} as row from {twin} as t
), pairs as (
    select {key}, s.row as stored, r.row as recomputed
    from stored as s
    full join recomputed as r using ({key})
), waiting as (
    {waiting}
), judged as (
    select p.*, exists (select from waiting as w where {same_key}) as waits from pairs as p
), differing as (
    select * from judged where not waits and stored is distinct from recomputed
)
select count(*)::integer as rows,
    count(*) filter (where waits)::integer as waiting,
    (select count(*) from differing)::integer as differing,
    (select coalesce(jsonb_agg(jsonb_build_array(f.stored, f.recomputed)), '[]')::text
     from (select stored, recomputed from differing order by {key} limit {limit}) as f) as first
from judged
"""
_PART = """|| jsonb_build_object({name}, (
    select jsonb_agg(to_jsonb(p) order by p.{order}) from {part} as p
    where ({key_of_part}) = ({key_of_row})))"""


class Part(Record, frozen=True, kw_only=True):
    """A table whose rows belong to rows of another and have its key."""

    table: str
    order: str  # the column that orders the rows of one key


class Twins(Record, frozen=True, kw_only=True):
    """A table, its twin, and what names a row of both."""

    table: str
    schema: str
    scratch: str  # the schema of the twin
    key: Sequence[str]
    parts: Sequence[Part] = ()
    waiting: Query | None = None  # keys whose rows are not compared
    waiting_key: Sequence[str] = ()  # the columns of `waiting` that the key has too


class Compared(Record, frozen=True, kw_only=True):
    """How many rows a table and its twin have, and how they differ."""

    rows: int
    waiting: int
    differing: int
    first: str  # JSON: [[stored row or null, recomputed row or null], ...]

    def pairs(self) -> list[tuple[Any, Any]]:
        """The first rows that differ, numbers as the text they are."""
        return json.loads(self.first, parse_float=str, parse_int=str)


async def make_twin(connection: Connection, table: str, *, schema: str, scratch: str) -> None:
    """Make an empty table of the same columns, defaults and indexes."""
    await connection.execute(twin_statement(table, schema=schema, scratch=scratch))


def twin_statement(table: str, *, schema: str, scratch: str) -> sql.Composed:
    """The statement that makes an empty twin of a table."""
    return sql.SQL(_MAKE).format(
        twin=sql.Identifier(scratch, table), table=sql.Identifier(schema, table)
    )


async def compare_twins(connection: Connection, twins: Twins, *, limit: int) -> Compared:
    """Count the rows that differ; a row whose key waits to be computed is not compared."""
    return await read_row(connection, comparison(twins, limit=limit), shape=Compared)


def comparison(twins: Twins, *, limit: int) -> sql.Composed:
    """The statement that compares a table with its twin, and gives the first rows that differ."""
    same = [sql.SQL("w.{0} = p.{0}").format(sql.Identifier(column)) for column in twins.waiting_key]
    waiting = sql.SQL(twins.waiting.text) if twins.waiting else sql.SQL("select")
    return sql.SQL(_COMPARE).format(
        key=_columns(twins.key),
        table=sql.Identifier(twins.schema, twins.table),
        twin=sql.Identifier(twins.scratch, twins.table),
        parts_of_table=_parts(twins, twins.schema),
        parts_of_twin=_parts(twins, twins.scratch),
        waiting=waiting,
        same_key=sql.SQL(" and ").join(same) if twins.waiting else sql.SQL("false"),
        limit=sql.Literal(limit),
    )


def _columns(names: Sequence[str], alias: str | None = None) -> sql.Composed:
    columns = (sql.Identifier(alias, name) if alias else sql.Identifier(name) for name in names)
    return sql.SQL(", ").join(columns)


def _parts(twins: Twins, schema: str) -> sql.Composed:
    prefix = f"{twins.table.removesuffix('s')}_"
    return sql.SQL(" ").join(
        sql.SQL(_PART).format(
            name=sql.Literal(part.table.removeprefix(prefix)),
            part=sql.Identifier(schema, part.table),
            order=sql.Identifier(part.order),
            key_of_part=_columns(twins.key, "p"),
            key_of_row=_columns(twins.key, "t"),
        )
        for part in twins.parts
    )
