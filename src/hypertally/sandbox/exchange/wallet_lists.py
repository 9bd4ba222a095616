"""Answers to requests for rows of a wallet: fills, TWAP slices and TWAP statuses."""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import groupby

import msgspec

from hypertally.sandbox.exchange.faults import FaultInjector
from hypertally.sandbox.exchange.protocol import Exchange
from hypertally.sandbox.exchange.queries import (
    RowsQuery,
    TwapHistory,
    UserFills,
    UserFillsByTime,
    UserTwapSliceFills,
    UserTwapSliceFillsByTime,
)
from hypertally.sandbox.population.decimals import decimal_text
from hypertally.sandbox.population.wallet_history import (
    HORIZON_ROWS,
    PAGE_ROWS_MAX,
    HistoryKind,
    Row,
    RowFilter,
    SortOrder,
    WalletHistory,
)

Fill = dict[str, object]

PRICE_FIGURES = Decimal("1e-8")
END_OF_TIME_MS = 2**63 - 1  # a history ends at the present, so an open end needs no clock
SUMMED = ("sz", "closedPnl", "fee", "builderFee", "deployerFee")
TWAP_ID = re.compile(rb'"twapId":\s*(\d+)')


class SlicesInFills(StrEnum):
    """How userFills and userFillsByTime show TWAP slices: the real exchange's way is uncertain."""

    WITH_ID = "with_id"
    WITHOUT_ID = "without_id"  # twapId is null
    ABSENT = "absent"  # the requests for slices alone show them


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletLists:
    """Answers within limits; the defaults are the exchange's own."""

    page_rows_max: int = PAGE_ROWS_MAX
    horizon_rows: int = HORIZON_ROWS
    by_time_order: SortOrder = SortOrder.OLDEST
    slices_in_fills: SlicesInFills = SlicesInFills.WITH_ID

    def answer(
        self, exchange: Exchange, query: RowsQuery, *, faults: FaultInjector, now_ms: int
    ) -> list[bytes]:
        """List the rows of one answer, as they are sent."""
        user = query.user.lower()
        history = exchange.history(user, self._kind(query))
        if history is None:
            return []
        row_filter = self._row_filter(query, faults, now_ms)
        order = self._order(exchange.by_time_order(user), query)
        aggregate = isinstance(query, UserFills | UserFillsByTime) and query.aggregate_by_time
        rows = self._page(history, row_filter, order, aggregate=bool(aggregate))
        bodies = [self._encode_row(query, row.body) for row in rows]
        type_name = str(query.__struct_config__.tag)
        return faults.damage_rows(bodies, type_name)[: self.page_rows_max]

    def _kind(self, query: RowsQuery) -> HistoryKind:
        match query:
            case TwapHistory():
                return HistoryKind.TWAP_STATUSES
            case UserTwapSliceFills() | UserTwapSliceFillsByTime():
                return HistoryKind.TWAP_SLICES
            case _:
                absent = self.slices_in_fills is SlicesInFills.ABSENT
                return HistoryKind.FILLS_WITHOUT_SLICES if absent else HistoryKind.FILLS

    def _row_filter(self, query: RowsQuery, faults: FaultInjector, now_ms: int) -> RowFilter:
        start_ms, end_ms = 0, END_OF_TIME_MS
        if isinstance(query, UserFillsByTime | UserTwapSliceFillsByTime):
            start_ms = query.start_time
            end_ms = END_OF_TIME_MS if query.end_time is None else query.end_time
        shown = faults.visibility(now_ms, query.user.lower())
        return RowFilter(
            start_ms=start_ms,
            end_ms=end_ms,
            horizon_rows=self.horizon_rows,
            is_visible=None if isinstance(query, TwapHistory) else shown,
        )

    def _order(self, known: SortOrder | None, query: RowsQuery) -> SortOrder:
        if not isinstance(query, UserFillsByTime | UserTwapSliceFillsByTime):
            return SortOrder.NEWEST
        order = known or self.by_time_order
        return order.reversed() if query.reversed else order

    def _page(
        self, history: WalletHistory, row_filter: RowFilter, order: SortOrder, *, aggregate: bool
    ) -> list[Row]:
        if not aggregate:
            return history.page(row_filter, order=order, rows_max=self.page_rows_max)
        merged = merge_partial_fills(
            history.page(row_filter, order=order, rows_max=self.horizon_rows)
        )
        return merged[: self.page_rows_max]

    def _encode_row(self, query: RowsQuery, body: bytes) -> bytes:
        match query:
            case TwapHistory():
                return body
            case UserTwapSliceFills() | UserTwapSliceFillsByTime():
                return _as_slice(body)
            case _:
                hidden = self.slices_in_fills is SlicesInFills.WITHOUT_ID
                return _without_twap(body) if hidden else body


def _without_twap(body: bytes) -> bytes:
    return TWAP_ID.sub(b'"twapId":null', body, count=1)


def _as_slice(body: bytes) -> bytes:
    """Move the TWAP's number from the fill to a field beside it."""
    match = TWAP_ID.search(body)
    twap_id = match[1] if match else b"null"
    return b'{"fill":' + _without_twap(body) + b',"twapId":' + twap_id + b"}"


def merge_partial_fills(rows: list[Row]) -> list[Row]:
    """Merge the fills of one taker order in one millisecond; the fills of makers stay."""
    fills = [(row.time_ms, msgspec.json.decode(row.body, type=Fill), row) for row in rows]
    merged: list[Row] = []
    for (crossed, *_), group in groupby(fills, key=lambda fill: _order_key(fill[1])):
        parts = list(group)
        if not crossed or len(parts) == 1:
            merged += [row for _, _, row in parts]
        else:
            body = msgspec.json.encode(_merge([fill for _, fill, _ in parts]))
            merged.append(Row(parts[0][0], body))
    return merged


def _order_key(fill: Fill) -> tuple[object, ...]:
    return fill["crossed"], fill["time"], fill["coin"], fill["oid"], fill["side"], fill["dir"]


def _merge(fills: list[Fill]) -> Fill:
    merged = dict(fills[0])
    for name in SUMMED:
        if name in merged:
            merged[name] = decimal_text(
                sum((Decimal(str(f.get(name, 0))) for f in fills), Decimal(0))
            )
    value = sum((Decimal(str(f["px"])) * Decimal(str(f["sz"])) for f in fills), Decimal(0))
    size = Decimal(str(merged["sz"]))
    merged["px"] = decimal_text((value / size).quantize(PRICE_FIGURES))
    return merged
