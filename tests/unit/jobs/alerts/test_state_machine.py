"""Where an alert goes from every state, by every condition, whatever keeps it silent."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hypertally.errors import Refused
from hypertally.jobs.alerts.state_machine import (
    RULES,
    AlertChange,
    AlertState,
    Condition,
    Context,
    Evaluation,
    Level,
    State,
    acknowledge,
    judge,
    retract,
)

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PERIOD = timedelta(minutes=5)
DAY = timedelta(hours=24)
FREE = Context()
CAPPED = Context(fired=4)
MUTED = Context(stale=True)
BEHAVIOURAL = ("regime_change", "exit_cluster", "wallet")

# Definitions 1.9, as they are written there: type -> level, cooldown in minutes.
DEFINED: dict[str, tuple[Level, int]] = {
    "regime_change": ("medium", 30),
    "exit_cluster": ("high", 60),
    "system_stale": ("critical", 0),
    "data_gap": ("high", 0),
    "restatement": ("medium", 0),
    "universe_churn": ("low", 360),
    "budget_infeasible": ("high", 0),
    "archive_behind": ("high", 0),
    "rejects": ("high", 0),
    "twap_large": ("medium", 0),
    "wallet": ("medium", 0),
}
# Where a step leads, from a alert that has seen one period before: columns are the conditions
# holds, begins, neither, clears, unknown.
AT_ONCE = """
    inactive      firing  pending  inactive  inactive  inactive
    resolved      firing  pending  resolved  resolved  resolved
    pending       firing  pending  inactive  inactive  pending
    firing        firing  firing   firing    resolved  firing
    acknowledged  acknowledged acknowledged acknowledged resolved acknowledged
    suppressed    firing  inactive inactive  inactive  suppressed
    retracted     firing  pending  retracted retracted retracted
"""
TWICE = """
    inactive      pending  pending  inactive  inactive  inactive
    resolved      pending  pending  resolved  resolved  resolved
    pending       resolved pending  inactive  inactive  pending
    firing        firing   firing   firing    resolved  firing
    acknowledged  acknowledged acknowledged acknowledged resolved acknowledged
    suppressed    resolved inactive inactive  inactive  suppressed
    retracted     pending  pending  retracted retracted retracted
