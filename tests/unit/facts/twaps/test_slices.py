"""A row of userTwapSliceFillsByTime is the fill it holds, with the number beside it."""

from typing import Any

import msgspec
import pytest

from hypertally.facts.activity import fills
from hypertally.facts.twaps import slices

ADDRESS = "0x" + "ab" * 20
FILL: dict[str, Any] = {
    "coin": "BTC",
    "px": "64597.0",
    "sz": "0.02066",
    "side": "B",
    "time": 1786016924051,
    "startPosition": "4.04958",
    "dir": "Open Long",
    "closedPnl": "0.0",
    "hash": "0x" + "00" * 32,
    "oid": 511398503711,
    "crossed": True,
    "fee": "0.600558",
    "tid": 541377480024384,
    "feeToken": "USDC",
    "twapId": None,
}
ROW = {"fill": FILL, "twapId": 2087225}
MISSHAPEN: list[tuple[Any, str]] = [
    (None, "holds no fill"),
    ([], "holds no fill"),
    (FILL, "holds no fill"),
    ({"fill": [FILL], "twapId": 1}, "holds no fill"),
    ({"fill": FILL}, "twapId is not the number of a TWAP: None"),
    ({"fill": FILL, "twapId": "2087225"}, "twapId is not the number"),
    ({"fill": FILL, "twapId": True}, "twapId is not the number"),
    ({"fill": FILL, "twapId": -1}, "twapId is not the number"),
    ({"fill": FILL, "twapId": 2**63}, "twapId is not the number"),
    ({"fill": FILL | {"twapId": 7}, "twapId": 8}, "the fill is of TWAP 7, its row of 8"),
]


def decode(*rows: Any) -> fills.Decoded:
    return slices.decode([slices.unwrap(row) for row in rows], wallet=ADDRESS)


def test_a_slice_is_the_fill_that_an_answer_with_its_number_would_show() -> None:
    ordinary = fills.decode([FILL | {"twapId": 2087225}], wallet=ADDRESS)
    assert decode(ROW) == ordinary
    assert decode({"fill": FILL | {"twapId": 2087225}, "twapId": 2087225}) == ordinary


@pytest.mark.parametrize(("row", "reason"), MISSHAPEN)
def test_a_row_of_another_shape_is_a_reject_and_hides_no_other(row: Any, reason: str) -> None:
    decoded = decode(ROW, row, ROW)
    assert [fill.ordinal for fill in decoded.fills] == [0, 2]
    (reject,) = decoded.rejects
    assert reason in reject.reason
    assert reject.ordinal == 1
    assert msgspec.json.decode(reject.payload) == row


def test_a_bad_fill_is_kept_as_it_came() -> None:
    row = {"fill": FILL | {"px": "a lot"}, "twapId": 2087225}
    (reject,) = decode(row).rejects
    assert "'a lot'" in reject.reason
    assert msgspec.json.decode(reject.payload) == row
