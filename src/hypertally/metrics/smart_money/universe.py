"""Universe: the wallets that are watched, chosen by 30-day PnL and frozen with what they came from.

A run is a decision, not a figure: it is never computed again, and a signal uses the last one that
was chosen by its time. Rows of a leaderboard name unrealised spot as PnL, so the highest of it may
be wallets that hold and do not trade: they are passed over.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any, Literal

from msgspec.structs import replace

from hypertally.metrics.metric import Definition
from hypertally.records import Record, Wallet
from hypertally.store.postgres import Connection, Jsonb
from hypertally.store.queries import load

QUERIES = load(__file__)
DEFINITION = "wallet_universe/4"
WORDS = (
    "The 200 wallets with the highest PnL of 30 days, ties by address. The PnL is that of a "
    "leaderboard or, without a leaderboard, realised PnL less fees of tracked wallets over 30 full "
    "UTC days. Left out are wallets without volume in these days or, according to the leaderboard, "
    "in the last seven days, and wallets whose fills are known and have no perp leg in seven days. "
    "A leaderboard must give at least 180 wallets, at the first time too, and at least 90% of its "
    "rows must be readable; tracked wallets must be at least 90% of the previous number. Else the "
    "universe stays unchanged. Churn is the number of wallets that entered or that left, whichever "
    "is larger, as a share of the universe; churn above 30% deserves a look. Version 1 left nobody "
    "out; version 2 did not check the leaderboard's last seven days; version 3 let the universe "
    "shrink by a tenth each time, and counted as churn only those that entered."
)
SIZE = 200  # HYPERTALLY_UNIVERSE_SIZE
RANKED_MAX = 1000  # of a leaderboard; more than are stored
VALID_SHARE_MIN = Decimal("0.9")
CHURN_WARNS_ABOVE = Decimal("0.3")
CHURN_PLACES = Decimal("1e-8")
PASSIVE_AFTER = timedelta(days=7)
WATCHED_AFTER = timedelta(days=32)  # who left: until 30 days later are told

Source = Literal["leaderboard", "fallback", "own_facts"]
Status = Literal["chosen", "kept_old", "failed"]


class Candidate(Record, frozen=True, kw_only=True):
    """A ranked wallet; `passed_over` says why it cannot be chosen."""

    wallet: str  # address
    pnl_30d: Decimal  # USD
    volume_30d: Decimal | None  # USD
    passed_over: str | None = None


class Ranking(Record, frozen=True, kw_only=True):
    """Wallets to choose from, the highest first, and what they came from."""

    source: Source
    page_id: int | None
    candidates: Sequence[Candidate]
    rows_seen: int
    rows_valid: int
    digest: str  # count:sum of fingerprints


class Run(Record, frozen=True, kw_only=True):
    """metrics.wallet_universe_runs."""

    taken_at: datetime
    source: Source
    status: Status
    page_id: int | None = None
    rows_seen: int = 0
    rows_valid: int = 0
    members: tuple[Candidate, ...] = ()
    excluded: Mapping[str, int] = {}
    entered: tuple[str, ...] = ()
    exited: tuple[str, ...] = ()
    churn: Decimal | None = None  # None: the first
    error_text: str | None = None
    digest: str = ""


def choose(
    ranking: Ranking, *, current: Iterable[str], taken_at: datetime, size: int = SIZE
) -> Run:
    """Choose the highest wallets that are not passed over, if the ranking is complete enough."""
    members, excluded = _highest(ranking.candidates, size)
    old = set(current)
    run = Run(
        taken_at=taken_at,
        source=ranking.source,
        status="chosen",
        page_id=ranking.page_id,
        rows_seen=ranking.rows_seen,
        rows_valid=ranking.rows_valid,
        excluded=excluded,
        digest=ranking.digest,
    )
    if problem := _find_problem(ranking, len(members), len(old), size=size):
        return replace(run, status="kept_old" if old else "failed", error_text=problem)
    new = {member.wallet for member in members}
    entered, exited = tuple(sorted(new - old)), tuple(sorted(old - new))
    moved = Decimal(max(len(entered), len(exited)))
    return replace(
        run,
        members=members,
        entered=entered,
        exited=exited,
        churn=(moved / len(members)).quantize(CHURN_PLACES) if old else None,
    )


def _highest(
    candidates: Iterable[Candidate], size: int
) -> tuple[tuple[Candidate, ...], dict[str, int]]:
    members: list[Candidate] = []
    excluded: Counter[str] = Counter()
    for candidate in candidates:
        if len(members) == size:
            break
        if candidate.passed_over:
            excluded[candidate.passed_over] += 1
        else:
            members.append(candidate)
    return tuple(members), dict(sorted(excluded.items()))


def _find_problem(ranking: Ranking, members: int, old: int, *, size: int) -> str | None:
    if ranking.rows_valid < VALID_SHARE_MIN * ranking.rows_seen:
        return f"only {ranking.rows_valid} of {ranking.rows_seen} rows can be read"
    if not members:
        return f"none of {ranking.rows_seen} wallets can be chosen"
    if ranking.source == "own_facts":  # as many as orgs track
        needed, of_which = VALID_SHARE_MIN * min(old, size), f"there are {old}"
    else:
        needed = VALID_SHARE_MIN * size
        of_which = f"{needed.to_integral_value(ROUND_CEILING)} of {size} are needed"
    return f"only {members} wallets can be chosen, and {of_which}" if members < needed else None


async def rank_leaderboard(
    connection: Connection,
    page_id: int,
    *,
    source: Source,
    taken_at: datetime,
    rows_seen: int,
    rows_valid: int,
) -> Ranking:
    """The wallets of a stored answer, the highest first."""
    cursor = await connection.execute(
        QUERIES["rank_leaderboard"].text,
        {
            "page_id": page_id,
            "taken_at": taken_at,
            "passive_after": PASSIVE_AFTER,
            "limit": RANKED_MAX,
        },
    )
    rows = await cursor.fetchall()
    return Ranking(
        source=source,
        page_id=page_id,
        candidates=_candidates(rows),
        rows_seen=rows_seen,
        rows_valid=rows_valid,
        digest=_digest(rows),
    )


async def rank_own_facts(connection: Connection, *, taken_at: datetime) -> Ranking:
    """The tracked wallets by their realised PnL less fees of the 30 UTC days before."""
    cursor = await connection.execute(
        QUERIES["rank_own_facts"].text,
        {"taken_at": taken_at, "passive_after": PASSIVE_AFTER},
    )
    rows = await cursor.fetchall()
    return Ranking(
        source="own_facts",
        page_id=None,
        candidates=_candidates(rows),
        rows_seen=len(rows),
        rows_valid=len(rows),
        digest=_digest(rows),
    )


def _candidates(rows: Iterable[dict[str, Any]]) -> list[Candidate]:
    return [
        Candidate(
            wallet=row["wallet"],
            pnl_30d=row["pnl_30d"],
            volume_30d=row["volume_30d"],
            passed_over=row["passed_over"],
        )
        for row in rows
    ]


def _digest(rows: Sequence[dict[str, Any]]) -> str:
    return f"{len(rows)}:{sum(int(row['fingerprint']) for row in rows)}"


async def insert_run(connection: Connection, run: Run) -> int:
    """Store a run and its members, whose addresses must have ids; the run's id."""
    cursor = await connection.execute(
        QUERIES["insert_run"].text,
        {
            **{name: getattr(run, name) for name in _COLUMNS},
            "members": len(run.members),
            "excluded": Jsonb(dict(run.excluded)),
            "entered": list(run.entered),
            "exited": list(run.exited),
            "definition": DEFINITION,
        },
    )
    row = await cursor.fetchone()
    assert row is not None  # insert .. returning gives a row or raises
    await connection.execute(
        QUERIES["insert_members"].text,
        {
            "run_id": row["id"],
            "wallets": [member.wallet for member in run.members],
            "ranks": list(range(1, len(run.members) + 1)),
            "pnl_30d": [member.pnl_30d for member in run.members],
            "volume_30d": [member.volume_30d for member in run.members],
        },
    )
    return row["id"]


