"""Universes of wallets whose scores can be worked out by head."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import strategies as st

from hypertally.metrics.smart_money.formulas.herding import pool
from hypertally.metrics.smart_money.formulas.scores import ExitBaselines, Scores, score
from hypertally.metrics.smart_money.formulas.scoring_window import ScoringWindow, build_window
from hypertally.metrics.smart_money.formulas.v1.scores import V1Scores, score_v1
from hypertally.metrics.smart_money.formulas.wallet_moves import Move

AT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
ONE = Decimal(1)


def move(
    before: object, now: object, *, dirty: bool = False, forced: bool | None = False
) -> tuple[Decimal | None, Decimal | None, bool, bool | None]:
    """A move without its wallet; sizes as anything a Decimal is made of."""
    ends = [None if end is None else Decimal(str(end)) for end in (before, now)]
    return ends[0], ends[1], dirty, forced


def universe(*groups: tuple[int, tuple[Decimal | None, Decimal | None, bool, bool | None]]):
    """So many wallets of each move, epsilon 1."""
    every = [one for many, one in groups for _ in range(many)]
    return [
        Move(
            wallet=f"0x{number:040x}",
            before=before,
            now=now,
            epsilon=ONE,
            dirty=dirty,
            forced=forced,
        )
        for number, (before, now, dirty, forced) in enumerate(every)
    ]


def window_of(moves: Iterable[Move]) -> ScoringWindow:
    return build_window("BTC", AT, moves)


def second(
    moves: Iterable[Move], *, baselines: ExitBaselines | None = None, mark: str | None = "2"
) -> Scores:
    window = window_of(moves)
    at_mark = None if mark is None else Decimal(mark)
    return score(window, pooled=pool(window.counts), mark=at_mark, baselines=baselines)


def first(moves: Iterable[Move]) -> V1Scores:
    return score_v1(window_of(moves))


FLAT = move(0, 0)
OPEN_LONG, OPEN_SHORT = move(0, 100), move(0, -100)
ADD_LONG, ADD_SHORT = move(100, 150), move(-100, -150)
REDUCE_LONG, REDUCE_SHORT = move(100, 50), move(-100, -50)
CLOSE_LONG, CLOSE_SHORT = move(100, 0), move(-100, 0)
FLIP_LONG, FLIP_SHORT = move(-100, 100), move(100, -100)
HOLD_LONG, HOLD_SHORT = move(100, 100), move(-100, -100)
MISSING = move(100, None)
DIRTY = move(100, 150, dirty=True)

sizes = st.one_of(
    st.none(),
    st.sampled_from([Decimal(0), ONE, -ONE, Decimal("1.00000001"), Decimal("-1.00000001")]),
    st.decimals(-300, 300, places=3),
)
ends = st.tuples(
    sizes, sizes, st.sampled_from([False] * 7 + [True]), st.sampled_from([None, False, True])
)
small_universes = st.lists(ends, max_size=40).map(
    lambda found: universe(*((1, one) for one in found))
)
# As small_universes, but most are seen and act, so that no score is unknown.
busy_universes = st.lists(
    st.sampled_from(
        [
            OPEN_LONG,
            OPEN_SHORT,
            ADD_LONG,
            ADD_SHORT,
            REDUCE_LONG,
            CLOSE_SHORT,
            FLIP_LONG,
            FLIP_SHORT,
            HOLD_LONG,
            FLAT,
            move("0.5", 7),
            move(3, 250),
            move(-3, "-4.5"),
            move(100, "100.9"),
            move("0.2", "-0.3"),
            move(100, 2, forced=True),
            move(-100, -2, forced=None),
        ]
    ),
    min_size=9,
    max_size=45,
).map(lambda found: universe(*((1, one) for one in found)))
