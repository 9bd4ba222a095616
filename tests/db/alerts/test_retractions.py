"""Firings that are taken back: what they kept silent is told, what stood before stands again."""

from datetime import datetime
from typing import Any

import pytest
from tests.db.alerts.alert_rows import AT, CHANNELS, MINUTE, PERIOD, Desk

from hypertally.store.postgres import Pool

NONE, LONG, SHORT = "No-trade / Reduced", "Long / Normal", "Short / Normal"
FALSE_COOLDOWN = "cooldown: it fired at 2026-11-20 12:00:00 UTC, less than 1:00:00 ago"


@pytest.fixture
def desk(worker_pool: Pool) -> Desk:
    return Desk(worker_pool)


async def exits(desk: Desk, highs: str, *, first: int = 0) -> None:
    """A period for each letter, and its check: H high, c calm."""
    for number, letter in enumerate(highs, start=first):
        at = AT + number * PERIOD
        is_high = letter == "H"
        await desk.signal(at, ecs="30" if is_high else "5", high=is_high)
        await desk.check(at, channels=CHANNELS[:1])


async def say_calm(desk: Desk, at: datetime) -> None:
    """A period is computed again: its exits are not high."""
    calm = """update metrics.signals set ecs = 5, exits = '{"all": {"high": false}}'"""
    await desk.run(calm + " where at = %(at)s", at=at)


