"""Orgs: who tracks wallets."""

import re
from datetime import datetime

from hypertally.errors import Refused
from hypertally.records import Record
from hypertally.store.postgres import Connection, find_row, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def is_org_name(name: str) -> bool:
    """Whether an org can have this name."""
    return _NAME.fullmatch(name) is not None


class Org(Record, frozen=True, kw_only=True):
    """An org and the number of wallets that count for it now."""

    name: str
    created_at: datetime
    wallets: int


class _OrgId(Record, frozen=True, kw_only=True):
    id: int


async def find_org(connection: Connection, name: str) -> int:
    """The id of an org.

    Errors: `Refused` that names the org that does not exist.
    """
    row = await find_row(connection, QUERIES["find_org"], {"name": name}, shape=_OrgId)
    if row is None:
        raise Refused(f"no org is called {name!r}: `hypertally orgs add {name}` adds it")
    return row.id


async def add_org(connection: Connection, name: str) -> bool:
    """Add an org; false if the org exists already.

    Errors: `Refused` for a name with other characters.
    """
    if not is_org_name(name):
        raise Refused(f"{name!r} is not a name for an org: use a-z, 0-9, - and _")
    cursor = await connection.execute(QUERIES["insert_org"].text, {"name": name})
    return cursor.rowcount > 0


async def list_orgs(connection: Connection) -> list[Org]:
    """Every org, by name."""
    return await read_rows(connection, QUERIES["list_orgs"], shape=Org)
