"""What a request costs, as the exchange charges it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypertally.sandbox.exchange.queries import weight_of
from hypertally.settings import PAGE_WEIGHT_MAX
from hypertally.sources.weights import LIGHT, PAGE_ROWS, ROWS_PER_WEIGHT, weight, weight_max

TYPES = sorted({*LIGHT, *ROWS_PER_WEIGHT, "spotMeta", "meta", "perpDexs"})


@pytest.mark.parametrize(
    ("request_type", "rows", "expected"),
    [
        ("userFillsByTime", 0, 20),
        ("userFillsByTime", 1, 21),
        ("userFillsByTime", 20, 21),
        ("userFillsByTime", 21, 22),
        ("userFillsByTime", 2000, 120),
        ("candleSnapshot", 60, 21),
        ("candleSnapshot", 5000, 104),
        ("allMids", 0, 2),
        ("clearinghouseState", 1, 2),
        ("spotMeta", 1, 20),
        ("a type of tomorrow", 99, 20),
    ],
)
def test_weight_grows_by_the_rows_of_the_answer(
    request_type: str, rows: int, expected: int
) -> None:
    assert weight(request_type, rows) == expected


def test_a_full_page_is_the_most_that_is_reserved() -> None:
    assert weight_max("userFillsByTime") == PAGE_WEIGHT_MAX == weight("userFillsByTime", PAGE_ROWS)


@given(st.sampled_from(TYPES), st.integers(0, PAGE_ROWS))
def test_no_answer_costs_more_than_was_reserved(request_type: str, rows: int) -> None:
    assert weight(request_type, rows) <= weight_max(request_type)


@given(st.sampled_from(TYPES), st.integers(0, PAGE_ROWS))
def test_the_exchange_charges_what_we_reckon(request_type: str, rows: int) -> None:
    assert weight(request_type, rows) == weight_of(request_type, rows)
