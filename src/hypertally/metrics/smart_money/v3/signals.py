"""Signals of the third version: the same scores over 5 minutes, 15 minutes, 1 hour and 4 hours.

What the definition leaves open: of a window in which the universe changed, those wallets count that
were watched at both its ends; one that ended before the first universe counts all as missing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypertally.metrics.smart_money.formulas.feed_health import NONE_SEEN
from hypertally.metrics.smart_money.formulas.herding import pool
from hypertally.metrics.smart_money.formulas.scoring_window import ScoringWindow, build_window
from hypertally.metrics.smart_money.formulas.v3.lock import feed_lock, window_lock
from hypertally.metrics.smart_money.formulas.v3.scores import V3, V3Scores, score_v3
from hypertally.metrics.smart_money.formulas.v3.thresholds import TREND_WITHIN, WINDOWS
from hypertally.metrics.smart_money.formulas.wallet_moves import EXITS, Move, epsilon
from hypertally.metrics.smart_money.signal_history import SignalHistory
from hypertally.metrics.smart_money.signal_rows import contribution
from hypertally.metrics.smart_money.v3.ends import (
    PeriodEnds,
    SeenSize,
    Universe,
    read_dirty,
    read_universes,
)
from hypertally.metrics.smart_money.v3.feed_coverage import read_feed
from hypertally.metrics.smart_money.v3.history import UsualHistory
from hypertally.metrics.smart_money.v3.reductions import UNKNOWN, Reductions
from hypertally.metrics.smart_money.v3.rows import (
    EarlierRow,
    Place,
    locked_row,
    signal_row,
)
from hypertally.records import ASSETS, Record
from hypertally.store.postgres import Connection, in_schema, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)


class V3History(Record, frozen=True, kw_only=True):
    """What is carried from one period to the next."""

    usual: UsualHistory
    ends: PeriodEnds
    reductions: Reductions

    @classmethod
    def of(cls, schema: str) -> "V3History":
        """An empty one, of a schema's signals."""
        return cls(usual=UsualHistory(schema), ends=PeriodEnds(), reductions=Reductions())


class MarkRow(Record, frozen=True, kw_only=True):
    """The mark of an asset at a time."""

    asset: str
    at: datetime
    price: Decimal | None


class Period(Record, frozen=True, kw_only=True):
    """What the windows of one period are computed from."""

    at: datetime
    schema: str
    universes: Mapping[datetime, Universe]
    lock: str | None  # of the feed
    coverage: Decimal  # of the feed
    marks: Mapping[tuple[str, datetime], Decimal | None]
    earlier: Sequence[EarlierRow]
    median_sizes: Mapping[tuple[int, str], Decimal | None]
    history: V3History


class WindowMoves(Record, frozen=True, kw_only=True):
    """One window of one asset: the moves, and the sizes they were formed from."""

    window: ScoringWindow
    ids: Mapping[str, int]  # address -> wallet id
    before: Mapping[str, SeenSize]  # by address
    now: Mapping[str, SeenSize]
    digest: str


class NewRows:
    """The rows of a period that are computed and not stored yet."""

    def __init__(self) -> None:
        self.signals: list[dict[str, Any]] = []
        self.contributors: list[dict[str, Any]] = []  # columns of each signal's


async def rebuild(
    connection: Connection,
    at: datetime,
    *,
    sizes: SignalHistory,
    schema: str = "metrics",
    history: V3History | None = None,
) -> int:
    """Compute the third version of the period that ends at `at` again; how many rows.

    `sizes` was advanced to `at`: the wallets' usual sizes are the second version's.
    """
    bound = {"at": at, "definition": V3}
    for query in ("delete_contributors", "delete_signals"):
        await connection.execute(in_schema(QUERIES[query], schema), bound)
    carried = history or V3History.of(schema)
    await carried.usual.advance_to(connection, at)
    carried.ends.forget_before(at)
    await carried.reductions.advance_to(connection, at)
    period = await _read(connection, at, schema, sizes, carried)
    computed = NewRows()
    for span in WINDOWS.values():
        await _compute_window(connection, period, span, computed)
    return await _store(connection, schema, computed)


async def _read(
    connection: Connection, at: datetime, schema: str, sizes: SignalHistory, history: V3History
) -> Period:
    times = [at, *(at - span for span in WINDOWS.values())]
    universes = await read_universes(connection, times)
    feed = await read_feed(connection, at)
    marks = await read_rows(
        connection, QUERIES["list_marks"], {"assets": list(ASSETS), "times": times}, shape=MarkRow
    )
    earlier = await connection.execute(
        in_schema(QUERIES["list_earlier"], schema),
        {"definition": V3, "from": at - TREND_WITHIN, "at": at},
    )
    return Period(
        at=at,
        schema=schema,
        universes=universes,
        lock=feed_lock(
            at=at,
            universe=at in universes,
            success_at=feed.success_at,
            coverage=feed.coverage,
        ),
        coverage=feed.coverage_now or NONE_SEEN,
        marks={(row.asset, row.at): row.price for row in marks},
        earlier=[EarlierRow(**row) for row in await earlier.fetchall()],
        median_sizes=sizes.median_sizes,
        history=history,
    )


