"""Sealed days under test: rows to seal, their archive, and the rows of the database."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row
from tests import hour

from hypertally.clock import system_clock
from hypertally.facts.smart_money.archived_snapshots import DATASET
from hypertally.jobs.archive import seal as archive_seal
from hypertally.jobs.archive import verify_files
from hypertally.jobs.archive.verify_files import Proof, Seal, Step, Tell, Vault
from hypertally.sources.object_store import ObjectStore
from hypertally.store.parquet_archive import Manifest, signing_key
from hypertally.store.postgres import Pool, transaction

SECRET = "the secret of these tests, longer than it must be"
DAY = hour.BEGIN.date()
# Row by row as PostgreSQL writes them: every column, every digit of it.
ROWS = "select s::text as row from facts.wallet_snapshots as s order by 1"
SIGNALS = """
select to_jsonb(s)::text as row from metrics.signals as s
union all select to_jsonb(c)::text from metrics.signal_contributors as c
union all select to_jsonb(o)::text from metrics.signal_outcomes as o
order by 1
"""
LATE = """
insert into facts.wallet_snapshots (minute, wallet_id, asset, szi, account_value, fingerprint)
values (%(minute)s, 5001, 'BTC', 1.50, -0.10, 7700)
"""


def silent(step: Step) -> None:
    del step


@dataclass(frozen=True)
class SealedDays:
    """A database and the archive of its days."""

    pool: Pool
    vault: Vault

    async def seal(self, *, before: date | None = None, tell: Tell = silent) -> list[Manifest]:
        return await archive_seal.seal_days(
            self.pool, self.vault, DATASET, before=before, tell=tell
        )

    async def release(self, *, tell: Tell = silent) -> list[date]:
        return await archive_seal.release_days(
            self.pool, self.vault, DATASET, before=None, tell=tell
        )

    async def restore(self, day: date = DAY, *, tell: Tell = silent) -> list[date]:
        return await archive_seal.restore_days(
            self.pool, self.vault, DATASET, from_day=day, to_day=day, tell=tell
        )

    async def seal_and_release(self, tell: Tell = silent) -> None:
        """Seal every day and release the sealed days."""
        await self.seal(tell=tell)
        await self.release(tell=tell)

    async def verify(self, day: date | None = None) -> Proof:
        return await verify_files.verify(self.vault, DATASET, await self.seals(), day=day)

    async def seals(self) -> list[Seal]:
        async with transaction(self.pool) as connection:
            return await archive_seal.list_seals(connection, DATASET)

    def rows(self, statement: LiteralString = ROWS) -> list[str]:
        return [row["row"] for row in self.read(statement)]

    def read(self, statement: LiteralString, bound: dict[str, Any] | None = None) -> list[Any]:
        """Run a statement as the login; its rows."""
        url = self.vault.database_url
        with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as connection:
            cursor = connection.cursor(row_factory=dict_row)
            cursor.execute(statement, bound)
            return cursor.fetchall() if cursor.description else []

    def store_late(self, minutes: int = 1) -> None:
        """Store a row of a minute of the day that has no row yet."""
        self.read(LATE, {"minute": hour.BEGIN + timedelta(minutes=minutes)})


def open_vault(url: str, database_url: str, *, secret: str = SECRET) -> Vault:
    store = ObjectStore(url)
    key = signing_key(secret)
    return Vault(database_url=database_url, store=store, key=key, clock=system_clock)
