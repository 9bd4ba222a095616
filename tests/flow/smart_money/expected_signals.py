"""The expected signals of a playback: the results of the sandbox's oracle, named as the columns."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, partial
from typing import Any

import msgspec
from tests.flow.smart_money.stage import START_MS, Recording

from hypertally.sandbox.oracles.smart_money import ExpectedScores, score_window
from hypertally.sandbox.oracles.smart_money_classes import LEAVERS, WINDOW_MINUTES
from hypertally.sandbox.oracles.smart_money_periods import (
    ExitCount,
    exit_percentile,
    exit_z_score,
    herding,
    mean_exit_share,
    round_as_shown,
    trend,
    v1_band,
    v2_band,
)
from hypertally.sandbox.oracles.smart_money_v3 import (
    V3Window,
    dispersion_level,
    exits_are_high,
    feed_coverage,
    v3_trend,
    v3_window,
)
from hypertally.sandbox.regimes.exchange import regime_exchange
from hypertally.sandbox.regimes.playback import ASSETS, MINUTE_MS, RegimePlayback

V1, V2, V3 = "smart_money/1", "smart_money/2", "smart_money/3"
SIDES: dict[str, tuple[int, ...]] = {"all": (1, -1), "long": (1,), "short": (-1,)}
UNSEEN = ("MISSING", "DIRTY")

Row = dict[str, Any]
#: (asset, side) -> (left, exposed) of the windows before the playback
History = Mapping[tuple[str, str], Sequence[ExitCount]]


class RecordedPlayback:
    """A playback and those of its minutes that were recorded."""

    def __init__(self, playback: RegimePlayback, minutes: frozenset[int]) -> None:
        self.playback = playback
        self.minutes = minutes
        self._position = cache(playback.position)

    def scores(self, asset: str, minute: int, *, without: str = "") -> ExpectedScores:
        """The oracle's scores of a window; `without` leaves a wallet out of the universe."""

        def position_at(wallet: str, at_minute: int) -> Decimal | None:
            if at_minute not in self.minutes or not self.playback.answers(wallet, at_minute):
                return None
            return self._position(wallet, asset, at_minute)

        def forced(wallet: str) -> bool:
            begin = minute - WINDOW_MINUTES
            return self.playback.forced(wallet, asset, after_minute=begin, to_minute=minute)

        wallets = [wallet for wallet in self.playback.addresses if wallet != without]
        return score_window(asset, wallets, position_at, minute=minute, forced=forced)

    def position_at(self, asset: str, wallet: str, at_minute: int) -> Decimal | None:
        """What a recorded minute shows of a wallet; None: no answer, or not recorded."""
        if at_minute not in self.minutes or not self.playback.answers(wallet, at_minute):
            return None
        return self._position(wallet, asset, at_minute)

    def feed_coverage(self, minute: int) -> Decimal:
        """The oracle's coverage of the feed."""
        return feed_coverage(
            self.playback.addresses, partial(self.position_at, ASSETS[0]), minute=minute
        )

    def v3_window(
        self,
        asset: str,
        minute: int,
        minutes: int = WINDOW_MINUTES,
        *,
        unread: frozenset[str] = frozenset(),
    ) -> V3Window:
        """The oracle's scores of a window by the third version."""
        begin = minute - minutes
        return v3_window(
            asset,
            self.playback.addresses,
            partial(self.position_at, asset),
            minute=minute,
            minutes=minutes,
            forced=frozenset(
                wallet
                for wallet in self.playback.addresses
                if wallet not in unread
                and self.playback.forced(wallet, asset, after_minute=begin, to_minute=minute)
            ),
            unread=unread,
        )

    def seen_within(self, minute: int, minutes: int) -> bool:
        """Whether any wallet answered in one of the newest minutes."""
        return any(
            self.playback.answers(wallet, at_minute)
            for at_minute in range(minute, minute - minutes, -1)
            if at_minute in self.minutes
            for wallet in self.playback.addresses
        )

    def answered_share(self, minute: int) -> Decimal:
        """The share of the wallets that answered in a minute."""
        wallets = self.playback.addresses
        answered = sum(self.playback.answers(wallet, minute) for wallet in wallets)
        return Decimal(answered) / len(wallets)

    def mark_price(self, asset: str, minute: int) -> Decimal | None:
        """The newest price that the exchange answered in the last two minutes."""
        for at_minute in (minute, minute - 1):
            if at_minute in self.minutes and self.playback.prices_answer(at_minute):
                return Decimal(_mids(self.playback.script.name, at_minute)[asset])
        return None


