"""An upstream is down when it cannot be reached, or when different requests in a row fail."""

from hypertally.sources.pause import Entry, Outcomes, Unpaused


def outcomes_after(*kinds: str) -> Outcomes:
    outcomes = Outcomes()
    for kind in kinds:
        outcomes.note_answer(kind)
    return outcomes


def fails(outcomes: Outcomes, request: str, *, kind: str = "a", unreachable: bool = False) -> bool:
    return outcomes.is_down(kind, request, unreachable=unreachable, answers_before=outcomes.answers)


def test_what_cannot_be_reached_is_down_at_once() -> None:
    assert fails(outcomes_after(), "one", unreachable=True)


def test_it_is_not_down_while_other_requests_are_answered() -> None:
    outcomes = outcomes_after()
    before = outcomes.answers
    outcomes.note_answer("b")
    assert not outcomes.is_down("a", "one", unreachable=True, answers_before=before)


def test_three_different_requests_that_fail_in_a_row_are_an_outage() -> None:
    outcomes = outcomes_after("a")
    assert [fails(outcomes, request) for request in ("one", "two", "three")] == [False, False, True]


def test_one_request_may_fail_as_often_as_it_likes() -> None:
    outcomes = outcomes_after("a")
    assert not any(fails(outcomes, "one") for _ in range(9))


def test_an_answer_begins_the_count_anew() -> None:
    outcomes = outcomes_after("a")
    fails(outcomes, "one")
    fails(outcomes, "two")
    outcomes.note_answer("b")
    assert not fails(outcomes, "three")


def test_requests_that_were_never_answered_say_nothing_of_the_upstream() -> None:
    outcomes = outcomes_after("b")
    assert not any(fails(outcomes, request) for request in ("one", "two", "three", "four"))


async def test_without_a_pause_everything_is_sent() -> None:
    pause = Unpaused()
    await pause.begin("so")
    assert (await pause.enter(), await pause.look()) == (Entry.OPEN, Entry.OPEN)
    await pause.end()
