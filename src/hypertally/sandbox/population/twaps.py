"""TWAP orders: a size over some minutes, a slice every thirty seconds, and their statuses.

Each slice aims at the share of the size that is due by its time, so the slices after an unfilled
slice are larger, up to three times their usual size; a TWAP whose last slices are unfilled ends
with a smaller size than ordered. Requests change nothing here.
"""

from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal
from functools import partial
from itertools import accumulate
from random import Random
from typing import final

import msgspec

from hypertally.sandbox.population.decimals import ZERO, decimal_text
from hypertally.sandbox.population.markets import PERPS, SPOTS, Market
from hypertally.sandbox.population.matching import MatchingEngine, TakerOrder
from hypertally.sandbox.population.prices import Prices
from hypertally.sandbox.population.timeline import Schedule
from hypertally.sandbox.population.traders import Scale, Trader

FIRST_TWAP = 2_000_000
MINUTE_MS = 60_000
SLICE_MS = 30_000
SLICES_PER_MINUTE = MINUTE_MS // SLICE_MS
SLICE_LATE_MS_MAX = 1_500  # a slice is executed in the block after its time
CATCH_UP_MAX = 3
#: minutes -> weight; most are short, so that a quiet past holds many TWAPs
MINUTES = {5: 200, 6: 30, 8: 30, 10: 50, 15: 30, 20: 15, 30: 15, 45: 6, 60: 6, 120: 1, 180: 1}
MARKETS = (*PERPS, *SPOTS)
FILLS_PER_SLICE = (1, 1, 1, 1, 1, 1, 2, 2, 3)
CLOSING_SHARE = 0.5
REDUCE_ONLY_SHARE = 0.5  # of the TWAPs that close a position
RANDOMIZED_SHARE = 0.4
RANDOMIZED_PERCENT = (80, 120)
TERMINATED_SHARE = 0.15
FAILED_SHARE = 0.07
FAILED_AT_ONCE_SHARE = 0.04
THIN_BOOK_SHARE = 0.2
MISSED_SHARE = 0.02
MISSED_IN_THIN_BOOK_SHARE = 0.3
NO_MARGIN = ("error", "Insufficient margin")


@dataclass(slots=True, kw_only=True)
class TwapOrder:
    """One TWAP order and its progress."""

    id: int
    order: TakerOrder  # of the whole size
    minutes: int
    started_ms: int
    reduce_only: bool
    randomize: bool
    missed_share: float  # of the slices that are unfilled
    fails_at: int | None = None  # the number of the slice without margin
    executed_size: Decimal = ZERO
    executed_notional: Decimal = ZERO
    ended: bool = False

    @property
    def slices(self) -> int:
        """The number of slices in its minutes."""
        return self.minutes * SLICES_PER_MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class TwapStatus:
    """A status of a TWAP, with its totals at that time."""

    time_ms: int
    twap_id: int
    user: str
    coin: str
    buys: bool
    size: Decimal
    executed_size: Decimal
    executed_notional: Decimal
    minutes: int
    reduce_only: bool
    randomize: bool
    started_ms: int
    status: str  # activated, finished, terminated, error
    description: str | None = None

    def history_row(self) -> bytes:
        """Write the row of twapHistory: the status's time in seconds, the start in milliseconds."""
        described = {} if self.description is None else {"description": self.description}
        state = {
            "coin": self.coin,
            "user": self.user,
            "side": "B" if self.buys else "A",
            "sz": decimal_text(self.size),
            "executedSz": decimal_text(self.executed_size),
            "executedNtl": decimal_text(self.executed_notional),
            "minutes": self.minutes,
            "reduceOnly": self.reduce_only,
            "randomize": self.randomize,
            "timestamp": self.started_ms,
        }
        return msgspec.json.encode(
            {
                "time": self.time_ms // 1000,
                "state": state,
                "status": {"status": self.status, **described},
                "twapId": self.twap_id,
            }
        )