_COLUMNS = (
    "taken_at",
    "source",
    "status",
    "page_id",
    "rows_seen",
    "rows_valid",
    "churn",
    "error_text",
    "digest",
)


class Known(Record, frozen=True, kw_only=True):
    """The members of a chosen universe."""

    run_id: int
    wallets: tuple[Wallet, ...]  # by address


async def read_known(connection: Connection, at: datetime) -> Known | None:
    """The last universe that was chosen by then."""
    cursor = await connection.execute(QUERIES["list_known"].text, {"at": at})
    rows = await cursor.fetchall()
    if not rows:
        return None
    wallets = tuple(Wallet(id=row["wallet_id"], address=row["wallet"]) for row in rows)
    return Known(run_id=rows[0]["run_id"], wallets=wallets)


async def list_watched(connection: Connection, at: datetime) -> list[str]:
    """The addresses whose rows of a leaderboard are wanted wherever they stand."""
    cursor = await connection.execute(
        QUERIES["list_watched"].text, {"at": at, "watched_after": WATCHED_AFTER}
    )
    return [row["wallet"] for row in await cursor.fetchall()]


async def list_survivorship(connection: Connection) -> list[dict[str, Any]]:
    """Who left the universe, and what the leaderboard says they made in the 30 days after."""
    return await (await connection.execute(QUERIES["list_survivorship"].text)).fetchall()


CHOICE = Definition(
    name="wallet_universe_runs",
    reads=(
        "facts.leaderboard_rows",
        "facts.pages",
        "facts.hl_fills_raw",
        "metrics.wallet_day_metrics",
    ),
    key=("id",),
    definition=DEFINITION,
    words=WORDS,
    queries=QUERIES,
    statement="rank_leaderboard",
    module=__name__,
)
