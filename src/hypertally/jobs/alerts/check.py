"""Judging alerts: what is read of each type, what the machine says, and its moves as rows.

Everything of a check is one transaction under one lock: moves, where each alert stands, what is to
be told, and the end of the job. What was judged is never judged again, so a check that is repeated,
late or doubled changes nothing, and one that was killed is done whole by the next.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import structlog
from msgspec.structs import replace

from hypertally.clock import now
from hypertally.errors import Refused
from hypertally.jobs.alerts import conditions, delivery
from hypertally.jobs.alerts.conditions import Subject
from hypertally.jobs.alerts.state_machine import (
    FIRED_WITHIN,
    RULES,
    Around,
    Judged,
    Move,
    Standing,
    acknowledge,
    judge,
)
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.queue import Job
from hypertally.store.postgres import Connection, Jsonb, Pool, transaction
from hypertally.store.queries import load

log = structlog.get_logger()

QUERIES = load(__file__)
BEHAVIOURAL = tuple(name for name, rule in RULES.items() if rule.behavioural)
SYSTEM = "system"


async def check_alerts(
    pool: Pool, channels: Sequence[str], job: Job, *, weight_per_minute: int
) -> None:
    """Judge every type as of the job's minute, and have what moved told by each channel."""
    at = datetime.fromisoformat(job.payload["at"])
    async with queue.finishing(pool, job) as connection:
        await connection.execute(QUERIES["lock_alerts"].text)
        await connection.execute(
            QUERIES["add_wallets"].text, {"type": "data_gap", "level": RULES["data_gap"].level}
        )
        check = _Check(connection, channels)
        # What mutes comes before what it mutes.
        await check.judge(_system("system_stale", await conditions.read_feed(connection, at)))
        await _judge_signals(check, connection, at)
        await check.judge(
            *await conditions.read_gaps(connection, at),
            *await conditions.take_restatements(connection, at),
            *await conditions.read_churned_runs(connection, at),
        )
        plan = await conditions.read_budget(connection, at, weight_per_minute=weight_per_minute)
        await check.judge(_system("budget_infeasible", plan))


def _system(name: str, judged: Judged) -> Subject:
    return Subject(type=name, subject=SYSTEM, judged=judged)


async def _judge_signals(check: "_Check", connection: Connection, at: datetime) -> None:
    """Every period that was not judged yet, oldest first."""
    found = await connection.execute(QUERIES["read_judged"].text, {"types": list(BEHAVIOURAL)})
    row = await found.fetchone()
    assert row is not None  # an aggregate answers one row
    since: datetime | None = row["since"]
    for signal in await conditions.read_signals(connection, at, since=since):
        asset: str = signal["asset"]
        told = await _read_told(connection, asset)
        await check.judge(
            Subject(
                type="regime_change",
                subject=asset,
                judged=conditions.regime_change(signal, told=told),
            ),
            Subject(type="exit_cluster", subject=asset, judged=conditions.exit_cluster(signal)),
        )


async def _read_told(connection: Connection, asset: str) -> str | None:
    standings = await _read_standings(connection, [("regime_change", asset)])
    return standings[0].told if standings else None


async def _read_standings(
    connection: Connection, keys: Sequence[tuple[str, str]]
) -> list[Standing]:
    found = await connection.execute(
        QUERIES["list_standings"].text,
        {"types": [key[0] for key in keys], "subjects": [key[1] for key in keys]},
    )
    return [Standing(**row) for row in await found.fetchall()]


