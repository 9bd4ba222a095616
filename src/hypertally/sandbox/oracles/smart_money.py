"""What the smart money scores of a playback must be, computed in the plainest way that is exact.

It shares no code with the program's own metrics and follows the definitions alone. What these
leave open is read so: a forced exit stays among the exposed; the first version counts the wallets
with a state, and leaves CAS at 50 where they are under nine in ten; the weighted CAS shrinks by ten
wallets of mean weight, and its cap is the smallest weight that 95 in 100 adders do not exceed.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from hypertally.sandbox.oracles.smart_money_classes import (
    ADDERS_LONG,
    ADDERS_SHORT,
    BUYERS,
    LEAVERS,
    SELLERS,
    WINDOW_MINUTES,
    PositionLookup,
    WalletBehaviour,
    classify_wallet,
)
from hypertally.sandbox.regimes.playback import RegimePlayback

DIGITS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class V1Scores:
    """The scores as first published."""

    cas: Decimal
    dispersion: Decimal
    ecs: Decimal | None  # None: nobody was observed


@dataclass(frozen=True, slots=True, kw_only=True)
class V2Scores:
    """The scores of the second version; None is unknown."""

    cas: Decimal | None
    cas_usd: Decimal | None
    dispersion: Decimal | None  # by count
    dispersion_size: Decimal | None
    activity_sd: Decimal | None
    stock_disagreement: Decimal | None
    participation: Decimal | None
    ecs: Decimal | None
    ecs_long: Decimal | None
    ecs_short: Decimal | None
    ecs_forced: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedScores:
    """What one asset's window must show."""

    wallets: Sequence[WalletBehaviour]
    counts: Mapping[str, int]  # class -> wallets
    coverage: Decimal
    first: V1Scores
    second: V2Scores


def expected_scores(
    playback: RegimePlayback, asset: str, minute: int, *, from_minute: int = 0
) -> ExpectedScores:
    """Judge the window that ends at a full minute of a playback.

    `from_minute` is the first one that was recorded.
    """

    def position_at(wallet: str, at: int) -> Decimal | None:
        if at < from_minute or not playback.answers(wallet, at):
            return None
        return playback.position(wallet, asset, at)

    def forced(wallet: str) -> bool:
        after = minute - WINDOW_MINUTES
        return playback.forced(wallet, asset, after_minute=after, to_minute=minute)

    return score_window(
        asset, playback.addresses, position_at, minute, forced=forced, from_minute=from_minute
    )


def score_window(
    asset: str,
    wallets: Sequence[str],
    position_at: PositionLookup,
    minute: int,
    *,
    forced: Callable[[str], bool] = lambda _: False,
    dirty: frozenset[str] = frozenset(),
    from_minute: int = 0,
) -> ExpectedScores:
    """Judge the window that ends at a full minute, whoever's positions these are."""
    with localcontext() as context:
        context.prec = DIGITS
        judged = [
            classify_wallet(
                asset,
                wallet,
                position_at,
                minute,
                forced=forced,
                dirty=wallet in dirty,
                from_minute=from_minute,
            )
            for wallet in wallets
        ]
        known = [
            behaviour for behaviour in judged if behaviour.behaviour not in ("MISSING", "DIRTY")
        ]
        coverage = Decimal(len(known)) / len(wallets) if wallets else Decimal(0)
        return ExpectedScores(
            wallets=judged,
            counts=dict(Counter(behaviour.behaviour for behaviour in judged)),
            coverage=coverage,
            first=_first_version(judged, known),
            second=_second_version(known, coverage),
        )


def _first_version(judged: Sequence[WalletBehaviour], known: Sequence[WalletBehaviour]) -> V1Scores:
    counts = Counter(behaviour.first_version for behaviour in judged)
    total = len(judged) - counts["missing"]
    ecs = _percent(counts["reducer"], total)
    cas = Decimal(50)
    if judged and Decimal(total) / len(judged) >= Decimal("0.9"):
        cas += Decimal(50) * (counts["adder_long"] - counts["adder_short"]) / total
        if ecs is not None and ecs > 25:  # noqa: PLR2004 - thresholds stand as they are defined
            cas = min(cas, Decimal(60))
    spread = _activity(known)
    dispersion = Decimal(50) if spread is None else min(spread, Decimal(100))
    return V1Scores(cas=cas, dispersion=dispersion, ecs=ecs)


