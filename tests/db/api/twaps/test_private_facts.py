"""What an org reads of a wallet that it does not track follows from public facts, to the byte."""

import asyncio
import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from tests.db.api.conftest import SECRET, run_server
from tests.db.twaps.archive import Event, as_lines, ingest, packed, put
from tests.db.twaps.desk import OTHER, START, TRACKED, TWAP, Desk, leg, opened_desk, status

from hypertally.api.app import ApiOptions
from hypertally.api.identity.tokens import mint
from hypertally.clock import system_clock
from hypertally.flow import METRICS
from hypertally.jobs.twaps.rollup import rollup_marked

_numbers = count(TWAP)
# What the public facts of each hold beside the private ones.
(
    PART_OF_SLICES,
    RUN_BUT_NO_END,
    END_AND_PART,
    PART_OF_A_SLICE,
    SAME_STATUS,
    NOTHING,
    RUNS_BY_SLICES,
    OTHER_CONTENT,
    ANOTHER_END,
    NO_LOOK,
    OF_NOBODY,
) = (next(_numbers) for _ in range(11))
LAST = OF_NOBODY


def of(twap_id: int, row: dict[str, Any]) -> dict[str, Any]:
    return row | {"twapId": twap_id}


def legs(twap_id: int, *sizes: str) -> list[dict[str, Any]]:
    return [leg(30 * place, size, twapId=twap_id) for place, size in enumerate(sizes)]


END = status("finished", at_s=300, size="4", notional="400", sz="4")
PULLED = {
    number: legs(number, "1", "1", "1", "1") for number in range(TWAP, LAST) if number != NO_LOOK
}
TWO_FILLS = [
    leg(0, "1", twapId=PART_OF_A_SLICE, oid=99),
    leg(0, "2", twapId=PART_OF_A_SLICE, oid=99),
]
ARCHIVED: list[Event] = [
    *((TRACKED, row) for row in PULLED[PART_OF_SLICES][:2]),
    *((TRACKED, row) for row in PULLED[END_AND_PART][:3]),
    (TRACKED, TWO_FILLS[0]),
    *((TRACKED, row) for row in PULLED[RUNS_BY_SLICES][1:]),
    *((TRACKED, row | {"fee": "0.07"}) for row in PULLED[OTHER_CONTENT]),
    *((OTHER, row) for row in legs(OF_NOBODY, "2", "3")),
]


async def fill(url: str, folder: Path, *, is_tracked: bool) -> None:
    """The same public facts; where the wallet is tracked, private ones before and between them."""
    put(folder, "hourly/0.lz4", packed(as_lines(ARCHIVED)))
    async with opened_desk(url) as desk:
        if is_tracked:
            await tell_private(desk)
            await compute(desk)
        await desk.say(of(RUN_BUT_NO_END, status()), archive=True)
        await desk.say(of(END_AND_PART, END), of(SAME_STATUS, END), archive=True)
        await desk.say(of(ANOTHER_END, END), of(NO_LOOK, END), archive=True)
        await desk.say(of(RUNS_BY_SLICES, status(sz="9")), archive=True)
        await ingest(desk.pool, url, folder)
        await compute(desk)
        if is_tracked:
            await tell_private(desk, size="3")
            await compute(desk)
        await desk.say(of(ANOTHER_END, END | {"time": END["time"] + 1}), archive=True)
        await compute(desk)


async def tell_private(desk: Desk, *, size: str = "4") -> None:
    end = status("terminated", at_s=200, size=size, notional="250", sz="4")
    await desk.say(of(SAME_STATUS, END))
    for number in (PART_OF_SLICES, RUN_BUT_NO_END, NOTHING, ANOTHER_END, RUNS_BY_SLICES):
        await desk.say(of(number, end))
    for rows in PULLED.values():
        await desk.trade(*rows)
    await desk.trade(*TWO_FILLS)
    await desk.list_as_slices(*PULLED[SAME_STATUS])
    await desk.look(until=START.replace(hour=9))


async def compute(desk: Desk) -> None:
    for number in range(TWAP, LAST + 1):
        await desk.mark(number)
    await rollup_marked(desk.pool, clock=system_clock)


ORGS = """
insert into tenancy.orgs (name) values ('org_b');
insert into tenancy.user_profiles (user_id, org_id, role)
select p.user_id, o.id, 'analyst'
from (values ('alice', 'default'), ('bob', 'org_b')) as p (user_id, org)
join tenancy.orgs as o on o.name = p.org;
"""
TRACK = """
insert into tenancy.org_wallets (org_id, wallet_id)
select o.id, w.id from tenancy.orgs as o, tenancy.wallets as w
where o.name = 'default' and w.address = decode(repeat('ab', 20), 'hex');
"""


