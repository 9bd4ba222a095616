"""The latest state of a TWAP and its execution, from few rows that can be checked by head."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from tests.db.twaps.desk import (
    FINISHED,
    MINUTE,
    MINUTES,
    OTHER,
    START,
    START_MS,
    TWAP,
    Desk,
    leg,
    opened_desk,
    status,
)

from hypertally.clock import at
from hypertally.jobs.market.candles_and_mids import QUERIES
from hypertally.records import TwapKey
from hypertally.store.postgres import transaction


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    async with opened_desk(database_url) as opened:
        yield opened


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_the_latest_state_does_not_depend_on_the_order_of_arrival(
    desk: Desk, order: Sequence[int]
) -> None:
    rows = [status(), status("activated", at_s=900, size="3"), FINISHED]
    for place in order:
        await desk.say(rows[place])
    twap = await desk.twap()
    assert (twap["status"], twap["size_executed"], twap["statuses"]) == ("finished", 10, 3)
    assert twap["ended_at"] == twap["status_at"] == at(START_MS // 1000 * 1000 + 300_000)
    assert (twap["started_at"], twap["ends_at"]) == (START, START + MINUTES * MINUTE)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_of_two_ends_the_later_one_is_the_state_whatever_its_totals(
    desk: Desk, order: Sequence[int]
) -> None:
    rows = [status("error:a", at_s=60, size="6"), status("terminated", at_s=90, size="5")]
    for place in order:
        await desk.say(rows[place])
    assert (await desk.twap())["status"] == "terminated"


async def test_a_twap_that_runs_has_not_ended(desk: Desk) -> None:
    await desk.say(status())
    twap = await desk.twap()
    assert (twap["status"], twap["ended_at"]) == ("activated", None)
    assert (twap["wallet_id"], twap["in_archive"]) == (desk.wallet_id, False)


async def test_an_archives_status_without_a_time_yields_to_one_that_has_one(desk: Desk) -> None:
    timeless = {name: FINISHED[name] for name in FINISHED if name != "time"}
    await desk.say(timeless, archive=True)
    assert (await desk.twap())["ended_at"] is None
    await desk.say(FINISHED)
    twap = await desk.twap()
    assert twap["ended_at"] == at(START_MS // 1000 * 1000 + 300_000)
    assert (twap["wallet_id"], twap["in_archive"], twap["statuses"]) == (desk.wallet_id, True, 2)


async def test_an_error_keeps_its_words(desk: Desk) -> None:
    await desk.say(status(), status("error:Insufficient margin", at_s=1))
    assert (await desk.twap())["status"] == "error:Insufficient margin"


async def test_only_tracked_wallets_have_executions(desk: Desk) -> None:
    await desk.say(status(user=OTHER), FINISHED | {"state": FINISHED["state"] | {"user": OTHER}})
    await desk.look(until=START + timedelta(days=1))
    await desk.compute(desk.key, TwapKey(twap_id=TWAP, wallet=OTHER))
    assert [row["wallet"] for row in await desk.read("select wallet from metrics.twaps")] == [OTHER]
    assert await desk.read("select * from metrics.twap_executions") == []


async def test_what_was_executed_is_the_sum_of_slices_and_never_a_total(desk: Desk) -> None:
    await desk.say(status(size="7", notional="700"))
    await desk.trade(leg(30), leg(60, "2", px="110", fee="0.1"))
    row = await desk.execution()
    assert (row["executed_size"], row["executed_notional"]) == (3, 320)
    assert (row["fees"], row["fees_usd"]) == ({"USDC": "0.15"}, Decimal("0.15"))
    assert (row["slices"], row["slice_fills"], row["slices_expected"]) == (2, 2, 2 * MINUTES)
    assert row["first_slice_at"] == START + timedelta(seconds=30)
    assert row["last_slice_at"] == START + timedelta(seconds=60)


async def test_the_fills_of_one_order_are_one_slice(desk: Desk) -> None:
    await desk.trade(leg(30, oid=1, tid=1), leg(30, "2", oid=1, tid=2), leg(60, oid=2))
    row = await desk.execution()
    assert (row["slices"], row["slice_fills"], row["executed_size"]) == (2, 3, 4)
    slices = await desk.read("select * from metrics.twap_slices order by at")
    assert [(row["oid"], row["fills"], row["size_coin"]) for row in slices] == [
        (1, 2, 3),
        (2, 1, 1),
    ]


@pytest.mark.parametrize("listed_first", [True, False])
async def test_a_fill_shown_without_its_number_is_a_slice_if_it_is_listed_as_one(
    desk: Desk, *, listed_first: bool
) -> None:
    plain, numbered = leg(30, twapId=None), leg(60)
    steps = [desk.trade(plain, numbered), desk.list_as_slices(plain, numbered)]
    for step in reversed(steps) if listed_first else steps:
        await step
    row = await desk.execution()
    assert (row["slices"], row["slice_fills"], row["executed_size"]) == (2, 2, 2)


async def test_that_nothing_was_executed_is_known_only_after_a_look_at_the_slices(
    desk: Desk,
) -> None:
    await desk.say(status())
    await desk.look(until=START - timedelta(seconds=1))
    await desk.compute()
    assert await desk.read("select * from metrics.twap_executions") == []
    await desk.look(until=START + timedelta(seconds=10))
    row = await desk.execution()
    assert (row["executed_size"], row["executed_notional"], row["slices"]) == (0, 0, 0)
    assert (row["fees"], row["fees_usd"], row["first_slice_at"]) == ({}, 0, None)


async def test_a_residual_is_known_once_the_twap_has_ended(desk: Desk) -> None:
    await desk.say(status())
    await desk.trade(leg(30, "4"))
    running = await desk.execution()
    assert (running["size_residual"], running["notional_residual"]) == (None, None)
    assert running["completeness"] is None
    assert running["unknown"]["completeness"] == "the TWAP has not ended"
    await desk.say(FINISHED)
    row = await desk.execution()
    assert (row["size_residual"], row["notional_residual"]) == (-6, -600)
    assert row["completeness"] == Decimal("0.4")
    await desk.trade(leg(60, "6"))
    row = await desk.execution()
    assert (row["size_residual"], row["notional_residual"], row["completeness"]) == (0, 0, 1)
    assert not row["unknown"].keys() & {"completeness", "size_residual", "notional_residual"}


@pytest.mark.parametrize(
    ("executed", "told", "completeness"),
    [("12", "10", "1"), ("0.000003", "10", "0"), ("9.9999999", "10", "0.999999"), ("1", "0", "1")],
)
async def test_completeness_is_a_share_and_one_only_where_nothing_is_missing(
    desk: Desk, executed: str, told: str, completeness: str
) -> None:
    await desk.say(status("terminated", at_s=90, size=told))
    await desk.trade(leg(30, executed))
    assert (await desk.execution())["completeness"] == Decimal(completeness)


async def test_slices_without_a_status_say_what_is_unknown(desk: Desk) -> None:
    await desk.trade(leg(30), leg(90, "2", px="110"))
    row = await desk.execution()
    assert (row["executed_size"], row["coin"], row["slices_expected"]) == (3, "BTC", None)
    assert set(row["unknown"].values()) == {"no status of this TWAP is known"}
    assert row["unknown"].keys() == {
        "slices_expected", "size_residual", "notional_residual", "completeness",
        "market_volume_coin", "market_notional",
    }  # fmt: skip
    assert all(row[name] is None for name in row["unknown"])
    # When it began is not known either, so no price of a minute is its arrival price.
    assert (row["arrival_price"], row["arrival_source"]) == (100, "first slice")


async def test_a_twap_known_by_its_slices_alone_exists(desk: Desk) -> None:
    await desk.trade(leg(30, side="A"), leg(90, "2", side="A"))
    row = await desk.twap()
    for name in ("status", "status_at", "duration_minutes", "ends_at", "ended_at",
                 "size_requested", "size_executed", "notional_executed"):  # fmt: skip
        assert row[name] is None, name
    assert (row["asset"], row["side"], row["statuses"]) == ("BTC", "A", 0)
    assert (row["started_at"], row["last_slice_at"]) == (
        START + timedelta(seconds=30), START + timedelta(seconds=90),
    )  # fmt: skip
    assert (row["wallet_id"], row["in_archive"]) == (desk.wallet_id, False)
    await desk.say(status())
    row = await desk.twap()
    assert (row["status"], row["started_at"], row["statuses"]) == ("activated", START, 1)
    assert row["last_slice_at"] == START + timedelta(seconds=90)


@pytest.mark.parametrize(
    ("written", "word", "runs"),
    [
        ('"Activated"', "activated", True),
        (" FINISHED ", "finished", False),
        ("'terminated'", "terminated", False),
        ("Error", "error", False),
        ("ERROR:Insufficient Margin", "error:Insufficient Margin", False),
        ("paused", "paused", None),
        ('"finishing"', "finishing", None),
    ],
)
async def test_a_status_is_compared_without_quotes_and_case(
    desk: Desk, written: str, word: str, *, runs: bool | None
) -> None:
    await desk.say(status(), status(at_s=60, size="4") | {"status": {"status": written}})
    await desk.trade(leg(30, "4"))
    row = await desk.twap()
    assert row["status"] == word
    assert (row["ended_at"] is not None) is (runs is False)
    execution = await desk.execution()
    assert (execution["completeness"] is not None) is (runs is False)
    if runs is None:
        # An unknown word never ends a TWAP.
        assert execution["unknown"]["completeness"] == (
            f'whether it has ended is not known: its last status is "{word}"'
        )


async def test_an_end_counts_whatever_unknown_word_comes_after_it(desk: Desk) -> None:
    await desk.say(FINISHED, status(at_s=900) | {"status": {"status": "archived"}})
    assert (await desk.twap())["status"] == "finished"


async def test_damaged_rows_of_an_earlier_release_count_for_nothing(desk: Desk) -> None:
    await desk.say(status())
    for change in ("duration_minutes = 1100000000", "ts = now() + interval '2 days'"):
        # What stored rows say is never changed; here it is written as an earlier release did.
        await desk.copy_status(change)
    row = await desk.twap()
    assert (row["duration_minutes"], row["started_at"]) == (MINUTES, START)
    assert row["statuses"] == 3


async def test_two_ends_that_disagree_are_shown(desk: Desk) -> None:
    await desk.say(FINISHED)
    assert (await desk.twap())["conflicts"] is None
    await desk.say(status("terminated", at_s=120, size="4.50", notional="450"), archive=True)
    row = await desk.twap()
    assert (row["status"], row["size_executed"]) == ("finished", 10)
    assert row["conflicts"] == [
        {"status": "finished", "size": "10", "notional": "1000", "source": "twapHistory"},
        {"status": "terminated", "size": "4.5", "notional": "450", "source": "2025/03/10.parquet"},
    ]


async def test_the_same_end_from_two_sources_is_no_conflict(desk: Desk) -> None:
    silent = FINISHED | {"state": FINISHED["state"] | {"executedSz": None, "executedNtl": None}}
    await desk.say(FINISHED)
    await desk.say({name: FINISHED[name] for name in FINISHED if name != "time"}, archive=True)
    await desk.say(silent | {"status": {"status": "Finished"}}, archive=True)
    row = await desk.twap()
    assert (row["conflicts"], row["statuses"]) == (None, 3)


async def test_a_slice_without_a_tid_is_no_slice_of_a_fill_that_has_one(desk: Desk) -> None:
    plain, old = leg(30, twapId=None), leg(60, twapId=None, tid=None)
    await desk.trade(plain, old)
    await desk.list_as_slices(old)
    row = await desk.execution()
    assert (row["slices"], row["executed_size"]) == (1, 1)
    assert row["first_slice_at"] == START + timedelta(seconds=60)


async def test_a_final_status_without_totals_leaves_the_residual_unknown(desk: Desk) -> None:
    row = FINISHED | {"state": FINISHED["state"] | {"executedSz": None, "executedNtl": None}}
    await desk.say(row, archive=True)
    await desk.trade(leg(30))
    execution = await desk.execution()
    assert execution["completeness"] is None
    assert "does not say" in execution["unknown"]["size_residual"]


async def test_a_fee_in_another_token_counts_at_its_price_or_is_unknown(desk: Desk) -> None:
    await desk.say(FINISHED)
    await desk.trade(leg(30), leg(60, fee="0.002", feeToken="HYPE"))
    row = await desk.execution()
    assert (row["fees"], row["fees_usd"]) == ({"USDC": "0.05", "HYPE": "0.002"}, None)
    assert row["unknown"]["fees_usd"] == "no stored price for a fee in HYPE"
    await desk.price("HYPE", "40")
    row = await desk.execution()
    assert row["fees_usd"] == Decimal("0.13")
    assert "fees_usd" not in row["unknown"]


async def test_a_fee_in_the_token_bought_counts_at_the_fills_own_price(desk: Desk) -> None:
    await desk._run(
        "insert into facts.spot_pairs (coin, base_token, quote_token, fingerprint, page_id) "
        "values ('@107', 'HYPE', 'USDC', 1, 1)"
    )
    await desk.trade(leg(30, coin="@107", px="40", fee="0.001", feeToken="HYPE", dir="Buy"))
    assert (await desk.execution())["fees_usd"] == Decimal("0.04")


async def test_a_fee_that_was_not_reported_is_unknown_and_not_zero(desk: Desk) -> None:
    await desk.trade(leg(30), leg(60, fee=None, feeToken=None))
    row = await desk.execution()
    assert (row["fees"], row["fees_usd"]) == ({"USDC": "0.05"}, None)
    assert row["unknown"]["fees_usd"] == "a fee was not reported"


WHOLE = [(minute, str(100 + minute), "2") for minute in range(MINUTES + 1)]


async def test_arrival_is_the_mark_at_the_start_from_the_best_source(desk: Desk) -> None:
    await desk.say(status())
    await desk.look(until=START + MINUTE)
    row = await desk.execution()
    assert (row["arrival_price"], row["arrival_source"]) == (None, None)
    assert "no slice" in row["unknown"]["arrival_price"]
    await desk.trade(leg(30, "3", px="99"), leg(60, px="98"))
    assert await arrival(desk) == (99, "first slice")
    await desk.quote((0, "95.0", "1"), (1, "195.0", "1"), minutes=15)
    assert await arrival(desk) == (95, "candle:BTC:15m:open")
    await desk.quote((0, "96", "1"), minutes=5)
    assert await arrival(desk) == (96, "candle:BTC:5m:open")
    await desk.quote((-1, "90", "1"), (1, "120", "1"))
    assert await arrival(desk) == (96, "candle:BTC:5m:open")
    await desk.quote((0, "97", "1"))
    assert await arrival(desk) == (97, "candle:BTC:1m:open")
    # The TWAP began half a minute into its minute.
    for seconds in (-31, 30):
        await desk.middle(timedelta(seconds=seconds), "900")
    assert await arrival(desk) == (97, "candle:BTC:1m:open")
    await desk.middle(timedelta(seconds=-30), "97.25")
    assert await arrival(desk) == (Decimal("97.25"), "mid:BTC")
    await desk.middle(timedelta(seconds=20), "97.5")
    assert await arrival(desk) == (Decimal("97.5"), "mid:BTC")


async def arrival(desk: Desk) -> tuple[object, object]:
    row = await desk.execution()
    assert "arrival_price" not in row["unknown"]
    return row["arrival_price"], row["arrival_source"]


@pytest.mark.parametrize(
    ("after_s", "dex", "marks"),
    [(-31, "", 0), (-30, "", 1), (29, "", 1), (30, "", 0), (0, "xyz", 0)],
)
async def test_a_mid_of_the_minute_a_twap_began_in_has_it_computed_again(
    desk: Desk, after_s: int, dex: str, marks: int
) -> None:
    await desk.say(status())
    await desk.trade(leg(30))
    await desk.compute()
    at = START + timedelta(seconds=after_s)
    async with transaction(desk.pool) as connection:
        marked = await connection.execute(QUERIES["mark_starts"].text, {"dex": dex, "at": at})
    assert marked.rowcount == marks


async def test_the_market_of_a_life_is_each_minute_of_it_at_its_typical_price(desk: Desk) -> None:
    await desk.say(FINISHED)
    await desk.trade(leg(30))
    await desk.quote(*WHOLE[:-1], (MINUTES + 1, "999", "9"))
    row = await desk.execution()
    assert (row["market_volume_coin"], row["market_notional"]) == (None, None)
    assert "not every minute" in row["unknown"]["market_notional"]
    await desk.quote(WHOLE[-1])
    row = await desk.execution()
    assert row["market_volume_coin"] == 2 * len(WHOLE)
    assert row["market_notional"] == sum(2 * (Decimal(price) + 3) for _, price, _ in WHOLE)
    assert row["market_source"] == "candle:BTC:1m:typical"


async def test_a_twap_that_failed_at_once_has_the_market_of_its_minute(desk: Desk) -> None:
    await desk.say(status("error:Insufficient margin"))
    assert (await desk.twap())["ended_at"] < START
    await desk.trade(leg(0))
    await desk.quote(WHOLE[0])
    row = await desk.execution()
    assert (row["arrival_price"], row["market_volume_coin"]) == (100, 2)


async def test_statuses_and_candles_used_are_in_the_digest(desk: Desk) -> None:
    await desk.say(status(), FINISHED)
    await desk.trade(leg(30))
    assert (await desk.execution())["reference_digest"].startswith("2:")
    await desk.quote(*WHOLE, (MINUTES + 1, "999", "9"))
    assert (await desk.execution())["reference_digest"].startswith(f"{3 + len(WHOLE)}:")
    assert (await desk.execution())["digest"].startswith("1:")


async def test_a_whole_execution_that_moves_leaves_old_and_new(desk: Desk) -> None:
    await desk.say(FINISHED)
    await desk.trade(leg(30, "4"))
    await desk.execution()
    await desk.trade(leg(60, "6"))
    await desk.execution()
    assert await desk.read("select * from metrics.restatements") == []
    await desk.trade(leg(90, "0.5", fee="-0.01"))
    await desk.execution()
    await desk.execution()
    (row,) = await desk.read("select * from metrics.restatements")
    assert (row["metric"], row["twap_id"], row["wallet_id"]) == (
        "twap_executions",
        TWAP,
        desk.wallet_id,
    )
    assert (row["day"], row["cause"]) == (date(2025, 3, 10), "late facts")
    assert row["changes"] == {
        "executed_size": ["10", "10.5"],
        "executed_notional": ["1000", "1050"],
        "fees": [{"USDC": "0.1"}, {"USDC": "0.09"}],
        "fees_usd": ["0.1", "0.09"],
    }


async def test_a_price_that_was_missing_restates_nothing(desk: Desk) -> None:
    await desk.say(status("terminated", at_s=60, size="1", notional="100"))
    await desk.trade(leg(30, fee="0.002", feeToken="HYPE"))
    await desk.execution()
    await desk.price("HYPE", "40")
    assert (await desk.execution())["fees_usd"] == Decimal("0.08")
    assert await desk.read("select * from metrics.restatements") == []
