"""Definitions: each version of each metric, in words and in the SQL that computes it."""

from hypertally.store.postgres import Connection
from hypertally.store.queries import Query, load

QUERIES = load(__file__)


async def put(
    connection: Connection, definition: str, *, metric: str, words: str, statement: Query
) -> bool:
    """Store a definition; false when another SQL is stored under its version."""
    text = statement.text.replace("{schema}", "metrics").replace("{{}}", "{}").replace("%%", "%")
    found = await connection.execute(
        QUERIES["put_definition"].text,
        {
            "definition": definition,
            "metric": metric,
            "version": int(definition.rpartition("/")[2]),
            "words": words,
            "sql": text,
        },
    )
    return await found.fetchone() is not None
