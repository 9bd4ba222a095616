"""Alerts about data: gaps, restatements, the universe, the allowance."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.db.alerts.alert_rows import AT, CHANNELS, MINUTE, Desk

from hypertally.jobs.alerts.budget_forecast import QUERIES, Demand
from hypertally.jobs.runtime.resources import TwapSource
from hypertally.jobs.runtime.shared_budget import SharedBudget
from hypertally.jobs.smart_money.snapshot_share import share_weight
from hypertally.sources.object_store import ObjectStore
from hypertally.store.postgres import Pool, read_row, transaction

HOUR = timedelta(hours=1)


@pytest.fixture
def desk(worker_pool: Pool) -> Desk:
    return Desk(worker_pool)


async def test_a_break_fires_and_is_resolved_when_it_is_filled(desk: Desk) -> None:
    address = await desk.wallet(1)
    await desk.gap(address)
    await desk.repair(address)
    await desk.check()
    await desk.check(AT + MINUTE)
    assert await desk.moves() == [f"{address}: firing"]
    await desk.fill(address)
    await desk.run("delete from metrics.fill_gaps")
    await desk.check(AT + 2 * MINUTE)
    assert await desk.moves() == [f"{address}: firing", f"{address}: resolved"]
    [row] = await desk.run("select ending from ops.alert_gaps")
    assert row["ending"] == "filled"


async def test_a_break_nobody_asks_for_again_is_marked_permanent(desk: Desk) -> None:
    address = await desk.wallet(1)
    await desk.gap(address)
    await desk.repair(address)
    await desk.check()
    await desk.run("update ops.gap_repairs set given_up_at = now()")
    await desk.check(AT + MINUTE)
    await desk.check(AT + 2 * MINUTE)
    assert await desk.moves() == [f"{address}: firing", f"{address}: resolved"]
    [row] = await desk.run("select ending from ops.alert_gaps")
    assert row["ending"] == "permanent"


@pytest.mark.parametrize("kind", ["millisecond_overflow", "thin_answer"])
async def test_a_page_cap_is_told_and_then_known_as_permanent(desk: Desk, kind: str) -> None:
    address = await desk.wallet(1)
    await desk.gap(address, kind)
    for number in range(3):
        await desk.check(AT + number * MINUTE)
    assert await desk.moves() == [f"{address}: firing", f"{address}: resolved"]


async def test_a_gap_that_a_late_check_ended_is_resolved_by_the_next(desk: Desk) -> None:
    address = await desk.wallet(1)
    await desk.gap(address)
    await desk.repair(address)
    await desk.check()
    await desk.gap(address, "thin_answer")
    for number in (2, 3):  # the second gap comes, and is known as permanent
        await desk.check(AT + number * MINUTE)
    await desk.fill(address)
    await desk.run("delete from metrics.fill_gaps where kind = 'position_break'")
    await desk.check(AT + MINUTE)
    await desk.check(AT + 4 * MINUTE)
    assert await desk.moves() == [f"{address}: firing", f"{address}: resolved"]
    [row] = await desk.run("select reason from ops.alerts where to_state = 'resolved'")
    assert row["reason"] == "gaps filled: 1, marked permanent: 1"


async def test_where_a_record_begins_is_no_gap(desk: Desk) -> None:
    address = await desk.wallet(1)
    await desk.gap(address, "history_begins")
    await desk.gap(address, from_at=AT.replace(year=1970, month=1, day=1, hour=0))
    await desk.check()
    assert await desk.moves() == []


async def test_a_gap_that_was_filled_and_is_there_again_is_told_again(desk: Desk) -> None:
    address = await desk.wallet(1)
    for number in range(0, 4, 2):
        await desk.gap(address)
        await desk.repair(address)
        await desk.check(AT + number * MINUTE)
        await desk.fill(address)
        await desk.run("delete from metrics.fill_gaps")
        await desk.check(AT + (number + 1) * MINUTE)
    assert await desk.moves() == [f"{address}: {state}" for state in ("firing", "resolved") * 2]


async def test_each_restatement_is_told_once_if_a_number_moved_far(desk: Desk) -> None:
    address = await desk.wallet(1)
    for field, old, new in [
        ("fees_usd", "1000", "1005"),
        ("spot_volume_usd", "1000", "1006"),
        ("completeness", "0.5", "1"),
        ("digest", "1:1", "2:2"),
    ]:
        await desk.restate({field: [old, new]}, wallet=address)
    for number in range(2):
        await desk.check(AT + number * MINUTE)
    day = f"{address}/2026-11-18"
    assert await desk.moves("restatement") == [f"{day}: firing", f"{day}: resolved"]
    [row] = await desk.run("select reason, value from ops.alerts where to_state = 'firing'")
    assert row["reason"] == (
        "spot_volume_usd of wallet_day_metrics was 1000 and is 1006 (0.60%): late facts"
    )


@pytest.mark.parametrize("cause", ["membership", "definition"])
async def test_what_a_user_just_did_is_no_restatement_alert(desk: Desk, cause: str) -> None:
    for number in range(1, 29):
        await desk.restate({"fills": [1, 2]}, org="default", day=f"2026-10-{number}", cause=cause)
    await desk.check(channels=CHANNELS)
    assert (await desk.moves(), await desk.messages()) == ([], [])
    assert await desk.run("select * from ops.unjudged_restatements") == []


async def test_the_days_of_orgs_that_follow_a_definition_are_no_news(desk: Desk) -> None:
    address = await desk.wallet(1)
    await desk.restate({"fills": [1, 2]}, wallet=address, cause="definition", at=AT - 30 * MINUTE)
    await desk.restate({"fills": [1, 2]}, org="default", cause="coverage")
    await desk.restate({"fills": [1, 2]}, org="default", cause="coverage", day="2026-11-17")
    await desk.check(channels=CHANNELS)
    assert (await desk.moves())[0] == "org:default/2026-11-17: firing"
    assert len(await desk.moves()) == 2


async def test_the_restatements_of_one_cause_are_one_message(desk: Desk) -> None:
    address = await desk.wallet(1)
    for number in range(1, 29):
        day = f"2026-10-{number:02}"
        await desk.restate({"fills": [1, 2]}, wallet=address, day=day)
        await desk.restate({"fills": [100, number + 101]}, org="default", day=day)
    await desk.restate({"fills": [1, 2]}, org="default", cause="prices")
    await desk.check(channels=CHANNELS[:1])
    assert await desk.messages() == [
        f"restatement {address} firing +1",
        "restatement org:default/2026-11-18 firing +0",
    ]
    [row] = await desk.run("select reason, value from ops.alerts where told_with is not null")
    assert row["reason"] == (
        "28 published figures of 28 days from 2026-10-01 to 2026-10-28 moved; the furthest, of "
        "2026-10-28: fills of wallet_day_metrics was 100 and is 129 (29.00%): late facts"
    )
    assert row["value"]["restatements"] == 28


async def test_many_gaps_of_one_cause_in_one_check_are_one_message(desk: Desk) -> None:
    addresses = [await desk.wallet(number) for number in range(1, 31)]
    for address in addresses:
        await desk.gap(address)
        await desk.repair(address)
    await desk.gap(await desk.wallet(31), "thin_answer")
    await desk.check(channels=CHANNELS[:1])
    messages = await desk.messages()
    assert messages == [
        f"data_gap {addresses[0]} firing +29",
        f"data_gap 0x{31:040x} firing +0",
    ]
    assert len(await desk.moves()) == 31, "each alert has its own transition"


async def test_a_gap_that_was_none_is_taken_back(desk: Desk) -> None:
    address = await desk.wallet(1)
    await desk.gap(address)
    await desk.repair(address)
    await desk.check(channels=CHANNELS[:1])
    await desk.run("delete from metrics.fill_gaps")
    for number in (1, 2, 3):
        await desk.check(AT + number * MINUTE, channels=CHANNELS[:1])
    assert await desk.messages() == [
        f"data_gap {address} firing +0",
        f"data_gap {address} retracted +0",
    ]
    firing, retracted = await desk.run("select id, reason, retracts from ops.alerts order by id")
    assert retracted["retracts"] == firing["id"]
    assert retracted["reason"] == "no fill was missing: 1 gaps went away and no fill came"
    await desk.gap(address)
    await desk.repair(address)
    await desk.check(AT + 4 * MINUTE)
    assert (await desk.moves())[-1] == f"{address}: firing"


async def test_the_gaps_of_a_wallet_that_is_removed_end_without_a_message(desk: Desk) -> None:
    address = await desk.wallet(1)
    await desk.gap(address)
    await desk.repair(address)
    await desk.check(channels=CHANNELS[:1])
    await desk.run("update tenancy.org_wallets set to_day = '2026-11-20'")
    await desk.gap(address, "thin_answer")
    for number in (1, 2):
        await desk.check(AT + number * MINUTE, channels=CHANNELS[:1])
    assert await desk.moves() == [f"{address}: firing", f"{address}: resolved"]
    assert await desk.messages() == [f"data_gap {address} firing +0"]


async def test_a_restatement_is_not_told_before_its_time(desk: Desk) -> None:
    await desk.restate({"fills": [1, 2]}, org="default", at=AT + MINUTE)
    await desk.check()
    assert await desk.moves() == []
    await desk.check(AT + MINUTE)
    assert (await desk.moves())[0] == "org:default/2026-11-18: firing"


async def test_a_universe_that_changed_much_is_told_at_most_every_six_hours(desk: Desk) -> None:
    for hours, churn in [(0, "0.3"), (1, "0.31"), (6, "0.9"), (7, "0.5"), (8, "0.5")]:
        at = AT + timedelta(hours=hours)
        await desk.universe(churn, at=at, status="kept_old" if hours == 8 else "chosen")
        await desk.check(at)
        await desk.check(at + MINUTE)
    rows = await desk.run("select to_state, at from ops.alerts order by id")
    assert [(row["to_state"], (row["at"] - AT) // timedelta(hours=1)) for row in rows] == [
        ("firing", 1),
        ("resolved", 1),
        ("suppressed", 6),
        ("inactive", 6),
        ("firing", 7),
        ("resolved", 7),
    ]


async def test_an_allowance_that_is_too_small_is_told(desk: Desk) -> None:
    for number in range(1, 11):
        await desk.wallet(number)
    await desk.run(
        "insert into ops.hl_ingest_cursor (wallet_id, cursor_ms) "
        "select id, %(ms)s from tenancy.wallets",
        ms=round(AT.timestamp() * 1000),
    )
    # Ten looks of 20 in two hours are 2 a minute beside the rounds of 200 a minute.
    await desk.check(AT, weight=202)
    assert await desk.moves() == []
    await desk.check(AT + MINUTE, weight=39)
    await desk.check(AT + 2 * MINUTE, weight=202)
    assert await desk.moves() == ["system: firing", "system: resolved"]
    [row] = await desk.run("select reason from ops.alerts where to_state = 'firing'")
    assert row["reason"] == (
        "39 weight a minute are not enough: hot wallets every 6 min, the target is every 5 min, "
        "second readings never, the target is every 120 min"
    )


@pytest.mark.parametrize(("hot_wallets", "moves"), [(30, []), (33, ["system: firing"])])
async def test_fills_of_exits_that_are_waited_for_make_no_allowance_too_small(
    desk: Desk, hot_wallets: int, moves: list[str]
) -> None:
    for number in range(1, hot_wallets + 1):
        await desk.wallet(number)
    await desk.run(
        "insert into ops.hl_ingest_cursor (wallet_id, cursor_ms, pulled_at) "
        "select id, %(ms)s, %(at)s from tenancy.wallets",
        ms=round(AT.timestamp() * 1000),
        at=AT,
    )
    budget = SharedBudget(desk.pool, upstream_host="exchange", weight_per_minute=1200)
    await budget.reserve_share(share_weight(200, exits=True))
    await desk.run("update ops.weight_shares set kept_until = %(at)s", at=AT + MINUTE)
    await desk.check(weight=1200)
    assert await desk.moves("budget_infeasible") == moves


async def test_the_demand_of_each_class_is_read(desk: Desk) -> None:
    for number in range(1, 4):
        await desk.wallet(number)
    await desk.run(
        "insert into ops.hl_ingest_cursor (wallet_id, cursor_ms, pulled_at) "
        "select id, 0, now() from tenancy.wallets order by id limit 1"
    )
    # Of the wallets whose TWAPs are pulled at once, one was never pulled: it is no pace of its own.
    for wallet, priority in enumerate((20, 20, 10, 0, 5), start=1):
        await desk.run(
            "insert into ops.jobs (kind, dedupe_key, priority) "
            "values ('ingest_twaps', 'ingest_twaps:' || %(wallet)s, %(priority)s)",
            wallet=wallet,
            priority=priority,
        )
    await desk.run(
        "insert into ops.twap_cursors (wallet_id, slices_until) values (1, now()), (2, null)"
    )
    await desk.minute(AT)
    async with transaction(desk.pool) as connection:
        demand = await read_row(connection, QUERIES["read_demand"], {"at": AT}, shape=Demand)
    assert demand == Demand(
        hot=0, warm=0, cold=3, kept=0, first=2, running_twaps=1, recent_twaps=1, older_twaps=2,
        watched=10,
    )  # fmt: skip


@pytest.mark.parametrize("read", [False, True])
async def test_new_rejects_are_told_of_their_wallet_until_they_are_read(
    desk: Desk, *, read: bool
) -> None:
    address = await desk.wallet(1)
    await desk.reject(address, at=AT - 25 * HOUR)
    await desk.check()
    assert await desk.moves() == []
    for number in range(2):
        await desk.reject(address, at=AT + number * MINUTE)
    await desk.reject(None, at=AT)
    for number in (1, 2):
        await desk.check(AT + number * MINUTE, channels=CHANNELS[:1])
    assert await desk.messages() == ["rejects system firing +1"]
    [row] = await desk.run("select reason from ops.alerts where wallet_id is not null")
    assert row["reason"] == "2 rows of the last 24 h could not be read: px is not a number"
    later = AT + 3 * MINUTE
    if read:
        await desk.run(
            "insert into facts.decoded_rejects (reject_id, page_id) select id, 1 from facts.rejects"
        )
    else:
        later = AT + 25 * HOUR
    await desk.check(later, channels=CHANNELS[:1])
    assert (await desk.messages())[1:] == ["rejects system resolved +1"]


async def test_the_most_frequent_reasons_of_rejects_are_told_with_their_counts(desk: Desk) -> None:
    reasons = ["no side"] * 2 + ["no size"] * 3 + ["a", "b", "c"]
    for number, reason in enumerate(reasons):
        await desk.reject(None, at=AT - number * MINUTE, reason=reason)
    await desk.check(channels=CHANNELS[:1])
    [row] = await desk.run("select reason from ops.alerts")
    assert row["reason"] == (
        "8 rows of the last 24 h could not be read: 3 x no size, 2 x no side, 1 x a, "
        "2 for other reasons"
    )


async def test_an_archive_without_an_object_for_thirty_hours_is_told(
    desk: Desk, tmp_path: Path
) -> None:
    source = TwapSource(database_url="", store=ObjectStore(tmp_path.as_uri()))
    await desk.check(AT, twap_source=source)
    await desk.object_read("a.parquet", at=AT)
    await desk.check(AT + 30 * HOUR, twap_source=source)
    assert await desk.moves() == []
    await desk.check(
        AT + 31 * HOUR - MINUTE
    )  # a worker that reads no source does not wait for objects
    await desk.check(AT + 31 * HOUR, twap_source=source)
    await desk.object_read("b.parquet", at=AT + 32 * HOUR)
    await desk.check(AT + 32 * HOUR, twap_source=source)
    assert await desk.moves() == ["system: firing", "system: resolved"]
    [row] = await desk.run("select reason from ops.alerts where to_state = 'firing'")
    assert row["reason"] == "no object was read since 2026-11-20T12:00:00Z, for 31 h"


async def test_a_file_of_this_machine_says_nothing_of_the_source(
    desk: Desk, tmp_path: Path
) -> None:
    source = TwapSource(database_url="", store=ObjectStore(tmp_path.as_uri()))
    await desk.object_read("a.parquet", at=AT, error="it is cut off", is_local=True)
    await desk.object_read("b.parquet", at=AT)
    await desk.check(AT, twap_source=source)
    assert await desk.moves() == []
    await desk.object_read("c.parquet", at=AT + 30 * HOUR, is_local=True)
    await desk.check(AT + 31 * HOUR, twap_source=source)
    [row] = await desk.run("select reason from ops.alerts where to_state = 'firing'")
    assert row["reason"] == "no object was read since 2026-11-20T12:00:00Z, for 31 h"


async def test_an_object_that_failed_is_told_until_it_is_read(desk: Desk, tmp_path: Path) -> None:
    source = TwapSource(database_url="", store=ObjectStore(tmp_path.as_uri()))
    await desk.object_read("a.parquet", at=AT, error="it is cut off")
    await desk.check(AT, twap_source=source)
    await desk.object_read("b.parquet", at=AT + MINUTE)
    await desk.check(AT + MINUTE, twap_source=source)
    await desk.object_read("a.parquet", at=AT + 2 * MINUTE)
    await desk.check(AT + 2 * MINUTE, twap_source=source)
    assert await desk.moves() == ["system: firing", "system: resolved"]
    [row] = await desk.run("select reason from ops.alerts where to_state = 'firing'")
    assert row["reason"] == "the object a.parquet could not be read: it is cut off"
