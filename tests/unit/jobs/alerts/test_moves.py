"""Moves of labelled wallets follow from the ends of a chain alone; sums are said in few digits."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypertally.jobs.alerts.labelled_wallets import EndLeg, follow
from hypertally.jobs.alerts.subjects import amount_text, dollar_text, short_address

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SIZES = st.integers(-30, 30).filter(bool).map(lambda size: Decimal(size) / 10)


def leg(
    start: Decimal, change: Decimal, *, at: datetime, told_coin: Decimal | None = None
) -> EndLeg:
    return EndLeg(
        org_id=1,
        org="default",
        wallet_id=1,
        wallet="0x" + "ab" * 20,
        label="Jump",
        coin="ETH",
        time=at,
        start_coin=start,
        change_coin=change,
        price=Decimal(2500),
        usd_per_quote=Decimal(1),
        is_forced=False,
        told_position_coin=told_coin,
    )


@given(
    start=st.integers(-30, 30).map(lambda size: Decimal(size) / 10),
    changes=st.lists(SIZES, min_size=1, max_size=12),
    data=st.data(),
)
def test_the_move_does_not_depend_on_the_order_of_fills_in_a_millisecond(
    start: Decimal, changes: list[Decimal], data: st.DataObject
) -> None:
    positions = list(accumulate(changes, initial=start))
    times = sorted(data.draw(st.integers(0, 3)) for _ in changes)
    legs = [
        leg(before, after - before, at=AT + timedelta(milliseconds=time))
        for (before, after), time in zip(pairwise(positions), times, strict=True)
    ]
    shuffled = sorted(data.draw(st.permutations(legs)), key=lambda each: each.time)
    move = follow(shuffled, price_usd=Decimal(2500))
    assert move.before_coin == start or _nets_to_nothing(legs, times[0])
    assert move.after_coin == positions[-1] or _nets_to_nothing(legs, times[-1])


@given(
    told_coin=SIZES,
    changes=st.lists(SIZES, min_size=1, max_size=12),
    unknown=st.integers(0, 11),  # fills at the beginning that are not known yet
)
def test_the_position_that_was_told_ended_if_and_only_if_a_fill_shows_another_side(
    told_coin: Decimal, changes: list[Decimal], unknown: int
) -> None:
    positions = list(accumulate(changes, initial=told_coin))
    legs = [
        leg(before, after - before, at=AT + timedelta(seconds=second), told_coin=told_coin)
        for second, (before, after) in enumerate(pairwise(positions))
    ][min(unknown, len(changes) - 1) :]
    end = follow(legs, price_usd=Decimal(1)).told_end
    fills = [(each.time, each.start_coin, each.end_coin) for each in legs]
    other_side = [time for time, *ends in fills for coin in ends if coin * told_coin <= 0]
    assert (end is None) == (not other_side)
    if end:
        is_known = legs[0].start_coin * told_coin > 0
        assert end.at == other_side[0] - (0 if is_known else 1) * timedelta(milliseconds=1)


def _nets_to_nothing(legs: list[EndLeg], time: int) -> bool:
    """Whether the fills of a millisecond end where they began: that may be anywhere among them."""
    at = AT + timedelta(milliseconds=time)
    return sum(each.change_coin for each in legs if each.time == at) == 0


@pytest.mark.parametrize(
    ("sum_usd", "text"),
    [
        ("3125000", "$3.1M"),
        ("3150000", "$3.2M"),
        ("999949.99", "$999.9K"),
        ("999950", "$1.0M"),
        ("2500", "$2.5K"),
        ("949.4", "$949"),
        ("1234567890123", "$1,234.6B"),
        ("0.4", "$0"),
    ],
)
def test_a_sum_is_said_to_a_tenth_of_its_unit(sum_usd: str, text: str) -> None:
    assert dollar_text(Decimal(sum_usd)) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [("1250.50", "1,250.5"), ("1000000", "1,000,000"), ("0.00010", "0.0001"), ("1E+3", "1,000")],
)
def test_an_amount_keeps_every_digit(amount: str, text: str) -> None:
    assert amount_text(Decimal(amount)) == text


def test_an_address_is_short_in_a_sentence() -> None:
    assert short_address("0x12" + "0" * 36 + "abcd") == "0x1200..abcd"
