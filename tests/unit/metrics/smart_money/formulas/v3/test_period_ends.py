"""What a wallet held at an end of a period, however its snapshots failed or vanished together."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hypertally.metrics.smart_money.formulas.v3.period_ends import (
    LastSightings,
    is_vanish,
    resolve_end,
)
from hypertally.sandbox.oracles.smart_money_v3 import end_sizes

MINUTES = 5
sizes = st.one_of(st.none(), st.sampled_from([Decimal(0), Decimal(0), Decimal(3), Decimal(-7)]))
# Wallets that do the same together, and some that do not: only so do minutes vanish.
crowds = st.lists(
    st.tuples(st.integers(1, 14), st.lists(sizes, min_size=MINUTES, max_size=MINUTES)), max_size=5
)


def sightings_of(series: dict[str, list[Decimal | None]]) -> list[LastSightings]:
    """The newest snapshots at the last minute of each series."""
    return [
        LastSightings(
            wallet=wallet,
            at_end=series_seen[-1],
            minute_before=series_seen[-2],
            earlier=next((size for size in reversed(series_seen[:-2]) if size is not None), None),
        )
        for wallet, series_seen in series.items()
    ]


def crowd(many: int, *texts: str | None) -> dict[str, list[Decimal | None]]:
    sizes_of_each = [None if size is None else Decimal(size) for size in texts]
    return {f"{texts}{number}": sizes_of_each for number in range(many)}


def ends_of(series: dict[str, list[Decimal | None]]) -> set[tuple[str, int]]:
    ends = resolve_end(sightings_of(series))
    return {(str(end.size), int(end.age.total_seconds())) for end in ends.values()}


@given(crowds)
def test_ends_are_the_oracles(groups: list[tuple[int, list[Decimal | None]]]) -> None:
    series = {
        f"{group}:{number}": series_seen
        for group, (many, series_seen) in enumerate(groups)
        for number in range(many)
    }

    def position_at(wallet: str, minute: int) -> Decimal | None:
        return series[wallet][minute] if 0 <= minute < MINUTES else None

    ends = {
        wallet: (end.size, int(end.age.total_seconds()))
        for wallet, end in resolve_end(sightings_of(series)).items()
    }
    assert ends == end_sizes(list(series), position_at, MINUTES - 1)


def test_a_wallet_that_was_not_seen_at_the_end_is_as_a_minute_before() -> None:
    assert ends_of(crowd(1, "5", "6", None)) == {("6", 60)}
    assert ends_of(crowd(1, "5", None, "6")) == {("6", 0)}


def test_a_snapshot_of_120_seconds_is_too_old() -> None:
    assert ends_of(crowd(1, "5", None, None)) == set()


def test_a_minute_that_all_left_together_is_held_back() -> None:
    assert ends_of(crowd(120, "5", "5", "0")) == {("5", 60)}


def test_a_minute_held_back_is_believed_once_the_next_agrees() -> None:
    assert ends_of(crowd(120, "5", "0", "0")) == {("0", 0)}
    assert ends_of(crowd(60, "5", "0", "0") | crowd(60, "5", "0", None)) == {("0", 0), ("0", 60)}


def test_a_minute_held_back_is_never_believed_where_the_next_does_not_agree() -> None:
    returned = crowd(60, "5", "0", "5") | crowd(60, "5", "0", None)
    assert ends_of(returned) == {("5", 0)}


def test_an_outage_before_the_wrong_minute_does_not_hide_it() -> None:
    assert ends_of(crowd(120, "5", None, "0")) == set()


def test_more_than_20_percent_and_at_least_ten_are_needed() -> None:
    def vanish(flat: int, holding: int) -> bool:
        five = Decimal(5)
        return is_vanish([(five, Decimal(0))] * flat + [(five, five)] * holding)

    assert not vanish(9, 0)
    assert vanish(10, 0)
    assert not vanish(10, 40)  # 20% exactly
    assert vanish(11, 40)
    assert not is_vanish([(Decimal(0), Decimal(0))] * 100)  # who held nothing leaves nothing
    assert not is_vanish([(None, Decimal(0))] * 100)  # and who was never series_seen