async def _compute_window(
    connection: Connection, period: Period, span: timedelta, computed: NewRows
) -> None:
    """Compute the signals of all assets over one horizon."""
    if period.lock in {"no_universe", "no_snapshot"}:
        places = [_place(period, asset, span, digest="0:0") for asset in ASSETS]
        computed.signals += [locked_row(place, str(period.lock)) for place in places]
        return
    moves = await _window_moves(connection, period, span)
    pooled = pool(*(moves[asset].window.counts for asset in ASSETS))
    for asset in ASSETS:
        window = moves[asset].window
        place = _place(period, asset, span, digest=moves[asset].digest)
        lock = period.lock or window_lock(window.counts.completeness())
        if lock:
            computed.signals.append(locked_row(place, lock, window))
            continue
        usual = period.history.usual.usual(asset, place.window // timedelta(minutes=1))
        mark = period.marks[asset, period.at - span]
        scored = score_v3(window, pooled=pooled, mark=mark, usual=usual)
        computed.signals.append(signal_row(place, scored))
        if scored.scores.contributors:
            computed.contributors.append(_contributor_columns(place, scored, moves[asset]))


def _place(period: Period, asset: str, span: timedelta, *, digest: str) -> Place:
    universe = period.universes.get(period.at)
    minutes = span // timedelta(minutes=1)
    return Place(
        at=period.at,
        asset=asset,
        window=span,
        universe_run_id=universe.run_id if universe else None,
        mark=period.marks[asset, period.at],
        coverage=period.coverage,
        digest=digest,
        earlier=[
            row for row in period.earlier if (row.asset, row.window_minutes) == (asset, minutes)
        ],
    )


async def _window_moves(
    connection: Connection, period: Period, span: timedelta
) -> dict[str, WindowMoves]:
    """The moves of every asset, of the wallets that were watched at both ends."""
    at, begin, universe = period.at, period.at - span, period.universes[period.at]
    at_begin = period.universes.get(begin)
    counted = {
        wallet_id: wallet.address
        for wallet_id, wallet in universe.wallets.items()
        if at_begin is None or wallet_id in at_begin.wallets
    }
    before = await period.history.ends.read(connection, universe, begin)
    now = await period.history.ends.read(connection, universe, at)
    minutes = {size.minute for end in (before, now) for size in end.values()}
    dirty = await read_dirty(connection, minutes, at)
    return {
        asset: _moves_of(
            period,
            asset,
            counted,
            before={name: before[asset, n] for n, name in counted.items() if (asset, n) in before},
            now={name: now[asset, n] for n, name in counted.items() if (asset, n) in now},
            dirty=dirty,
        )
        for asset in ASSETS
    }


def _moves_of(
    period: Period,
    asset: str,
    counted: Mapping[int, str],
    *,
    before: Mapping[str, SeenSize],
    now: Mapping[str, SeenSize],
    dirty: set[tuple[datetime, str, int]],
) -> WindowMoves:
    verdicts = {
        wallet: period.history.reductions.judge(
            asset, wallet_id, before=before[wallet], now=now[wallet]
        )
        for wallet_id, wallet in counted.items()
        if wallet in before and wallet in now
    }
    moves = [
        Move(
            wallet=wallet,
            before=before[wallet].size if wallet in before else None,
            now=now[wallet].size if wallet in now else None,
            epsilon=epsilon(asset, period.median_sizes.get((wallet_id, asset))),
            dirty=any(
                (end[wallet].minute, asset, wallet_id) in dirty
                for end in (before, now)
                if wallet in end
            ),
            forced=verdicts.get(wallet, UNKNOWN).forced,
        )
        for wallet_id, wallet in counted.items()
    ]
    window = build_window(asset, period.at, moves)
    used = [*before.values(), *now.values()]
    fingerprints = sum(size.fingerprint for size in used)
    fingerprints += sum(
        verdicts[move.wallet].fingerprint
        for move, kind in zip(window.classified.moves, window.classified.kinds, strict=True)
        if kind.behaviour in EXITS
    )
    return WindowMoves(
        window=window,
        ids={wallet: wallet_id for wallet_id, wallet in counted.items()},
        before=before,
        now=now,
        digest=f"{len(used)}:{fingerprints}",
    )


async def _store(connection: Connection, schema: str, computed: NewRows) -> int:
    """Store the rows of a period, without waiting for the database row by row."""
    cursor = connection.cursor()
    await cursor.executemany(in_schema(QUERIES["insert_signal"], schema), computed.signals)
    rows = cursor.rowcount
    await cursor.executemany(
        in_schema(QUERIES["insert_contributors"], schema), computed.contributors
    )
    return rows


def _contributor_columns(place: Place, v3: V3Scores, moves: WindowMoves) -> dict[str, Any]:
    """The contributors of a signal, column by column."""
    rows = [contribution(contributor) for contributor in v3.scores.contributors]
    return {
        **{name: [row[name] for row in rows] for name in rows[0]},
        "at": place.at,
        "asset": place.asset,
        "definition": V3,
        "window_minutes": place.window // timedelta(minutes=1),
        "wallet_id": [moves.ids[row["wallet"]] for row in rows],
        "before_age_seconds": [_age(moves.before.get(row["wallet"])) for row in rows],
        "now_age_seconds": [_age(moves.now.get(row["wallet"])) for row in rows],
    }


def _age(size: SeenSize | None) -> int | None:
    return None if size is None else int(size.age.total_seconds())


WORDS = (
    "The second version with the faults mended that its replay showed. The size of a wallet at an "
    "end of a period is its newest observed snapshot of the 120 seconds before; a minute in which "
    "more than 20% of an asset's holders (at least 10) are seen flat together is held back until "
    "the next one agrees. The trend compares with the last three known CAS of half an hour. "
    "Dispersion is High only among enough active wallets. Exits are High by their number alone "
    "while what is usual is not known; forced exits are null until the fills are known of all "
    "wallets that left, and then leave the exits. Fills that are read later change the signal: it "
    "is computed again. The "
    "playbook's matrix is monotone, and its rules say what happened. The same is computed over "
    "15 minutes, 1 hour and 4 hours, every five minutes. Coverage is that of the feed at the end "
    "of the period, the number that health, alerts and the screen speak of; completeness is the "
    "share of the wallets seen well at both ends."
)
