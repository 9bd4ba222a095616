"""Every kind of job has one lane of a worker, and what must not wait has one of its own."""

from typing import Any, cast

import pytest

from hypertally.jobs.worker import POOL_SIZE, Options, handlers, lanes, watching_handlers

NOTHING = cast("Any", None)
WATCHING = frozenset(watching_handlers(NOTHING, NOTHING))
KINDS = frozenset(handlers(NOTHING, NOTHING, None, {}, 1200)) | WATCHING
ALERTS = {"check_alerts", "deliver_alert"}


@pytest.mark.parametrize("watch", [None, cast("Any", "a watch")], ids=["alone", "watching"])
def test_each_kind_that_a_worker_runs_has_one_lane(watch: Any) -> None:
    found = lanes(Options(), watch)
    for kind in KINDS:
        takers = [lane for lane in found if lane.takes(kind)]
        assert len(takers) == (1 if watch or kind not in WATCHING else 0), kind
    assert sum(lane.slots for lane in found) < POOL_SIZE


@pytest.mark.parametrize("watch", [None, cast("Any", "a watch")], ids=["alone", "watching"])
@pytest.mark.parametrize("options", [Options(), Options(watching_alone=True)])
def test_alerts_share_their_lane_with_nothing_else(options: Options, watch: Any) -> None:
    """So a mail server that is slow holds up neither minutes nor figures."""
    [lane] = [one for one in lanes(options, watch) if one.takes("deliver_alert")]
    assert {kind for kind in KINDS if lane.takes(kind)} == ALERTS
