"""The state of the books at a glance: queue, cursors, lag, weight used, firing alerts."""

from hypertally.jobs.runtime.source_pause import SourcePause, list_pauses
from hypertally.records import Record
from hypertally.store.postgres import Pool, read_row, read_rows, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)


class JobCounts(Record, frozen=True, kw_only=True):
    """How many jobs of a kind are in each state, how late the due ones are, what they spent."""

    kind: str
    due: int
    waiting: int
    running: int
    dead: int
    late_seconds: int
    weight_ten_minutes: int  # of the allowance of requests, in the last ten


class TrackedCounts(Record, frozen=True, kw_only=True):
    """How far the records of the tracked wallets reach."""

    tracked: int
    never_pulled: int
    behind_two_hours: int
    lag_seconds_max: int
    lag_seconds_median: int


class FactCounts(Record, frozen=True, kw_only=True):
    """How many rows are stored, and how many show a problem."""

    fills: int
    wallet_days: int
    gaps: int
    conflicts: int
    rejects: int
    restatements: int
    dirty_wallet_days: int
    dirty_global_days: int
    dirty_twaps: int


class WeightSpent(Record, frozen=True, kw_only=True):
    """The weight spent for one upstream host in the last minute."""

    egress: str  # the upstream host, by the name of its column
    last_minute: int


class JobError(Record, frozen=True, kw_only=True):
    """A job that failed and has not succeeded since."""

    id: int
    kind: str
    status: str
    attempts: int
    last_error: str


class AlertCounts(Record, frozen=True, kw_only=True):
    """How many alerts of a type fire, and how many somebody looks at."""

    type: str
    firing: int
    acknowledged: int


class Status(Record, frozen=True, kw_only=True):
    """What `hypertally status` shows; the names of the fields are its JSON."""

    jobs: list[JobCounts]
    wallets: TrackedCounts
    facts: FactCounts
    weight: list[WeightSpent]
    errors: list[JobError]
    alerts: list[AlertCounts]
    pauses: list[SourcePause]  # upstream hosts that are down


async def read_status(pool: Pool) -> Status:
    """Queue by kind, wallets by the age of their record, weight of a minute, facts, alerts."""
    pauses = await list_pauses(pool)
    async with transaction(pool) as connection:
        return Status(
            pauses=pauses,
            jobs=await read_rows(connection, QUERIES["list_jobs"], shape=JobCounts),
            wallets=await read_row(connection, QUERIES["read_record"], shape=TrackedCounts),
            facts=await read_row(connection, QUERIES["read_facts"], shape=FactCounts),
            weight=await read_rows(connection, QUERIES["list_weights"], shape=WeightSpent),
            errors=await read_rows(connection, QUERIES["list_errors"], shape=JobError),
            alerts=await read_rows(connection, QUERIES["count_firing"], shape=AlertCounts),
        )
