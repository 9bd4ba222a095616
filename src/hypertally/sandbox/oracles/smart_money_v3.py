"""The expected signals of smart money's third version, from positions, in the simplest exact way.

The oracle shares no code with the program's metrics and follows the definitions alone. It decides
what they leave open as the program says that it does: a minute is held back by who held any size
when last seen in the hour before the minute before an end; an end is judged by what was known then.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from hypertally.sandbox.oracles.smart_money import DIGITS, V2Scores, scores_of_known
from hypertally.sandbox.oracles.smart_money_classes import (
    BUYERS,
    LEAVERS,
    SELLERS,
    PositionLookup,
    WalletBehaviour,
    behaviour_of,
    typical_noise,
)

HOUR = 60
# CAS, trend, dispersion, ECS -> bias and risk of longs, as the definitions list the rows.
MATRIX = (
    ("any", "any", "high", "any", "No-trade", "Defensive"),
    ("any", "any", "any", "high", "No-trade", "Defensive"),
    (">= 75", "rising", "low", "low", "Long", "Normal"),
    (">= 75", "rising", "low", "medium", "Long", "Reduced"),
    (">= 60", "rising flat", "low medium", "low", "Long", "Reduced"),
    ("any", "any", "any", "any", "No-trade", "Reduced"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class V3Window:
    """The expected figures of one asset and window."""

    wallets: Sequence[WalletBehaviour]
    counts: Mapping[str, int]
    both_ends: Decimal  # share of the wallets seen well at both ends
    scores: V2Scores
    active: int
    left: int
    exposed: int
    forced_share: Decimal | None  # percent of the exposed; None: the fills of a leaver are unknown


def end_sizes(
    wallets: Sequence[str], position_at: PositionLookup, end: int
) -> dict[str, tuple[Decimal, int]]:
    """Return each wallet's size at an end, and its age in seconds; missing wallets are absent."""
    at_end = {wallet: position_at(wallet, end) for wallet in wallets}
    before = {wallet: position_at(wallet, end - 1) for wallet in wallets}
    earlier = {wallet: _last_seen(wallet, position_at, end - 2) for wallet in wallets}
    newest = {
        wallet: earlier[wallet] if before[wallet] is None else before[wallet] for wallet in wallets
    }
    end_held = _vanished(newest, at_end)
    confirmed = _vanished(
        {wallet: earlier[wallet] for wallet in wallets if before[wallet] is not None}, at_end
    )
    before_held = _vanished(earlier, before) and not confirmed
    sizes: dict[str, tuple[Decimal, int]] = {}
    for wallet in wallets:
        now, last = at_end[wallet], before[wallet]
        if now is not None and not end_held:
            sizes[wallet] = (now, 0)
        elif last is not None and not before_held:
            sizes[wallet] = (last, 60)
    return sizes


def feed_coverage(wallets: Sequence[str], position_at: PositionLookup, *, minute: int) -> Decimal:
    """Return the share of the wallets that answered in the two minutes up to a minute."""
    answered = [
        wallet
        for wallet in wallets
        if any(position_at(wallet, minute - ago) is not None for ago in range(2))
    ]
    return Decimal(len(answered)) / len(wallets)


def _last_seen(wallet: str, position_at: PositionLookup, minute: int) -> Decimal | None:
    for at_minute in range(minute, minute - HOUR, -1):
        size = position_at(wallet, at_minute)
        if size is not None:
            return size
    return None


def _vanished(last: Mapping[str, Decimal | None], now: Mapping[str, Decimal | None]) -> bool:
    holders = [wallet for wallet, size in last.items() if size and now[wallet] is not None]
    flat = [wallet for wallet in holders if now[wallet] == 0]
    return len(flat) >= 10 and 100 * len(flat) > 20 * len(holders)  # noqa: PLR2004 - as defined


