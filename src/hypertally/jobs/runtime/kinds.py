"""Kinds of jobs: the declaration of a kind, and the one way to queue a job of a declared kind.

A kind is declared once, in the module whose function runs its jobs. A kind that a lower folder
queues too is declared in that folder: rolling up wallet days queues `pull_prices`, which
`jobs/market` runs. Each module that runs jobs says so in `HANDLERS`, and the worker collects these:

    PULL_MIDS = declare(Kind(name="pull_mids", payload_type=NoPayload, lane=Lane.ASKING, ...))

    async def pull_mids(resources: Resources, job: Job) -> None: ...

    HANDLERS: Handlers = {PULL_MIDS: pull_mids}
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec

from hypertally.errors import InvariantBroken
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.records import Record
from hypertally.store.postgres import Connection

ATTEMPTS_MAX = 10


class Lane(StrEnum):
    """The places of a worker that a kind's jobs may take; a lane never waits for another lane."""

    ASKING = "asking"  # asks the exchange, and waits for the allowance
    COMPUTING = "computing"  # works on the database alone
    WATCHING = "watching"  # belongs to the minute
    ALERTING = "alerting"  # judges alerts, and tells them to receivers that may be slow


class NoPayload(Record, frozen=True, kw_only=True):
    """The payload of a kind that has one job at a time."""


class WalletPayload(Record, frozen=True, kw_only=True):
    """The wallet that a job works on."""

    wallet_id: int


class TimePayload(Record, frozen=True, kw_only=True):
    """The time that a job computes as of."""

    at: datetime


P = TypeVar("P", bound=Record)


class Kind(Record, Generic[P], frozen=True, kw_only=True):
    """All that holds for every job of a kind."""

    name: str
    payload_type: type[P]
    lane: Lane
    leaves_when_killed: str  # what a run that is killed leaves behind
    # What sets one job of the kind apart; None: the kind has one job at a time.
    distinguish: Callable[[P], str] | None = None
    priority: int = 0  # of due jobs, the highest is claimed first; a caller may say another
    attempts_max: int = ATTEMPTS_MAX
    # A run queues the next one after this time; a worker that starts queues the first.
    period: timedelta | None = None
    serves_watching: bool = False  # a worker that only watches needs this kind too
    follows_facts: bool = False  # a worker that stops when idle waits until none is queued

    def dedupe_key(self, payload: P) -> str:
        """The key of which at most one job is queued."""
        return f"{self.name}:{self.distinguish(payload)}" if self.distinguish else self.name

    def read_payload(self, job: Job) -> P:
        """The payload of a claimed job.

        Errors: `InvariantBroken` when the row holds something else.
        """
        try:
            return msgspec.convert(job.payload, self.payload_type)
        except msgspec.ValidationError as error:
            raise InvariantBroken(f"the payload of a job {self.name} is wrong: {error}") from error


AnyKind: TypeAlias = Kind[Any]
Handler: TypeAlias = Callable[[Resources, Job], Awaitable[None]]
Handlers: TypeAlias = Mapping[AnyKind, Handler]

_declared: dict[str, AnyKind] = {}


def declare(kind: Kind[P]) -> Kind[P]:
    """Make a kind known, so that its jobs can be queued.

    Errors: `InvariantBroken` when a kind of that name is declared already.
    """
    if kind.name in _declared:
        raise InvariantBroken(f"two kinds of jobs are called {kind.name!r}: rename one of them")
    _declared[kind.name] = kind
    return kind


def declared_kinds() -> tuple[AnyKind, ...]:
    """Every kind that a module declared that was imported so far."""
    return tuple(_declared.values())


def collect_handlers(parts: Iterable[Handlers]) -> Handlers:
    """All handlers of several modules.

    Errors: `InvariantBroken` when two modules say that they run the same kind.
    """
    handlers: dict[AnyKind, Handler] = {}
    for part in parts:
        if twice := [kind.name for kind in part if kind in handlers]:
            raise InvariantBroken(f"two functions run the jobs {twice[0]!r}: keep one of them")
        handlers.update(part)
    return handlers


async def enqueue(
    connection: Connection,
    kind: Kind[P],
    payload: P,
    *,
    priority: int | None = None,
    delay_seconds: int = 0,
) -> bool:
    """Queue a job in the caller's transaction; false when a job of its key is queued already.

    A queued job of the key then keeps the earlier of the two times and the higher priority.
    Errors: `InvariantBroken` for a kind that is not declared.
    """
    if _declared.get(kind.name) is not kind:
        raise InvariantBroken(
            f"no kind of job is declared as {kind.name!r}; declared are {', '.join(_declared)}"
        )
    return await queue.insert_job(
        connection,
        kind.name,
        _as_json(payload),
        dedupe_key=kind.dedupe_key(payload),
        priority=kind.priority if priority is None else priority,
        delay_seconds=delay_seconds,
        attempts_max=kind.attempts_max,
    )


async def enqueue_next(connection: Connection, kind: Kind[NoPayload]) -> None:
    """Queue the next run of a periodic kind, one period from now."""
    assert kind.period is not None, f"{kind.name} has no period"
    await enqueue(connection, kind, NoPayload(), delay_seconds=int(kind.period.total_seconds()))


def _as_json(payload: Record) -> dict[str, object]:
    fields = msgspec.structs.asdict(payload)
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in fields.items()
    }
