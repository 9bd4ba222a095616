"""The expected figures of TWAPs, computed from their rows in the simplest exact way.

As the oracle of days, this one shares no code and no table with the program's metrics, and sums
with 60 digits. A time range includes its start and excludes its end.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import cast

from hypertally.sandbox.oracles.activity import DIGITS
from hypertally.sandbox.oracles.usd_prices import Fill, Rows, UsdPrices, fee_usd, number

ACTIVATED = "activated"
MINUTE_MS = 60_000
END_OF_TIME_MS = 2**63 - 1

Candle = Mapping[str, object]
TwapKey = tuple[int, str]  # number, wallet


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The fills of one order of a TWAP."""

    at_ms: int
    oid: int
    fills: int
    size: Decimal
    notional: Decimal
    fees: Mapping[str, Decimal]  # token -> signed amount
    fees_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TwapState:
    """The last status of a TWAP, and the number of its statuses."""

    status: str  # an error with its description: error:text
    status_at_s: int
    started_ms: int
    minutes: int
    size_requested: Decimal
    size_executed: Decimal
    notional_executed: Decimal
    statuses: int

    @property
    def runs(self) -> bool:
        """Whether the TWAP still runs by its last status."""
        return self.status == ACTIVATED

    @property
    def ends_ms(self) -> int:
        """The end that was ordered."""
        return self.started_ms + self.minutes * MINUTE_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionTotals:
    """The sums of some slices."""

    slices: int = 0
    fills: int = 0
    size: Decimal = Decimal(0)
    notional: Decimal = Decimal(0)
    fees: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])
    fees_usd: Decimal | None = Decimal(0)

    @property
    def average_price(self) -> Decimal | None:
        """The volume-weighted price; None without slices."""
        with localcontext(prec=DIGITS):
            return self.notional / self.size if self.size else None


@dataclass(slots=True, kw_only=True)
class TwapBook:
    """The state and the slices of one TWAP; no state without a known status."""

    twap_id: int
    wallet: str
    coin: str
    side: str
    state: TwapState | None = None
    slices: list[Slice] = field(default_factory=list[Slice])

    def executed(self, from_ms: int = 0, to_ms: int = END_OF_TIME_MS) -> ExecutionTotals:
        """Sum up the slices of a time range."""
        with localcontext(prec=DIGITS):
            return _sum([slice_ for slice_ in self.slices if from_ms <= slice_.at_ms < to_ms])

    @property
    def residual(self) -> tuple[Decimal, Decimal] | None:
        """Slices less final totals, size and notional; None while it runs or without a status."""
        if self.state is None or self.state.runs:
            return None
        done = self.executed()
        with localcontext(prec=DIGITS):
            size = done.size - self.state.size_executed
            return size, done.notional - self.state.notional_executed


def twap_books(rows: Rows, statuses: Rows, prices: UsdPrices) -> dict[TwapKey, TwapBook]:
    """Collect the state and the slices of every TWAP with a status or a slice.

    `rows` are fills that carry their twapId, `statuses` rows of twapHistory.
    """
    books: dict[TwapKey, TwapBook] = {}
    with localcontext(prec=DIGITS):
        for key, status_rows in _by_twap(statuses).items():
            state = cast("Fill", status_rows[0]["state"])
            books[key] = _book(key, str(state["coin"]), str(state["side"]))
            books[key].state = _latest(status_rows)
        for key, fills in _by_twap(rows).items():
            first = fills[0]
            book = books.setdefault(key, _book(key, str(first["coin"]), str(first["side"])))
            book.slices = _slices(fills, prices)
    return books


def arrival_price(
    book: TwapBook, candles: Mapping[str, Iterable[Candle]]
) -> tuple[Decimal, str] | None:
    """Return the price when a TWAP began and its source; None without any.

    `candles` are of its coin, by interval, the finest first. Without a candle that holds the start
    it is the price of the first slice; a start that no status tells has no candle.
    """
    for interval, rows in candles.items() if book.state else ():
        started_ms = book.state.started_ms if book.state else 0
        for row in rows:
            if int(str(row["t"])) <= started_ms <= int(str(row["T"])):
                return number(row, "o"), f"candle:{book.coin}:{interval}:open"
    if not book.slices:
        return None
    first = min(book.slices, key=lambda slice_: (slice_.at_ms, slice_.oid))
    with localcontext(prec=DIGITS):
        return first.notional / first.size, "first slice"


