"""The plan: what wallets cost, what the allowance grants, and when all have their history."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_UP, Decimal

from msgspec.structs import replace

from hypertally.jobs.paces import FIRST_PULL, FIRST_TWAP_PULL
from hypertally.jobs.request_plan.activity import Activity
from hypertally.jobs.request_plan.costs import (
    PURPOSES,
    WeightNeed,
    first_fills_weight,
    first_twaps_weight,
    list_needs,
)
from hypertally.jobs.smart_money.exit_readings import PULL_EXIT_FILLS
from hypertally.jobs.smart_money.snapshot_share import share_weight
from hypertally.jobs.smart_money.snapshots import SNAPSHOT_MINUTE
from hypertally.records import Record
from hypertally.settings import EXITS_WEIGHT_MAX, PAGE_WEIGHT_MAX
from hypertally.sources.weights import BASE_WEIGHT

# A request waits until its worst case fits, and costs less: the end of a minute stays unspent.
UNSPENT_WEIGHT = PAGE_WEIGHT_MAX - (BASE_WEIGHT + 1)
_OWN_SHARE = (SNAPSHOT_MINUTE, PULL_EXIT_FILLS)  # paid from what pulls leave
_HUNDREDTH = Decimal("0.01")


class Line(Record, frozen=True, kw_only=True):
    """What one purpose needs of each minute, and what the allowance grants."""

    purpose: str
    kind: str
    needed: Decimal
    granted: Decimal


class Plan(Record, frozen=True, kw_only=True):
    """What wallets cost of the request weight."""

    wallets: int
    weight_per_minute: int
    lines: Sequence[Line]
    needed: Decimal  # a minute, once all have their history
    granted: Decimal
    first_weight: Decimal  # once: the whole histories of fills and of TWAPs
    # Until all wallets have their history; None: never, more urgent requests take all weight.
    minutes_to_fills: Decimal | None
    minutes_to_history: Decimal | None  # of fills and of TWAPs


def make_plan(activity: Activity, *, weight_per_minute: int) -> Plan:
    """What wallets of an activity cost; `minutes_to_...`: as if all were added now."""
    needs = list_needs(activity)
    granted = _grant(needs, activity, weight_per_minute=weight_per_minute)
    lines = [_line(needs, granted, kind.name, words) for kind, words in PURPOSES.items()]
    fills = sum(map(first_fills_weight, activity.wallets), Decimal(0))
    twaps = sum(map(first_twaps_weight, activity.wallets), Decimal(0))
    to_fills = _minutes(fills, granted, activity, weight_per_minute, FIRST_PULL.priority)
    to_twaps = _minutes(twaps, granted, activity, weight_per_minute, FIRST_TWAP_PULL.priority)
    return Plan(
        wallets=int(activity.wallet_count),
        weight_per_minute=weight_per_minute,
        lines=lines,
        needed=sum((line.needed for line in lines), Decimal(0)),
        granted=sum((line.granted for line in lines), Decimal(0)),
        first_weight=fills + twaps,
        minutes_to_fills=to_fills,
        minutes_to_history=None if to_fills is None or to_twaps is None else to_fills + to_twaps,
    )


def scaled(activity: Activity, wallets: int) -> Activity:
    """The same mix of wallets, and so many of them."""
    factor = Decimal(wallets) / activity.wallet_count
    parts = [replace(each, wallets=each.wallets * factor) for each in activity.wallets]
    return replace(activity, wallets=parts)


def _line(
    needs: Iterable[WeightNeed], granted: Iterable[WeightNeed], kind: str, purpose: str
) -> Line:
    needed_weight, granted_weight = (
        sum((each.weight for each in listed if each.kind.name == kind), Decimal(0))
        for listed in (needs, granted)
    )
    return Line(
        purpose=purpose, kind=kind, needed=_rounded(needed_weight), granted=_rounded(granted_weight)
    )


def _grant(
    needs: Sequence[WeightNeed], activity: Activity, *, weight_per_minute: int
) -> list[WeightNeed]:
    """What each need gets: the more urgent ones all, until nothing is left."""
    share = _share(activity, weight_per_minute)
    left = max(Decimal(0), weight_per_minute - share - UNSPENT_WEIGHT)
    granted: list[WeightNeed] = []
    for need in sorted(needs, key=lambda need: -need.priority):
        limit = min(share, _own_limit(need)) if need.kind in _OWN_SHARE else left
        weight = min(need.weight, limit)
        granted.append(replace(need, weight=weight))
        left -= 0 if need.kind in _OWN_SHARE else weight
    return granted


def _own_limit(need: WeightNeed) -> Decimal:
    return Decimal(EXITS_WEIGHT_MAX) if need.kind is PULL_EXIT_FILLS else need.weight


def _share(activity: Activity, weight_per_minute: int) -> Decimal:
    """What pulls leave of each minute to watched wallets; without any, nothing."""
    watched = activity.market.watched
    share = share_weight(watched, exits=activity.market.exits > 0) if watched else 0
    return Decimal(min(share, weight_per_minute - PAGE_WEIGHT_MAX))


def _minutes(
    first_weight: Decimal,
    granted: Iterable[WeightNeed],
    activity: Activity,
    weight_per_minute: int,
    priority: int,
) -> Decimal | None:
    """How long first pulls of a priority take: what is more urgent goes before them."""
    before = sum(
        (
            need.weight
            for need in granted
            if need.priority > priority and need.kind not in _OWN_SHARE
        ),
        Decimal(0),
    )
    left = weight_per_minute - _share(activity, weight_per_minute) - UNSPENT_WEIGHT - before
    if not first_weight:
        return Decimal(0)
    return _rounded(first_weight / left) if left >= 1 else None  # less than one is none


def _rounded(figure: Decimal) -> Decimal:
    return figure.quantize(_HUNDREDTH, ROUND_UP)
