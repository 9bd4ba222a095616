"""Kinds of jobs: each is declared once, and keeps its lane, priority, key and attempts."""

import importlib
import pkgutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

import hypertally.jobs
from hypertally.errors import InvariantBroken
from hypertally.jobs import paces, wallet_pulls
from hypertally.jobs.activity import rollup
from hypertally.jobs.activity.kinds import TokenPayload
from hypertally.jobs.alerts.delivery import DeliveryPayload
from hypertally.jobs.runtime import kinds
from hypertally.jobs.runtime.kinds import (
    Kind,
    Lane,
    NoPayload,
    TimePayload,
    WalletPayload,
    collect_handlers,
    declare,
    declared_kinds,
)
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.smart_money.snapshots import MinutePayload
from hypertally.jobs.worker import HANDLERS
from hypertally.records import Record

AT = datetime(2026, 11, 21, 12, 35, tzinfo=UTC)
WALLET = WalletPayload(wallet_id=7)
# Rows of the queue bear these names and keys: a running system has them in its table.
TABLE = [
    ("check_alerts", "alerting", TimePayload(at=AT), ":2026-11-21T12:35", 98, 5, None),
    ("check_positions", "asking", WALLET, ":7", -5, 10, None),
    ("compute_signals", "watching", TimePayload(at=AT), ":2026-11-21T12:35", 98, 10, None),
    ("confirm_fills", "asking", WALLET, ":7", -10, 10, None),
    ("deliver_alert", "alerting", DeliveryPayload(delivery_id=9), ":9", 97, 32, None),
    ("housekeeping", "computing", NoPayload(), "", 95, 10, 30),
    ("ingest_twap_objects", "computing", NoPayload(), "", 15, 10, 86_400),
    ("ingest_twaps", "asking", WALLET, ":7", 0, 10, None),
    ("ingest_wallet", "asking", WALLET, ":7", 0, 10, None),
    ("pull_exit_fills", "watching", NoPayload(), "", 40, 10, None),
    ("pull_hour_prices", "asking", NoPayload(), "", 92, 10, 3600),
    ("pull_mids", "asking", NoPayload(), "", 90, 10, 60),
    ("pull_prices", "asking", TokenPayload(token="HYPE"), ":HYPE", 40, 10, None),
    ("pull_reference", "asking", NoPayload(), "", 90, 10, 3600),
    ("pull_twap_candles", "asking", NoPayload(), "", 40, 10, None),
    ("read_again", "asking", WALLET, ":7", -20, 3, None),
    ("recompute_signals", "watching", NoPayload(), "", 41, 10, None),
    ("refresh_universe", "watching", NoPayload(), "", 96, 10, 21_600),
    ("repair_gap", "asking", WALLET, ":7", 0, 10, None),
    ("rollup_global_day", "computing", NoPayload(), "", 50, 10, None),
    ("rollup_twaps", "computing", NoPayload(), "", 50, 10, None),
    ("rollup_wallet_day", "computing", WALLET, ":7", 50, 10, None),
    ("send_heartbeat", "alerting", NoPayload(), "", 96, 10, 60),
    ("snapshot_minute", "watching", MinutePayload(minute=AT), f":{AT.isoformat()}", 99, 10, None),
]
PAYLOADS: dict[str, Record] = {row[0]: row[2] for row in TABLE}


def test_kinds_keep_their_lane_key_priority_attempts_and_period() -> None:
    assert [
        (
            kind.name,
            kind.lane,
            PAYLOADS[kind.name],
            kind.dedupe_key(PAYLOADS[kind.name]).removeprefix(kind.name),
            kind.priority,
            kind.attempts_max,
            kind.period and kind.period.total_seconds(),
        )
        for kind in sorted(HANDLERS, key=lambda kind: kind.name)
    ] == TABLE


def test_wallets_are_pulled_by_their_activity_at_these_paces() -> None:
    assert [(pace.seconds, pace.priority) for pace in paces.PACES] == [
        (60, 20),
        (900, 10),
        (3600, 0),
    ]
    assert [(pace.seconds, pace.priority) for pace in paces.TWAP_PACES] == [
        (900, 10),
        (3600, 0),
        (86_400, 0),
    ]
    single = (paces.FIRST_PULL, paces.FIRST_TWAP_PULL, paces.RUNNING_TWAP_PACE)
    assert [(pace.seconds, pace.priority) for pace in single] == [(0, 30), (0, 5), (60, 20)]


def test_a_second_declaration_of_a_name_is_refused() -> None:
    again = Kind(
        name="pull_mids", payload_type=NoPayload, lane=Lane.ASKING, leaves_when_killed="nothing"
    )
    with pytest.raises(InvariantBroken, match="two kinds of jobs are called 'pull_mids'"):
        declare(again)


def test_a_second_handler_of_a_kind_is_refused() -> None:
    with pytest.raises(InvariantBroken, match="two functions run the jobs 'rollup_wallet_day'"):
        collect_handlers((rollup.HANDLERS, rollup.HANDLERS))


async def test_a_kind_that_is_not_declared_is_refused_by_name_with_the_known_ones() -> None:
    unknown = Kind(
        name="pull_moods", payload_type=NoPayload, lane=Lane.ASKING, leaves_when_killed="nothing"
    )
    nowhere = cast("Any", None)  # refused before the connection is used
    with pytest.raises(
        InvariantBroken, match=r"declared as 'pull_moods'; declared are .*pull_mids"
    ):
        await kinds.enqueue(nowhere, unknown, NoPayload())


@pytest.mark.parametrize("kind", HANDLERS, ids=lambda kind: kind.name)
def test_what_is_queued_is_what_the_handler_reads(kind: Kind[Any]) -> None:
    payload = PAYLOADS[kind.name]
    stored = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in ((field, getattr(payload, field)) for field in payload.__struct_fields__)
    }
    assert kind.read_payload(job_of(kind.name, stored)) == payload


def test_a_payload_of_another_shape_is_our_mistake() -> None:
    with pytest.raises(InvariantBroken, match=r"ingest_wallet is wrong: .*wallet_id"):
        wallet_pulls.INGEST_WALLET.read_payload(job_of("ingest_wallet", {"wallet": 7}))


def test_every_declared_kind_has_a_handler_and_says_what_a_killed_run_leaves() -> None:
    for module in pkgutil.walk_packages(hypertally.jobs.__path__, prefix="hypertally.jobs."):
        importlib.import_module(module.name)
    declared = {kind.name for kind in declared_kinds()}
    assert declared == {kind.name for kind in HANDLERS}
    assert all(len(kind.leaves_when_killed) > 20 for kind in HANDLERS)


def test_jobs_are_queued_through_their_kind_alone() -> None:
    folder = Path(hypertally.jobs.__file__).parent
    callers = [path.name for path in folder.rglob("*.py") if "insert_job(" in path.read_text()]
    assert sorted(callers) == ["kinds.py", "queue.py"]


def job_of(kind: str, payload: dict[str, object]) -> Job:
    return Job(id=1, kind=kind, payload=payload, attempts=1, max_attempts=10, lease_token=1)
