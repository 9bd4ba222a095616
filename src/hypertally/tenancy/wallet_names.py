"""What an org calls its wallets: labels, tags, groups and notes, seen by nobody else.

A wallet has at most one label and one note, and any number of tags and groups. Tags and the names
of groups are kept in lower case. A group is there as long as it has a wallet.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from hypertally.errors import Refused
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_rows
from hypertally.store.queries import Query, load

QUERIES = load(__file__)
WORD_CHARS_MAX = 32  # a word of a table's cell
NOTE_CHARS_MAX = 1000  # a paragraph
SEPARATORS = ";,"  # of words in a file and in a request

Sorting: TypeAlias = Literal["tags", "groups"]


class WalletNames(Record, frozen=True, kw_only=True):
    """What an org calls a wallet, and sorts it by."""

    wallet: str
    label: str | None
    tags: list[str]
    groups: list[str]
    note: str | None


class Group(Record, frozen=True, kw_only=True):
    """A named set of wallets."""

    name: str
    wallets: list[str]


class _Changed(Record, frozen=True, kw_only=True):
    wallet: str


def read_word(text: str, *, kind: str = "tag") -> str:
    """A tag, or the name of a group, as it is stored.

    Errors: `Refused` that says what a tag is.
    """
    word = text.strip().lower()
    is_split = any(separator in word for separator in SEPARATORS)
    if not word or len(word) > WORD_CHARS_MAX or not word.isprintable() or is_split:
        raise Refused(
            f"{text[: 2 * WORD_CHARS_MAX]!r} is not a {kind}: expected 1 to {WORD_CHARS_MAX} "
            "characters in one line, none of them ; or ,"
        )
    return word


def read_words(texts: Iterable[str], *, kind: str = "tag") -> list[str]:
    """Several tags, each once, in order.

    Errors: `Refused` that says what a tag is.
    """
    return sorted({read_word(text, kind=kind) for text in texts})


def read_note(text: str) -> str:
    """A note as it is stored: lines of text that can be seen.

    Errors: `Refused` that says what a note is.
    """
    note = "\n".join(line.rstrip() for line in text.strip().splitlines())
    is_seen = all(line.isprintable() for line in note.split("\n"))
    if not note or len(note) > NOTE_CHARS_MAX or not is_seen:
        raise Refused(
            f"{text[:60]!r} is not a note: expected 1 to {NOTE_CHARS_MAX} characters that can be "
            "seen"
        )
    return note


async def list_names(
    connection: Connection, *, org_id: int, addresses: Sequence[str] | None = None
) -> list[WalletNames]:
    """What an org calls its wallets, by address; of all that it has tracked, or of some."""
    bound = {"org_id": org_id, "addresses": None if addresses is None else _decode(addresses)}
    return await read_rows(connection, QUERIES["list_names"], bound, shape=WalletNames)


async def list_groups(connection: Connection, *, org_id: int) -> list[Group]:
    """The groups of an org with their wallets."""
    return await read_rows(connection, QUERIES["list_groups"], {"org_id": org_id}, shape=Group)


async def put_labels(
    connection: Connection, labels: dict[str, str], *, org_id: int, at: datetime
) -> None:
    """Call wallets by labels, in place of those they had; wallets of other orgs get none."""
    bound = _bind(list(labels), org_id) | {"labels": list(labels.values()), "at": at}
    await connection.execute(QUERIES["put_labels"].text, bound)


async def put_notes(
    connection: Connection, notes: dict[str, str], *, org_id: int, at: datetime
) -> None:
    """Write down notes about wallets, in place of those there were."""
    bound = _bind(list(notes), org_id) | {"notes": list(notes.values()), "at": at}
    await connection.execute(QUERIES["put_notes"].text, bound)


async def delete_notes(
    connection: Connection, addresses: Sequence[str], *, org_id: int
) -> list[str]:
    """Take notes away; the wallets that had one."""
    return await _change(connection, QUERIES["delete_notes"], _bind(addresses, org_id))


async def add_words(
    connection: Connection,
    sorting: Sorting,
    words: dict[str, list[str]],
    *,
    org_id: int,
    at: datetime,
) -> list[str]:
    """Give wallets tags, or put them into groups; the wallets that had not all of them."""
    pairs = [(address, word) for address, listed in words.items() for word in listed]
    bound = _bind([address for address, _ in pairs], org_id) | {
        "words": [word for _, word in pairs],
        "at": at,
    }
    return await _change(connection, QUERIES[f"add_{sorting}"], bound)


async def delete_words(
    connection: Connection,
    sorting: Sorting,
    addresses: Sequence[str],
    *,
    words: Sequence[str] | None,
    org_id: int,
) -> list[str]:
    """Take tags or groups from wallets (None: all of them); the wallets that had one."""
    bound = _bind(addresses, org_id) | {"words": None if words is None else list(words)}
    return await _change(connection, QUERIES[f"delete_{sorting}"], bound)


async def _change(connection: Connection, query: Query, bound: dict[str, object]) -> list[str]:
    rows = await read_rows(connection, query, bound, shape=_Changed)
    return sorted({row.wallet for row in rows})


def _bind(addresses: Sequence[str], org_id: int) -> dict[str, object]:
    return {"addresses": _decode(addresses), "org_id": org_id}


def _decode(addresses: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(address.removeprefix("0x")) for address in addresses]
