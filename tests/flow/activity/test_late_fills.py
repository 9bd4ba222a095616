"""A fill that shows late moves exactly its own day, and what was published is not forgotten."""

from datetime import date
from pathlib import Path
from typing import Any

from tests.flow.books import ALL_TRACKED, Books, serving
from tests.flow.handmade import ALICE, BOB, Row, fill, ms, world

from hypertally.flow import METRICS
from hypertally.jobs.rebuild.rebuild import rebuild
from hypertally.metrics.activity import global_days
from hypertally.records import OrgDay
from hypertally.store.postgres import transaction

DAY = date(2025, 10, 4)
LATE = fill(ms("2025-10-04T15:00"), coin="SOL", px="30", sz="5", fee="0.02", crossed=False)


def known() -> dict[str, list[Row]]:
    return {
        ALICE: [
            fill(ms("2025-10-01T10:00"), fee="0.01"),
            fill(ms("2025-10-04T09:00"), startPosition="1", fee="0.01"),
            fill(ms("2025-10-05T12:00"), startPosition="2", fee="0.01"),
        ],
        BOB: [fill(ms("2025-10-04T10:00")), fill(ms("2025-10-05T10:00"), startPosition="1")],
    }


async def with_a_late_fill(books: Books, tmp_path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Every metric row before and after the exchange shows the late fill of ALICE."""
    fills = known()
    async with serving(world(tmp_path / "before", fills)) as exchange:
        await books.track([ALICE, BOB])
        await books.settle(exchange)
        before = await books.metric_texts()
    fills[ALICE].append(LATE)
    async with serving(world(tmp_path / "after", fills)) as exchange:
        await books.pull_deep(exchange)
    return before, await books.metric_texts()


async def test_exactly_the_days_a_late_fill_belongs_to_change(books: Books, tmp_path: Path) -> None:
    before, after = await with_a_late_fill(books, tmp_path)
    assert before.keys() == after.keys()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {f"wallet {ALICE[2:]} {DAY}", f"org {ALL_TRACKED} {DAY}", f"org 1 {DAY}"}


async def test_a_published_day_that_moves_leaves_old_and_new(books: Books, tmp_path: Path) -> None:
    await with_a_late_fill(books, tmp_path)
    async for _ in rebuild(books.pool, METRICS, from_day=None, to_day=None):
        pass  # which moves nothing, and so restates nothing
    found = await books.read("select * from metrics.restatements order by metric, org_id")
    assert [(row["metric"], row["org_id"], row["day"], row["cause"]) for row in found] == [
        ("global_day_metrics", ALL_TRACKED, DAY, "late facts"),
        ("global_day_metrics", 1, DAY, "late facts"),
        ("wallet_day_metrics", None, DAY, "late facts"),
    ]
    wallet: dict[str, Any] = found[2]["changes"]
    old, new = wallet.pop("digest")
    assert (old[:2], new[:2]) == ("1:", "2:")
    assert wallet == {
        "fills": [1, 2],
        "perp_volume_usd": ["100", "250"],
        "maker_volume_usd": ["0", "150"],
        "volumes": [{"perp": {"USDC": "100"}}, {"perp": {"USDC": "250"}}],
        "fees": [{"USDC": "0.01"}, {"USDC": "0.03"}],
        "fees_usd": ["0.01", "0.03"],
        "coins": [1, 2],
        "last_fill_at": ["2025-10-04T09:00:00+00:00", "2025-10-04T15:00:00+00:00"],
    }
    org = found[1]["changes"]
    assert org["legs_volume_usd"] == ["200", "350"]
    assert org["unique_volume_usd"] == ["200", "350"]
    assert "dau" not in org


async def test_an_org_day_that_becomes_empty_loses_its_row(books: Books, tmp_path: Path) -> None:
    async with serving(world(tmp_path / "world", known())) as exchange:
        await books.track([ALICE, BOB])
        await books.settle(exchange)
    await books.execute("update tenancy.org_wallets set from_day = '2025-10-04'")
    async with transaction(books.pool) as connection:
        await global_days.rebuild(connection, [OrgDay(org_id=1, day=date(2025, 10, 1))])
    assert date(2025, 10, 1) not in await books.org_days("default")
    restated = await books.read("select day, changes from metrics.restatements")
    assert [row["day"] for row in restated] == [date(2025, 10, 1)]
    assert restated[0]["changes"]["legs_volume_usd"] == ["100", None]


async def test_other_wallets_in_the_same_number_are_no_late_facts(
    books: Books, tmp_path: Path
) -> None:
    """A wallet added and another taken out at once: the day moves by what the org changed."""
    async with serving(world(tmp_path / "world", known())) as exchange:
        await books.track([ALICE, BOB])
        await books.settle(exchange)
    for member, other in ((ALICE, BOB), (BOB, ALICE)):
        await _count_alone(books, member, instead_of=other)
        async with transaction(books.pool) as connection:
            await global_days.rebuild(connection, [OrgDay(org_id=1, day=DAY)])
    found = await books.read("select day, cause, changes from metrics.restatements order by id")
    assert [(row["day"], row["cause"]) for row in found] == [(DAY, "membership")] * 2
    assert "wallets" in found[0]["changes"]
    assert "wallets" not in found[1]["changes"]


async def _count_alone(books: Books, member: str, *, instead_of: str) -> None:
    for address, from_day in ((member, "-infinity"), (instead_of, "2025-10-06")):
        await books.execute(
            "update tenancy.org_wallets as o set from_day = %s from tenancy.wallets as w "
            "where w.id = o.wallet_id and '0x' || encode(w.address, 'hex') = %s",
            from_day,
            address,
        )