class _Check:
    """One check: writes what the machine says."""

    def __init__(self, connection: Connection, channels: Sequence[str]) -> None:
        self._connection = connection
        self._channels = channels

    async def judge(self, *subjects: Subject) -> None:
        """Judge one after another, each from where it stands by then."""
        keys = [(one.type, one.subject) for one in subjects]
        found = await _read_standings(self._connection, keys)
        standings = {(standing.type, standing.subject): standing for standing in found}
        for one, key in zip(subjects, keys, strict=True):
            standing = standings.get(key) or one.begin()
            standings[key] = await self._judge_one(standing, one.judged)

    async def _judge_one(self, standing: Standing, judged: Judged) -> Standing:
        around = await self._read_around(standing, judged)
        verdict = judge(standing, judged, around)
        if _is_same(verdict.standing, standing):
            return standing
        for move in verdict.moves:
            if not await self._write(verdict.standing, move, judged):
                return standing  # told before
        await put_standing(self._connection, verdict.standing)
        return verdict.standing

    async def _read_around(self, standing: Standing, judged: Judged) -> Around:
        if standing.type not in BEHAVIOURAL:
            return Around()
        found = await self._connection.execute(
            QUERIES["read_around"].text,
            {
                "at": judged.at,
                "types": list(BEHAVIOURAL),
                "subject": standing.subject,
                "within": FIRED_WITHIN,
            },
        )
        row = await found.fetchone()
        assert row is not None  # it answers one row whatever there is
        return Around(**row)

    async def _write(self, standing: Standing, move: Move, judged: Judged) -> bool:
        """A row of the move, and of each channel that is to tell it; false: it was there."""
        alert_id = await insert_move(self._connection, standing, move, judged)
        if alert_id is None:
            return False
        log.info(
            "alert moved",
            type=standing.type,
            subject=standing.subject,
            state=move.to_state,
            reason=move.reason,
        )
        for channel in self._channels if _is_told(standing, move) else ():
            found = await self._connection.execute(
                QUERIES["insert_delivery"].text, {"alert_id": alert_id, "channel": channel}
            )
            if row := await found.fetchone():
                await delivery.enqueue(self._connection, row["id"])
        return True


def _is_same(after: Standing, before: Standing) -> bool:
    """Whether there is nothing to write: of what lasts, not even when it was judged."""
    if RULES[before.type].period is None:
        after = replace(after, judged_at=before.judged_at)
    return after == before


def _is_told(standing: Standing, move: Move) -> bool:
    """What fires is told, and its end; of an event, which has none, only that it happened."""
    is_end = move.to_state == "resolved" and not RULES[standing.type].event
    return move.to_state == "firing" or is_end


async def insert_move(
    connection: Connection, standing: Standing, move: Move, judged: Judged
) -> int | None:
    """Store a move; its number, None if the event was told before."""
    found = await connection.execute(
        QUERIES["insert_move"].text,
        {
            "type": standing.type,
            "subject": standing.subject,
            "wallet_id": standing.wallet_id,
            "org_id": standing.org_id,
            "level": standing.level,
            "from_state": move.from_state,
            "to_state": move.to_state,
            "at": judged.at,
            "reason": move.reason,
            "value": Jsonb(dict(judged.figures)),
            "event_key": judged.event_key,
        },
    )
    row = await found.fetchone()
    return row["id"] if row else None


async def put_standing(connection: Connection, standing: Standing) -> None:
    """Store where an alert stands."""
    await connection.execute(QUERIES["put_standing"].text, msgspec.structs.asdict(standing))


async def list_standings(pool: Pool, *, quiet: bool) -> list[dict[str, Any]]:
    """Where alerts stand, what fires first; `quiet`: also those that never moved."""
    async with transaction(pool) as connection:
        found = await connection.execute(QUERIES["list_all_standings"].text, {"quiet": quiet})
        return await found.fetchall()


async def acknowledge_alert(
    pool: Pool, name: str, subject: str, *, by: str, reason: str
) -> Standing:
    """Note that somebody looks at an alert that fires.

    Errors: `Refused` that names what does not exist, or the state of what does not fire.
    """
    async with transaction(pool) as connection:
        await connection.execute(QUERIES["lock_alerts"].text)
        found = await _read_standings(connection, [(name, subject)])
        if not found:
            raise Refused(f"there is no alert {name} {subject}: `hypertally alerts` lists them")
        at = now()
        verdict = acknowledge(found[0], at=at, by=by, reason=reason)
        said = Judged(
            at=at, condition="unknown", words=reason, figures={"by": by, "reason": reason}
        )
        for move in verdict.moves:
            await insert_move(connection, verdict.standing, move, said)
        await put_standing(connection, verdict.standing)
    return verdict.standing