"""
# An event is over when it was told; what happened once cannot wait to be told.
EVENT = AT_ONCE.replace("      firing  pending", "      resolved  pending").replace(
    "pending       firing", "pending       resolved"
)
EVENT = EVENT.replace("suppressed    firing", "suppressed    resolved")
EVENT = EVENT.replace("retracted     firing", "retracted     resolved")
TABLES = {
    "regime_change": TWICE,
    "exit_cluster": AT_ONCE,
    "system_stale": AT_ONCE,
    "data_gap": AT_ONCE,
    "restatement": EVENT,
    "universe_churn": EVENT,
    "budget_infeasible": AT_ONCE,
    "archive_behind": AT_ONCE,
    "rejects": AT_ONCE,
    "twap_large": EVENT,
    "wallet": EVENT,
}
ARROWS = {
    ("inactive", "pending"), ("inactive", "firing"), ("inactive", "suppressed"),
    ("resolved", "pending"), ("resolved", "firing"), ("resolved", "suppressed"),
    ("pending", "firing"), ("pending", "suppressed"), ("pending", "inactive"),
    ("suppressed", "firing"), ("suppressed", "inactive"),
    ("firing", "resolved"), ("firing", "acknowledged"), ("acknowledged", "resolved"),
    ("retracted", "pending"), ("retracted", "firing"), ("retracted", "suppressed"),
}  # fmt: skip


def alert(name: str, state: State = "inactive", **given_: object) -> AlertState:
    subject = "HYPE" if name in BEHAVIOURAL else "system"
    one = AlertState(type=name, subject=subject, level=RULES[name].level, state=state)
    return replace(one, **given_)


def evaluation(
    condition: Condition, at: datetime = AT, *, playbook: str | None = None, key: str | None = None
) -> Evaluation:
    return Evaluation(
        at=at, condition=condition, reason="so it is", playbook=playbook, event_key=key
    )


def run(name: str, conditions: Sequence[Condition], context: Context = FREE) -> list[str]:
    """Where an alert stands after each of these periods."""
    one, states = alert(name, told="before"), []
    for number, condition in enumerate(conditions):
        one = judge(one, evaluation(condition, AT + number * PERIOD), context).alert
        states.append(str(one.state))
    return states


def expected(name: str, state: str, condition: str) -> str:
    column = 1 + get_args(Condition).index(condition)
    rows = {line.split()[0]: line.split() for line in TABLES[name].strip().splitlines()}
    return rows[state][column]


def test_the_rules_are_those_of_the_definitions() -> None:
    found = {
        name: (rule.level, int(rule.cooldown.total_seconds()) // 60) for name, rule in RULES.items()
    }
    assert found == DEFINED
    assert tuple(name for name, rule in RULES.items() if rule.behavioural) == BEHAVIOURAL


@pytest.mark.parametrize("silence", ["nothing", "mute", "cooldown", "cap"])
@pytest.mark.parametrize("name", list(RULES))
def test_every_state_and_condition_has_one_answer(name: str, silence: str) -> None:
    silent = silence != "nothing" and (name in BEHAVIOURAL or silence == "cooldown")
    silent = silent and (silence != "cooldown" or DEFINED[name][1] > 0)
    last = AT - timedelta(minutes=1) if silence == "cooldown" else None
    context = {"mute": MUTED, "cap": CAPPED}.get(silence, FREE)
    for state, condition in product(get_args(State), get_args(Condition)):
        one = alert(name, state, periods=1, last_fired_at=last, judged_at=AT - PERIOD)
        change = judge(one, evaluation(condition), context)
        goes = expected(name, state, condition)
        fires = condition == "holds" and state not in {"firing", "acknowledged"}
        if silent and fires and goes != "pending":
            goes = "suppressed"
        assert change.alert.state == goes, (state, condition)
        assert_moves_lead_there(one, change)


def assert_moves_lead_there(before: AlertState, change: AlertChange) -> None:
    chain = [str(before.state)]
    for transition in change.transitions:
        assert transition.from_state == chain[-1]
        assert (transition.from_state, transition.to_state) in ARROWS
        assert transition.reason
        chain.append(str(transition.to_state))
    assert chain[-1] == change.alert.state
    assert bool(change.transitions) == (change.alert.since == AT)


def test_a_playbook_must_differ_in_two_periods_on_end() -> None:
    assert run("regime_change", ["holds", "holds"]) == ["pending", "resolved"]
    assert run("regime_change", ["holds", "clears", "holds"]) == ["pending", "inactive", "pending"]


def test_two_new_playbooks_after_each_other_are_no_succession() -> None:
    one = alert("regime_change", told="Long / Normal")
    for number, playbook in enumerate(("No-trade / Reduced", "No-trade / Defensive")):
        one = judge(one, evaluation("holds", AT + number * PERIOD, playbook=playbook), FREE).alert
        assert (one.state, one.last_value) == ("pending", playbook)
    change = judge(one, evaluation("holds", AT + 2 * PERIOD, playbook="No-trade / Defensive"), FREE)
    assert [transition.to_state for transition in change.transitions] == ["firing", "resolved"]
    assert change.alert.told == "No-trade / Defensive"


def test_a_locked_period_breaks_the_succession() -> None:
    conditions: list[Condition] = ["holds", "unknown", "holds", "holds"]
    assert run("regime_change", conditions) == ["pending", "pending", "pending", "resolved"]


def test_a_period_that_nobody_judged_breaks_the_succession() -> None:
    one = judge(alert("regime_change", told="before"), evaluation("holds"), FREE).alert
    late = judge(one, evaluation("holds", AT + 2 * PERIOD), FREE)
    assert (late.alert.state, late.transitions) == ("pending", ())
    assert judge(late.alert, evaluation("holds", AT + 3 * PERIOD), FREE).transitions


def test_the_first_playbook_is_taken_as_told_in_silence() -> None:
    change = judge(alert("regime_change"), evaluation("clears", playbook="Long / Normal"), FREE)
    assert (change.transitions, change.alert.told) == ((), "Long / Normal")


def test_a_playbook_counts_as_told_only_when_it_fired() -> None:
    one = replace(
        alert("regime_change", "pending", periods=1, told="Long / Normal", judged_at=AT - PERIOD),
        last_value="No-trade / Reduced",
    )
    held_back = judge(one, evaluation("holds", playbook="No-trade / Reduced"), MUTED).alert
    assert (held_back.state, held_back.told) == ("suppressed", "Long / Normal")
    told = judge(held_back, evaluation("holds", AT + PERIOD, playbook="No-trade / Reduced"), FREE)
    assert [transition.to_state for transition in told.transitions] == ["firing", "resolved"]
    assert told.alert.told == "No-trade / Reduced"


def test_exits_must_be_calm_in_two_periods_on_end() -> None:
    assert run("exit_cluster", ["holds", "clears", "clears"])[-1] == "resolved"
    for between in ("neither", "unknown", "holds"):
        conditions: list[Condition] = ["holds", "clears", between, "clears"]
        assert run("exit_cluster", conditions)[-1] == "firing", between


def test_a_feed_must_be_healthy_in_two_checks_on_end() -> None:
    assert run("system_stale", ["holds", "clears", "neither", "clears"])[-1] == "firing"
    assert run("system_stale", ["holds", "clears", "clears"])[-1] == "resolved"


def test_a_stale_feed_is_told_once_until_it_is_resolved() -> None:
    transitions = 0
    one = alert("system_stale")
    for number in range(100):
        change = judge(one, evaluation("holds", AT + number * timedelta(minutes=1)), FREE)
        one, transitions = change.alert, transitions + len(change.transitions)
    assert transitions == 1


def test_a_feed_that_just_began_is_only_pending() -> None:
    assert run("system_stale", ["begins", "begins", "holds"]) == ["pending", "pending", "firing"]
    assert run("system_stale", ["begins", "clears"]) == ["pending", "inactive"]


@pytest.mark.parametrize("name", [name for name, (_, minutes) in DEFINED.items() if minutes])
def test_a_cooldown_ends_to_the_second(name: str) -> None:
    cooldown = timedelta(minutes=DEFINED[name][1])
    one = alert(name, "pending", periods=1, last_fired_at=AT)
    early = judge(one, evaluation("holds", AT + cooldown - timedelta(seconds=1)), FREE).alert
    assert early.state == "suppressed"
    assert early.reason.startswith("cooldown")
    change = judge(one, evaluation("holds", AT + cooldown), FREE)
    assert change.transitions[0].to_state == "firing"


def test_the_fifth_alert_of_a_day_is_capped() -> None:
    one = alert("exit_cluster")
    assert judge(one, evaluation("holds"), Context(fired=3)).alert.state == "firing"
    capped = judge(one, evaluation("holds"), Context(fired=4)).alert
    assert capped.state == "suppressed"
    assert capped.reason.startswith("cap")


def test_what_is_muted_fires_once_the_feed_is_well_if_it_still_holds() -> None:
    muted = judge(alert("exit_cluster"), evaluation("holds"), MUTED).alert
    assert muted.reason.startswith("muted")
    still = judge(muted, evaluation("holds", AT + PERIOD), MUTED)
    assert (still.alert.state, still.transitions) == ("suppressed", ())
    assert judge(muted, evaluation("holds", AT + PERIOD), FREE).alert.state == "firing"
    for gone in ("clears", "neither"):
        assert judge(muted, evaluation(gone, AT + PERIOD), FREE).alert.state == "inactive"


def test_data_alerts_are_neither_muted_nor_capped() -> None:
    context = Context(stale=True, fired=99)
    for name in set(RULES) - set(BEHAVIOURAL):
        transitions = judge(alert(name), evaluation("holds"), context).transitions
        assert transitions[0].to_state == "firing", name


def test_what_happened_once_and_may_not_be_told_is_over() -> None:
    one = alert("universe_churn", last_fired_at=AT - timedelta(hours=1))
    change = judge(one, evaluation("holds", key="universe_run:2"), FREE)
    assert [transition.to_state for transition in change.transitions] == ["suppressed", "inactive"]
    assert change.transitions[0].reason.startswith("cooldown")


def test_events_of_one_moment_are_each_told() -> None:
    one = judge(alert("restatement"), evaluation("holds", key="restatement:1"), FREE).alert
    again = judge(one, evaluation("holds", key="restatement:2"), FREE)
    assert [transition.to_state for transition in again.transitions] == ["firing", "resolved"]


@pytest.mark.parametrize("at", [AT, AT - PERIOD])
def test_what_was_judged_is_not_judged_again(at: datetime) -> None:
    for name, state, condition in product(RULES, get_args(State), get_args(Condition)):
        one = alert(name, state, judged_at=AT, periods=1)
        assert judge(one, evaluation(condition, at), FREE) == AlertChange(alert=one)


def test_only_what_fires_can_be_acknowledged() -> None:
    for state in get_args(State):
        one = alert("exit_cluster", state)
        if state == "firing":
            change = acknowledge(one, at=AT, by="anna", reason="known")
            assert [transition.to_state for transition in change.transitions] == ["acknowledged"]
            assert change.alert.reason == "anna: known"
        else:
            with pytest.raises(Refused, match=f"exit_cluster HYPE is {state}"):
                acknowledge(one, at=AT, by="anna", reason="")


def test_an_acknowledged_alert_is_resolved_as_ever_and_does_not_fire_again() -> None:
    one = acknowledge(alert("exit_cluster", "firing"), at=AT, by="anna", reason="").alert
    held = judge(one, evaluation("holds", AT + PERIOD), FREE)
    assert held.transitions == ()
    calm = judge(held.alert, evaluation("clears", AT + 2 * PERIOD), FREE).alert
    assert judge(calm, evaluation("clears", AT + 3 * PERIOD), FREE).alert.state == "resolved"


@pytest.mark.parametrize("context", [FREE, CAPPED, MUTED])
@pytest.mark.parametrize("state", ["inactive", "resolved", "pending", "suppressed", "retracted"])
def test_a_move_toward_safety_is_told_at_once(state: State, context: Context) -> None:
    waiting = alert(
        "regime_change", state, told="Long / Normal", last_fired_at=AT, judged_at=AT - PERIOD
    )
    safer = replace(evaluation("holds", playbook="No-trade / Reduced"), toward_safety=True)
    change = judge(waiting, safer, context)
    assert [transition.to_state for transition in change.transitions] == ["firing", "resolved"]
    assert change.alert.told == "No-trade / Reduced"


def test_a_retracted_event_is_over_and_the_playbook_before_is_the_one_told() -> None:
    fired = alert("regime_change", "resolved", told="Long / Normal", last_fired_at=AT)
    change = retract(
        fired,
        evaluation("unknown"),
        is_newest=True,
        playbook_before="No-trade / Reduced",
        wrong_since=AT,
    )
    assert [transition.to_state for transition in change.transitions] == ["retracted"]
    assert (change.alert.state, change.alert.told) == ("retracted", "No-trade / Reduced")
    again = judge(
        change.alert, evaluation("clears", AT + PERIOD, playbook="No-trade / Reduced"), FREE
    )
    assert again.transitions == ()


@pytest.mark.parametrize("state", get_args(State))
def test_after_a_retraction_the_later_periods_are_judged_again(state: State) -> None:
    change = retract(
        alert("exit_cluster", state, judged_at=AT, periods=1),
        evaluation("unknown", AT),
        is_newest=True,
        playbook_before=None,
        wrong_since=AT - PERIOD,
    )
    assert [transition.to_state for transition in change.transitions] == ["retracted"]
    assert (change.alert.judged_at, change.alert.periods) == (AT - PERIOD, 0)
    again = judge(change.alert, evaluation("holds", AT), FREE)
    assert [transition.to_state for transition in again.transitions] == ["firing"]


@pytest.mark.parametrize("state", ["firing", "pending", "suppressed"])
def test_a_retraction_leaves_a_later_firing_and_what_follows_it_as_they_are(state: State) -> None:
    later = alert("exit_cluster", state, told="x", reason="37 of 100 left", judged_at=AT)
    change = retract(
        later,
        evaluation("unknown"),
        is_newest=False,
        playbook_before="y",
        wrong_since=AT - PERIOD,
    )
    assert [transition.to_state for transition in change.transitions] == ["retracted", state]
    assert (change.alert.state, change.alert.told) == (state, "x")
    assert (change.alert.reason, change.alert.judged_at) == ("37 of 100 left", AT)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(get_args(Condition)),
        st.sampled_from(get_args(Condition)),
        st.integers(1, 30),  # periods since the step before
        st.booleans(),  # the feed is stale
        st.booleans(),  # somebody acknowledges what fires
        st.booleans(),  # the new playbook is safer
    ),
    max_size=80,
)


def firings(
    rows: Iterable[tuple[str, datetime, str, str]], name: str | None = None
) -> list[datetime]:
    return [at for kind, at, _, to in rows if to == "firing" and name in {None, kind}]


def counted(rows: Iterable[tuple[str, datetime, str, str]], safer: set[datetime]) -> list[datetime]:
    """The firings that the cap counts."""
    kept = [row for row in rows if not (row[0] == "regime_change" and row[1] in safer)]
    return firings(kept)


def held_back_without_reason(before: AlertState, change: AlertChange) -> bool:
    """Whether a move toward safety was neither told now nor told before."""
    may_fire = before.state not in {"firing", "acknowledged"}
    return may_fire and "firing" not in [each.to_state for each in change.transitions]


@given(STEPS)
def test_whatever_comes_the_arrows_cooldowns_and_the_cap_hold(
    steps: list[tuple[Condition, Condition, int, bool, bool, bool]],
) -> None:
    rows: list[tuple[str, datetime, str, str]] = []
    safer: set[datetime] = set()  # when the playbook moved toward safety
    stands = {name: alert(name, told="before") for name in BEHAVIOURAL}
    at = AT
    for first, second, periods, stale, looks, safe in steps:
        at += periods * PERIOD
        for name, condition in zip(BEHAVIOURAL, (first, second, first), strict=True):
            fired = sum(time > at - DAY for time in counted(rows, safer))
            is_safer = safe and name == "regime_change"
            change = judge(
                stands[name],
                replace(evaluation(condition, at), toward_safety=is_safer),
                Context(stale=stale, fired=fired),
            )
            if is_safer and condition == "holds":
                safer.add(at)
                assert not held_back_without_reason(stands[name], change)
            stands[name] = change.alert
            rows += [
                (name, at, transition.from_state, transition.to_state)
                for transition in change.transitions
            ]
            if looks and change.alert.state == "firing":
                stands[name] = acknowledge(change.alert, at=at, by="x", reason="").alert
                rows.append((name, at, "firing", "acknowledged"))
            assert is_safer or not (
                stale and any(transition.to_state == "firing" for transition in change.transitions)
            )
    for name in BEHAVIOURAL:
        transitions = [(before, after) for kind, _, before, after in rows if kind == name]
        assert set(transitions) <= ARROWS
        assert all(one[1] == following[0] for one, following in pairwise(transitions))
        cooldown = timedelta(minutes=DEFINED[name][1])
        times = firings(rows, name)
        assert all(
            later - earlier >= cooldown or (name == "regime_change" and later in safer)
            for earlier, later in pairwise(times)
        )
    times = counted(rows, safer)
    assert all(sum(start <= time < start + DAY for time in times) <= 4 for start in times)
