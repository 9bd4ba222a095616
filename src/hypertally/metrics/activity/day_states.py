"""How far the record of a wallet's UTC day is known: what the completeness of days rests on."""

from collections.abc import Mapping
from functools import cache

from hypertally.store.postgres import Connection, with_source
from hypertally.store.queries import load

QUERIES = load(__file__)
KEYS = "key_rows"  # the days that are named
MEMBERS = "member_rows"  # the days of orgs' wallets that have no figures then


async def compute(
    connection: Connection, rows: str, parameters: Mapping[str, object], *, schema: str
) -> None:
    """Fill `pg_temp.day_states` with the days that `rows` names, in the caller's transaction."""
    await connection.execute(QUERIES["make_day_states"].text)
    await connection.execute(QUERIES["empty_day_states"].text)
    await connection.execute(_statement(rows, schema), parameters)


@cache
def _statement(rows: str, schema: str) -> bytes:
    # Putting the long text together takes longer than sending it.
    return with_source(QUERIES["insert_day_states"], QUERIES[rows], schema=schema).as_bytes()
