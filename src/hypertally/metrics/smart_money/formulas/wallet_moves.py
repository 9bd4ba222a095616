"""Wallet moves: what each wallet did in one coin between two snapshots five minutes apart.

What the definition leaves open: the median of the 24 hours counts explicit zeros and, of an even
number, is the mean of the two in the middle; a wallet without history has the coin's floor as its
epsilon; a wallet unseen at either end is missing even if it is dirty as well; `forced` is an
attribute of exits alone, and unknown where the wallet's fills are.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from decimal import Decimal, localcontext
from itertools import accumulate
from types import MappingProxyType
from typing import Final, NamedTuple

from hypertally.metrics.smart_money.formulas.score_arithmetic import EXACT
from hypertally.metrics.smart_money.formulas.thresholds import EPSILON_FLOORS, EPSILON_SHARE
from hypertally.records import Record

MISSING: Final = "MISSING"
DIRTY: Final = "DIRTY"
FLAT: Final = "FLAT"
HOLD: Final = "HOLD"
# By side before, side now, and whether the position rose.
_MOVED = MappingProxyType(
    {
        (0, 1, True): "OPEN_L",
        (0, -1, False): "OPEN_S",
        (1, 0, False): "CLOSE_L",
        (-1, 0, True): "CLOSE_S",
        (-1, 1, True): "FLIP_L",
        (1, -1, False): "FLIP_S",
        (1, 1, True): "ADD_L",
        (-1, -1, False): "ADD_S",
        (1, 1, False): "REDUCE_L",
        (-1, -1, True): "REDUCE_S",
    }
)
BEHAVIOURS = (MISSING, DIRTY, FLAT, HOLD, *_MOVED.values())
UNSEEN = frozenset({MISSING, DIRTY})
ADDS_LONG = frozenset({"OPEN_L", "ADD_L", "FLIP_L"})
ADDS_SHORT = frozenset({"OPEN_S", "ADD_S", "FLIP_S"})
BUYS = frozenset({"OPEN_L", "ADD_L", "CLOSE_S", "REDUCE_S", "FLIP_L"})
SELLS = frozenset({"OPEN_S", "ADD_S", "CLOSE_L", "REDUCE_L", "FLIP_S"})
EXITS = frozenset({"CLOSE_L", "CLOSE_S", "REDUCE_L", "REDUCE_S", "FLIP_L", "FLIP_S"})


class Move(Record, frozen=True, kw_only=True):
    """A wallet's position in one coin at both ends of the window (t - 5 min, t]."""

    wallet: str
    before: Decimal | None  # coin, signed; None: not observed
    now: Decimal | None
    epsilon: Decimal  # coin: a change or position up to it counts as none
    dirty: bool = False  # a snapshot anomaly known by t at either end
    forced: bool | None = None  # a liquidation or ADL in the window; None: fills unknown


class MoveKind(NamedTuple):
    """The class of a move: all that the counted scores need of a wallet."""

    behaviour: str
    before: int  # side beyond epsilon: 1 long, -1 short, 0 neither
    now: int
    forced: bool | None  # of exits; else false


class ClassifiedMoves(Record, frozen=True, kw_only=True):
    """The moves by wallet, each with its kind and, where both ends are seen, its change."""

    moves: tuple[Move, ...]
    kinds: tuple[MoveKind, ...]
    changes: tuple[Decimal | None, ...]


_MISSING = MoveKind(MISSING, 0, 0, False)
_DIRTY = MoveKind(DIRTY, 0, 0, False)
_FLAT = MoveKind(FLAT, 0, 0, False)


def classify_moves(moves: Iterable[Move]) -> ClassifiedMoves:
    """Classify every move; each wallet may come once."""
    ordered = tuple(sorted(moves, key=lambda move: move.wallet))
    if len({move.wallet for move in ordered}) != len(ordered):
        raise ValueError("a wallet has two moves in one window: give one for each wallet")
    if any(move.epsilon <= 0 for move in ordered):
        raise ValueError("an epsilon is not above 0: take it from epsilon()")
    with localcontext(EXACT):
        changes = tuple(
            None if move.before is None or move.now is None else move.now - move.before
            for move in ordered
        )
        kinds = tuple(map(_kind, ordered, changes))
    return ClassifiedMoves(moves=ordered, kinds=kinds, changes=changes)


def classify_move(move: Move) -> str:
    """The behaviour of one wallet."""
    return classify_moves((move,)).kinds[0].behaviour


def _kind(move: Move, change: Decimal | None) -> MoveKind:
    if change is None:
        return _MISSING
    if move.dirty:
        return _DIRTY
    epsilon = move.epsilon
    before, now = _side(move.before, epsilon), _side(move.now, epsilon)
    if before == now == 0:
        return _FLAT
    if -epsilon <= change <= epsilon:
        return MoveKind(HOLD, before, now, False)
    behaviour = _MOVED[before, now, change > 0]
    return MoveKind(behaviour, before, now, behaviour in EXITS and move.forced)


def _side(size: Decimal | None, epsilon: Decimal) -> int:
    assert size is not None
    return (size > epsilon) - (size < -epsilon)


def median(counts: Mapping[Decimal, int]) -> Decimal | None:
    """The exact median of values, given how often each occurs; None without values."""
    sizes = sorted(counts)
    seen = list(accumulate(map(counts.__getitem__, sizes)))
    if not seen:
        return None
    last = seen[-1] - 1
    lower, upper = (sizes[bisect_right(seen, place)] for place in (last // 2, (last + 1) // 2))
    with localcontext(EXACT):
        return (lower + upper) / 2


def epsilon(asset: str, typical: Decimal | None) -> Decimal:
    """What is noise in a wallet's position, from its median |position| over the 24 h before t."""
    floor = EPSILON_FLOORS[asset]
    if typical is None:
        return floor
    return max(floor, EXACT.multiply(EPSILON_SHARE, typical))
