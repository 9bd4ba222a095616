"""The expected smart money scores of a playback, computed in the simplest exact way.

The oracle shares no code with the program's metrics and follows the definitions alone. It decides
what the definitions leave open: a forced exit stays among the exposed wallets; version 1 counts the
wallets with a state, and CAS stays 50 below nine in ten of them; the weighted CAS shrinks by ten
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
    """The scores of version 1."""

    cas: Decimal
    dispersion: Decimal
    ecs: Decimal | None  # None: no wallet was observed


@dataclass(frozen=True, slots=True, kw_only=True)
class V2Scores:
    """The scores of version 2; None is unknown."""

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
    """The expected figures of one asset and window."""

    wallets: Sequence[WalletBehaviour]
    counts: Mapping[str, int]  # class -> wallets
    coverage: Decimal
    v1: V1Scores
    v2: V2Scores


def expected_scores(
    playback: RegimePlayback, asset: str, minute: int, *, from_minute: int = 0
) -> ExpectedScores:
    """Compute the scores of the window that ends at a full minute of a playback.

    `from_minute` is the first recorded minute.
    """

    def position_at(wallet: str, at_minute: int) -> Decimal | None:
        if at_minute < from_minute or not playback.answers(wallet, at_minute):
            return None
        return playback.position(wallet, asset, at_minute)

    def forced(wallet: str) -> bool:
        after = minute - WINDOW_MINUTES
        return playback.forced(wallet, asset, after_minute=after, to_minute=minute)

    return score_window(
        asset,
        playback.addresses,
        position_at,
        minute=minute,
        forced=forced,
        from_minute=from_minute,
    )


def score_window(
    asset: str,
    wallets: Sequence[str],
    position_at: PositionLookup,
    *,
    minute: int,
    forced: Callable[[str], bool] = lambda _: False,
    dirty: frozenset[str] = frozenset(),
    from_minute: int = 0,
) -> ExpectedScores:
    """Compute the scores of the window that ends at a full minute, from any positions."""
    with localcontext() as context:
        context.prec = DIGITS
        behaviours = [
            classify_wallet(
                asset,
                wallet,
                position_at,
                minute=minute,
                forced=forced,
                dirty=wallet in dirty,
                from_minute=from_minute,
            )
            for wallet in wallets
        ]
        known = [
            behaviour for behaviour in behaviours if behaviour.behaviour not in ("MISSING", "DIRTY")
        ]
        coverage = Decimal(len(known)) / len(wallets) if wallets else Decimal(0)
        return ExpectedScores(
            wallets=behaviours,
            counts=dict(Counter(behaviour.behaviour for behaviour in behaviours)),
            coverage=coverage,
            v1=_v1_scores(behaviours, known),
            v2=scores_of_known(known, coverage),
        )


def _v1_scores(behaviours: Sequence[WalletBehaviour], known: Sequence[WalletBehaviour]) -> V1Scores:
    counts = Counter(behaviour.v1_class for behaviour in behaviours)
    total = len(behaviours) - counts["missing"]
    ecs = _percent(counts["reducer"], total)
    cas = Decimal(50)
    if behaviours and Decimal(total) / len(behaviours) >= Decimal("0.9"):
        cas += Decimal(50) * (counts["adder_long"] - counts["adder_short"]) / total
        if ecs is not None and ecs > 25:  # noqa: PLR2004 - a defined threshold
            cas = min(cas, Decimal(60))
    spread = _activity(known)
    dispersion = Decimal(50) if spread is None else min(spread, Decimal(100))
    return V1Scores(cas=cas, dispersion=dispersion, ecs=ecs)


def _activity(known: Sequence[WalletBehaviour]) -> Decimal | None:
    """Return 100 standard deviations of the relative changes; None below five wallets."""
    if len(known) < 5:  # noqa: PLR2004 - a defined threshold
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


def scores_of_known(known: Sequence[WalletBehaviour], coverage: Decimal) -> V2Scores:
    """Compute the scores of version 2 from the wallets that were seen well."""
    exposed = [behaviour for behaviour in known if behaviour.side]
    left = [
        behaviour
        for behaviour in exposed
        if behaviour.behaviour in LEAVERS and not behaviour.forced
    ]
    ecs = _percent(len(left), len(exposed))
    long, short = _count(known, ADDERS_LONG), _count(known, ADDERS_SHORT)
    bought, sold = _count(known, BUYERS), _count(known, SELLERS)
    too_few = bought + sold < 10  # noqa: PLR2004 - a defined threshold
    moved = [
        behaviour.change or Decimal(0)
        for behaviour in known
        if behaviour.behaviour in BUYERS + SELLERS
    ]
    net, gross = sum(moved, Decimal(0)), sum(map(abs, moved), Decimal(0))
    holding = [behaviour.side_now for behaviour in known]
    return V2Scores(
        cas=_consensus(long, short, ecs, coverage),
        cas_usd=_weighted(known) if _is_scored(long, short, coverage) else None,
        dispersion=None if too_few else _disagreement(bought - sold, bought + sold),
        dispersion_size=None if too_few else _disagreement(net, gross),
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


def _is_scored(long: int, short: int, coverage: Decimal) -> bool:
    return long + short >= 10 and coverage >= Decimal("0.9")  # noqa: PLR2004 - defined thresholds


def _consensus(long: int, short: int, ecs: Decimal | None, coverage: Decimal) -> Decimal | None:
    if not _is_scored(long, short, coverage):
        return None
    cas = 50 + Decimal(50) * (long - short) / (long + short + 10)
    if ecs is not None and ecs > 25:  # noqa: PLR2004 - a defined threshold
        return min(max(cas, Decimal(40)), Decimal(60))
    return cas


def _weighted(known: Sequence[WalletBehaviour]) -> Decimal:
    """The mark price is the same for all wallets and cancels, so sizes in coins suffice."""
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


def _count(known: Sequence[WalletBehaviour], behaviours: Sequence[str]) -> int:
    return sum(behaviour.behaviour in behaviours for behaviour in known)


def _ratio(part: int, whole: int) -> Decimal | None:
    return Decimal(part) / whole if whole else None


def _percent(part: int, whole: int) -> Decimal | None:
    return Decimal(100) * part / whole if whole else None


def _disagreement(net: Decimal | int, gross: Decimal | int) -> Decimal | None:
    return 100 * (1 - Decimal(abs(net)) / gross) if gross else None
