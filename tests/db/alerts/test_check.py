"""Alerts: from what the jobs store to rows of moves, each once, whoever looks and however often."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from tests.db.alerts.alert_rows import AT, CHANNELS, MINUTE, PERIOD, REPLAYED, STANDING, Desk, told

from hypertally.clock import system_clock
from hypertally.errors import LeaseLost, Refused, TryLater
from hypertally.jobs.alerts import check as alerts_check
from hypertally.jobs.alerts.states import acknowledge_alert
from hypertally.jobs.runtime import queue
from hypertally.store.postgres import Pool, transaction

# Cuts the connection that waits for a lock on that table.
CUT = """
do $$
begin
    for n in 1..1000 loop
        perform pg_terminate_backend(pid) from pg_locks
        where relation = 'ops.weight_shares'::regclass and not granted;
        exit when found;
        perform pg_sleep(0.01);
    end loop;
end
$$
"""
LONG, SHORT, NONE = "Long / Normal", "Short / Normal", "No-trade / Reduced"


@pytest.fixture
def desk(worker_pool: Pool) -> Desk:
    return Desk(worker_pool)


async def periods(desk: Desk, *playbooks: str | None) -> None:
    """A signal every five minutes from AT on, each judged; None: a locked one."""
    for number, playbook in enumerate(playbooks):
        at = AT + number * PERIOD
        await desk.minute(at)
        await desk.signal(
            at, playbook or "No-trade / Defensive", locked=None if playbook else "feed_late"
        )
        await desk.check(at)


async def test_every_combination_stands_inactive_before_anything_happened(desk: Desk) -> None:
    address = await desk.wallet(1)
    await desk.check()
    rows = await desk.run("select type, subject, state, level from ops.alert_state")
    assert {(row["type"], row["subject"], row["level"]) for row in rows} == {
        *(("regime_change", asset, "medium") for asset in ("HYPE", "BTC", "ETH")),
        *(("exit_cluster", asset, "high") for asset in ("HYPE", "BTC", "ETH")),
        ("system_stale", "system", "critical"),
        ("universe_churn", "system", "low"),
        ("budget_infeasible", "system", "high"),
        ("archive_behind", "system", "high"),
        ("rejects", "system", "high"),
        ("data_gap", address, "high"),
    }
    assert {row["state"] for row in rows} == {"inactive"}
    assert await desk.moves() == []


async def test_a_new_playbook_of_two_periods_is_told_once(desk: Desk) -> None:
    await periods(desk, NONE, NONE, LONG, LONG, LONG, LONG)
    assert await desk.moves() == ["HYPE: pending", "HYPE: firing", "HYPE: resolved"]
    [row] = await desk.run("select at, value, reason from ops.alerts where to_state = 'firing'")
    assert row["at"] == AT + 3 * PERIOD
    assert (row["value"]["from"], row["value"]["to"]) == (NONE, LONG)


async def test_a_lock_breaks_the_succession_of_a_playbook(desk: Desk) -> None:
    await periods(desk, "No-trade / Defensive", LONG, None, LONG)
    assert await desk.moves() == ["HYPE: pending", "HYPE: inactive", "HYPE: pending"]


async def test_a_lock_takes_back_what_was_told_once_with_one_message(desk: Desk) -> None:
    """The feed is well, or not yet stale; a lock that lasts is not told again, nor withdrawn."""
    for number in range(5):
        at = AT + number * PERIOD
        locked = "ends_unseen" if number > 1 else None
        for asset in ("HYPE", "BTC", "ETH"):
            playbook = "No-trade / Defensive" if locked else "Long / Reduced"
            await desk.signal(at, playbook, asset=asset, locked=locked)
        await desk.minute(at)
        await desk.check(at, channels=CHANNELS[:1])
    rows = await desk.run(
        "select subject, at, toward_safety, reason from ops.alerts where to_state = 'firing'"
    )
    assert {(row["subject"], row["at"], row["toward_safety"]) for row in rows} == {
        (asset, AT + 2 * PERIOD, True) for asset in ("HYPE", "BTC", "ETH")
    }
    assert {row["reason"] for row in rows} == {
        "Long / Reduced became No-trade / Defensive, by matrix"
    }
    [message] = await desk.messages()
    assert message.endswith("firing +2")


@pytest.mark.parametrize("late", [False, True])
async def test_a_lock_is_not_told_while_the_feed_alert_says_it(desk: Desk, *, late: bool) -> None:
    """It is told if it outlives that alert. `late`: its period came only when the alert stood."""
    await desk.minute(AT)
    await desk.signal(AT, LONG)
    await desk.check(AT)
    if not late:
        await desk.signal(AT + 3 * PERIOD, "No-trade / Defensive", locked="health_stale")
    await desk.check(AT + 3 * PERIOD)
    if late:
        await desk.signal(AT + PERIOD, "No-trade / Defensive", locked="snapshot_old")
        await desk.check(AT + 3 * PERIOD + MINUTE)
    assert await desk.moves() == ["system: firing", "HYPE: suppressed"]
    for number in (18, 19):
        await desk.minute(AT + number * MINUTE)
        await desk.check(AT + number * MINUTE)
    assert (await desk.moves())[-1] == "system: resolved"
    await desk.minute(AT + 4 * PERIOD)
    await desk.signal(AT + 4 * PERIOD, "No-trade / Defensive", locked="ends_unseen")
    await desk.check(AT + 4 * PERIOD)
    assert (await desk.moves())[-2:] == ["HYPE: firing", "HYPE: resolved"]


async def test_a_playbook_inside_the_cooldown_is_told_when_that_is_over(desk: Desk) -> None:
    await periods(desk, NONE, LONG, LONG, *[SHORT] * 8)
    rows = await desk.run(
        "select to_state, at, reason from ops.alerts where type = 'regime_change' order by id"
    )
    assert [(row["to_state"], (row["at"] - AT) // MINUTE) for row in rows] == [
        ("pending", 5),
        ("firing", 10),
        ("resolved", 10),
        ("pending", 15),
        ("suppressed", 20),
        ("firing", 40),
        ("resolved", 40),
    ]
    assert rows[4]["reason"].startswith("cooldown: it fired at 2026-11-20 12:10:00 UTC")


async def test_periods_that_were_missed_are_judged_in_order(desk: Desk) -> None:
    playbooks = [NONE, LONG, LONG, LONG, NONE]
    for number, playbook in enumerate(playbooks):
        await desk.signal(AT + number * PERIOD, playbook)
    await desk.minute(AT + 4 * PERIOD)
    await desk.check(AT + 4 * PERIOD)
    rows = await desk.run("select to_state, at from ops.alerts order by id")
    assert [(row["to_state"], (row["at"] - AT) // MINUTE) for row in rows] == [
        ("pending", 5),
        ("firing", 10),
        ("resolved", 10),
        ("firing", 20),
        ("resolved", 20),
    ]


@pytest.mark.parametrize("safe", [NONE, "Long / Reduced", "Long / Defensive"])
async def test_a_move_toward_safety_is_told_after_one_period(desk: Desk, safe: str) -> None:
    """Within the cooldown, over the cap, and while the feed was just stale."""
    await periods(desk, NONE, LONG, LONG)
    for minute in range(4):
        await desk.run(
            "insert into ops.alerts (type, subject, level, from_state, to_state, at, reason) "
            "values ('exit_cluster', 'HYPE', 'high', 'inactive', 'firing', %(at)s, 'x')",
            at=AT + 2 * PERIOD + (minute + 1) * MINUTE,
        )
    await desk.signal(AT + 3 * PERIOD, safe)
    await desk.check(AT + 3 * PERIOD, channels=CHANNELS[:1])
    assert (await desk.moves("regime_change"))[-2:] == ["HYPE: firing", "HYPE: resolved"]
    [row] = await desk.run("select at, toward_safety from ops.alerts order by at desc, id limit 1")
    assert (row["at"], row["toward_safety"]) == (AT + 3 * PERIOD, True)
    assert await desk.messages() == ["regime_change HYPE firing +0"]


async def test_what_was_told_of_a_period_that_changed_is_taken_back_once(desk: Desk) -> None:
    await periods(desk, NONE, LONG, LONG)
    await desk.signal(AT + 2 * PERIOD, asset="BTC", ecs="30", high=True)
    await desk.check(AT + 2 * PERIOD + MINUTE, channels=CHANNELS[:1])
    await desk.run("update metrics.signals set bias = 'No-trade' where at > %(at)s", at=AT)
    await desk.run("""update metrics.signals set exits = '{"all": {"high": false}}'""")
    for number in (3, 4):
        await desk.check(AT + number * PERIOD, channels=CHANNELS[:1])
    assert await desk.messages() == [
        "exit_cluster BTC firing +0",
        "regime_change HYPE retracted +0",
        "exit_cluster BTC retracted +0",
    ]
    reasons = await desk.run(
        "select reason from ops.alerts where to_state = 'retracted' order by id"
    )
    again = "the period of 2026-11-20T12:10:00Z was computed again"
    assert [row["reason"] for row in reasons] == [
        f"{again} and says No-trade / Normal, not Long / Normal",
        f"{again} and its exits are not high",
    ]
    [state] = await desk.run(
        "select told, state from ops.alert_state where type = 'regime_change' and subject = 'HYPE'"
    )
    assert state == {"told": NONE, "state": "retracted"}


async def test_an_asset_that_lags_behind_the_others_is_still_judged(desk: Desk) -> None:
    for at in (AT, AT + PERIOD):
        for asset in ("HYPE", "ETH") if at > AT else ("HYPE", "BTC", "ETH"):
            await desk.signal(at, asset=asset)
        await desk.check(at)
    await desk.signal(AT + PERIOD, asset="BTC", ecs="30", high=True)
    await desk.check(AT + timedelta(hours=2))
    assert await desk.moves("exit_cluster") == ["BTC: firing"]


async def test_a_period_that_comes_late_is_still_judged(desk: Desk) -> None:
    await periods(desk, NONE, LONG)
    at = AT + 2 * PERIOD
    await desk.minute(at)
    await desk.check(at)
    await desk.check(at + MINUTE)
    await desk.signal(at, LONG)
    await desk.check(at)
    assert (await desk.moves("regime_change"))[-2:] == ["HYPE: firing", "HYPE: resolved"]


async def test_exits_fire_when_high_and_are_resolved_after_two_calm_periods(desk: Desk) -> None:
    steps = [("30", True), ("24", False), ("19", False), ("20", False), ("19", False), ("0", False)]
    for number, (ecs, high) in enumerate(steps):
        at = AT + number * PERIOD
        await desk.minute(at)
        await desk.signal(at, ecs=ecs, high=high)
        await desk.check(at)
    rows = await desk.run("select to_state, at from ops.alerts order by id")
    found = [(row["to_state"], (row["at"] - AT) // MINUTE) for row in rows]
    assert found == [("firing", 0), ("resolved", 25)]


async def test_with_no_one_left_to_exit_exits_are_calm(desk: Desk) -> None:
    await desk.signal(AT, ecs="30", high=True)
    for number in (1, 2):
        await desk.signal(AT + number * PERIOD, ecs=None, high=None, exposed=0)
    await desk.check(AT + 2 * PERIOD)
    assert await desk.moves("exit_cluster") == ["HYPE: firing", "HYPE: resolved"]


async def test_a_stale_feed_is_told_and_mutes_what_follows_from_it(desk: Desk) -> None:
    await desk.minute(AT)
    await desk.check(AT + timedelta(seconds=600))
    assert await desk.moves() == []
    await desk.check(AT + 11 * MINUTE)
    for number in (15, 16):
        at = AT + number * MINUTE
        await desk.minute(at)
        if number == 15:
            await desk.signal(at, ecs="30", high=True)
        await desk.check(at)
    assert await desk.moves() == ["system: firing", "HYPE: suppressed", "system: resolved"]
    await desk.signal(AT + 20 * MINUTE, ecs="30", high=True)
    await desk.check(AT + 20 * MINUTE)
    assert (await desk.moves())[-1] == "HYPE: firing"


async def test_a_signal_judged_late_is_muted_as_of_its_own_time(desk: Desk) -> None:
    await desk.minute(AT)
    await desk.check(AT + 11 * MINUTE)
    for number in (15, 16, 17):
        await desk.minute(AT + number * MINUTE)
        await desk.check(AT + number * MINUTE)
    assert await desk.moves() == ["system: firing", "system: resolved"]
    await desk.signal(AT + 15 * MINUTE, ecs="30", high=True)
    await desk.check(AT + 17 * MINUTE)
    assert (await desk.moves())[-1] == "HYPE: suppressed"


async def test_low_coverage_is_stale_and_degraded_is_neither(desk: Desk) -> None:
    for number, coverage in enumerate(["0.79", "1", "0.9", "1", "1"]):
        await desk.minute(AT + number * MINUTE, coverage=coverage)
        await desk.check(AT + number * MINUTE)
    rows = await desk.run("select to_state, at from ops.alerts order by id")
    found = [(row["to_state"], (row["at"] - AT) // MINUTE) for row in rows]
    assert found == [("firing", 0), ("resolved", 4)]


async def test_a_feed_that_never_worked_has_ten_minutes(desk: Desk) -> None:
    await desk.minute(AT, status="failed")
    for seconds in (0, 540):
        await desk.check(AT + timedelta(seconds=seconds))
    assert await desk.moves() == ["system: pending"]
    await desk.check(AT + timedelta(seconds=600))
    assert await desk.moves() == ["system: pending", "system: firing"]


async def test_where_nobody_watches_nothing_is_stale(desk: Desk) -> None:
    await desk.check()
    await desk.minute(AT - timedelta(days=2))
    await desk.check(AT + MINUTE)
    assert await desk.moves() == []


async def test_what_fires_and_what_ends_is_told_by_every_channel(desk: Desk) -> None:
    await desk.minute(AT)
    for number in (11, 12, 13):
        if number > 11:
            await desk.minute(AT + number * MINUTE)
        await desk.check(AT + number * MINUTE, channels=CHANNELS)
    await desk.universe("0.5", at=AT + 13 * MINUTE)
    await desk.check(AT + 14 * MINUTE, channels=CHANNELS)
    rows = await desk.run(
        "select a.type, a.to_state, d.channel, d.dedupe_key = a.id || ':' || d.channel as keyed, "
        "j.status from ops.alert_deliveries as d join ops.alerts as a on a.id = d.alert_id "
        "join ops.jobs as j on j.payload = jsonb_build_object('delivery_id', d.id) order by d.id"
    )
    told = [("system_stale", "firing"), ("system_stale", "resolved"), ("universe_churn", "firing")]
    assert [(row["type"], row["to_state"], row["channel"]) for row in rows] == [
        (*one, channel) for one in told for channel in CHANNELS
    ]
    assert all(row["keyed"] and row["status"] == "queued" for row in rows)


async def busy(desk: Desk) -> None:
    """Something of each type."""
    address = await desk.wallet(1)
    await desk.minute(AT, coverage="0.5")
    for number, playbook in enumerate([NONE, LONG, LONG]):
        await desk.signal(AT - (2 - number) * PERIOD, playbook, ecs="30", high=True)
    await desk.gap(address)
    await desk.restate({"fills": [1, 2]}, wallet=address)
    await desk.universe("0.5")


async def test_the_same_minute_judged_again_changes_nothing(desk: Desk) -> None:
    await busy(desk)
    await desk.check(channels=CHANNELS)
    before = await desk.everything()
    assert {row["type"] for row in before["moves"]} == {
        "system_stale", "regime_change", "exit_cluster", "data_gap", "restatement",
        "universe_churn",
    }  # fmt: skip
    await desk.check(channels=CHANNELS)
    assert await desk.everything() == before


async def test_checks_at_one_time_give_the_rows_of_one(desk: Desk) -> None:
    await busy(desk)
    # A row of the wallet is there before: nothing but their lock holds the checks apart.
    await desk.run(
        "insert into ops.alert_state (type, subject, level, wallet_id) "
        "select 'data_gap', '0x' || encode(address, 'hex'), 'high', id from tenancy.wallets"
    )
    jobs = [await desk.job(AT) for _ in range(4)]
    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(alerts_check.check_alerts(told(desk.pool), job))
    states = await desk.run(
        "select type, to_state, count(*) as n from ops.alerts group by 1, 2 having count(*) > 1"
    )
    assert states == []
    assert len(await desk.run("select id from ops.alert_deliveries")) == 10


async def test_a_check_that_lost_its_lease_writes_nothing_and_the_next_all(desk: Desk) -> None:
    await busy(desk)
    before = await desk.everything()
    job = await desk.job(AT)
    await queue.release(desk.pool, [job])
    with pytest.raises(LeaseLost):
        await alerts_check.check_alerts(told(desk.pool), job)
    assert await desk.everything() == before
    await desk.check(channels=CHANNELS)
    assert len(await desk.moves()) == 9


async def test_a_check_killed_before_its_commit_loses_nothing(
    desk: Desk, database_url: str
) -> None:
    """The last that a check reads is held back, until its connection is cut."""
    await busy(desk)
    before = await desk.everything()
    job = await desk.job(AT)
    async with transaction(desk.pool) as held:
        await held.execute("lock table ops.weight_shares in access exclusive mode")
        check = asyncio.create_task(alerts_check.check_alerts(told(desk.pool), job))
        with psycopg.connect(database_url) as login:
            await asyncio.to_thread(login.execute, CUT)
        async with asyncio.timeout(10):
            with pytest.raises(TryLater):
                await check
    assert await desk.everything() == before
    await queue.release(desk.pool, [job])
    await desk.check(channels=CHANNELS)
    assert len(await desk.moves()) == 9


async def test_replaying_the_moves_gives_where_alerts_stand(desk: Desk) -> None:
    await busy(desk)
    for number in range(20):
        at = AT + number * PERIOD
        if number:
            await desk.minute(at, coverage="1" if number % 3 else "0.5")
            await desk.signal(
                at,
                (LONG, SHORT, NONE)[number // 2 % 3],
                ecs=str(5 * number % 40),
                high=number % 4 == 0,
            )
        await desk.check(at)
        if number == 0:
            await acknowledge_alert(
                desk.pool, "exit_cluster", "HYPE", at=system_clock(), by="anna", reason="known"
            )
        assert await desk.run(REPLAYED) == await desk.run(STANDING)
    assert len(await desk.moves()) > 20


async def test_an_acknowledged_alert_says_who_and_why(desk: Desk) -> None:
    await desk.signal(AT, ecs="30", high=True)
    await desk.check()
    await acknowledge_alert(
        desk.pool, "exit_cluster", "HYPE", at=system_clock(), by="anna", reason="known"
    )
    [row] = await desk.run("select reason, value from ops.alerts where to_state = 'acknowledged'")
    assert (row["reason"], row["value"]) == ("anna: known", {"by": "anna", "reason": "known"})
    with pytest.raises(Refused, match="exit_cluster HYPE is acknowledged: only what is firing"):
        await acknowledge_alert(desk.pool, "exit_cluster", "HYPE", at=AT, by="b", reason="")
    with pytest.raises(Refused, match="there is no alert exit_cluster DOGE"):
        await acknowledge_alert(desk.pool, "exit_cluster", "DOGE", at=AT, by="b", reason="")


async def test_an_acknowledged_stale_feed_mutes_until_it_is_resolved(desk: Desk) -> None:
    """A check is of the minute that has begun, so what resolves may bear an earlier time."""
    await desk.minute(AT)
    await desk.check(AT + 11 * MINUTE)
    for number in (15, 16, 20):
        at = AT + number * MINUTE
        await desk.minute(at)
        if number == 16:
            await acknowledge_alert(
                desk.pool,
                "system_stale",
                "system",
                at=at + timedelta(seconds=30),
                by="anna",
                reason="",
            )
        else:
            await desk.signal(at, ecs="30", high=True)
        await desk.check(at)
    assert await desk.moves("system_stale") == [
        "system: firing",
        "system: acknowledged",
        "system: resolved",
    ]
    assert await desk.moves("exit_cluster") == ["HYPE: suppressed", "HYPE: firing"]
