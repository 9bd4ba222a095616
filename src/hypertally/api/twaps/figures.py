"""TWAPs as the API shows them: the source of each figure, and the reason of each unknown."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

from hypertally.api.resource.json_text import as_json, json_text
from hypertally.api.resource.time_range import TimeRange
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, read_rows

# Why a figure is null.
NOT_TRACKED: Final = "this org does not track the wallet"
PART: Final = "only slices that an archive holds are known, and it may lack others"
NO_SLICES: Final = "no slices are stored yet"
RUNS: Final = "the TWAP is still running, and only slices show what it has executed"
UNREPORTED: Final = "its planned time is over, but no status of its end is stored"
UNREPORTED_SIZE: Final = f"{UNREPORTED}, and only slices show what it has executed"
RAN: Final = "the TWAP was running then, and only slices show what it had executed"
STILL_RUNS: Final = "the TWAP is still running"
MAY_RUN: Final = "its last status is an unknown word, so it is not known whether the TWAP runs"
NO_STATUS: Final = "no status of this TWAP is known, only its slices"
SILENT: Final = "its last status does not give it"
NOTHING_EXECUTED: Final = "nothing was executed"
NOTHING_REQUESTED: Final = "nothing was requested"
NOTHING_TRADED: Final = "the market had no trades while the TWAP ran"
STATUS_ONLY: Final = "only slices give this figure, and only a status is known"
NO_PRICE: Final = "one of its fee tokens has no price"
UNDATED: Final = "its source does not give the time"
NO_SLICE: Final = "none of its slices has traded"
UNSETTLED: Final = "the TWAP is still running, so there is no final status to compare with"

_QUERIES = queries.load(__file__)

Shown: TypeAlias = Mapping[str, Any]  # a TWAP as the API shows it: JSON


class TwapName(Record, frozen=True, kw_only=True):
    """Names one TWAP."""

    twap_id: int
    wallet: str
    wallet_id: int | None  # where the caller's org tracks the wallet, or slices of it are public


class Execution(Record, frozen=True, kw_only=True):
    """What a TWAP executed, of the TWAP at `place` in the list of names."""

    place: int
    size: Decimal | None
    notional: Decimal | None
    fees: dict[str, str] | None  # by token
    fees_usd: Decimal | None
    slices: int | None


class FiguresRow(Execution, frozen=True, kw_only=True):
    """The state of a TWAP, its execution over its whole life, and the ratios of both."""

    is_tracked: bool
    is_over: bool
    runs: bool | None  # None: its last status is an unknown word, or it has none
    has_slices: bool  # all of them
    has_part: bool  # what an archive holds of them
    sliced_size: Decimal | None
    sliced_notional: Decimal | None
    twap_id: int
    wallet: str
    asset: str
    side: str
    status: str | None
    status_at: datetime | None
    duration_minutes: int | None
    started_at: datetime
    ends_at: datetime | None
    ended_at: datetime | None
    last_slice_at: datetime | None
    statuses: int
    conflicts: str  # JSON of the final statuses that disagree
    is_above_requested: bool
    size_requested: Decimal | None
    status_size: Decimal | None
    status_notional: Decimal | None
    life_inside: bool | None
    slices_inside: bool | None
    vwap: Decimal | None
    progress: Decimal | None
    elapsed_share: Decimal | None
    schedule_lag: Decimal | None
    slices_expected: int | None
    slices_missed: int | None
    arrival_price: Decimal | None
    arrival_basis: str | None  # the price that it is
    arrival_slippage_bps: Decimal | None
    market_vwap: Decimal | None
    market_volume: Decimal | None
    market_slippage_bps: Decimal | None
    size_residual: Decimal | None
    notional_residual: Decimal | None
    completeness: Decimal | None
    unknown: dict[str, str]  # by figure
    definition: str
    digest: str
    raw: str | None  # JSON of the last status


async def read_twaps(
    connection: Connection, names: Sequence[TwapName], *, time_range: TimeRange, as_of: datetime
) -> list[Shown]:
    """Return the TWAPs named, in their order, with what each executed in the range."""
    if not names:
        return []
    bounds = {"start": time_range.start, "end": time_range.end}
    rows = await read_rows(
        connection,
        _QUERIES["read_figures"],
        {
            "twap_ids": [name.twap_id for name in names],
            "wallets": [name.wallet for name in names],
            "wallet_ids": [name.wallet_id for name in names],
            "as_of": as_of,
            **bounds,
        },
        shape=FiguresRow,
    )
    across = [row for row in rows if (row.has_slices or row.has_part) and not row.slices_inside]
    sums = await _sum_slices(connection, names, across, bounds) if across else {}
    return [_show(row, sums.get(row.place, _all_slices(row))) for row in rows]


async def _sum_slices(
    connection: Connection,
    names: Sequence[TwapName],
    across: Sequence[FiguresRow],
    bounds: Mapping[str, object],
) -> dict[int, Execution]:
    places = [row.place for row in across]
    asked = [names[place - 1] for place in places]
    rows = await read_rows(
        connection,
        _QUERIES["sum_slices"],
        {
            "places": places,
            "twap_ids": [name.twap_id for name in asked],
            "wallet_ids": [name.wallet_id for name in asked],
            **bounds,
        },
        shape=Execution,
    )
    return {row.place: row for row in rows}


def _all_slices(row: FiguresRow) -> Execution:
    return Execution(
        place=row.place,
        size=row.sliced_size,
        notional=row.sliced_notional,
        fees=row.fees,
        fees_usd=row.fees_usd,
        slices=row.slices,
    )


def _show(row: FiguresRow, in_range: Execution) -> Shown:
    executed, total = _executed(row, in_range), _total(row)
    shown: Shown = {
        "twap_id": str(row.twap_id),
        "wallet": row.wallet,
        "asset": row.asset,
        "side": row.side,
        "status": row.status,
        "duration_minutes": row.duration_minutes,
        "latest_ts": json_text(_latest_at(row)),
        "executed": executed,
        "raw": as_json(row.raw),
        "status_totals": {
            "size": json_text(row.status_size),
            "notional": json_text(row.status_notional),
        },
        "total": total,
        "residual": {
            "size": json_text(row.size_residual),
            "notional": json_text(row.notional_residual),
        },
        **{name: json_text(getattr(row, name)) for name in AS_STORED},
        "known_by": "statuses" if row.statuses else "slices",
        "is_above_requested": row.is_above_requested,
        "conflicts": as_json(row.conflicts),
    }
    return {**shown, "unknown": _unknown(row, shown)}


def _latest_at(row: FiguresRow) -> datetime:
    """Return the time of the newest thing known of a TWAP."""
    if not row.statuses:
        return row.last_slice_at or row.started_at
    return row.status_at or row.started_at


AS_STORED: Final = (
    "started_at",
    "ends_at",
    "ended_at",
    "last_slice_at",
    "size_requested",
    "vwap",
    "progress",
    "elapsed_share",
    "schedule_lag",
    "slices_expected",
    "slices_missed",
    "arrival_price",
    "arrival_basis",
    "arrival_slippage_bps",
    "market_vwap",
    "market_slippage_bps",
    "completeness",
    "definition",
    "digest",
)


def _executed(row: FiguresRow, in_range: Execution) -> dict[str, object]:
    if row.has_slices:
        return _by_slices(in_range, "slices")
    # Its last status speaks of its whole life, or of every part of it if there was nothing.
    if _is_told(row) and (row.life_inside or row.size == 0):
        return _by_status(row)
    return _by_slices(in_range, "some slices") if row.has_part else _by_nothing(_reason(row))


def _total(row: FiguresRow) -> dict[str, object]:
    if row.has_slices:
        return _by_slices(_all_slices(row), "slices")
    if _is_told(row):
        return _by_status(row)
    return (
        _by_slices(_all_slices(row), "some slices") if row.has_part else _by_nothing(_reason(row))
    )


def _is_told(row: FiguresRow) -> bool:
    return row.is_over and row.size is not None


def _by_slices(sums: Execution, source: str) -> dict[str, object]:
    names = ("size", "notional", "fees", "fees_usd", "slices")
    told = {name: json_text(getattr(sums, name)) for name in names}
    return {**told, "source": source, "unknown": None}


def _by_status(row: FiguresRow) -> dict[str, object]:
    notional = row.notional if row.size else Decimal(0)
    told = {"size": json_text(row.size), "notional": json_text(notional)}
    untold = dict.fromkeys(("fees", "fees_usd", "slices"))
    return {**told, **untold, "source": "status", "unknown": None}


def _by_nothing(reason: str) -> dict[str, object]:
    untold = dict.fromkeys(("size", "notional", "fees", "fees_usd", "slices", "source"))
    return {**untold, "unknown": reason}


def _reason(row: FiguresRow) -> str:
    if row.is_tracked:
        return NO_SLICES
    if not row.statuses:
        return NOT_TRACKED
    if not row.is_over:
        return _why_not_over(row, runs=RUNS, unreported=UNREPORTED_SIZE)
    return SILENT if row.size is None else NOT_TRACKED


def _unknown(row: FiguresRow, shown: Shown) -> dict[str, str]:
    """Return the reason of each null of a TWAP; `executed` and `total` also carry their own."""
    said = row.unknown
    total = shown["total"]["unknown"]
    slices = _why_no_slices(row)
    vwap = total or (PART if shown["total"]["source"] == "some slices" else NOTHING_EXECUTED)
    arrival = said.get("arrival_price", slices)
    market = said.get("market_volume_coin") or (
        slices if row.market_volume is None else NOTHING_TRADED
    )
    progress = total or _why_no_progress(row)
    if not row.statuses:
        progress = NO_STATUS
    reasons = {
        **dict.fromkeys(OF_STATUS, NO_STATUS),
        "ended_at": _no_end(row),
        "last_slice_at": NO_SLICE if row.has_slices else slices,
        "vwap": vwap,
        "progress": progress,
        "schedule_lag": progress,
        "slices_missed": slices if row.statuses else NO_STATUS,
        "arrival_price": arrival,
        "arrival_basis": arrival,
        "arrival_slippage_bps": vwap if shown["vwap"] is None else arrival,
        "market_vwap": market,
        "market_slippage_bps": vwap if shown["vwap"] is None else market,
        "completeness": said.get("completeness", slices),
    }
    found = {name: reason for name, reason in reasons.items() if shown[name] is None}
    return found | _unknown_parts(row, shown, slices)


def _why_no_slices(row: FiguresRow) -> str:
    if row.has_part:
        return PART
    return NO_SLICES if row.is_tracked else NOT_TRACKED


def _why_no_progress(row: FiguresRow) -> str:
    if not row.size_requested:
        return NOTHING_REQUESTED
    return PART if row.has_part and not row.is_over else RAN


# What a status alone tells.
OF_STATUS: Final = (
    "status",
    "duration_minutes",
    "raw",
    "ends_at",
    "size_requested",
    "elapsed_share",
    "slices_expected",
)


def _no_end(row: FiguresRow, *, runs: str = STILL_RUNS) -> str:
    if row.is_over:
        return UNDATED
    if not row.statuses:
        return NO_STATUS
    return _why_not_over(row, runs=runs)


def _why_not_over(row: FiguresRow, *, runs: str, unreported: str = UNREPORTED) -> str:
    """Return what its last status and its planned time say of a TWAP without a final status."""
    if not row.runs:
        return MAY_RUN
    return unreported if row.elapsed_share == 1 else runs


def _unknown_parts(row: FiguresRow, shown: Shown, slices: str) -> dict[str, str]:
    said = row.unknown
    found: dict[str, str] = {}
    for name in ("size", "notional"):
        if shown["residual"][name] is None:
            untold = slices if row.is_over else _no_end(row, runs=UNSETTLED)
            found[f"residual.{name}"] = said.get(f"{name}_residual", untold)
        if shown["status_totals"][name] is None:
            found[f"status_totals.{name}"] = SILENT if row.statuses else NO_STATUS
    for part in ("executed", "total"):
        untold = [name for name, value in shown[part].items() if value is None]
        if shown[part]["source"] == "status":
            why = PART if row.has_part else STATUS_ONLY
            found |= {f"{part}.{name}": why for name in untold if name != "unknown"}
        elif shown[part]["source"] is not None and "fees_usd" in untold:
            found[f"{part}.fees_usd"] = said.get("fees_usd", NO_PRICE)
    return found
