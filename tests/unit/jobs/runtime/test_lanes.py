"""Every kind of job has one lane of a worker, and what must not wait has a lane of its own."""

import pytest

from hypertally.jobs.runtime.kinds import Lane
from hypertally.jobs.runtime.lanes import (
    COMPUTING_PLACES_A_KIND,
    LanePlaces,
    lanes_of,
)
from hypertally.jobs.worker import HANDLERS, POOL_SIZE

ALL = frozenset(kind.name for kind in HANDLERS)
SMART_MONEY = {
    "refresh_universe",
    "snapshot_minute",
    "compute_signals",
    "pull_exit_fills",
    "recompute_signals",
}
ALERTS = {"check_alerts", "deliver_alert", "send_heartbeat"}
WHO = [(False, False), (True, False), (True, True)]


def taken_by(lane: LanePlaces) -> set[str]:
    return {name for name in ALL if lane.takes(name)}


@pytest.mark.parametrize("watching", [False, True])
def test_each_kind_that_a_worker_runs_has_one_lane(*, watching: bool) -> None:
    lanes = lanes_of(HANDLERS, watching=watching, watching_alone=False)
    for name in ALL:
        takers = [lane for lane in lanes if lane.takes(name)]
        assert len(takers) == (1 if watching or name not in SMART_MONEY else 0), name
    assert sum(lane.places for lane in lanes) < POOL_SIZE


def test_a_worker_that_watches_alone_runs_smart_money_its_prices_and_alerts() -> None:
    lanes = lanes_of(HANDLERS, watching=True, watching_alone=True)
    assert [taken_by(lane) for lane in lanes] == [SMART_MONEY | {"pull_mids"}, ALERTS]


@pytest.mark.parametrize(("watching", "watching_alone"), WHO)
def test_alerts_share_their_lane_with_nothing_else(*, watching: bool, watching_alone: bool) -> None:
    """So a mail server that is slow holds up neither minutes nor figures."""
    lanes = lanes_of(HANDLERS, watching=watching, watching_alone=watching_alone)
    [lane] = [lane for lane in lanes if lane.takes("deliver_alert")]
    assert taken_by(lane) == ALERTS


def test_a_kind_that_nobody_declared_is_taken_to_be_buried() -> None:
    lanes = lanes_of(HANDLERS, watching=False, watching_alone=False)
    assert [lane.places_a_kind for lane in lanes if lane.takes("unheard_of")] == [
        COMPUTING_PLACES_A_KIND
    ]


def test_a_kind_is_full_before_it_holds_every_computing_place() -> None:
    lanes = lanes_of(HANDLERS, watching=False, watching_alone=False)
    [computing] = [lane for lane in lanes if lane.takes("rollup_wallet_day")]
    running = ["rollup_wallet_day"] * (computing.places - 1)
    assert computing.full_kinds(running) == {"rollup_wallet_day"}
    assert computing.full_kinds(running[1:]) == set()
    assert {kind.lane for kind in HANDLERS if computing.takes(kind.name)} == {Lane.COMPUTING}