@cache
def _mids(name: str, minute: int) -> dict[str, str]:
    exchange = regime_exchange(name, start_ms=START_MS)
    answer = exchange.answer(b'{"type": "allMids"}', now_ms=START_MS + minute * MINUTE_MS)
    return msgspec.json.decode(answer.body)


@dataclass(slots=True)
class _Past:
    """What the periods before leave behind of one asset."""

    v1: list[Decimal | None] = field(default_factory=lambda: [None] * 3)  # CAS
    v2: list[Decimal | None] = field(default_factory=lambda: [None] * 3)
    exits: dict[str, list[ExitCount]] = field(default_factory=lambda: {side: [] for side in SIDES})


def expected(
    recording: Recording, periods: Sequence[int], *, locked: Mapping[int, str], history: History
) -> Iterator[tuple[tuple[int, str, str], Row]]:
    """Every row of every period, by (minute, asset, definition)."""
    watched = RecordedPlayback(recording.playback, recording.minutes)
    past = {
        asset: _Past(exits={side: list(history.get((asset, side), ())) for side in SIDES})
        for asset in ASSETS
    }
    for minute in periods:
        scores_by_asset = {asset: watched.scores(asset, minute) for asset in ASSETS}
        for asset, scores in scores_by_asset.items():
            mark = watched.mark_price(asset, minute)
            if reason := locked.get(minute):
                for definition in (V1, V2):
                    yield (minute, asset, definition), _locked_row(reason, mark)
                past[asset].v1.append(None)
                past[asset].v2.append(None)
                continue
            common = {
                "mark_price": mark,
                "coverage": round_as_shown(watched.answered_share(minute)),
            }
            before = past[asset]
            yield (minute, asset, V1), {**common, **_v1_row(scores, before)}
            v2_row = _v2_row(scores, list(scores_by_asset.values()), before)
            yield (minute, asset, V2), {**common, **v2_row}
            before.v1.append(scores.v1.cas)
            before.v2.append(scores.v2.cas)
            for side in SIDES:
                before.exits[side].append(_exits(scores, side))


def _locked_row(reason: str, mark: Decimal | None) -> Row:
    scores = ("cas", "cas_usd", "dispersion", "ecs", "trend", "band", "herding", "participation")
    return {
        **dict.fromkeys(scores),
        "locked": reason,
        "mark_price": mark,
        "observed": 0,
        "completeness": 0,
        "counts": {},
    }


def _v1_row(window: ExpectedScores, past: _Past) -> Row:
    scores = window.v1
    states = Counter(wallet.v1_class for wallet in window.wallets)
    return {
        "locked": None,
        "cas": round_as_shown(scores.cas),
        "dispersion": round_as_shown(scores.dispersion),
        "ecs": round_as_shown(scores.ecs),
        "trend": trend(scores.cas, past.v1[-3:]) or "flat",
        "band": v1_band(scores.cas),
        "counts": dict(states),
    }


def _v2_row(window: ExpectedScores, every: Sequence[ExpectedScores], past: _Past) -> Row:
    scores, wallets = window.v2, len(window.wallets)
    unseen = sum(window.counts.get(name, 0) for name in UNSEEN)
    amount, sign, active = herding(window, every)
    return {
        "locked": None,
        "wallets": wallets,
        "observed": wallets - unseen,
        "exposed": wallets - unseen - window.counts.get("FLAT", 0),
        "completeness": round_as_shown(Decimal(wallets - unseen) / wallets),
        "counts": dict(window.counts),
        "cas": round_as_shown(scores.cas),
        "cas_usd": round_as_shown(scores.cas_usd),
        "band": v2_band(scores.cas),
        "trend": trend(scores.cas, past.v2[-3:]),
        "participation": round_as_shown(scores.participation),
        "dispersion": round_as_shown(scores.dispersion),
        "dispersion_size": round_as_shown(scores.dispersion_size),
        "activity_sd": round_as_shown(scores.activity_sd),
        "stock_disagreement": round_as_shown(scores.stock_disagreement),
        "ecs": round_as_shown(scores.ecs),
        "ecs_long": round_as_shown(scores.ecs_long),
        "ecs_short": round_as_shown(scores.ecs_short),
        "ecs_forced": round_as_shown(scores.ecs_forced),
        "ecs_z": exit_z_score(_exits(window, "all"), past.exits["all"]),
        "ecs_percentile": exit_percentile(_exits(window, "all"), past.exits["all"]),
        "herding": amount,
        "herding_sign": sign,
        "herding_n": active,
        "exits": {side: _side(window, side, past) for side in SIDES},
    }


