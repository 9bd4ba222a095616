"""Rows that are right and rare: settlements of both sides, unpriced tokens, narrow trades."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from hypertally.sandbox.population.decimals import ZERO
from hypertally.sandbox.population.markets import UNPRICED_COIN, Market, find_market
from hypertally.sandbox.population.matching import MatchingEngine, TakerOrder
from hypertally.sandbox.population.timeline import Schedule
from hypertally.sandbox.population.traders import Trader

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
SETTLED_COIN = "xyz:TSLA"
NARROW_COIN = "ETH"
NARROW_TRADES = 3  # a millisecond apart: a gap between them is shorter than completeness shows
UNPRICED_EVERY_DAYS = 5  # on such a day no volume of the wallet or its org is known
SIZE = Decimal(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class RareEvents:
    """Makes each kind of rare event at a fixed time of the past's days, between listed wallets."""

    random: Random
    engine: MatchingEngine
    traders: Sequence[Trader]
    schedule: Schedule
    start_ms: int
    until_ms: int

    def begin(self) -> None:
        """Schedule every rare event of the past."""
        first_ms = (self.start_ms // DAY_MS + 1) * DAY_MS
        for midnight_ms in range(first_ms, self.until_ms - DAY_MS, DAY_MS):
            self.schedule(midnight_ms, self._settle_both_sides)
            self.schedule(midnight_ms + 9 * HOUR_MS, self._trade_narrowly)
        for midnight_ms in range(first_ms, self.until_ms - DAY_MS, UNPRICED_EVERY_DAYS * DAY_MS):
            self.schedule(midnight_ms + 13 * HOUR_MS, self._trade_without_price)

    def _settle_both_sides(self, time_ms: int) -> None:
        """At midnight to the millisecond, as the exchange closes a market: an event with a tid."""
        self._trade(_market(SETTLED_COIN), time_ms, "Settlement")

    def _trade_narrowly(self, time_ms: int) -> None:
        taker, maker = self._pair()
        for number in range(NARROW_TRADES):
            self._execute(taker, maker, _market(NARROW_COIN), time_ms + number)

    def _trade_without_price(self, time_ms: int) -> None:
        self._trade(_market(UNPRICED_COIN), time_ms)

    def _trade(self, market: Market, time_ms: int, direction: str | None = None) -> None:
        taker, maker = self._pair()
        self._execute(taker, maker, market, time_ms, direction)

    def _execute(
        self,
        taker: Trader,
        maker: Trader,
        market: Market,
        time_ms: int,
        direction: str | None = None,
    ) -> None:
        buys = taker.holdings.position(market.coin).size <= ZERO
        self.engine.execute(
            TakerOrder(
                taker=taker,
                market=market,
                buys=buys,
                size=SIZE,
                time_ms=time_ms,
                direction=direction,
                maker=maker,
                maker_direction=direction,
                without_fees=direction is not None,
            )
        )

    def _pair(self) -> tuple[Trader, Trader]:
        taker, maker = self.random.sample(self.traders, 2)
        return taker, maker


def _market(coin: str) -> Market:
    market = find_market(coin)
    assert market is not None, f"no market {coin}"
    return market
