"""As few requests for candles as cover what TWAPs lack."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hypertally.jobs.market.candles_and_mids import (
    CANDLES_MAX,
    GAP_CANDLES_MAX,
    WIDTHS,
    CandleNeed,
    merge,
)

START = datetime(2026, 11, 1, tzinfo=UTC)


def window(coin: str, from_minute: int, to_minute: int) -> CandleNeed:
    return CandleNeed(
        coin=coin,
        from_at=START + timedelta(minutes=from_minute),
        to_at=START + timedelta(minutes=to_minute),
    )


def test_near_windows_of_a_coin_are_one_request_and_far_ones_two() -> None:
    gap = GAP_CANDLES_MAX
    near, far = window("BTC", 10 + gap, 20 + gap), window("BTC", 21 + 2 * gap, 30 + 2 * gap)
    assert merge([near, window("BTC", 0, 10), far]) == [window("BTC", 0, 20 + gap), far]


def test_other_coins_stay_apart() -> None:
    windows = [window("BTC", 0, 10), window("ETH", 5, 12)]
    assert merge(windows[::-1]) == windows


def test_candles_of_other_intervals_are_asked_apart_and_reach_further() -> None:
    coarse = [
        CandleNeed(coin="BTC", interval="15m", from_at=START + at, to_at=START + at + WIDTHS["15m"])
        for at in (timedelta(0), timedelta(days=10), timedelta(days=40))
    ]
    merged = merge([*coarse, window("BTC", 0, 10)])
    assert [(need.interval, need.to_at - need.from_at) for need in merged] == [
        ("15m", timedelta(days=10, minutes=15)),
        ("15m", timedelta(minutes=15)),
        ("1m", timedelta(minutes=10)),
    ]


def test_nothing_is_asked_longer_than_an_answer() -> None:
    windows = [window("BTC", 0, 4000), window("BTC", 4001, 5001)]
    assert merge(windows) == windows
    fitting = [window("BTC", 0, 4000), window("BTC", 4001, 5000)]
    assert merge(fitting) == [window("BTC", 0, 5000)]


WINDOWS = st.builds(
    lambda coin, at, minutes: window(coin, at, at + minutes),
    st.sampled_from(["BTC", "ETH"]),
    st.integers(0, 6000),
    st.integers(1, 1500),
)


@given(st.lists(WINDOWS, max_size=12))
def test_every_window_lies_in_one_request_of_its_coin(needs: list[CandleNeed]) -> None:
    merged = merge(needs)
    for need in needs:
        assert any(
            made.coin == need.coin and made.from_at <= need.from_at and need.to_at <= made.to_at
            for made in merged
        )
    assert all(made.to_at - made.from_at <= timedelta(minutes=CANDLES_MAX) for made in merged)
    assert len(merged) <= len(needs)
