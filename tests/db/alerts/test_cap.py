"""The cap and the cooldown: what no reader has to act on does not count for them."""

from datetime import timedelta

import pytest
from tests.db.alerts.alert_rows import AT, PERIOD, Desk

from hypertally.store.postgres import Pool


@pytest.fixture
def desk(worker_pool: Pool) -> Desk:
    return Desk(worker_pool)


async def test_the_fifth_behavioural_alert_of_an_asset_in_a_day_is_capped(desk: Desk) -> None:
    """Four fire within the day before; the fifth waits until the first of them is a day old."""
    for hours in (23, 17, 11, 5):
        await desk.run(
            "insert into ops.alerts (type, subject, level, from_state, to_state, at, reason) "
            "values ('exit_cluster', 'HYPE', 'high', 'inactive', 'firing', %(at)s, 'x')",
            at=AT - timedelta(hours=hours),
        )
    await desk.signal(AT, ecs="30", high=True)
    await desk.signal(AT, asset="BTC", ecs="30", high=True)
    await desk.check(AT)
    assert (await desk.moves())[-2:] == ["BTC: firing", "HYPE: suppressed"]
    [row] = await desk.run("select reason from ops.alerts where to_state = 'suppressed'")
    assert row["reason"] == "cap: 4 alerts of HYPE fired within 24 hours"
    for number in range(1, 13):
        await desk.signal(AT + number * PERIOD, ecs="30", high=True)
    await desk.check(AT + 12 * PERIOD)
    rows = await desk.run("select at from ops.alerts where to_state = 'firing' order by id desc")
    assert rows[0]["at"] == AT + timedelta(hours=1)


async def test_what_was_taken_back_does_not_count_for_the_cap(desk: Desk) -> None:
    """Four fire, of a period of each; one of these periods is computed again and says no exits."""
    for hours in (23, 17, 11, 5):
        at = AT - timedelta(hours=hours)
        await desk.run(
            "insert into ops.alerts (type, subject, level, from_state, to_state, at, reason, value)"
            " values ('exit_cluster', 'HYPE', 'high', 'inactive', 'firing', %(at)s, 'x', "
            """'{"definition": "smart_money/3"}')""",
            at=at,
        )
        await desk.signal(at, ecs="30", high=hours != 5)
    await desk.signal(AT, ecs="30", high=True)
    await desk.check(AT)
    moves = [move for move in await desk.moves("exit_cluster") if not move.endswith("inactive")]
    assert moves == 4 * ["HYPE: firing"] + ["HYPE: retracted", "HYPE: firing"]


@pytest.mark.parametrize("is_true_one_before", [False, True])
async def test_what_was_taken_back_holds_no_cooldown(
    desk: Desk, *, is_true_one_before: bool
) -> None:
    """The period of a firing is computed again and says no exits; soon after, exits are true.

    The cooldown of a true firing before holds on.
    """
    before, after = AT - timedelta(minutes=45), AT + 2 * PERIOD
    if is_true_one_before:
        await desk.signal(before, ecs="30", high=True)
        await desk.check(before)
        await desk.run("update ops.alert_state set state = 'resolved'")
        await desk.run("update ops.alert_state set last_fired_at = last_fired_at - interval '1 h'")
    await desk.signal(AT, ecs="30", high=True)
    await desk.check(AT)
    await desk.run(
        """update metrics.signals set exits = '{"all": {"high": false}}' where at = %(at)s""", at=AT
    )
    await desk.signal(after, ecs="30", high=True)
    await desk.check(after)
    moves = await desk.moves("exit_cluster")
    ended = ["HYPE: suppressed"] if is_true_one_before else ["HYPE: firing"]
    assert moves[-2:] == ["HYPE: retracted", *ended]


async def test_moves_toward_safety_do_not_count_for_the_cap(desk: Desk) -> None:
    for hours in (23, 17, 11, 5):
        await desk.run(
            "insert into ops.alerts "
            "(type, subject, level, from_state, to_state, at, reason, toward_safety) "
            "values ('regime_change', 'HYPE', 'medium', 'inactive', 'firing', %(at)s, 'x', true)",
            at=AT - timedelta(hours=hours),
        )
    await desk.signal(AT, ecs="30", high=True)
    await desk.check(AT)
    assert (await desk.moves("exit_cluster"))[-1] == "HYPE: firing"
