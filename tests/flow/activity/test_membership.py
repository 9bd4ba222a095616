"""Who counts for an org, and from when to when; and the vector of definitions 1.3."""

from datetime import UTC, date, timedelta
from decimal import Decimal
from pathlib import Path

from tests.flow.books import Books, serving
from tests.flow.handmade import ALICE, BOB, CAROL, Row, fill, ms, trade, world

from hypertally.clock import system_clock

DAY = date(2025, 10, 1)


def legs(*trades: dict[str, Row]) -> dict[str, list[Row]]:
    return {
        user: [trade[user] for trade in trades if user in trade] for user in (ALICE, BOB, CAROL)
    }


def figures(books_day: object) -> list[Decimal | int | None]:
    names = ("dau", "legs_usd", "taker_usd", "maker_usd", "unique_usd", "internal_usd")
    return [getattr(books_day, name) for name in names]


async def test_the_vector_of_legs_unique_and_internal_volume(books: Books, tmp_path: Path) -> None:
    fills = legs(
        trade(ms("2025-10-01T10:00"), ALICE, BOB),
        trade(ms("2025-10-01T11:00"), ALICE, CAROL, px="50", coin="ETH"),
        trade(ms("2025-10-01T12:00"), CAROL, BOB, px="30", coin="SOL"),
    )
    await books.add_org("other")
    async with serving(world(tmp_path / "world", fills)) as exchange:
        await books.track([ALICE, BOB])
        await books.track([CAROL], org="other")
        await books.settle(exchange)
    assert figures((await books.org_days("default"))[DAY]) == [2, 280, 150, 130, 180, 100]
    assert figures((await books.org_days("other"))[DAY]) == [1, 80, 30, 50, 80, 0]
    assert figures((await books.org_days())[DAY]) == [3, 360, 180, 180, 180, 180]


async def test_a_trade_id_alone_does_not_pair_two_trades(books: Books, tmp_path: Path) -> None:
    one = trade(ms("2025-10-01T10:00"), ALICE, CAROL, tid=77)
    same_tid = trade(ms("2025-10-01T10:00"), CAROL, BOB, tid=77, coin="ETH")
    without_counterparty = {
        ALICE: fill(ms("2025-10-01T13:00"), tid=0, coin="SOL"),
        BOB: fill(ms("2025-10-01T13:00"), tid=0, coin="SOL", side="A", dir="Open Short"),
    }
    async with serving(
        world(tmp_path / "world", legs(one, same_tid, without_counterparty))
    ) as exchange:
        await books.track([ALICE, BOB])
        await books.settle(exchange)
    assert figures((await books.org_days("default"))[DAY]) == [2, 400, 300, 100, 400, 0]


def two_days() -> dict[str, list[Row]]:
    return legs(
        trade(ms("2025-10-01T10:00"), ALICE, BOB),
        trade(ms("2025-10-02T10:00"), ALICE, BOB, coin="ETH", px="70"),
    )


async def test_a_wallet_counts_from_its_day_on(books: Books, tmp_path: Path) -> None:
    async with serving(world(tmp_path / "world", two_days())) as exchange:
        await books.track([ALICE], from_day=date(2025, 10, 2))
        await books.settle(exchange)
        assert set(await books.org_days("default")) == {date(2025, 10, 2)}
        await books.track([BOB])
        await books.settle(exchange)
    days = await books.org_days("default")
    assert figures(days[DAY]) == [1, 100, 0, 100, 100, 0]
    assert figures(days[date(2025, 10, 2)]) == [2, 140, 70, 70, 70, 70]
    assert (ALICE, DAY) in await books.wallet_days()


async def test_a_wallet_whose_start_moves_earlier_counts_from_then_on(
    books: Books, tmp_path: Path
) -> None:
    async with serving(world(tmp_path / "world", two_days())) as exchange:
        await books.track([ALICE], from_day=date(2025, 10, 2))
        await books.settle(exchange)
        await books.track([ALICE], from_day=DAY)
        await books.settle(exchange)
        moved = await books.org_days("default")
        assert figures(moved[DAY]) == [1, 100, 100, 0, 100, 0]
        await books.track([ALICE], from_day=date(2025, 10, 2))
        await books.settle(exchange)
    assert await books.org_days("default") == moved, "a day that counts keeps counting"


async def test_a_removed_wallet_counts_up_to_its_last_day_and_is_pulled_no_more(
    books: Books, tmp_path: Path
) -> None:
    today = system_clock().astimezone(UTC)
    fills = legs(
        trade(ms("2025-10-01T10:00"), ALICE, BOB),
        trade(int(today.timestamp() * 1000) - 1000, ALICE, BOB, coin="ETH", px="70"),
    )
    async with serving(world(tmp_path / "world", fills)) as exchange:
        await books.track([ALICE, BOB])
        await books.settle(exchange)
        before = await books.org_days("default")
        await books.untrack([ALICE])
        await books.settle(exchange)
        after = await books.org_days("default")
        asked = (await exchange.stats())["requests"]["userFillsByTime"]
        await books.pull(exchange)
        assert (await exchange.stats())["requests"]["userFillsByTime"] == asked + 1
    last = max(before)
    assert figures(before[DAY]) == figures(after[DAY]) == [2, 200, 100, 100, 100, 100]
    assert figures(before[last]) == [2, 140, 70, 70, 70, 70]
    assert figures(after[last]) == [1, 70, 0, 70, 70, 0]


async def test_two_orgs_of_one_wallet_share_its_facts(books: Books, tmp_path: Path) -> None:
    await books.add_org("other")
    async with serving(world(tmp_path / "world", two_days())) as exchange:
        await books.track([ALICE, BOB])
        await books.track([BOB], org="other", from_day=DAY + timedelta(days=1))
        await books.settle(exchange)
        # Two for each wallet: the only page of a history is asked for once more from its end.
        assert (await exchange.stats())["requests"]["userFillsByTime"] == 4
        await books.untrack([BOB], org="other")
        await books.settle(exchange)
    assert (await books.facts_digest())[0] == 4
    assert set(await books.org_days("other")) == {date(2025, 10, 2)}
    assert figures((await books.org_days("default"))[DAY]) == [2, 200, 100, 100, 100, 100]
