"""TWAP statuses: facts.twap_status, from the TWAP source's files and from the exchange."""

import msgspec

from hypertally.facts.activity import fills
from hypertally.facts.fact import Fact
from hypertally.facts.twaps.decode import COLUMNS, Statuses, decode_batch, decode_history
from hypertally.records import Record
from hypertally.store.bulk import BulkLoader
from hypertally.store.postgres import Connection, filled_in, read_row, sql_of, with_source
from hypertally.store.queries import load

__all__ = ["Source", "Statuses", "decode_batch", "decode_history", "insert", "insert_bulk"]

QUERIES = load(__file__)
INSERT_ROWS = with_source(QUERIES["insert_statuses"], QUERIES["answer_rows"])
INSERT_STAGE = with_source(QUERIES["insert_statuses"], QUERIES["stage_rows"])


class Source(Record, frozen=True, kw_only=True):
    """The page, wallet and object that rows came from."""

    page_id: int
    wallet_id: int | None  # the tracked wallet that was asked for; None: an archive
    object_key: str | None
    is_again: bool = False  # the object was read before


class _Added(Record, frozen=True, kw_only=True):
    added: int  # statuses that were not stored before


async def insert(connection: Connection, statuses: Statuses, source: Source) -> int:
    """Append statuses and mark their TWAPs for computing; how many were new."""
    if not len(statuses):
        return 0
    bound: dict[str, object] = {name: statuses.rows.column(name).to_pylist() for name in COLUMNS}
    parameters = bound | msgspec.structs.asdict(source)
    return (await read_row(connection, INSERT_ROWS, parameters, shape=_Added)).added


def insert_bulk(loader: BulkLoader, statuses: Statuses, source: Source, *, door: str) -> int:
    """Append a batch and its rejects, in the loader's open transaction; how many were new."""
    if statuses.rejects:
        values = fills.reject_values(
            statuses.rejects, wallet_id=source.wallet_id, source=door, page_id=source.page_id
        )
        loader.execute(filled_in(sql_of(fills.QUERIES["insert_rejects"]), values))
    if not len(statuses):
        return 0
    loader.copy(
        "twap_stage",
        statuses.rows,
        types={},
        make=QUERIES["make_stage"],
        empty=QUERIES["empty_stage"],
    )
    statement = filled_in(INSERT_STAGE, msgspec.structs.asdict(source))
    return loader.read_rows(statement, shape=_Added)[0].added


FACT = Fact(
    name="twap_status",
    source="twap_archive, info.twapHistory",
    key=("twap_id", "wallet", "ts", "status", "event_at", "fingerprint"),
    decode=decode_history,
    insert=insert,
)