def _activity(known: Sequence[WalletBehaviour]) -> Decimal | None:
    """100 standard deviations of the relative changes; None of fewer than five wallets."""
    if len(known) < 5:  # noqa: PLR2004 - thresholds stand as they are defined
        return None
    ratios: list[Decimal] = []
    for behaviour in known:
        assert behaviour.before is not None
        assert behaviour.change is not None
        ratio = behaviour.change / max(abs(behaviour.before), behaviour.epsilon)
        ratios.append(min(max(ratio, Decimal(-2)), Decimal(2)))
    mean = sum(ratios, Decimal(0)) / len(ratios)
    variance = sum(((ratio - mean) ** 2 for ratio in ratios), Decimal(0)) / (len(ratios) - 1)
    return 100 * variance.sqrt()


def _second_version(known: Sequence[WalletBehaviour], coverage: Decimal) -> V2Scores:
    exposed = [behaviour for behaviour in known if behaviour.side]
    left = [
        behaviour
        for behaviour in exposed
        if behaviour.behaviour in LEAVERS and not behaviour.forced
    ]
    ecs = _percent(len(left), len(exposed))
    long, short = _many(known, ADDERS_LONG), _many(known, ADDERS_SHORT)
    bought, sold = _many(known, BUYERS), _many(known, SELLERS)
    few = bought + sold < 10  # noqa: PLR2004 - thresholds stand as they are defined
    moved = [
        behaviour.change or Decimal(0)
        for behaviour in known
        if behaviour.behaviour in BUYERS + SELLERS
    ]
    net, gross = sum(moved, Decimal(0)), sum(map(abs, moved), Decimal(0))
    holding = [behaviour.side_now for behaviour in known]
    return V2Scores(
        cas=_consensus(long, short, ecs, coverage),
        cas_usd=_weighted(known) if _speaks(long, short, coverage) else None,
        dispersion=None if few else _disagreement(bought - sold, bought + sold),
        dispersion_size=None if few else _disagreement(net, gross),
        activity_sd=_activity(known),
        stock_disagreement=_disagreement(sum(holding), sum(map(abs, holding))),
        participation=_ratio(
            long + short, sum(behaviour.behaviour != "FLAT" for behaviour in known)
        ),
        ecs=ecs,
        ecs_long=_side_left(exposed, left, 1),
        ecs_short=_side_left(exposed, left, -1),
        ecs_forced=_percent(sum(behaviour.forced for behaviour in exposed), len(exposed)),
    )


def _speaks(long: int, short: int, coverage: Decimal) -> bool:
    return long + short >= 10 and coverage >= Decimal("0.9")  # noqa: PLR2004 - as they are defined


def _consensus(long: int, short: int, ecs: Decimal | None, coverage: Decimal) -> Decimal | None:
    if not _speaks(long, short, coverage):
        return None
    cas = 50 + Decimal(50) * (long - short) / (long + short + 10)
    if ecs is not None and ecs > 25:  # noqa: PLR2004 - thresholds stand as they are defined
        return min(max(cas, Decimal(40)), Decimal(60))
    return cas


def _weighted(known: Sequence[WalletBehaviour]) -> Decimal:
    """One mark for all wallets cancels, so coins will do."""
    added = [
        behaviour.change for behaviour in known if behaviour.behaviour in ADDERS_LONG + ADDERS_SHORT
    ]
    sizes = [change for change in added if change is not None]
    cap = min(
        limit
        for limit in map(abs, sizes)
        if 100 * sum(abs(size) <= limit for size in sizes) >= 95 * len(sizes)
    )
    weights = [min(abs(size), cap) * (1 if size > 0 else -1) for size in sizes]
    gross = sum(map(abs, weights), Decimal(0))
    return 50 + 50 * sum(weights, Decimal(0)) / (gross + 10 * gross / len(weights))


def _side_left(
    exposed: Sequence[WalletBehaviour], left: Sequence[WalletBehaviour], side: int
) -> Decimal | None:
    return _percent(
        sum(behaviour.side == side for behaviour in left),
        sum(behaviour.side == side for behaviour in exposed),
    )


def _many(known: Sequence[WalletBehaviour], behaviours: Sequence[str]) -> int:
    return sum(behaviour.behaviour in behaviours for behaviour in known)


def _ratio(part: int, whole: int) -> Decimal | None:
    return Decimal(part) / whole if whole else None


def _percent(part: int, whole: int) -> Decimal | None:
    return Decimal(100) * part / whole if whole else None


def _disagreement(net: Decimal | int, gross: Decimal | int) -> Decimal | None:
    return 100 * (1 - Decimal(abs(net)) / gross) if gross else None
