"""The explanation that every metric has: its definition, and its rows by their key.

A metric is named by the columns of its key, in their order: a wallet by its address, an org not at
all, because it is the caller's. A key may be cut short: then all rows whose key begins so are
meant, a page at a time.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from hypertally.api.activity.wallets import find_wallet
from hypertally.api.http.options import KeyedMetric
from hypertally.api.http.problems import bad_parameter
from hypertally.api.identity.auth import Identity
from hypertally.api.resource.answers import not_found
from hypertally.api.resource.explanation import (
    RESTATEMENTS_SHOWN_MAX,
    find_definition,
    read_computed_at,
)
from hypertally.api.resource.json_text import json_row
from hypertally.api.resource.paging import cut_page, read_cursor, write_cursor
from hypertally.api.resource.parameters import AnyAddress, PageParameters, read_parameter
from hypertally.api.resource.rows import Restatement, ShownRestatement
from hypertally.errors import Refused
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.keyed_rows import (
    KeyedPage,
    KeyedRow,
    KeyedTable,
    list_columns,
    list_keyed_rows,
)
from hypertally.store.postgres import Connection, read_rows

_QUERIES = queries.load(__file__)

_ADDRESS_COLUMNS: Final = ("wallet", "wallet_id")
# The columns by which metrics.restatements names what was restated.
_RESTATED_COLUMNS: Final = ("wallet_id", "org_id", "day", "twap_id")
_HIDDEN_COLUMNS: Final = frozenset({"wallet_id", "org_id"})  # numbers of ours


class _WalletName(Record, frozen=True, kw_only=True):
    id: int
    wallet: str


def key_names(metric: KeyedMetric) -> tuple[str, ...]:
    """Return what names a row of a metric, as the command line's help writes it."""
    return tuple(
        "ADDRESS" if column in _ADDRESS_COLUMNS else column.upper()
        for column in _named_columns(metric)
    )


async def explain_rows(
    connection: Connection,
    caller: Identity,
    metric: KeyedMetric,
    *,
    key: Sequence[str],
    page: PageParameters,
) -> dict[str, Any]:
    """Return the definition of a metric and the rows whose key begins with `key`.

    Errors: `Problem` 400 for a value that is none of its column, 404 for a whole key without row.
    """
    columns = _named_columns(metric)
    texts = dict(zip(columns, key, strict=False))
    values = await _read_values(connection, caller, texts=texts, by_org="org_id" in metric.key)
    rows, after = await _list_rows(connection, metric, values=values, page=page)
    if not rows and len(key) == len(columns):
        raise not_found(f"{metric.name} has no row {' '.join(key)} that your org can see")
    first = rows[0].columns if rows else {}
    computation_keys = _computation_keys(metric, values, first)
    return {
        "metric": metric.name,
        "key": {"wallet" if name == "wallet_id" else name: text for name, text in texts.items()},
        "definition": await find_definition(connection, metric.name, first.get("definition")),
        "rows": await _show_rows(connection, rows),
        "next": after,
        "computed_at": await read_computed_at(connection, metric.name, computation_keys),
        "restatements": await _list_restatements(connection, metric.name, values),
    }


async def list_fields(connection: Connection, metric: KeyedMetric) -> list[str]:
    """Return the fields of a row as `explain_rows` shows it, also where no row shows them."""
    columns = await list_columns(connection, _table_of(metric))
    return _shown_names(columns)


def _named_columns(metric: KeyedMetric) -> list[str]:
    return [column for column in metric.key if column != "org_id"]


async def _read_values(
    connection: Connection, caller: Identity, *, texts: dict[str, str], by_org: bool
) -> dict[str, object]:
    """Return the value of each column; addresses in `texts` become lower case."""
    values: dict[str, object] = {"org_id": caller.org_id} if by_org else {}
    for column, text in texts.items():
        values[column] = text
        if column in _ADDRESS_COLUMNS:
            address: str = read_parameter("wallet", text, shape=AnyAddress)
            texts[column] = values[column] = address
        if column == "wallet_id":
            values[column] = await find_wallet(connection, texts[column])
    return values


async def _list_rows(
    connection: Connection,
    metric: KeyedMetric,
    *,
    values: Mapping[str, object],
    page: PageParameters,
) -> tuple[list[KeyedRow], str | None]:
    after = read_cursor(page.cursor, shape=list[str]) if page.cursor else None
    if after is not None and len(after) != len(set(metric.key) - set(values)):
        raise bad_parameter("cursor", value=page.cursor, remedy="take it from `next`")
    wanted = KeyedPage(values=values, after=after, limit=page.limit + 1)
    try:
        rows = await list_keyed_rows(connection, _table_of(metric), wanted)
    except Refused as error:
        shown = " ".join(str(value) for name, value in values.items() if name != "wallet_id")
        raise bad_parameter("key", value=shown, remedy=str(error)) from error
    shown_rows, more = cut_page(rows, page.limit)
    return shown_rows, write_cursor(shown_rows[-1].place) if more else None


def _table_of(metric: KeyedMetric) -> KeyedTable:
    return KeyedTable(schema="metrics", name=metric.name, key=metric.key)


async def _show_rows(connection: Connection, rows: Sequence[KeyedRow]) -> list[dict[str, Any]]:
    """Return rows as the API shows them: a wallet by its address, no number of ours."""
    ids = {row.columns["wallet_id"] for row in rows if "wallet_id" in row.columns}
    parameters = {"wallet_ids": sorted(ids)}
    names = (
        await read_rows(connection, _QUERIES["list_wallets"], parameters, shape=_WalletName)
        if ids
        else []
    )
    addresses = {name.id: name.wallet for name in names}
    return [_show_row(row.columns, addresses) for row in rows]


def _show_row(columns: Mapping[str, Any], addresses: Mapping[int, str]) -> dict[str, Any]:
    address = addresses.get(columns["wallet_id"]) if "wallet_id" in columns else None
    shown = {**columns, "wallet": address} if "wallet_id" in columns else columns
    return json_row({name: shown[name] for name in _shown_names(columns)})


def _shown_names(columns: Iterable[str]) -> list[str]:
    names = list(columns)
    wallet = ["wallet"] if "wallet_id" in names else []
    return wallet + [name for name in names if name not in _HIDDEN_COLUMNS]


def _computation_keys(
    metric: KeyedMetric, values: Mapping[str, object], first: Mapping[str, object]
) -> list[str]:
    """Return the keys under which jobs may have noted the computation: by any part of the key."""
    parts = [str(first.get(column, values[column])) for column in metric.key if column in values]
    return ["/".join(parts[: length + 1]) for length in range(len(parts))]


async def _list_restatements(
    connection: Connection, metric: str, values: Mapping[str, object]
) -> list[ShownRestatement]:
    named = {column: values.get(column) for column in _RESTATED_COLUMNS}
    parameters = {**named, "metric": metric, "limit": RESTATEMENTS_SHOWN_MAX}
    rows = await read_rows(connection, _QUERIES["list_restatements"], parameters, shape=Restatement)
    return [row.show() for row in rows]
