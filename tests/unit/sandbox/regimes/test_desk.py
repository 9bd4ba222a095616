"""The leaders of a desk: whatever minutes are recorded, none seems to have lost a position."""

from itertools import pairwise, product

import pytest

from hypertally.sandbox.regimes.desk import DESK_LEADERS, DESK_ROTATION, PERIOD
from hypertally.sandbox.regimes.playback import ASSETS, RegimePlayback
from hypertally.sandbox.regimes.regimes import WAVE


@pytest.mark.parametrize("seed", [1, 7, 2026])
def test_no_position_is_gone_for_a_single_look_and_back(seed: int) -> None:
    desk = RegimePlayback(DESK_ROTATION, seed=seed, wallets=DESK_LEADERS, start_ms=0)
    vanished_looks: set[tuple[str, str, int]] = set()
    returned = 0
    for wallet, asset in product(desk.addresses, ASSETS):
        sizes = [desk.position(wallet, asset, minute) for minute in range(2 * PERIOD)]
        returned += sum(not before and after != 0 for before, after in pairwise(sizes))
        for minute in range(2 * PERIOD - 2 * WAVE):
            before, size, after = sizes[minute : minute + 2 * WAVE + 1 : WAVE]
            if before and not size and before * after > 0:
                vanished_looks.add((wallet, asset, minute))
    assert returned > DESK_LEADERS
    assert vanished_looks == set()
