"""Signals: what the watched wallets did in five minutes, scored by both definitions."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from hypertally.metrics.smart_money import playbook, playbook_first
from hypertally.metrics.smart_money.behaviour import Move, epsilon
from hypertally.metrics.smart_money.contributors import Contributor
from hypertally.metrics.smart_money.exits import Exits, baseline
from hypertally.metrics.smart_money.health import Health, judge_health, lock_reason
from hypertally.metrics.smart_money.herding import pool
from hypertally.metrics.smart_money.hysteresis import State
from hypertally.metrics.smart_money.matrix import Playbook
from hypertally.metrics.smart_money.scores import Scores, Usual, score
from hypertally.metrics.smart_money.scores_first import (
    FirstContributor,
    FirstScores,
    band_first,
    score_first,
    trend_first,
)
from hypertally.metrics.smart_money.scoring import FIRST, SECOND, Trend, trend
from hypertally.metrics.smart_money.window import Window, open_window
from hypertally.records import Record
from hypertally.store.postgres import Connection, Jsonb, in_schema
from hypertally.store.queries import load

QUERIES = load(__file__)
PERIOD = timedelta(minutes=5)
DEFINITION = SECOND
WORDS = (
    "What the wallets of the universe known at the time did in the five minutes before it, from "
    "stored snapshots alone: consensus (CAS), dispersion, exits (ECS), herding, and the playbook "
    "they call for. Each wallet's class, and what each score would be without it, stand beside it. "
    "No score is formed from a feed that is stale, failed or older than 90 seconds: the row says "
    "why. The first definition, as once published, is computed beside the second."
)
WORDS_FIRST = (
    "The scores as first published, from the same snapshots: shares of all wallets that were seen, "
    "with the clock and the missing wallets mended. Kept to compare with the second definition."
)
ASSETS = ("HYPE", "BTC", "ETH")


class Feed(Record, frozen=True, kw_only=True):
    """What was known of the feed at the end of a period."""

    universe_run_id: int | None
    wallets: int | None
    newest_at: datetime | None
    last_failed: bool | None
    success_at: datetime | None
    coverage: Decimal | None


class Period(Record, frozen=True, kw_only=True):
    """All that the signals of one period are made of."""

    at: datetime
    feed: Feed
    health: Health
    moves: Mapping[str, list[Move]]  # asset -> one a wallet
    ids: Mapping[str, int]  # address -> wallet id
    digests: Mapping[str, str]
    marks: Mapping[str, tuple[Decimal | None, Decimal | None]]  # at the begin and at the end
    earlier: Mapping[tuple[str, str], list[dict[str, Any]]]  # (asset, definition), oldest first
    usual: Mapping[str, Usual]


async def rebuild(connection: Connection, at: datetime, *, schema: str = "metrics") -> int:
    """Compute the signals of the period that ends at `at` again; how many rows.

    They build on those of the periods before, so a longer stretch is computed in order of time.
    """
    for query in ("delete_contributors", "delete_signals"):
        await connection.execute(in_schema(QUERIES[query], schema), {"at": at})
    period = await _read(connection, at, schema)
    reason = lock_reason(
        period.health,
        at=at,
        newest_snapshot_at=period.feed.newest_at,
        last_failed=bool(period.feed.last_failed),
    )
    if reason is None and period.health.signals == "paused":
        reason = "feed_late"
    if period.feed.universe_run_id is None:
        reason = "no_universe"
    if reason:
        locked = [
            _locked(period, asset, one, reason) for asset in ASSETS for one in (FIRST, SECOND)
        ]
        return sum([await _insert(connection, schema, row) for row in locked])
    rows = 0
    windows = {asset: open_window(asset, at, period.moves[asset]) for asset in ASSETS}
    pooled = pool(*(window.counts for window in windows.values()))
    for asset, window in windows.items():
        second = score(
            window, pooled=pooled, mark=period.marks[asset][0], usual=period.usual[asset]
        )
        rows += await _insert(connection, schema, _second_row(period, second))
        await _contribute(connection, schema, period, second)
        first = score_first(window)
        rows += await _insert(connection, schema, _first_row(period, window, first))
        await _contribute(connection, schema, period, first)
    return rows


async def _read(connection: Connection, at: datetime, schema: str) -> Period:
    bound: dict[str, Any] = {"at": at}
    row = await (await connection.execute(QUERIES["read_feed"].text, bound)).fetchone()
    assert row is not None  # it answers one row whatever there is
    feed = Feed(**row)
    bound["run_id"] = feed.universe_run_id
    moves = await (await connection.execute(QUERIES["list_moves"].text, bound)).fetchall()
    marks = await (await connection.execute(QUERIES["list_marks"].text, bound)).fetchall()
    earlier = await (
        await connection.execute(in_schema(QUERIES["list_earlier"], schema), bound)
    ).fetchall()
    usual = await (
        await connection.execute(in_schema(QUERIES["list_usual"], schema), bound)
    ).fetchall()
    prices = {(row["asset"], row["at"]): row["price"] for row in marks}
    return Period(
        at=at,
        feed=feed,
        health=judge_health(as_of=at, last_success_at=feed.success_at, coverage=feed.coverage),
        moves=_moves(moves),
        ids={row["wallet"]: row["wallet_id"] for row in moves},
        digests=_digests(moves),
        marks={asset: (prices[asset, at - PERIOD], prices[asset, at]) for asset in ASSETS},
        earlier=_grouped(earlier),
        usual={asset: _usual(asset, usual) for asset in ASSETS},
    )


def _moves(rows: Sequence[dict[str, Any]]) -> dict[str, list[Move]]:
    moves: dict[str, list[Move]] = {asset: [] for asset in ASSETS}
    for row in rows:
        moves[row["asset"]].append(
            Move(
                wallet=row["wallet"],
                before=row["before"],
                now=row["now"],
                epsilon=epsilon(row["asset"], row["typical"]),
                dirty=row["dirty"],
                forced=True if row["forced"] else None,
            )
        )
    return moves


def _digests(rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    counts: defaultdict[str, int] = defaultdict(int)
    sums: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        for name in ("before_fingerprint", "now_fingerprint"):
            if row[name] is not None:
                counts[row["asset"]] += 1
                sums[row["asset"]] += row[name]
    return {asset: f"{counts[asset]}:{sums[asset]}" for asset in ASSETS}


def _grouped(rows: Sequence[dict[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    grouped: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        grouped[row["asset"], row["definition"]].append(row)
    return grouped


def _usual(asset: str, rows: Sequence[dict[str, Any]]) -> Usual:
    exits = [row["exits"] for row in rows if row["asset"] == asset]
    return Usual(
        **{
            side: baseline((one[side]["left"], one[side]["exposed"]) for one in exits)
            for side in ("all", "long", "short")
        }
    )


def _before(period: Period, asset: str) -> State:
    """What the period before handed on; with none before it the playbook begins anew."""
    earlier = period.earlier.get((asset, SECOND), [])
    if not earlier or earlier[-1]["at"] != period.at - PERIOD:
        return State()
    return msgspec.convert(earlier[-1]["state"], State)


def _trend(period: Period, asset: str, value: Decimal | None) -> Trend:
    known = {row["at"]: row["cas"] for row in period.earlier.get((asset, SECOND), [])}
    return trend(value, [known.get(period.at - PERIOD * ago) for ago in (3, 2, 1)])


def _second_row(period: Period, scores: Scores) -> dict[str, Any]:
    turned = _trend(period, scores.asset, scores.cas.score.value)
    reading = playbook.reading_of(scores, turned, thin=period.health.signals == "neutral")
    step = playbook.step(_before(period, scores.asset), reading)
    scored = {
        "cas": scores.cas.score,
        "cas_usd": scores.cas_weighted,
        "dispersion": scores.dispersion,
        "dispersion_size": scores.dispersion_size,
        "activity_sd": scores.activity_sd,
        "stock_disagreement": scores.stock,
        "ecs": scores.ecs.score,
        "ecs_long": scores.ecs_long.score,
        "ecs_short": scores.ecs_short.score,
        "ecs_forced": scores.ecs_forced,
        "herding": scores.herding.score,
    }
    return {
        **_common(period, scores.asset, scores.definition),
        **_playbook(step.playbook),
        **{name: one.value for name, one in scored.items()},
        "unknown": Jsonb({name: one.reason for name, one in scored.items() if one.reason}),
        "observed": scores.counts.observed,
        "exposed": scores.counts.observed - scores.counts.flat,
        "cas_lower": scores.cas.score.lower,
        "cas_upper": scores.cas.score.upper,
        "band": scores.cas.band,
        "participation": scores.cas.participation,
        "trend": turned.direction,
        "ecs_z": scores.ecs.z,
        "ecs_percentile": scores.ecs.percentile,
        "exits": _json(
            {
                "all": _exits(scores.ecs),
                "long": _exits(scores.ecs_long),
                "short": _exits(scores.ecs_short),
            }
        ),
        "herding_sign": scores.herding.sign,
        "herding_n": scores.herding.active,
        "counts": _json(scores.behaviours),
        "reach": _json(scores.reach),
        "state": _json(step.state),
        "completeness": scores.counts.completeness(),
    }


def _exits(exits: Exits) -> dict[str, Any]:
    names = ("left", "exposed", "forced", "unexplained", "p0", "high", "high_from", "level")
    return {name: getattr(exits, name) for name in names}


def _first_row(period: Period, window: Window, scores: FirstScores) -> dict[str, Any]:
    asset, value = scores.asset, scores.cas.value
    assert value is not None  # the first definition always says a number
    known = [row["cas"] for row in period.earlier.get((asset, FIRST), []) if row["cas"] is not None]
    turned = trend_first(value, known)
    output = playbook_first.playbook_first(playbook_first.reading_first(scores, turned))
    scored = {"cas": scores.cas, "dispersion": scores.dispersion, "ecs": scores.ecs}
    return {
        **_common(period, asset, scores.definition),
        **_playbook(output),
        **{name: one.value for name, one in scored.items()},
        "unknown": Jsonb({name: one.reason for name, one in scored.items() if one.reason}),
        "observed": window.counts.observed,
        "exposed": window.counts.observed - window.counts.flat,
        "cas_lower": scores.cas.lower,
        "cas_upper": scores.cas.upper,
        "band": band_first(value),
        "trend": turned.direction,
        "counts": _json(scores.states),
        "reach": _json(scores.reach),
        "completeness": window.counts.completeness(),
    }


def _locked(period: Period, asset: str, definition: str, reason: str) -> dict[str, Any]:
    step = playbook.locked(_before(period, asset), reason)
    return {
        **_common(period, asset, definition),
        **_playbook(step.playbook),
        "locked": reason,
        "unknown": Jsonb({"cas": f"locked: {reason}"}),
        "state": _json(step.state),
        "completeness": Decimal(0),
    }


def _common(period: Period, asset: str, definition: str) -> dict[str, Any]:
    """The columns that every row has; those not known here are null."""
    return {
        **dict.fromkeys(_NULL),
        **{name: Jsonb({}) for name in ("counts", "reach", "exits", "flags", "state", "unknown")},
        "at": period.at,
        "asset": asset,
        "definition": definition,
        "universe_run_id": period.feed.universe_run_id,
        "wallets": period.feed.wallets or 0,
        "observed": 0,
        "exposed": 0,
        "coverage": period.feed.coverage or Decimal(0),
        "mark_price": period.marks[asset][1],
        "digest": period.digests[asset],
    }


_NULL = (
    "locked", "cas", "cas_lower", "cas_upper", "cas_usd", "participation", "trend", "dispersion",
    "dispersion_size", "activity_sd", "stock_disagreement", "ecs", "ecs_long", "ecs_short",
    "ecs_forced", "ecs_z", "ecs_percentile", "herding", "herding_sign", "herding_n", "band",
)  # fmt: skip


def _playbook(output: Playbook) -> dict[str, Any]:
    flags = ("add_exposure_long", "add_exposure_short", "tighten_stops_long", "tighten_stops_short")
    return {
        "bias": output.bias,
        "risk": output.risk,
        "rule": output.rule,
        "nearest_miss": None if output.missed is None else _json(output.missed),
        "flags": _json({name: getattr(output, name) for name in flags}),
    }


def _json(value: Any) -> Jsonb:
    return Jsonb(msgspec.to_builtins(value))


async def _insert(connection: Connection, schema: str, row: dict[str, Any]) -> int:
    inserted = await connection.execute(in_schema(QUERIES["insert_signal"], schema), row)
    return inserted.rowcount


async def _contribute(
    connection: Connection, schema: str, period: Period, scores: Scores | FirstScores
) -> None:
    if not scores.contributors:
        return
    rows = [_contribution(one) for one in scores.contributors]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    await connection.execute(
        in_schema(QUERIES["insert_contributors"], schema),
        {
            **columns,
            "at": period.at,
            "asset": scores.asset,
            "definition": scores.definition,
            "wallet_id": [period.ids[row["wallet"]] for row in rows],
        },
    )


def _contribution(one: Contributor | FirstContributor) -> dict[str, Any]:
    second = one if isinstance(one, Contributor) else None
    return {
        "wallet": one.wallet,
        "class": one.behaviour if isinstance(one, Contributor) else one.state,
        "before_coin": one.before,
        "now_coin": one.now,
        "delta_coin": one.change,
        "epsilon": one.epsilon,
        "weight_coin": second.weight if second else None,
        "delta_usd": second.change_usd if second else None,
        "forced": second.forced if second else None,
        "effect_cas": one.cas,
        "effect_cas_usd": second.cas_weighted if second else None,
        "effect_dispersion": one.dispersion,
        "effect_dispersion_size": second.dispersion_size if second else None,
        "effect_ecs": one.ecs,
    }


async def list_keys(connection: Connection, *, from_day: date, to_day: date) -> list[datetime]:
    """The ends of the periods that have, or should have, a signal."""
    found = await connection.execute(
        QUERIES["list_periods"].text, {"from_day": from_day, "to_day": to_day}
    )
    return [row["at"] for row in await found.fetchall()]
