"""Answers the two requests for fills from a wallet's tape, within page size and horizon."""

from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

import msgspec

from hypertally.sandbox.decimals import text
from hypertally.sandbox.exchange import Exchange
from hypertally.sandbox.faults import FaultBox
from hypertally.sandbox.queries import FillsQuery, UserFills
from hypertally.sandbox.tape import HORIZON_ROWS, PAGE_ROWS_MAX, Row, SortOrder, Tape, Window

Fill = dict[str, object]

PRICE_FIGURES = Decimal("1e-8")
END_OF_TIME_MS = 2**63 - 1  # a tape holds nothing of the future, so an open end needs no clock
SUMMED = ("sz", "closedPnl", "fee", "builderFee", "deployerFee")


@dataclass(frozen=True, slots=True, kw_only=True)
class FillDesk:
    """The limits of a fills answer; the defaults are the exchange's own."""

    page_rows_max: int = PAGE_ROWS_MAX
    horizon_rows: int = HORIZON_ROWS
    by_time_order: SortOrder = SortOrder.OLDEST

    def answer(
        self, exchange: Exchange, query: FillsQuery, *, faults: FaultBox, now_ms: int
    ) -> list[bytes]:
        """List the rows of one answer, as they go over the wire."""
        user = query.user.lower()
        tape = exchange.tape(user)
        if tape is None:
            return []
        window = self._window(query, faults, now_ms)
        order = self._order(exchange.by_time_order(user), query)
        rows = self._page(tape, window, order, aggregate=bool(query.aggregate_by_time))
        type_name = "userFills" if isinstance(query, UserFills) else "userFillsByTime"
        return faults.disturb([row.body for row in rows], type_name)[: self.page_rows_max]

    def _window(self, query: FillsQuery, faults: FaultBox, now_ms: int) -> Window:
        start_ms, end_ms = 0, END_OF_TIME_MS
        if not isinstance(query, UserFills):
            start_ms = query.start_time
            end_ms = END_OF_TIME_MS if query.end_time is None else query.end_time
        return Window(
            start_ms=start_ms,
            end_ms=end_ms,
            horizon_rows=self.horizon_rows,
            keep=faults.keep(now_ms),
        )

    def _order(self, known: SortOrder | None, query: FillsQuery) -> SortOrder:
        if isinstance(query, UserFills):
            return SortOrder.NEWEST
        order = known or self.by_time_order
        return order.reversed() if query.reversed else order

    def _page(self, tape: Tape, window: Window, order: SortOrder, *, aggregate: bool) -> list[Row]:
        if not aggregate:
            return tape.page(window, order=order, rows_max=self.page_rows_max)
        merged = aggregated(tape.page(window, order=order, rows_max=self.horizon_rows))
        return merged[: self.page_rows_max]


def aggregated(rows: list[Row]) -> list[Row]:
    """Merge the partial fills of one crossing order in one millisecond; makers' rows stay."""
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
            merged[name] = text(sum((Decimal(str(f.get(name, 0))) for f in fills), Decimal(0)))
    value = sum((Decimal(str(f["px"])) * Decimal(str(f["sz"])) for f in fills), Decimal(0))
    size = Decimal(str(merged["sz"]))
    merged["px"] = text((value / size).quantize(PRICE_FIGURES))
    return merged
