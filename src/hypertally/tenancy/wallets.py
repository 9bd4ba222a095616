"""Wallets of orgs: added, listed and removed as dated intervals; facts stay when one is removed."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from hypertally.errors import Refused
from hypertally.store.postgres import Connection
from hypertally.store.queries import load

QUERIES = load(__file__)
SHOWN_MAX = 5
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def read_address(text: str) -> str:
    """An address in lower case.

    Errors: `Refused` that names what is no address.
    """
    if not _ADDRESS.fullmatch(text):
        raise Refused(f"{text!r} is not an address: expected 0x and 40 hex digits")
    return text.lower()


def read_addresses(text: str, *, name: str) -> list[str]:
    """The addresses of a file, one a line; empty lines and what follows a # do not count.

    Errors: `Refused` that names the first lines that are no addresses; then nothing is taken.
    """
    addresses: list[str] = []
    wrong: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        word = line.partition("#")[0].strip()
        if word and _ADDRESS.fullmatch(word):
            addresses.append(word.lower())
        elif word:
            wrong.append(f"line {number}: {word[:60]!r}")
    if wrong:
        more = "; ..." if len(wrong) > SHOWN_MAX else ""
        shown = "; ".join(wrong[:SHOWN_MAX]) + more
        raise Refused(
            f"{name} holds {len(wrong)} lines that are not addresses (0x and 40 hex digits), "
            f"nothing was imported: {shown}"
        )
    if not addresses:
        raise Refused(f"{name} holds no address: expected one a line")
    return list(dict.fromkeys(addresses))


async def find_org(connection: Connection, name: str) -> int:
    """The id of an org.

    Errors: `Refused` that names the org that does not exist.
    """
    row = await (await connection.execute(QUERIES["find_org"].text, {"name": name})).fetchone()
    if row is None:
        raise Refused(f"no org is called {name!r}: `hypertally orgs add {name}` makes it")
    return row["id"]


async def add_org(connection: Connection, name: str) -> bool:
    """Make an org; false if it exists.

    Errors: `Refused` for a name that is none.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,62}", name):
        raise Refused(f"{name!r} is not a name for an org: use a-z, 0-9, - and _")
    cursor = await connection.execute(QUERIES["insert_org"].text, {"name": name})
    return cursor.rowcount > 0


async def list_orgs(connection: Connection) -> list[dict[str, Any]]:
    """Every org with how many wallets it tracks."""
    return await (await connection.execute(QUERIES["list_orgs"].text)).fetchall()


async def add(
    connection: Connection,
    addresses: Sequence[str],
    *,
    org_id: int,
    from_day: date | None,
) -> list[int]:
    """Track wallets for an org from a day (None: their whole history); the ids of the new ones."""
    await give_ids(connection, addresses)
    bound = {
        "addresses": [bytes.fromhex(a[2:]) for a in addresses],
        "org_id": org_id,
        "from_day": from_day,
    }
    found = await connection.execute(QUERIES["insert_org_wallets"].text, bound)
    return [row["wallet_id"] for row in await found.fetchall()]


async def give_ids(connection: Connection, addresses: Sequence[str]) -> None:
    """Give each address its id, once; that alone tracks nothing."""
    bound = {"addresses": [bytes.fromhex(address[2:]) for address in addresses]}
    await connection.execute(QUERIES["insert_wallets"].text, bound)


async def remove(connection: Connection, addresses: Sequence[str], *, org_id: int) -> list[int]:
    """Stop tracking wallets today; their earlier days go on counting. The ids of those removed."""
    bound = {"addresses": [bytes.fromhex(a[2:]) for a in addresses], "org_id": org_id}
    never = await (await connection.execute(QUERIES["delete_empty"].text, bound)).fetchall()
    closed = await (await connection.execute(QUERIES["close_intervals"].text, bound)).fetchall()
    return [row["wallet_id"] for row in [*never, *closed]]


async def list_wallets(connection: Connection, *, org_id: int) -> list[dict[str, Any]]:
    """The wallets of an org with their intervals."""
    return await (
        await connection.execute(QUERIES["list_wallets"].text, {"org_id": org_id})
    ).fetchall()


async def put_user(connection: Connection, *, user_id: str, org_id: int, role: str) -> None:
    """Give a user an org and a role; an existing profile is replaced."""
    await connection.execute(
        QUERIES["put_user"].text, {"user_id": user_id, "org_id": org_id, "role": role}
    )
