"""An archive that holds a part of a TWAP's fills changes no total; elsewhere it is "at least"."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.db.twaps.archive import as_lines, ingest, put
from tests.db.twaps.desk import TRACKED, TWAP, leg, opened_desk, status

from hypertally.api.twaps import shapes

ENDED, RUNNING, NO_STATUS, WHOLE = range(TWAP, TWAP + 4)
ORGS = """
insert into tenancy.user_profiles (user_id, org_id, role)
select 'alice', id, 'analyst' from tenancy.orgs where name = 'default';
"""
WINDOW = "start=2025-03-09&end=2025-03-12&as_of=2025-03-10T00:02:00Z"


@pytest.fixture(scope="module")
def world(make_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Nobody tracks the wallet; an archive holds two of ten slices of most of its TWAPs."""
    url = make_database()
    asyncio.run(fill(url, tmp_path_factory.mktemp("archive")))
    with psycopg.connect(url) as connection:
        connection.execute(ORGS.encode())
    return url


async def fill(url: str, folder: Path) -> None:
    parts = [
        leg(30 * place, px="90", twapId=number)
        for number in (ENDED, RUNNING, NO_STATUS)
        for place in (1, 2)
    ]
    whole = [leg(30, "4", twapId=WHOLE), leg(60, "6", twapId=WHOLE)]
    put(folder, "0", as_lines((TRACKED, row) for row in (*parts, *whole)))
    end = status("finished", at_s=300, size="10", notional="1000")
    async with opened_desk(url) as desk:
        await desk.say(end | {"twapId": ENDED}, end | {"twapId": WHOLE}, archive=True)
        await desk.say(status() | {"twapId": RUNNING}, archive=True)
        await ingest(desk.pool, url, folder)


@pytest.fixture(scope="module")
def twaps(get: Any) -> dict[int, shapes.Twap]:
    answer = shapes.Twaps.model_validate(get(f"/api/v1/twaps?{WINDOW}", "alice").json())
    return {int(twap.twap_id): twap for twap in answer.twaps}


def test_the_total_of_a_final_status_stays(twaps: dict[int, shapes.Twap]) -> None:
    twap = twaps[ENDED]
    for part in (twap.executed, twap.total):
        assert (part.size, part.notional, part.source) == ("10", "1000", "status")
        assert (part.fees, part.slices) == (None, None)
    assert (twap.vwap, twap.completeness) == ("100", "0.2")
    assert twap.slices_missed is None
    for name in ("slices_missed", "executed.fees", "executed.slices"):
        assert "only slices that an archive holds" in twap.unknown[name]


@pytest.mark.parametrize("number", [RUNNING, NO_STATUS])
def test_where_no_status_gives_it_the_slices_are_shown_as_at_least(
    number: int, twaps: dict[int, shapes.Twap]
) -> None:
    twap = twaps[number]
    for part in (twap.executed, twap.total):
        assert (part.size, part.notional, part.slices) == ("2", "180", 2)
        assert part.source == "some slices"
    for name in ("vwap", "progress", "schedule_lag", "slices_missed", "completeness"):
        assert getattr(twap, name) is None
        assert twap.unknown[name]
    assert "archive" in twap.unknown["vwap"]
    assert (twap.slices_expected is None) is (number == NO_STATUS)


def test_slices_that_add_up_to_the_digit_are_all(twaps: dict[int, shapes.Twap]) -> None:
    twap = twaps[WHOLE]
    assert (twap.executed.size, twap.executed.source, twap.executed.slices) == ("10", "slices", 2)
    assert (twap.completeness, twap.slices_missed) == ("1", 0)


def test_no_sum_and_no_pressure_is_made_of_a_part(get: Any) -> None:
    path = "/api/v1/twaps/summary?start=2025-03-09&end=2025-03-12"
    [row] = get(path, "alice").json()["rows"]
    assert (row["executed_notional"], row["executed_notional_known"], row["twaps"]) == (
        "2000",
        2,
        4,
    )
    pressure = get("/api/v1/twaps/pressure?as_of=2025-03-10T00:02:00Z", "alice").json()
    running = {row["twap_id"]: row for row in pressure["running"]}[str(RUNNING)]
    assert running["basis"] == "schedule"
    slices = get(f"/api/v1/twaps/{ENDED}/slices", "alice").json()["slices"]
    assert [row["size"] for row in slices] == ["1", "1"]
