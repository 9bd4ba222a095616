"""One finished TWAP of one wallet, as a scripted exchange shows it: its status and its slices."""

from collections.abc import Callable, Sequence

from tests.flow.handmade import ALICE, Row
from tests.flow.scripted import Answer

TWAP_ID = 7
PRICE = 100


def one_twap(
    slices: Sequence[Row], *, start_ms: int, size: int, minutes: int, page_rows: int | None = None
) -> Callable[[Row], Answer | None]:
    """Answer for the TWAP alone; `page_rows`: of its slices, at most so many at once."""
    state = {
        "coin": "BTC", "user": ALICE, "side": "B", "sz": f"{size}", "executedSz": f"{size}",
        "executedNtl": f"{size * PRICE}", "minutes": minutes, "reduceOnly": False,
        "randomize": False, "timestamp": start_ms,
    }  # fmt: skip
    ended = start_ms // 1000 + minutes * 60
    history = [{"time": ended, "state": state, "status": {"status": "finished"}, "twapId": TWAP_ID}]

    def answer(request: Row) -> Answer | None:
        match request["type"]:
            case "twapHistory":
                return 200, history
            case "userTwapSliceFillsByTime":
                shown = [row for row in slices if row["time"] >= request["startTime"]]
                return 200, [{"fill": row, "twapId": TWAP_ID} for row in shown[:page_rows]]
            case _:
                return None

    return answer
