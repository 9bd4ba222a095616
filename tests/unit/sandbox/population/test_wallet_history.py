"""Pages of fills: inclusive row_filters, page size, horizon, both directions."""

import msgspec
import pytest

from hypertally.sandbox.exchange.wallet_lists import merge_partial_fills
from hypertally.sandbox.population.wallet_history import (
    Row,
    RowFilter,
    SortOrder,
    WalletHistory,
    newest_first,
)


@pytest.fixture
def tape() -> WalletHistory:
    made = WalletHistory()
    for number, time_ms in enumerate([10, 20, 20, 20, 30, 40, 40, 50]):
        made.append(time_ms, b"%d" % number)
    return made


def bodies(rows: list[Row]) -> str:
    return "".join(row.body.decode() for row in rows)


@pytest.mark.parametrize(
    ("start_ms", "end_ms", "expected"),
    [(20, 40, "123456"), (21, 39, "4"), (0, 9, ""), (50, 50, "7"), (20, 20, "123")],
)
def test_both_ends_of_a_time_range_are_inclusive(
    tape: WalletHistory, start_ms: int, end_ms: int, expected: str
) -> None:
    row_filter = RowFilter(start_ms=start_ms, end_ms=end_ms)
    assert bodies(tape.page(row_filter, order=SortOrder.OLDEST, rows_max=99)) == expected


@pytest.mark.parametrize(
    ("order", "rows_max", "expected"),
    [
        (SortOrder.OLDEST, 3, "012"),
        (SortOrder.NEWEST, 3, "756"),
        (SortOrder.NEWEST, 2, "75"),
        (SortOrder.NEWEST, 6, "756412"),
        (SortOrder.NEWEST, 99, "75641230"),
    ],
)
def test_a_full_page_holds_the_rows_of_its_own_end(
    tape: WalletHistory, order: SortOrder, rows_max: int, expected: str
) -> None:
    assert bodies(tape.page(RowFilter(start_ms=0, end_ms=99), order=order, rows_max=rows_max)) == (
        expected
    )


def test_the_horizon_hides_what_is_older_than_the_newest_rows(tape: WalletHistory) -> None:
    row_filter = RowFilter(start_ms=0, end_ms=99, horizon_rows=5)
    assert bodies(tape.page(row_filter, order=SortOrder.OLDEST, rows_max=99)) == "34567"


def test_hidden_rows_do_not_use_up_the_page(tape: WalletHistory) -> None:
    row_filter = RowFilter(start_ms=0, end_ms=99, is_visible=lambda row: row.body != b"1")
    assert bodies(tape.page(row_filter, order=SortOrder.OLDEST, rows_max=3)) == "023"


def test_newest_first_keeps_execution_order_inside_a_millisecond() -> None:
    rows = [Row(1, b"a"), Row(2, b"c"), Row(2, b"b"), Row(2, b"d")]
    assert bodies(newest_first(rows)) == "cbda"


def fill(oid: int, *, crossed: bool, sz: str, px: str) -> Row:
    row = {"coin": "BTC", "px": px, "sz": sz, "side": "B", "time": 7, "dir": "Open Long"}
    more = {"oid": oid, "crossed": crossed, "fee": "0.1", "closedPnl": "1.5", "tid": oid}
    return Row(7, msgspec.json.encode(row | more))


def test_aggregation_merges_only_the_fills_of_a_taker_order() -> None:
    rows = [
        fill(1, crossed=True, sz="1.0", px="10.0"),
        fill(1, crossed=True, sz="3.0", px="20.0"),
        fill(2, crossed=False, sz="1.0", px="10.0"),
        fill(2, crossed=False, sz="1.0", px="10.0"),
    ]
    merged = [
        msgspec.json.decode(row.body, type=dict[str, object]) for row in merge_partial_fills(rows)
    ]
    assert [row["sz"] for row in merged] == ["4.0", "1.0", "1.0"]
    assert merged[0] | {"sz": "", "tid": ""} == {
        **msgspec.json.decode(rows[0].body, type=dict[str, object]),
        "px": "17.5",
        "sz": "",
        "fee": "0.2",
        "closedPnl": "3.0",
        "tid": "",
    }
