"""What an archive of fills shows of TWAPs is answered to every org; the rest is not."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.db.twaps.archive import Event, as_lines, ingest, packed, put
from tests.db.twaps.desk import OTHER, TRACKED, TWAP, leg, opened_desk

from hypertally.api.activity.coverage import Coverage
from hypertally.api.twaps import shapes
from hypertally.clock import system_clock
from hypertally.jobs.twaps.rollup import rollup_marked

OF_OTHER, OF_TRACKED, PART_ARCHIVED, PULLED = range(TWAP, TWAP + 4)
ORGS = """
insert into tenancy.orgs (name) values ('org_b');
insert into tenancy.org_wallets (org_id, wallet_id)
select o.id, w.id from tenancy.orgs as o, tenancy.wallets as w
where o.name = 'default' and w.address = decode(repeat('ab', 20), 'hex');
insert into tenancy.user_profiles (user_id, org_id, role)
select p.user_id, o.id, 'analyst'
from (values ('alice', 'default'), ('bob', 'org_b')) as p (user_id, org)
join tenancy.orgs as o on o.name = p.org;
"""


@pytest.fixture(scope="module")
def world(make_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Alice's org tracks a wallet, Bob's tracks none; an archive holds fills of two wallets."""
    url = make_database()
    asyncio.run(fill(url, tmp_path_factory.mktemp("archive")))
    with psycopg.connect(url) as connection:
        connection.execute(ORGS.encode())
    return url


async def fill(url: str, folder: Path) -> None:
    archived: list[Event] = [
        (OTHER, leg(0, "2", twapId=OF_OTHER, builder="0x" + "77" * 20)),
        (OTHER, leg(30, "3", twapId=OF_OTHER)),
        (TRACKED, leg(0, twapId=OF_TRACKED)),
        (TRACKED, leg(0, twapId=PART_ARCHIVED)),
    ]
    pulled = [
        archived[2][1],
        archived[3][1],
        leg(30, twapId=PART_ARCHIVED),
        leg(0, twapId=PULLED),
    ]
    put(folder, "hourly/0.lz4", packed(as_lines(archived)))
    async with opened_desk(url) as desk:
        await desk.trade(*pulled)
        await ingest(desk.pool, url, folder)
        await desk.mark(PULLED)
        await rollup_marked(desk.pool, clock=system_clock)


WINDOW = "start=2025-03-09&end=2025-03-12&as_of=2025-03-12"


def listed(get: Any, user: str) -> dict[str, Any]:
    answer = shapes.Twaps.model_validate(get(f"/api/v1/twaps?{WINDOW}", user).json())
    return {twap.twap_id: twap.executed for twap in answer.twaps}


def test_every_org_sees_what_the_archive_shows_and_no_more(get: Any) -> None:
    executed = listed(get, "bob")
    assert executed.keys() == {str(OF_OTHER), str(OF_TRACKED), str(PART_ARCHIVED)}
    assert (executed[str(OF_OTHER)].size, executed[str(OF_OTHER)].notional) == ("5", "500")
    assert executed[str(OF_OTHER)].source == "some slices"
    for number in (OF_TRACKED, PART_ARCHIVED):
        assert (executed[str(number)].size, executed[str(number)].source) == ("1", "some slices")


def test_who_tracks_the_wallet_sees_all_of_it(get: Any) -> None:
    executed = listed(get, "alice")
    assert [executed[str(number)].size for number in range(TWAP, TWAP + 4)] == ["5", "1", "2", "1"]


def test_sums_and_slices_are_of_what_can_be_seen(get: Any) -> None:
    window = "start=2025-03-09&end=2025-03-12&by=wallet"
    for user, of_tracked in (("bob", (None, 0)), ("alice", ("400", 3))):
        answer = get(f"/api/v1/twaps/summary?{window}", user).json()
        sums = {
            row["wallet"]: (row["executed_notional"], row["executed_notional_known"])
            for row in answer["rows"]
        }
        # What an archive alone holds may be a part: no sum counts it.
        assert sums == {OTHER: (None, 0), TRACKED: of_tracked}
    slices = get(f"/api/v1/twaps/{PART_ARCHIVED}/slices", "bob").json()["slices"]
    assert [row["size"] for row in slices] == ["1"]
    assert get(f"/api/v1/twaps/{PULLED}", "bob").status_code == 404


@pytest.mark.parametrize("user", ["alice", "bob"])
def test_the_proof_lists_the_fills_of_the_archive(get: Any, user: str) -> None:
    answer = get(f"/api/v1/explain/twaps/{OF_OTHER}", user)
    shapes.TwapExplanation.model_validate(answer.json())
    explanation = answer.json()
    assert (explanation["metric"], explanation["key"]["wallet"]) == ("twap_executions", OTHER)
    inputs = explanation["inputs"]
    assert (inputs["count"], inputs["digest"]) == (2, explanation["value"]["digest"])
    assert [(fill["sz"], fill["source"], fill["counts"]) for fill in inputs["fills"]] == [
        ("2", "hourly/0.lz4", True), ("3", "hourly/0.lz4", True),
    ]  # fmt: skip


def test_a_fill_of_both_ways_stands_there_with_both_and_one_counts(get: Any) -> None:
    def fills_for(user: str) -> list[tuple[str, bool]]:
        inputs = get(f"/api/v1/explain/twaps/{OF_TRACKED}", user).json()["inputs"]
        assert inputs["count"] == 1
        return [(fill["source"], fill["counts"]) for fill in inputs["fills"]]

    assert fills_for("alice") == [("exchange", True), ("hourly/0.lz4", False)]
    assert fills_for("bob") == [("hourly/0.lz4", True)]


def test_coverage_tells_of_the_archive(get: Any) -> None:
    answer = get("/api/v1/coverage", "bob").json()
    Coverage.model_validate(answer)
    assert (answer["fill_archive"]["objects"], answer["fill_archive"]["rows_new"]) == (1, 4)
    assert (answer["twap_source"]["objects"], answer["twap_source"]["rows_new"]) == (0, 0)