def expected_v3(
    recording: Recording, periods: Sequence[int]
) -> Iterator[tuple[tuple[int, str, str], Row]]:
    """Every row of the third version, by (minute, asset, definition)."""
    watched = RecordedPlayback(recording.playback, recording.minutes)
    cas: dict[tuple[str, int], Decimal | None] = {}
    for minute in periods:
        for asset in ASSETS:
            window = watched.v3_window(asset, minute)
            coverage = watched.feed_coverage(minute)
            reason = _v3_lock(watched, minute, window, coverage)
            row: Row = {
                "locked": reason,
                "coverage": round_as_shown(coverage),
                "completeness": round_as_shown(window.both_ends),
            }
            if reason is None:
                before = [cas.get((asset, minute - ago)) for ago in range(30, 0, -5)]
                row |= _v3_row(window, before)
                cas[asset, minute] = window.scores.cas
            yield (minute, asset, V3), row


def _v3_lock(
    watched: RecordedPlayback, minute: int, window: V3Window, coverage: Decimal
) -> str | None:
    if not watched.seen_within(minute, 11):
        return "health_stale"
    if not watched.seen_within(minute, 2):
        return "snapshot_old"
    if coverage < Decimal("0.8"):
        return "coverage_low"
    return "ends_unseen" if window.both_ends < Decimal("0.8") else None


def _v3_row(window: V3Window, before: Sequence[Decimal | None]) -> Row:
    scores = window.scores
    high = exits_are_high(window.left, window.exposed, None, usual=False)
    names = (
        "cas", "cas_usd", "dispersion", "dispersion_size", "activity_sd", "stock_disagreement",
        "participation", "ecs", "ecs_long", "ecs_short",
    )  # fmt: skip
    figures = {name: round_as_shown(getattr(scores, name)) for name in names}
    level = dispersion_level(scores.dispersion, window.active, 20)
    return {
        **figures,
        "ecs_forced": round_as_shown(window.forced_share),
        "trend": v3_trend(scores.cas, before),
        "band": v2_band(scores.cas),
        "counts": dict(window.counts),
        "active": window.active,
        "left": window.left,
        "exposed_before": window.exposed,
        "exits_high": high,
        "stand_off": level == "high",
    }


def v3_difference(stored: Row, expected_row: Row) -> dict[str, tuple[Any, Any]]:
    """The figures of the third version that are other than expected_row."""
    exits = stored["exits"].get("all", {})
    figures = {
        **stored,
        "left": exits.get("left"),
        "exposed_before": exits.get("exposed"),
        "exits_high": exits.get("high"),
        "stand_off": stored["rule"] == "dispersion_high",
    }
    return difference(figures, expected_row)


def _exits(scores: ExpectedScores, side: str) -> ExitCount:
    held = [wallet for wallet in scores.wallets if wallet.side in SIDES[side]]
    held = [wallet for wallet in held if wallet.behaviour not in UNSEEN]
    left = [each for each in held if each.behaviour in LEAVERS and not each.forced]
    return len(left), len(held)


def _side(scores: ExpectedScores, side: str, past: _Past) -> Row:
    (left, exposed), before = _exits(scores, side), past.exits[side]
    many = exposed > 0 and 100 * left > 25 * exposed and left >= 10
    z = exit_z_score((left, exposed), before)
    usual = mean_exit_share(before)
    return {
        "left": left,
        "exposed": exposed,
        "forced": sum(wallet.forced and wallet.side in SIDES[side] for wallet in scores.wallets),
        "p0": None if usual is None else str(usual),
        "high": (None if z is None else z >= 3) if many else False,
    }


def difference(stored: Row, wanted: Row) -> dict[str, tuple[Any, Any]]:
    """The columns that are other than wanted: (stored, wanted)."""
    pairs = {name: (_comparable(name, stored[name]), value) for name, value in wanted.items()}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _comparable(name: str, value: Any) -> Any:
    if name == "counts":  # every class has its place in the column
        return {name: count for name, count in value.items() if count}
    if name == "exits":
        names = ("left", "exposed", "forced", "p0", "high")
        return {side: {name: figures[name] for name in names} for side, figures in value.items()}
    return value


def without_each(watched: RecordedPlayback, asset: str, minute: int, wallet: str) -> Row:
    """What each score would lose without a wallet; null where either is unknown."""
    scores = ("cas", "cas_usd", "dispersion", "dispersion_size", "ecs")
    full = watched.scores(asset, minute).v2
    rest = watched.scores(asset, minute, without=wallet).v2
    effects: Row = {}
    for score in scores:
        value, other = round_as_shown(getattr(full, score)), round_as_shown(getattr(rest, score))
        effects[score] = None if value is None or other is None else value - other
    return effects
