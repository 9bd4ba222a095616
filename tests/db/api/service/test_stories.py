"""Stories of a made-up exchange: each an event of its own, true by the books."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.db.api.conftest import SECRET

from hypertally.api.app import ApiOptions
from hypertally.flow import METRICS

A1, SHARED = "0x" + "a1" * 20, "0x" + "c3" * 20
# Of a1: a gap that ended, with a spot fill on the day after; of the shared wallet: a late fill.
MOVED = """
insert into metrics.restatements (metric, wallet_id, day, cause, changes)
select 'wallet_day_metrics', w.id, current_date - v.back, v.cause, v.changes::jsonb
from (values
    (%(shared)s, 9, 'definition', '{"fills": [1, 9]}'),
    (%(shared)s, 8, 'late facts', '{"fills": [3, 5]}'),
    (%(a1)s, 7, 'late facts',
        '{"fills": [1, 2], "gap_ms": [3600000, 0], "perp_volume_usd": ["1", "2"]}'),
    (%(a1)s, 2, 'late facts', '{"fills": [1, 3], "gap_ms": [9, 0], "perp_volume_usd": ["1", "2"]}'),
    (%(a1)s, 6, 'late facts', '{"fills": [1, 4], "gap_ms": [9, 0], "spot_volume_usd": ["1", "2"]}'),
    (%(a1)s, 5, 'late facts', '{"fills": [1, 6], "gap_ms": [9, 3], "perp_volume_usd": ["1", "2"]}'),
    (%(a1)s, 4, 'late facts', '{"fills": [1, 8]}'),
    (%(a1)s, 3, 'late facts', '{"fills": [8, 1]}')
) as v (wallet, back, cause, changes)
join tenancy.wallets as w on w.address = decode(substr(v.wallet, 3), 'hex')
"""
# An alert that fired for the gaps of a1.
ALERT = """
insert into ops.alert_state (type, subject, wallet_id, level, state, since, last_fired_at)
select 'data_gap', %(a1)s, w.id, 'high', 'firing', now(), now()
from tenancy.wallets as w
where w.address = decode(substr(%(a1)s, 3), 'hex')
"""


@pytest.fixture(scope="module")
def options(world: str, ui_dir: Path) -> ApiOptions:
    return ApiOptions(
        database_url=world,
        version="1.2.3",
        exchange="sandbox:7@tiny",
        jwt_secret=SECRET,
        ui_dir=ui_dir,
        metrics=METRICS,
    )


@pytest.fixture(scope="module")
def moved_books(world: str) -> None:
    with psycopg.connect(world, options="-c timezone=UTC") as connection:
        connection.execute("delete from metrics.restatements where metric = 'wallet_day_metrics'")
        connection.execute(MOVED, {"a1": A1, "shared": SHARED})
        connection.execute(ALERT, {"a1": A1})


def stories(get: Any, user: str) -> dict[str, dict[str, Any]]:
    listed = get("/api/v1/stories", user).json()["stories"]
    by_kind = {story["kind"]: story for story in listed}
    assert len(by_kind) == len(listed)
    return by_kind


@pytest.mark.usefixtures("moved_books")
def test_a_gap_and_a_late_fill_are_told_of_two_wallets(get: Any) -> None:
    by_kind = stories(get, "vic")
    late, repaired = by_kind["late_fill"], by_kind["gap_repaired"]
    assert (repaired["wallet"], repaired["fills"], repaired["alert"]) == (A1, 1, "firing")
    assert (late["wallet"], late["fills"], late["alert"]) == (SHARED, 2, None)
    assert late["at"] < repaired["at"]


@pytest.mark.usefixtures("moved_books")
def test_a_gap_that_stays_is_told_with_its_alert(get: Any) -> None:
    story = stories(get, "vic")["gap_open"]
    gaps = get("/api/v1/coverage?limit=1000", "vic").json()["gaps"]
    newest = max(gap["to"] for gap in gaps if gap["kind"] == "position_break")
    assert story["at"][:19] == newest[:19]
    assert (story["fills"], story["alert"]) == (None, {A1: "firing", SHARED: None}[story["wallet"]])


@pytest.mark.usefixtures("moved_books")
def test_the_number_of_a_twap_is_written_as_its_page_writes_it(get: Any, world: str) -> None:
    with psycopg.connect(world) as connection:
        connection.execute(
            "update metrics.twaps set status = 'activated', ends_at = now() + interval '1 hour' "
            "where twap_id = (select min(twap_id) from metrics.twaps where audience = 't')"
        )
    story = stories(get, "vic")["twap"]
    page = get(f"/api/v1/twaps/{story['twap_id']}?wallet={story['wallet']}", "vic").json()
    assert page["twap"]["twap_id"] == story["twap_id"]


@pytest.mark.usefixtures("moved_books")
def test_an_org_is_told_of_its_own_wallets_alone(get: Any) -> None:
    assert A1 not in {story["wallet"] for story in stories(get, "bob").values()}