@final
class TwapTrading:
    """Starts and runs TWAPs; every status goes to its wallet's history and to `statuses`."""

    def __init__(
        self, random: Random, prices: Prices, engine: MatchingEngine, scale: Scale
    ) -> None:
        self._scale = scale
        self._random = random
        self._prices = prices
        self._engine = engine
        self._cumulative_weights = list(accumulate(market.weight for market in MARKETS))
        self._last_id = FIRST_TWAP
        self.statuses: list[TwapStatus] = []

    def start(self, time_ms: int, schedule: Schedule) -> None:
        """Start a TWAP of a random wallet, with a random end."""
        twap = self._draw_order(self._engine.pick_trader(), self._minutes(), time_ms)
        activated_ms = self._begin(twap, schedule)
        draw = self._random.random()
        if draw < TERMINATED_SHARE:
            after_ms = self._random.randint(10_000, twap.minutes * MINUTE_MS - 5_000)
            schedule(time_ms + after_ms, partial(self._end, twap, "terminated", None))
        elif draw < TERMINATED_SHARE + FAILED_SHARE:
            twap.fails_at = self._random.randint(2, twap.slices)
        elif draw < TERMINATED_SHARE + FAILED_SHARE + FAILED_AT_ONCE_SHARE:
            schedule(
                activated_ms + self._random.randint(1, 400), partial(self._end, twap, *NO_MARGIN)
            )

    def start_lasting(
        self, taker: Trader, minutes: int, time_ms: int, *, schedule: Schedule
    ) -> None:
        """Start a TWAP of one wallet that runs and trades for all of its minutes."""
        twap = self._draw_order(taker, minutes, time_ms)
        twap.reduce_only = False
        _ = self._begin(twap, schedule)

    def _begin(self, twap: TwapOrder, schedule: Schedule) -> int:
        activated_ms = twap.started_ms + self._random.randint(1, 700)
        schedule(activated_ms, partial(self._record_status, twap, "activated", None))
        self._plan_slice(twap, 1, schedule)
        return activated_ms

    def _draw_order(self, taker: Trader, minutes: int, time_ms: int) -> TwapOrder:
        (market,) = self._random.choices(MARKETS, cum_weights=self._cumulative_weights)
        held = taker.holdings.position(market.coin).size if market.is_perp else ZERO
        closes = bool(held) and self._random.random() < CLOSING_SHARE
        size = self._size(market, minutes * SLICES_PER_MINUTE, time_ms)
        reduces = closes and size <= abs(held) and self._random.random() < REDUCE_ONLY_SHARE
        self._last_id += self._random.randint(1, 30)
        return TwapOrder(
            id=self._last_id,
            order=TakerOrder(
                taker=taker,
                market=market,
                buys=held < ZERO if closes else self._random.random() < 0.5,  # noqa: PLR2004 - even
                size=size,
                time_ms=time_ms,
                twap_id=self._last_id,
            ),
            minutes=minutes,
            started_ms=time_ms,
            reduce_only=reduces,
            randomize=self._random.random() < RANDOMIZED_SHARE,
            missed_share=MISSED_IN_THIN_BOOK_SHARE
            if self._random.random() < THIN_BOOK_SHARE
            else MISSED_SHARE,
        )

    def _minutes(self) -> int:
        return self._random.choices(list(MINUTES), weights=list(MINUTES.values()))[0]

    def _size(self, market: Market, slices: int, time_ms: int) -> Decimal:
        drawn = self._scale.slice_usd_min * self._random.paretovariate(0.9)
        usd = slices * min(int(drawn), self._scale.slice_usd_max)
        unit = _unit(market)
        return (usd / self._prices.unrounded_price(market, time_ms) // unit + slices) * unit

    def _plan_slice(self, twap: TwapOrder, number: int, schedule: Schedule) -> None:
        late_ms = self._random.randint(0, SLICE_LATE_MS_MAX)
        slice_ms = twap.started_ms + number * SLICE_MS + late_ms
        schedule(slice_ms, partial(self._run_slice, twap, number, schedule))

    def _run_slice(self, twap: TwapOrder, number: int, schedule: Schedule, time_ms: int) -> None:
        if twap.ended:
            return
        if number == twap.fails_at:
            self._end(twap, *NO_MARGIN, time_ms)
            return
        if self._random.random() >= twap.missed_share:
            self._trade(twap, number, time_ms)
        if number < twap.slices:
            self._plan_slice(twap, number + 1, schedule)
        else:
            self._end(twap, "finished", None, time_ms)

    def _trade(self, twap: TwapOrder, number: int, time_ms: int) -> None:
        size = self._slice_size(twap, number)
        if not size:
            return
        fills = self._random.choice(FILLS_PER_SLICE)
        order = replace(twap.order, size=size, time_ms=time_ms, fills=fills)
        for trade in self._engine.execute(order):
            twap.executed_size += trade.size
            twap.executed_notional += trade.price * trade.size

    def _slice_size(self, twap: TwapOrder, number: int) -> Decimal:
        ordered, left = twap.order.size, twap.order.size - twap.executed_size
        size = ordered * number / twap.slices - twap.executed_size
        if twap.randomize and number < twap.slices:
            size = size * self._random.randint(*RANDOMIZED_PERCENT) / 100
        size = min(size, ordered * CATCH_UP_MAX / twap.slices, left)
        if twap.reduce_only:
            held = twap.order.taker.holdings.position(twap.order.market.coin).size
            size = min(size, -held if twap.order.buys else held)
        unit = _unit(twap.order.market)
        return max((size / unit).to_integral_value(ROUND_DOWN) * unit, ZERO)

    def _end(self, twap: TwapOrder, status: str, description: str | None, time_ms: int) -> None:
        if not twap.ended:
            twap.ended = True
            self._record_status(twap, status, description, time_ms)

    def _record_status(
        self, twap: TwapOrder, status: str, description: str | None, time_ms: int
    ) -> None:
        order = twap.order
        status_row = TwapStatus(
            time_ms=time_ms,
            twap_id=twap.id,
            user=order.taker.address,
            coin=order.market.coin,
            buys=order.buys,
            size=order.size,
            executed_size=twap.executed_size,
            executed_notional=twap.executed_notional,
            minutes=twap.minutes,
            reduce_only=twap.reduce_only,
            randomize=twap.randomize,
            started_ms=twap.started_ms,
            status=status,
            description=description,
        )
        self.statuses.append(status_row)
        order.taker.twap_statuses.append(time_ms, status_row.history_row())


def _unit(market: Market) -> Decimal:
    return Decimal(1).scaleb(-market.size_decimals)