def market_price(candles: Iterable[Candle]) -> Decimal | None:
    """Return the volume-weighted typical price of candles; None without volume."""
    volume = notional = Decimal(0)
    with localcontext(prec=DIGITS):
        for row in candles:
            typical = sum((number(row, name) for name in "hlc"), Decimal(0)) / 3
            volume += number(row, "v")
            notional += typical * number(row, "v")
        return notional / volume if volume else None


def _by_twap(rows: Rows) -> dict[TwapKey, list[Fill]]:
    by_twap: defaultdict[TwapKey, list[Fill]] = defaultdict(list)
    for wallet, row in rows:
        if row.get("twapId") is not None:
            by_twap[int(str(row["twapId"])), wallet].append(row)
    return by_twap


def _book(key: TwapKey, coin: str, side: str) -> TwapBook:
    return TwapBook(twap_id=key[0], wallet=key[1], coin=coin, side=side)


def _latest(status_rows: Sequence[Fill]) -> TwapState:
    """Return the last status; an end counts as later than any start of the same second."""
    row = max(status_rows, key=lambda row: (_status(row) != ACTIVATED, int(str(row["time"]))))
    state = cast("Fill", row["state"])
    return TwapState(
        status=_status(row),
        status_at_s=int(str(row["time"])),
        started_ms=int(str(state["timestamp"])),
        minutes=int(str(state["minutes"])),
        size_requested=number(state, "sz"),
        size_executed=number(state, "executedSz"),
        notional_executed=number(state, "executedNtl"),
        statuses=len(status_rows),
    )


def _status(row: Fill) -> str:
    status = cast("Fill", row["status"])
    described = status.get("description")
    return str(status["status"]) if described is None else f"{status['status']}:{described}"


def _slices(fills: Sequence[Fill], prices: UsdPrices) -> list[Slice]:
    orders: defaultdict[tuple[int, int], list[Fill]] = defaultdict(list)
    for fill in fills:
        orders[int(str(fill["time"])), int(str(fill["oid"]))].append(fill)
    return [_slice(*key, parts, prices) for key, parts in sorted(orders.items())]


def _slice(at_ms: int, oid: int, parts: Sequence[Fill], prices: UsdPrices) -> Slice:
    fees: dict[str, Decimal] = {}
    total_usd: Decimal | None = Decimal(0)
    for fill in parts:
        fee, token = number(fill, "fee"), str(fill["feeToken"])
        fees[token] = fees.get(token, Decimal(0)) + fee
        usd = fee_usd(fee, token, fill, prices=prices)
        total_usd = None if total_usd is None or usd is None else total_usd + usd
    sizes = [(number(fill, "sz"), number(fill, "px")) for fill in parts]
    return Slice(
        at_ms=at_ms,
        oid=oid,
        fills=len(parts),
        size=sum((size for size, _ in sizes), Decimal(0)),
        notional=sum((size * price for size, price in sizes), Decimal(0)),
        fees=fees,
        fees_usd=total_usd,
    )


def _sum(slices: Sequence[Slice]) -> ExecutionTotals:
    fees: dict[str, Decimal] = {}
    for token, amount in (pair for slice_ in slices for pair in slice_.fees.items()):
        fees[token] = fees.get(token, Decimal(0)) + amount
    in_usd = [slice_.fees_usd for slice_ in slices]
    known = [usd for usd in in_usd if usd is not None]
    return ExecutionTotals(
        slices=len(slices),
        fills=sum(slice_.fills for slice_ in slices),
        size=sum((slice_.size for slice_ in slices), Decimal(0)),
        notional=sum((slice_.notional for slice_ in slices), Decimal(0)),
        fees=fees,
        fees_usd=sum(known, Decimal(0)) if len(known) == len(in_usd) else None,
    )