def v3_window(
    asset: str,
    wallets: Sequence[str],
    position_at: PositionLookup,
    *,
    minute: int,
    minutes: int,
    dirty: frozenset[str] = frozenset(),
    forced: frozenset[str] = frozenset(),
    unread: frozenset[str] = frozenset(),
    from_minute: int = 0,
) -> V3Window:
    """Compute the scores of the window of so many minutes that ends at a full minute.

    `unread`: wallets whose fills are unknown; they are not in `forced`.
    """
    before = end_sizes(wallets, position_at, minute - minutes)
    now = end_sizes(wallets, position_at, minute)
    with localcontext(prec=DIGITS):
        behaviours = [
            _behaviour(
                wallet,
                before=before.get(wallet, (None, 0))[0],
                now=now.get(wallet, (None, 0))[0],
                epsilon=typical_noise(
                    asset, wallet, position_at=position_at, minute=minute, from_minute=from_minute
                ),
                dirty=wallet in dirty,
                forced=wallet in forced,
            )
            for wallet in wallets
        ]
        observed = [wallet for wallet in behaviours if wallet.behaviour not in ("MISSING", "DIRTY")]
        both_ends = Decimal(len(observed)) / len(wallets) if wallets else Decimal(0)
        exposed = [wallet for wallet in observed if wallet.side]
        leavers = {wallet.wallet for wallet in exposed if wallet.behaviour in LEAVERS}
        scores = scores_of_known(observed, both_ends)
        return V3Window(
            wallets=behaviours,
            counts=dict(Counter(wallet.behaviour for wallet in behaviours)),
            both_ends=both_ends,
            scores=scores,
            active=sum(wallet.behaviour in BUYERS + SELLERS for wallet in observed),
            left=sum(wallet.behaviour in LEAVERS and not wallet.forced for wallet in exposed),
            exposed=len(exposed),
            forced_share=None if leavers & unread else scores.ecs_forced,
        )


def _behaviour(
    wallet: str,
    *,
    before: Decimal | None,
    now: Decimal | None,
    epsilon: Decimal,
    dirty: bool,
    forced: bool,
) -> WalletBehaviour:
    behaviour = behaviour_of(before, now, epsilon)
    if dirty and behaviour != "MISSING":
        behaviour = "DIRTY"
    return WalletBehaviour(
        wallet=wallet,
        behaviour=behaviour,
        v1_class="",
        before=before,
        now=now,
        epsilon=epsilon,
        forced=behaviour in LEAVERS and forced,
    )


def v3_trend(value: Decimal | None, before: Sequence[Decimal | None]) -> str | None:
    """Compare CAS with the mean of the last three known ones of the half hour before."""
    compared = [cas for cas in before if cas is not None][-3:]
    if value is None or len(compared) < 3:  # noqa: PLR2004 - a defined threshold
        return None
    with localcontext(prec=DIGITS):
        change = value - sum(compared, Decimal(0)) / 3
    if abs(change) <= 5:  # noqa: PLR2004 - a defined threshold
        return "flat"
    return "rising" if change > 0 else "falling"


def stand_off_needs(active_before: Sequence[int]) -> int:
    """Return how many active wallets High needs, from those of the periods of seven days."""
    if len(active_before) < 500:  # noqa: PLR2004 - a defined threshold
        return 20
    three_in_four = min(
        number
        for number in set(active_before)
        if 4 * sum(other <= number for other in active_before) >= 3 * len(active_before)
    )
    return max(20, three_in_four)


def dispersion_level(dispersion: Decimal | None, active: int, needed: int) -> str | None:
    """Return the level of a period alone."""
    if dispersion is None:
        return None
    if dispersion >= 60:  # noqa: PLR2004 - a defined threshold
        return "high" if active >= needed else "medium"
    return "low" if dispersion < 40 else "medium"  # noqa: PLR2004 - a defined threshold


def exits_are_high(left: int, exposed: int, z_score: Decimal | None, *, usual: bool) -> bool:
    """Return whether ECS is High; `usual`: whether what is usual is known."""
    many = exposed > 0 and 100 * left > 25 * exposed and left >= 10  # noqa: PLR2004
    return many and (not usual or (z_score is not None and z_score >= 3))  # noqa: PLR2004


def matrix_says(*, cas: Decimal, trend: str, dispersion: str, ecs: str) -> tuple[str, str]:
    """Return bias and risk of a cell; shorts are longs in a mirror."""
    mirrored = cas < 50  # noqa: PLR2004 - the middle
    if mirrored:
        cas = 100 - cas
        trend = {"rising": "falling", "falling": "rising"}.get(trend, trend)
    for row in MATRIX:
        enough = row[0] == "any" or cas >= Decimal(row[0].removeprefix(">= "))
        fits = _among(trend, row[1]) and _among(dispersion, row[2]) and _among(ecs, row[3])
        if enough and fits:
            return ("Short" if mirrored and row[4] == "Long" else row[4]), row[5]
    raise AssertionError("the last row fits every cell")


def _among(value: str, listed: str) -> bool:
    return listed == "any" or value in listed.split()


def tighten_stops(
    *, exits_high: bool | None, trend: str | None, dispersion: str | None, side: str
) -> tuple[bool, list[str]]:
    """Return the flag of a side, and the inputs that are unknown."""
    against = {"long": "falling", "short": "rising"}[side]
    reasons = {
        "exits": exits_high,
        "trend": None if trend is None else trend == against,
        "dispersion": None if dispersion is None else dispersion == "high",
    }
    return True in reasons.values(), [name for name, reason in reasons.items() if reason is None]
