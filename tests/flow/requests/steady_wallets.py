"""An exchange whose wallets do the same hour after hour: one day foretells the next hour."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from heapq import merge

import msgspec
from tests.flow.handmade import fill

from hypertally.sandbox.exchange.leaderboard import LeaderboardRow, row_from_fills
from hypertally.sandbox.exchange.population_exchange import PopulationExchange
from hypertally.sandbox.exchange.protocol import HttpAnswer
from hypertally.sandbox.population.population import Population, WalletCount
from hypertally.sandbox.population.traders import Trader, make_trader
from hypertally.sandbox.population.twaps import TwapStatus
from hypertally.sandbox.population.wallet_history import HistoryKind, SortOrder, WalletHistory

START = datetime(2030, 1, 7, 11, 59, tzinfo=UTC)  # ahead of this machine: defaults of rows are due
START_MS = int(START.timestamp() * 1000)
MINUTE_MS = 60_000
DAY_MINUTES = 1440
# Not at the moment of a pull: a row of that millisecond is shown by the next one.
TRADE_OFFSET_MS, SLICE_OFFSET_MS = 30_000, 15_000
SINCE_MINUTE, UNTIL_MINUTE = -DAY_MINUTES, 2 * DAY_MINUTES
# Minutes between two times at which a wallet trades, and the first of them.
TRADES = (
    *[(1, 0)],
    *[(3, phase) for phase in range(3)],
    *[(240, phase) for phase in (5, 65, 125, 185)],
)
AT_REST = 4  # wallets that traded some days ago
NEVER = 2  # wallets that never traded
TWAP_EVERY, TWAP_MINUTES = 60, 30
WALLETS = len(TRADES) + AT_REST + NEVER + 1

Event = tuple[int, int, bytes]  # time, number of the trader, body


class SteadyWallets:
    """The rows of all wallets, shown as their time comes; markets are those of a population."""

    def __init__(self) -> None:
        population = Population(
            seed=7, wallets=1, days=1, until_ms=START_MS, fills=0, live_per_second=0
        )
        self._markets = PopulationExchange(population)
        self._traders = [make_trader(f"steady:{number}", tracked=True) for number in range(WALLETS)]
        self._by_address = {trader.address: trader for trader in self._traders}
        self._events = merge(*self._list_events(), key=lambda event: event[0])
        self._next = next(self._events)
        self.advance(START_MS)

    @property
    def start_clock_ms(self) -> int:
        return START_MS

    def advance(self, now_ms: int) -> None:
        """Show the rows up to a time."""
        while self._next[0] <= now_ms:
            time_ms, trader, body = self._next
            for history in _histories(self._traders[trader], body):
                history.append(time_ms, body)
            self._next = next(self._events)

    def wallets(self) -> list[WalletCount]:
        return [WalletCount(address=t.address, legs=len(t.fills)) for t in self._traders]

    def history(self, user: str, kind: HistoryKind) -> WalletHistory | None:
        trader = self._by_address.get(user)
        return trader.history(kind) if trader else None

    def by_time_order(self, user: str) -> SortOrder | None:
        return None

    def leaderboard(self, now_ms: int) -> Sequence[LeaderboardRow]:
        return [row_from_fills(t.address, t.fills, now_ms) for t in self._traders]

    def answer(self, body: bytes, *, now_ms: int) -> HttpAnswer:
        """Markets and prices; whoever is asked about is flat."""
        return self._markets.answer(body, now_ms=now_ms)

    def _list_events(self) -> Iterator[Iterator[Event]]:
        for trader, (every, phase) in enumerate(TRADES):
            yield _trades(trader, range(SINCE_MINUTE + phase, UNTIL_MINUTE, every))
        for trader in range(len(TRADES), len(TRADES) + AT_REST):
            yield _trades(trader, range(-3 * DAY_MINUTES, -3 * DAY_MINUTES + 30, 3))
        yield from self._list_twaps(WALLETS - 1)

    def _list_twaps(self, trader: int) -> Iterator[Iterator[Event]]:
        user = self._traders[trader].address
        for start in range(SINCE_MINUTE, UNTIL_MINUTE, TWAP_EVERY):
            yield _statuses(trader, user, start)
            yield _slices(trader, start)


def _histories(trader: Trader, body: bytes) -> list[WalletHistory]:
    if b'"executedSz"' in body:
        return [trader.twap_statuses]
    if b'"twapId":null' in body:
        return [trader.fills, trader.fills_without_slices]
    return [trader.fills, trader.twap_slices]


def _trades(trader: int, minutes: range) -> Iterator[Event]:
    """At each of these minutes a position is opened and closed: no end of a chain is open."""
    for minute in minutes:
        time_ms = START_MS + minute * MINUTE_MS + TRADE_OFFSET_MS
        yield time_ms, trader, msgspec.json.encode(fill(time_ms))
        closed = fill(time_ms, side="A", startPosition="1.0", dir="Close Long", closedPnl="1.0")
        yield time_ms, trader, msgspec.json.encode(closed)


def _slices(trader: int, start: int) -> Iterator[Event]:
    for number in range(2 * TWAP_MINUTES):
        time_ms = START_MS + start * MINUTE_MS + number * MINUTE_MS // 2 + SLICE_OFFSET_MS
        sides = {"side": "B"} if number % 2 == 0 else {"side": "A", "startPosition": "1.0"}
        body = fill(time_ms, twapId=_twap_id(start), hash="0x" + "0" * 64, **sides)
        yield time_ms, trader, msgspec.json.encode(body)


def _statuses(trader: int, user: str, start: int) -> Iterator[Event]:
    started_ms = START_MS + start * MINUTE_MS + SLICE_OFFSET_MS - 1
    for status, at_ms, executed in (
        ("activated", started_ms, 0),
        ("finished", started_ms + TWAP_MINUTES * MINUTE_MS, 2 * TWAP_MINUTES),
    ):
        row = TwapStatus(
            time_ms=at_ms,
            twap_id=_twap_id(start),
            user=user,
            coin="BTC",
            buys=True,
            size=Decimal(2 * TWAP_MINUTES),
            executed_size=Decimal(executed),
            executed_notional=Decimal(100 * executed),
            minutes=TWAP_MINUTES,
            reduce_only=False,
            randomize=False,
            started_ms=started_ms,
            status=status,
        )
        yield at_ms, trader, row.history_row()


def _twap_id(start: int) -> int:
    return 1_000_000 + start
