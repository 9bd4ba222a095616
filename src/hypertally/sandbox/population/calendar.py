"""Events at fixed times: the dust conversion at midnight, the settlement of outcome coins."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import final

from hypertally.sandbox.population.decimals import ZERO
from hypertally.sandbox.population.fill_json import ZERO_HASH, Leg, Trade, encode_fill
from hypertally.sandbox.population.markets import (
    OUTCOME_PERIOD_MS,
    SPOTS,
    Market,
    outcome_coins,
    outcome_market,
)
from hypertally.sandbox.population.matching import MatchingEngine
from hypertally.sandbox.population.positions import FillEffect
from hypertally.sandbox.population.prices import Prices
from hypertally.sandbox.population.timeline import Schedule
from hypertally.sandbox.population.traders import Trader

DAY_MS = 86_400_000
MIDNIGHT_JITTER_MS = 49  # the real exchange converts dust shortly after midnight
DUST_COINS = ("@142", "@107")
DUST_UNIT = Decimal("1e-10")


@final
class Calendar:
    """Writes rows that are no trades, and schedules its own next events."""

    def __init__(
        self,
        *,
        random: Random,
        prices: Prices,
        engine: MatchingEngine,
        traders: Sequence[Trader],
        schedule: Schedule,
        start_ms: int,
    ) -> None:
        self._random = random
        self._prices = prices
        self._engine = engine
        self._traders = traders
        self._schedule = schedule
        midnight_ms = (start_ms // DAY_MS + 1) * DAY_MS
        schedule(midnight_ms + MIDNIGHT_JITTER_MS, self._convert_dust)
        settled_ms = (start_ms // OUTCOME_PERIOD_MS + 1) * OUTCOME_PERIOD_MS
        schedule(settled_ms, self._settle_outcomes)

    def _convert_dust(self, time_ms: int) -> None:
        self._schedule(time_ms + DAY_MS, self._convert_dust)
        for market in (m for m in SPOTS if m.coin in DUST_COINS):
            trader = self._random.choice(self._traders)
            balance = trader.holdings.balance(market.coin)
            if not balance.size:
                size = self._random.randint(1_000, 99_999) * DUST_UNIT
                balance.deposit(size, self._prices.price(market, time_ms))
                effect = replace(
                    balance.sell(size, self._prices.price(market, time_ms)), closed_pnl=ZERO
                )
                self._write_event(trader, market, time_ms, effect, "Spot Dust Conversion")

    def _settle_outcomes(self, time_ms: int) -> None:
        self._schedule(time_ms + OUTCOME_PERIOD_MS, self._settle_outcomes)
        coins = outcome_coins(time_ms - 1)
        winner = self._random.choice(coins)
        for coin in coins:
            price = Decimal(1) if coin == winner else ZERO
            for trader in self._traders:
                balance = trader.holdings.balance(coin)
                if balance.size:
                    effect = balance.sell(balance.size, price)
                    market = outcome_market(coin)
                    self._write_event(trader, market, time_ms, effect, "Settlement", price=price)

    def _write_event(
        self,
        trader: Trader,
        market: Market,
        time_ms: int,
        effect: FillEffect,
        direction: str,
        *,
        price: Decimal | None = None,
    ) -> None:
        """Write a row of one wallet: an action of the exchange, not a trade."""
        trade = Trade(
            coin=market.coin,
            price=self._prices.price(market, time_ms) if price is None else price,
            size=effect.start,
            time_ms=time_ms,
            hash=ZERO_HASH,
            tid=0,
        )
        leg = Leg(
            buys=False,
            crossed=True,
            effect=effect,
            direction=direction,
            oid=self._engine.next_oid(),
            fee=ZERO,
            fee_token=market.quote,
        )
        trader.add_fill(time_ms, encode_fill(trade, leg), is_slice=False)
