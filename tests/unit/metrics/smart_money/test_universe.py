"""The universe: the highest that trade, frozen; a bad answer leaves it as it is."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from hypertally.metrics.smart_money.universe import SIZE, Candidate, Ranking, Run, choose

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def candidate(number: int, passed_over: str | None = None) -> Candidate:
    return Candidate(
        wallet=f"0x{number:040x}",
        pnl_30d=Decimal(10**6 - number),
        volume_30d=Decimal(1),
        passed_over=passed_over,
    )


def addresses(numbers: Iterable[int]) -> list[str]:
    return [f"0x{number:040x}" for number in numbers]


def chosen(candidates: Iterable[Candidate], *, current: Iterable[str] = (), **changes: Any) -> Run:
    ranked = list(candidates)
    counts = {"rows_seen": len(ranked), "rows_valid": len(ranked)} | changes
    ranking = Ranking(source="leaderboard", page_id=1, candidates=ranked, digest="1:1", **counts)
    return choose(ranking, current=current, taken_at=NOW)


def test_the_two_hundred_highest_are_chosen() -> None:
    run = chosen(map(candidate, range(300)))
    assert run.status == "chosen"
    assert [member.wallet for member in run.members] == addresses(range(SIZE))
    assert (len(run.entered), run.exited, run.churn) == (SIZE, (), None)


def test_who_does_not_trade_is_passed_over_and_counted_and_the_next_takes_the_place() -> None:
    reasons = {0: "no_volume_30d", 5: "no_perp_leg_7d", 6: "no_volume_30d", 250: "no_volume_30d"}
    run = chosen(candidate(n, reasons.get(n)) for n in range(300))
    assert len(run.members) == SIZE
    assert run.members[0].wallet == addresses([1])[0]
    assert run.members[-1].wallet == addresses([SIZE + 2])[0]
    assert run.excluded == {"no_perp_leg_7d": 1, "no_volume_30d": 2}


def test_who_entered_and_who_left_are_named_and_churn_is_their_share() -> None:
    run = chosen(map(candidate, range(200)), current=addresses(range(50, 250)))
    assert run.entered == tuple(addresses(range(50)))
    assert run.exited == tuple(addresses(range(200, 250)))
    assert run.churn == Decimal("0.25")


@pytest.mark.parametrize(("count", "status"), [(50, "failed"), (179, "failed"), (180, "chosen")])
def test_a_first_universe_needs_180_wallets_too(count: int, status: str) -> None:
    run = chosen(map(candidate, range(count)))
    assert run.status == status
    if status == "failed":
        assert run.error_text == f"only {count} wallets can be chosen, and 180 of 200 are needed"


def test_a_universe_that_shrinks_a_tenth_each_time_is_kept_at_180_or_more() -> None:
    current, statuses = addresses(range(200)), list[str]()
    for count in (200, 181, 163, 147, 133, 120):
        run = chosen(map(candidate, range(count)), current=current)
        statuses.append(run.status)
        if run.status == "chosen":
            current = [member.wallet for member in run.members]
    assert statuses == ["chosen", "chosen", "kept_old", "kept_old", "kept_old", "kept_old"]
    assert len(current) == 181


def test_churn_counts_those_who_left_where_they_are_more() -> None:
    run = chosen(map(candidate, range(180)), current=addresses(range(100, 300)))
    assert (len(run.entered), len(run.exited)) == (100, 120)
    assert run.churn == (Decimal(120) / 180).quantize(Decimal("1e-8"))


def test_tracked_wallets_are_a_universe_however_few() -> None:
    ranking = Ranking(
        source="own_facts",
        page_id=None,
        candidates=[candidate(n) for n in range(12)],
        rows_seen=12,
        rows_valid=12,
        digest="1:1",
    )
    run = choose(ranking, current=(), taken_at=NOW)
    assert (run.status, len(run.members)) == ("chosen", 12)


@pytest.mark.parametrize(("valid", "status"), [(900, "chosen"), (899, "kept_old")])
def test_an_answer_of_which_under_nine_tenths_can_be_read_keeps_the_old(
    valid: int, status: str
) -> None:
    old = addresses(range(200))
    run = chosen(map(candidate, range(300)), current=old, rows_seen=1000, rows_valid=valid)
    assert run.status == status
    if status == "kept_old":
        assert run.error_text == "only 899 of 1000 rows can be read"
        assert (run.members, run.entered, run.exited) == ((), (), ())


@pytest.mark.parametrize(("count", "status"), [(180, "chosen"), (179, "kept_old")])
def test_an_answer_that_gives_far_fewer_wallets_keeps_the_old(count: int, status: str) -> None:
    run = chosen(map(candidate, range(count)), current=addresses(range(200)))
    assert run.status == status


def test_where_there_is_no_old_one_to_keep_the_run_failed() -> None:
    run = chosen(map(candidate, range(300)), rows_seen=1000, rows_valid=300)
    assert (run.status, run.members) == ("failed", ())


def test_if_nobody_can_be_chosen_the_old_one_is_kept() -> None:
    run = chosen([candidate(1, "no_volume_30d")], current=addresses([7]))
    assert (run.status, run.error_text) == ("kept_old", "none of 1 wallets can be chosen")
    assert run.excluded == {"no_volume_30d": 1}
