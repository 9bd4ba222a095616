"""Of a leaderboard the highest rows are kept, and those asked for; bad rows with their reason."""

from random import Random
from typing import Any

import pytest
from tests.loopback import row

from hypertally.errors import BadPayload
from hypertally.facts.smart_money.leaderboard import REJECTS_MAX, BestRows, decode_row


def address(number: int) -> str:
    return f"0x{number:040x}"


def best(rows: list[Any], **options: Any) -> BestRows:
    reader = BestRows(**options)
    for one in rows:
        reader.take(one)
    return reader


def test_a_row_is_read_from_its_month() -> None:
    read = decode_row(row("0x" + "AB" * 20, "-12.50", volume="0.0"), ordinal=7)
    assert (read.wallet, read.ordinal) == ("0x" + "ab" * 20, 7)
    assert (read.pnl_30d, read.roi_30d, read.volume_30d) == ("-12.50", "0.01", "0.0")
    assert read.account_value == "1000.5"


def test_the_highest_are_kept_in_order_of_pnl_and_address() -> None:
    rows = [row(address(n), str(n % 5)) for n in range(20)]
    for seed in range(5):
        Random(seed).shuffle(rows)
        kept = [(one.pnl_30d, one.wallet) for one in best(rows, kept_max=6).rows()]
        assert kept == [
            *(("4", address(n)) for n in (4, 9, 14, 19)),
            *(("3", address(n)) for n in (3, 8)),
        ]


def test_pnl_is_compared_as_a_decimal() -> None:
    rows = [row(address(1), "9.0"), row(address(2), "10.0"), row(address(3), "-11")]
    assert [one.pnl_30d for one in best(rows).rows()] == ["10.0", "9.0", "-11"]


def test_who_was_watched_is_kept_wherever_it_stands() -> None:
    rows = [row(address(n), str(n)) for n in range(10)]
    kept = best(rows, watched=[address(0), address(9)], kept_max=2).rows()
    assert [one.wallet for one in kept] == [address(9), address(8), address(0)]


def test_a_wallet_named_twice_is_kept_once_with_its_higher_row() -> None:
    rows = [row(address(1), "1"), row(address(1), "5"), row(address(1), "3")]
    assert [one.pnl_30d for one in best(rows).rows()] == ["5"]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("text", "not an object"),
        (row("0x12"), "ethAddress"),
        (row(address(1), windowPerformances=None), "no month"),
        (row(address(1), windowPerformances=[["day", {"pnl": "1"}]]), "no month"),
        (row(address(1), windowPerformances=[["month", None], "month", ["month"]]), "no month"),
        (row(address(1), None), "pnl of month is missing"),
        (row(address(1), 12.5), "not a decimal in a string"),
        (row(address(1), "1e5"), "not a decimal"),
        (row(address(1), "NaN"), "not a decimal"),
        (row(address(1), volume="-"), "vlm"),
        (row(address(1), accountValue=[]), "accountValue"),
    ],
)
def test_a_row_that_cannot_be_read_says_why(bad: Any, said: str) -> None:
    with pytest.raises(BadPayload, match=said):
        decode_row(bad, ordinal=0)


def test_bad_rows_hide_no_good_one_and_all_are_counted() -> None:
    reader = best(["bad"] * (REJECTS_MAX + 5) + [row(address(1))])
    assert (reader.seen, reader.valid) == (REJECTS_MAX + 6, 1)
    assert len(reader.rejects) == REJECTS_MAX
    assert reader.rejects[3].ordinal == 3
    assert [one.wallet for one in reader.rows()] == [address(1)]
