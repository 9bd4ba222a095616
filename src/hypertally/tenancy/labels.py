"""Labels: what an org calls a wallet. A label belongs to the org and is seen by nobody else."""

from datetime import datetime

from hypertally.errors import Refused
from hypertally.records import Record
from hypertally.store.postgres import Connection, find_row
from hypertally.store.queries import load

QUERIES = load(__file__)
LABEL_CHARS_MAX = 64  # so that a label, an address and what they did fit into one line of a message


class _Label(Record, frozen=True, kw_only=True):
    label: str


def read_label(text: str) -> str:
    """A label as it is stored: one line of text that can be seen.

    Errors: `Refused` that says what a label is.
    """
    label = text.strip()
    if not label or len(label) > LABEL_CHARS_MAX or not label.isprintable():
        raise Refused(
            f"{text[: 2 * LABEL_CHARS_MAX]!r} is not a label: expected 1 to {LABEL_CHARS_MAX} "
            "characters in one line"
        )
    return label


async def find_label(connection: Connection, address: str, *, org_id: int) -> str | None:
    """What an org calls a wallet; None: it has no label."""
    bound = _bind(address, org_id)
    row = await find_row(connection, QUERIES["find_label"], bound, shape=_Label)
    return row.label if row else None


async def put_label(
    connection: Connection, address: str, *, org_id: int, label: str, at: datetime
) -> bool:
    """Call a wallet by a label, in place of the one it had; false: the org never tracked it."""
    bound = {**_bind(address, org_id), "label": label, "at": at}
    return (await connection.execute(QUERIES["put_label"].text, bound)).rowcount > 0


async def delete_label(connection: Connection, address: str, *, org_id: int) -> bool:
    """Take a wallet's label away; false: it has none."""
    bound = _bind(address, org_id)
    return (await connection.execute(QUERIES["delete_label"].text, bound)).rowcount > 0


def _bind(address: str, org_id: int) -> dict[str, object]:
    return {"address": bytes.fromhex(address.removeprefix("0x")), "org_id": org_id}
