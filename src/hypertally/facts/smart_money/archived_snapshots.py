"""Wallet snapshots as they are archived: a day is three files, one an asset.

What an asset's rows are sorted by is unique there. The address stands beside the number of the
wallet, which means nothing outside this database.
"""

from hypertally.records import ASSETS
from hypertally.store.parquet_archive import Column, Dataset
from hypertally.store.queries import load

QUERIES = load(__file__)
_TYPES = {
    "minute": "time",
    "wallet_id": "int32",
    "wallet": "text",
    "asset": "text",
    "szi": "numeric",
    "missing": "text",
    "entry_px": "numeric",
    "position_value": "numeric",
    "unrealized_pnl": "numeric",
    "leverage": "numeric",
    "account_value": "numeric",
    "observed_at": "time",
    "payload_fingerprint": "int64",
    "fingerprint": "int64",
    "inserted_at": "time",
}
DATASET = Dataset(
    name="wallet_snapshots",
    columns=tuple(Column(name=name, type=kind) for name, kind in _TYPES.items()),
    beside=("wallet",),
    slices=ASSETS,
    sorted_by=("wallet_id", "minute"),
    stage="restored_snapshots",
    queries={
        name: QUERIES[name]
        for name in (
            "list_days",
            "count_day",
            "list_rows",
            "make_stage",
            "empty_stage",
            "list_strangers",
            "insert_restored",
        )
    },
)
