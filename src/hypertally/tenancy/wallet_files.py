"""Files of wallets: one address a line, or CSV with a header; written back as CSV.

In CSV a cell that is filled says what holds afterwards, an empty one leaves what is there.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import zip_longest

from hypertally.errors import Refused
from hypertally.records import Record
from hypertally.store.postgres import Connection
from hypertally.tenancy import wallet_names
from hypertally.tenancy.addresses import read_address
from hypertally.tenancy.labels import read_label
from hypertally.tenancy.wallet_names import Sorting, WalletNames, read_note, read_words

COLUMNS = ("address", "label", "tags", "groups", "note")
WORD_SEPARATOR = ";"
WRONG_LINES_SHOWN_MAX = 5
SHOWN_CHARS_MAX = 60
OTHER_SEPARATORS = re.compile(r"[;|\t]")


class FileWallet(Record, frozen=True, kw_only=True):
    """A wallet of a file; None: the file does not say."""

    address: str
    label: str | None = None
    tags: list[str] | None = None
    groups: list[str] | None = None
    note: str | None = None


class WrongLine(Record, frozen=True, kw_only=True):
    """A line that cannot be taken: its number, and what is wrong with which value."""

    line: int
    reason: str


class WalletFile(Record, frozen=True, kw_only=True):
    """What a file holds."""

    wallets: list[FileWallet]
    wrong: list[WrongLine]
    duplicates: int  # lines that say of a wallet what an earlier line said


def read_file(text: str, *, name: str) -> WalletFile:
    """The wallets of a file with one address a line (# begins a comment), or of CSV with a header.

    Errors: `Refused` for a header with other columns, and for a file without a wallet.
    """
    text = text.removeprefix("\ufeff")  # as spreadsheets begin a file
    lines = list(io.StringIO(text, newline=None))  # whatever ends them
    header = _find_header(lines)
    rows = _read_lines(lines) if header is None else _read_csv(lines, header, name=name)
    contents = _collect(rows)
    if not contents.wallets and not contents.wrong:
        raise Refused(
            f"{name} holds no address: expected one address a line, or CSV with the header "
            f"{','.join(COLUMNS[:3])}"
        )
    return contents


def refuse_wrong_lines(contents: WalletFile, *, name: str) -> list[FileWallet]:
    """The wallets of a file that has no wrong line.

    Errors: `Refused` that shows the first wrong lines; no wallet is taken then.
    """
    if contents.wrong:
        more = "; ..." if len(contents.wrong) > WRONG_LINES_SHOWN_MAX else ""
        first = contents.wrong[:WRONG_LINES_SHOWN_MAX]
        shown = "; ".join(f"line {wrong.line}: {wrong.reason}" for wrong in first)
        raise Refused(
            f"{name} holds {len(contents.wrong)} wrong lines, nothing was imported: {shown}{more}"
        )
    return contents.wallets


def write_file(wallets: Iterable[WalletNames]) -> str:
    """CSV that `read_file` reads back as it is."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in wallets:
        words = (WORD_SEPARATOR.join(listed) for listed in (row.tags, row.groups))
        writer.writerow([row.wallet, row.label or "", *words, row.note or ""])
    return out.getvalue()


async def store_names(
    connection: Connection, wallets: Sequence[FileWallet], *, org_id: int, at: datetime
) -> int:
    """Call the wallets what a file says; how many are then called something else than before."""
    named = [wallet.address for wallet in wallets if _says_names(wallet)]
    if not named:
        return 0
    before = await wallet_names.list_names(connection, org_id=org_id, addresses=named)
    labels = {wallet.address: wallet.label for wallet in wallets if wallet.label is not None}
    notes = {wallet.address: wallet.note for wallet in wallets if wallet.note is not None}
    await wallet_names.put_labels(connection, labels, org_id=org_id, at=at)
    await wallet_names.put_notes(connection, notes, org_id=org_id, at=at)
    tags = {wallet.address: wallet.tags for wallet in wallets if wallet.tags is not None}
    groups = {wallet.address: wallet.groups for wallet in wallets if wallet.groups is not None}
    await _store_words(connection, "tags", tags, org_id=org_id, at=at)
    await _store_words(connection, "groups", groups, org_id=org_id, at=at)
    after = await wallet_names.list_names(connection, org_id=org_id, addresses=named)
    return sum(names not in before for names in after)


def _says_names(wallet: FileWallet) -> bool:
    return wallet != FileWallet(address=wallet.address)


async def _store_words(
    connection: Connection,
    sorting: Sorting,
    words: dict[str, list[str]],
    *,
    org_id: int,
    at: datetime,
) -> None:
    """Give wallets these tags or groups and no others."""
    await wallet_names.delete_words(connection, sorting, list(words), words=None, org_id=org_id)
    await wallet_names.add_words(connection, sorting, words, org_id=org_id, at=at)


Line = tuple[int, FileWallet | str]  # its number, and a wallet or what is wrong


def _collect(lines: Iterable[Line]) -> WalletFile:
    by_address: dict[str, tuple[int, FileWallet]] = {}
    wrong: list[WrongLine] = []
    duplicates = 0
    for number, wallet in lines:
        if isinstance(wallet, str):
            wrong.append(WrongLine(line=number, reason=wallet))
            continue
        earlier, same = by_address.setdefault(wallet.address, (number, wallet))
        if same != wallet:
            reason = f"{wallet.address} stands in line {earlier} with other cells: keep one of them"
            wrong.append(WrongLine(line=number, reason=reason))
        elif earlier != number:
            duplicates += 1
    wallets = [wallet for _, wallet in by_address.values()]
    return WalletFile(wallets=wallets, wrong=wrong, duplicates=duplicates)


def _find_header(lines: Sequence[str]) -> int | None:
    """The place of the first line that says something, if it is a header; None: it is not.

    One that is separated by other characters is a header too, so that what is wrong can be said.
    """
    for place, line in enumerate(lines):
        filled = [cell.strip().lower() for cell in _split(line) if cell.strip()]
        if filled and not filled[0].startswith("#"):
            parts = (part for cell in filled for part in OTHER_SEPARATORS.split(cell))
            is_header = any(part.strip(' "').startswith(COLUMNS[0]) for part in parts)
            return place if is_header else None
    return None


def _split(line: str) -> list[str]:
    empty: list[str] = []
    try:
        return next(csv.reader([line]), empty)
    except csv.Error:  # longer than a cell can be
        return [line]


def _read_lines(lines: Sequence[str]) -> Iterator[Line]:
    for number, line in enumerate(lines, start=1):
        entry = line.partition("#")[0].strip()
        if entry:
            yield number, _read_wallet({"address": entry})


def _read_csv(lines: Sequence[str], header: int, *, name: str) -> Iterator[Line]:
    reader = csv.reader(lines[header:], strict=True)
    columns: list[str] = []
    while True:
        number = header + reader.line_num + 1  # a cell may hold lines: the first of the row
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield number, f"{error}: put a cell that holds quotes or lines into quotes"
            return
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        if not columns:
            columns = _read_header(cells, place=f"{name}, line {number}")
        else:
            yield number, _read_cells(columns, cells)


def _read_header(cells: Sequence[str], *, place: str) -> list[str]:
    """The columns; one without a name is empty."""
    columns = [cell.strip().lower() for cell in cells]
    named = [column for column in columns if column]
    unknown = [column for column in named if column not in COLUMNS]
    if unknown or len(set(named)) < len(named) or "address" not in named:
        wrong = repr(unknown[0][:SHOWN_CHARS_MAX]) if unknown else "a column twice"
        raise Refused(
            f"{place}: the header holds {wrong}: expected {','.join(COLUMNS)}, separated by "
            "commas; only address is needed"
        )
    return columns


def _read_cells(columns: Sequence[str], cells: Sequence[str]) -> FileWallet | str:
    """The wallet of a row; a cell that no column names must be empty."""
    pairs = list(zip_longest(columns, cells, fillvalue=""))
    unnamed = next((cell for column, cell in pairs if not column and cell.strip()), None)
    if unnamed is None:
        return _read_wallet({column: cell for column, cell in pairs if column})
    if len(cells) > len(columns):
        return f"{len(cells)} cells under {len(columns)} columns: a comma needs quotes"
    return f"{unnamed[:SHOWN_CHARS_MAX]!r} stands under a column without a name: give it one"


def _read_wallet(cells: dict[str, str]) -> FileWallet | str:
    """The wallet of a line, or what is wrong with it."""
    filled = {column: cell.strip() for column, cell in cells.items() if cell.strip()}
    try:
        return FileWallet(
            address=read_address(filled.get("address", "")),
            label=read_label(filled["label"]) if "label" in filled else None,
            tags=_read_words(filled, "tags", kind="tag"),
            groups=_read_words(filled, "groups", kind="group"),
            note=read_note(filled["note"]) if "note" in filled else None,
        )
    except Refused as error:
        return str(error)


def _read_words(filled: dict[str, str], column: str, *, kind: str) -> list[str] | None:
    if column not in filled:
        return None
    words = [word for word in filled[column].split(WORD_SEPARATOR) if word.strip()]
    return read_words(words, kind=kind)
