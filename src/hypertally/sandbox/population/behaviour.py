"""The events of a population: orders, liquidations, deleveraging, and new TWAPs."""

from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate
from random import Random
from typing import final

from hypertally.sandbox.population.decimals import ZERO
from hypertally.sandbox.population.fill_json import Liquidation
from hypertally.sandbox.population.markets import (
    OUTCOME_WEIGHT,
    PERPS,
    SPOTS,
    Market,
    MarketKind,
    outcome_coins,
    outcome_market,
)
from hypertally.sandbox.population.matching import MatchingEngine, TakerOrder
from hypertally.sandbox.population.prices import Prices
from hypertally.sandbox.population.timeline import Schedule
from hypertally.sandbox.population.traders import Scale, Trader
from hypertally.sandbox.population.twaps import TwapTrading

MARKETS = (*PERPS, *SPOTS)
FILLS_PER_ORDER = ((0.60, 1), (0.75, 2), (0.87, 3), (0.95, 5), (1.0, 8))
LIQUIDATION_SHARE = 0.005
BACKSTOP_SHARE = 0.3
ADL_SHARE = 0.003
BUYING_SHARE = 0.5
CLOSING_SHARE = 0.5
CLOSING_WHOLE_SHARE = 0.4
OUTCOME_SIZE_MAX = 4_000


@final
class Behaviour:
    """Draws and runs the next event; the schedule receives its later consequences."""

    def __init__(
        self,
        *,
        random: Random,
        prices: Prices,
        engine: MatchingEngine,
        traders: Sequence[Trader],
        twaps: TwapTrading,
        twap_odds: float,
        scale: Scale,
    ) -> None:
        self._scale = scale
        self._random = random
        self._prices = prices
        self._engine = engine
        self._traders = traders
        self._cumulative_weights = list(accumulate(market.weight for market in MARKETS))
        self._twaps = twaps
        self._twap_odds = twap_odds

    def run_event(self, time_ms: int, schedule: Schedule) -> None:
        """Run one event: in most cases an ordinary order."""
        draw = self._random.random()
        if self._random.random() < self._twap_odds:
            self._twaps.start(time_ms, schedule)
        elif draw < LIQUIDATION_SHARE:
            self._liquidate(time_ms)
        elif draw < LIQUIDATION_SHARE + ADL_SHARE:
            self._deleverage(time_ms)
        else:
            self._engine.execute(self._order(time_ms))

    def take_fills(self, taker: Trader, fills: int, time_ms: int) -> None:
        """Let one wallet take an exact number of fills, all in one millisecond."""
        market = PERPS[self._random.randrange(5)]
        size = self._size(market, time_ms) + Decimal(fills).scaleb(-market.size_decimals) * 4
        buys = taker.holdings.position(market.coin).size <= ZERO
        self._engine.execute(
            TakerOrder(
                taker=taker, market=market, buys=buys, size=size, time_ms=time_ms, fills=fills
            )
        )

    def _order(self, time_ms: int) -> TakerOrder:
        taker, market = self._engine.pick_trader(), self._market(time_ms)
        buys, size = self._random.random() < BUYING_SHARE, self._size(market, time_ms)
        held = taker.holdings.position(market.coin).size if market.is_perp else ZERO
        if held and self._random.random() < CLOSING_SHARE:
            buys = held < ZERO
            if self._random.random() < CLOSING_WHOLE_SHARE:
                size = abs(held)
        return TakerOrder(
            taker=taker,
            market=market,
            buys=buys,
            size=size,
            time_ms=time_ms,
            fills=self._fills_per_order(),
        )

    def _fills_per_order(self) -> int:
        draw = self._random.random()
        return next(fills for share, fills in FILLS_PER_ORDER if draw <= share)

    def _market(self, time_ms: int) -> Market:
        draw = self._random.random() * (self._cumulative_weights[-1] + OUTCOME_WEIGHT)
        index = bisect_right(self._cumulative_weights, draw)
        if index < len(MARKETS):
            return MARKETS[index]
        return outcome_market(self._random.choice(outcome_coins(time_ms)))

    def _size(self, market: Market, time_ms: int) -> Decimal:
        if market.kind is MarketKind.OUTCOME:
            return Decimal(self._random.randint(20, OUTCOME_SIZE_MAX))
        scale = self._scale
        drawn = scale.order_usd_min * self._random.paretovariate(scale.order_shape)
        usd = min(int(drawn), scale.order_usd_max)
        unit = Decimal(1).scaleb(-market.size_decimals)
        return (usd / self._prices.unrounded_price(market, time_ms) // unit + 1) * unit

    def _draw_open_position(self) -> tuple[Trader, Market, Decimal] | None:
        """Draw a wallet and its open perp position; None if the wallet has none."""
        trader = self._engine.pick_trader()
        open_markets = [m for m in PERPS if trader.holdings.position(m.coin).size]
        if not open_markets:
            return None
        market = self._random.choice(open_markets)
        return trader, market, trader.holdings.position(market.coin).size

    def _liquidate(self, time_ms: int) -> None:
        if (open_position := self._draw_open_position()) is None:
            return
        liquidated, market, held = open_position
        backstop = self._random.random() < BACKSTOP_SHARE
        side = "Long" if held > ZERO else "Short"
        margin = self._random.choice(("Cross", "Isolated"))
        self._engine.execute(
            TakerOrder(
                taker=liquidated,
                market=market,
                buys=held < ZERO,
                size=abs(held),
                time_ms=time_ms,
                fills=self._fills_per_order(),
                liquidation=self._liquidation(liquidated, market, time_ms, backstop=backstop),
                direction=f"Liquidated {margin} {side}" if backstop else None,
            )
        )

    def _liquidation(
        self, liquidated: Trader, market: Market, time_ms: int, *, backstop: bool
    ) -> Liquidation:
        return Liquidation(
            liquidated_user=liquidated.address,
            mark_price=self._prices.price(market, time_ms),
            method="backstop" if backstop else "market",
        )

    def _deleverage(self, time_ms: int) -> None:
        if (open_position := self._draw_open_position()) is None:
            return
        liquidated, market, held = open_position
        opposite = [
            trader
            for trader in self._traders
            if trader.holdings.position(market.coin).size * held < ZERO
        ]
        if not opposite:
            return
        winner = self._random.choice(opposite)
        gain = abs(winner.holdings.position(market.coin).size)
        side = "Long" if held > ZERO else "Short"
        self._engine.execute(
            TakerOrder(
                taker=liquidated,
                market=market,
                buys=held < ZERO,
                size=min(abs(held), gain),
                time_ms=time_ms,
                liquidation=self._liquidation(liquidated, market, time_ms, backstop=True),
                direction=f"Liquidated Cross {side}",
                maker=winner,
                maker_direction="Auto-Deleveraging",
                without_fees=True,
            )
        )