async def moves(desk: Desk, name: str, *, skip: int) -> list[tuple[str, int]]:
    """The moves of an alert but for the first ones: the state, and the minute of each."""
    rows = await desk.run(
        "select to_state, at from ops.alerts where type = %(name)s order by id", name=name
    )
    return [(row["to_state"], (row["at"] - AT) // MINUTE) for row in rows[skip:]]


async def standing(desk: Desk, name: str) -> dict[str, Any]:
    [state] = await desk.run(
        "select state, told, last_fired_at from ops.alert_state "
        "where type = %(name)s and subject = 'HYPE'",
        name=name,
    )
    return state


@pytest.mark.parametrize("calm_before", [0, 1, 3])
async def test_what_the_cooldown_of_a_false_firing_held_back_is_told(
    desk: Desk, calm_before: int
) -> None:
    """Exits were high 25 minutes after a false firing; they are calm when it is taken back."""
    await exits(desk, "HccccH" + "c" * calm_before)
    held_back = ["firing", "resolved", "suppressed", "inactive"][: 4 if calm_before else 3]
    assert [state for state, _ in await moves(desk, "exit_cluster", skip=0)] == held_back
    await say_calm(desk, AT)
    now = 6 + calm_before
    await exits(desk, "c", first=now)
    ended = [("resolved", 35)] if calm_before else []
    after = await moves(desk, "exit_cluster", skip=len(held_back))
    assert after == [("retracted", 5 * now), ("firing", 25), *ended]
    assert (await standing(desk, "exit_cluster"))["last_fired_at"] == AT + 5 * PERIOD
    states = ["firing", "resolved", "retracted", "firing", "resolved"][: 4 + len(ended)]
    assert await desk.messages() == [f"exit_cluster HYPE {state} +0" for state in states]
    [row] = await desk.run("select count(*) as n from ops.alerts where starts_with(reason, "
                           "%(cooldown)s)", cooldown=FALSE_COOLDOWN)  # fmt: skip
    assert row["n"] == 1, "only the row of then names the firing that was taken back"


async def test_exits_while_a_false_firing_stood_are_told(desk: Desk) -> None:
    await exits(desk, "HcHc")
    await say_calm(desk, AT)
    await exits(desk, "c", first=4)
    assert await moves(desk, "exit_cluster", skip=1) == [
        ("retracted", 20),
        ("firing", 10),
        ("resolved", 20),
    ]


async def test_what_the_cap_holds_back_too_stays_silent(desk: Desk) -> None:
    """Four other alerts fired between the false firing and the exits."""
    await exits(desk, "Hcccc")
    for minute in (11, 12, 13, 14):
        await desk.run(
            "insert into ops.alerts (type, subject, level, from_state, to_state, at, reason) "
            "values ('regime_change', 'HYPE', 'medium', 'inactive', 'firing', %(at)s, 'x')",
            at=AT + minute * MINUTE,
        )
    await exits(desk, "H", first=5)
    await say_calm(desk, AT)
    await exits(desk, "c", first=6)
    after = await moves(desk, "exit_cluster", skip=3)
    assert after == [("retracted", 30), ("suppressed", 25), ("inactive", 30)]
    [row] = await desk.run("select reason from ops.alerts where to_state = 'suppressed' "
                           "order by id desc limit 1")  # fmt: skip
    assert row["reason"].startswith("cap: 4 alerts of HYPE")


async def test_what_fired_after_it_does_not_count_for_the_cap(desk: Desk) -> None:
    """Four other alerts fired between the exits and the time at which these are told."""
    await exits(desk, "HccccHc")
    for minute in (26, 27, 28, 29):
        await desk.run(
            "insert into ops.alerts (type, subject, level, from_state, to_state, at, reason) "
            "values ('regime_change', 'HYPE', 'medium', 'inactive', 'firing', %(at)s, 'x')",
            at=AT + minute * MINUTE,
        )
    await say_calm(desk, AT)
    await exits(desk, "c", first=7)
    after = await moves(desk, "exit_cluster", skip=4)
    assert after == [("retracted", 35), ("firing", 25), ("resolved", 35)]


async def playbooks(desk: Desk, *names: str, first: int = 0) -> None:
    for number, playbook in enumerate(names, start=first):
        await desk.signal(AT + number * PERIOD, playbook)
        await desk.check(AT + number * PERIOD, channels=CHANNELS[:1])


async def say_none(desk: Desk, *numbers: int) -> None:
    """Periods are computed again: their playbook is what it was before."""
    for number in numbers:
        await desk.run(
            "update metrics.signals set bias = 'No-trade', risk = 'Reduced' where at = %(at)s",
            at=AT + number * PERIOD,
        )


async def test_a_playbook_that_a_false_one_held_back_is_told(desk: Desk) -> None:
    """Long was false; Short, ten minutes later, held for two periods and was over by then."""
    await playbooks(desk, NONE, LONG, LONG, SHORT, SHORT)
    await say_none(desk, 1, 2)
    await playbooks(desk, NONE, first=5)
    assert await moves(desk, "regime_change", skip=3) == [
        ("pending", 15),
        ("suppressed", 20),
        ("retracted", 25),
        ("pending", 15),
        ("firing", 20),
        ("resolved", 20),
        ("firing", 25),  # to No-trade: toward safety, at once
        ("resolved", 25),
    ]
    rows = await desk.run("select value from ops.alerts where to_state = 'firing' order by id")
    changes = [(row["value"]["from"], row["value"]["to"]) for row in rows]
    assert changes == [(NONE, LONG), (NONE, SHORT), (SHORT, NONE)]


@pytest.mark.parametrize(
    "checks",
    [
        [((1, 2, 8), NONE)],
        [((1, 2), SHORT), ((8, 9), NONE)],
        [((8,), LONG), ((1, 2, 9), NONE)],
    ],
)
async def test_of_two_false_playbooks_the_one_before_both_stands_again(
    desk: Desk, checks: list[tuple[tuple[int, ...], str]]
) -> None:
    """Whether they are taken back in one check or one after another, in either order."""
    await playbooks(desk, NONE, LONG, LONG, *6 * [SHORT])
    assert (await standing(desk, "regime_change"))["told"] == SHORT
    await say_none(desk, 3, 4, 5, 6, 7)  # no firing is theirs
    for number, (wrong, playbook) in enumerate(checks, start=9):
        await say_none(desk, *wrong)
        await playbooks(desk, playbook, first=number)
    later = [state for state, _ in await moves(desk, "regime_change", skip=7)]
    assert (later.count("retracted"), later.count("firing")) == (2, 0)
    assert "suppressed" not in later, "none names a firing that is taken back"
    assert await standing(desk, "regime_change") == {
        "state": "retracted",
        "told": NONE,
        "last_fired_at": None,
    }