Answers = Callable[[str, str], httpx2.Response]


@pytest.fixture(scope="module")
def books(
    make_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory, ui_dir: Path
) -> Iterator[tuple[Answers, Answers]]:
    """Books in which Alice's org tracks the wallet, and books in which no org ever did."""
    servers: list[Iterator[str]] = []
    fetches: list[Answers] = []
    for is_tracked in (True, False):
        url = make_database()
        asyncio.run(fill(url, tmp_path_factory.mktemp("archive"), is_tracked=is_tracked))
        with psycopg.connect(url) as connection:
            connection.execute(ORGS.encode())
            if is_tracked:
                connection.execute(TRACK.encode())
        options = ApiOptions(
            database_url=url, version="1", jwt_secret=SECRET, ui_dir=ui_dir, metrics=METRICS
        )
        servers.append(run_server(options))
        fetches.append(fetcher(next(servers[-1])))
    yield fetches[0], fetches[1]
    for server in servers:
        next(server, None)


def fetcher(base_url: str) -> Answers:
    def fetch(path: str, user: str) -> httpx2.Response:
        bearer = {"Authorization": f"Bearer {mint(SECRET, user, seconds=3_600)}"}
        return httpx2.get(f"{base_url}{path}", headers=bearer)

    return fetch


WINDOW = "start=2025-03-09&end=2025-03-12&as_of=2025-03-12"
PART = "start=2025-03-10T00:01:00Z&end=2025-03-10T00:02:00Z&as_of=2025-03-10T00:01:30Z"
PATHS = (
    *(f"/api/v1/twaps?{window}{more}" for window in (WINDOW, PART) for more in (
        "", "&latest_per_twap=false", f"&wallet={TRACKED}", "&asset=BTC", "&status=finished",
        "&status=activated", "&status=terminated", "&status=unknown",
    )),
    *(f"/api/v1/twaps/summary?{window}&by={by}"
      for window in ("start=2025-03-09&end=2025-03-12", PART.partition("&as_of")[0])
      for by in ("wallet", "asset")),
    "/api/v1/twaps/pressure?as_of=2025-03-10T00:02:00Z",
    "/api/v1/twaps/pressure",
    "/api/v1/coverage",
    *(path.format(number) for number in range(TWAP, LAST + 1) for path in (
        "/api/v1/twaps/{}?as_of=2025-03-12", "/api/v1/twaps/{}/slices", "/api/v1/explain/twaps/{}",
    )),
)  # fmt: skip
CLOCKS = re.compile(
    rb'"(inserted_at|computed_at|restated_at|last_read_at|newest_object_at|as_of)":"[^"]*"'
)


def without_clocks(answer: httpx2.Response) -> tuple[int, bytes]:
    """The answer, without the times at which the two books were made."""
    return answer.status_code, CLOCKS.sub(rb'"\1":"-"', answer.content)


@pytest.mark.parametrize("path", PATHS)
def test_another_org_reads_what_it_would_if_nobody_tracked_the_wallet(
    path: str, books: tuple[Answers, Answers]
) -> None:
    tracked, public = books
    assert without_clocks(tracked(path, "bob")) == without_clocks(public(path, "bob"))


def test_who_tracks_the_wallet_reads_more(books: tuple[Answers, Answers]) -> None:
    tracked, _ = books
    shown = {
        user: tracked(f"/api/v1/twaps?{WINDOW}", user).json()["twaps"] for user in ("alice", "bob")
    }
    numbers = {
        user: sorted(int(twap["twap_id"]) for twap in twaps) for user, twaps in shown.items()
    }
    assert numbers["alice"] == list(range(TWAP, LAST + 1))
    assert numbers["bob"] == [number for number in range(TWAP, LAST + 1) if number != NOTHING]
    theirs = {int(twap["twap_id"]): twap for twap in shown["bob"]}
    assert (theirs[PART_OF_SLICES]["status"], theirs[PART_OF_SLICES]["known_by"]) == (
        None,
        "slices",
    )
    assert theirs[RUN_BUT_NO_END]["status"] == "activated"
    ours = {int(twap["twap_id"]): twap for twap in shown["alice"]}
    assert ours[PART_OF_SLICES]["status"] == ours[RUN_BUT_NO_END]["status"] == "terminated"
    assert ours[END_AND_PART]["executed"]["source"] == "slices"
