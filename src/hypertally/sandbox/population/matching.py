"""The matching engine: it turns taker orders into trades, each with a leg for both sides."""

from bisect import bisect_right
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from random import Random
from typing import final

from hypertally.sandbox.population.coin_volume import CoinVolumes
from hypertally.sandbox.population.decimals import ZERO, truncated
from hypertally.sandbox.population.fill_json import ZERO_HASH, Leg, Liquidation, Trade, encode_fill
from hypertally.sandbox.population.markets import Market, MarketKind
from hypertally.sandbox.population.positions import FillEffect
from hypertally.sandbox.population.prices import Prices
from hypertally.sandbox.population.traders import Trader

FIRST_OID = 480_000_000_000
TID_BITS = 50
BASIS_POINT = Decimal("0.0001")
USD_PLACES = 6
TOKEN_PLACES = 8

#: kind -> taker fee in basis points
TAKER_BPS = {
    MarketKind.CORE: Decimal("4.5"),
    MarketKind.HIP3: Decimal(9),
    MarketKind.SPOT: Decimal(7),
    MarketKind.OUTCOME: Decimal(3),
}
SPOT_MAKER_BPS = Decimal(4)
BUILDER_BPS = Decimal("2.5")
CLOID_SHARE = 0.2
CLOID_REUSED_SHARE = 0.1
BUILDER_SHARE = 0.08
DEPLOYER_SHARE = 0.3
UNKNOWN_FIELD_SHARE = 0.0025
UNKNOWN_DIRECTION_SHARE = 0.0015
UNKNOWN_DIRECTION = "Portfolio Rebalance"  # an undocumented value: readers must keep it


@dataclass(frozen=True, slots=True, kw_only=True)
class TakerOrder:
    """An order that is filled against resting orders."""

    taker: Trader
    market: Market
    buys: bool
    size: Decimal
    time_ms: int
    fills: int = 1
    twap_id: int | None = None
    liquidation: Liquidation | None = None
    direction: str | None = None  # of the taker, in place of the usual one
    maker: Trader | None = None  # None: any other trader
    maker_direction: str | None = None
    without_fees: bool = False  # on both sides


@dataclass(frozen=True, slots=True, kw_only=True)
class _TradeSide:
    """One side of a trade before its leg is written."""

    trader: Trader
    buys: bool
    crossed: bool
    oid: int
    cloid: str | None = None
    twap_id: int | None = None
    direction: str | None = None


@final
class MatchingEngine:
    """Draws makers, splits orders into trades, and adds both legs to the wallets' fills."""

    def __init__(self, *, random: Random, prices: Prices) -> None:
        self.coin_volumes = CoinVolumes()
        self._random = random
        self._prices = prices
        self._traders: list[Trader] = []
        self._cumulative_weights: list[float] = []
        self._oid = FIRST_OID

    def set_traders(self, traders: list[Trader], weights: list[float]) -> None:
        """Set the traders and how often each is drawn."""
        self._traders = traders
        self._cumulative_weights = list(accumulate(weights))

    def pick_trader(self) -> Trader:
        """Draw a trader by weight."""
        draw = self._random.random() * self._cumulative_weights[-1]
        return self._traders[bisect_right(self._cumulative_weights, draw)]

    def next_oid(self) -> int:
        """Return the next order id; the ids between belong to orders that are not shown."""
        self._oid += self._random.randint(1, 40)
        return self._oid

    def execute(self, order: TakerOrder) -> list[Trade]:
        """Fill an order against resting orders, all in its millisecond."""
        taker = _TradeSide(
            trader=order.taker,
            buys=order.buys,
            crossed=True,
            oid=self.next_oid(),
            cloid=None if order.twap_id else self._cloid(order.taker),
            twap_id=order.twap_id,
            direction=order.direction,
        )
        shared_hash = self._hash(order)
        worse = 1 if order.buys else -1
        trades: list[Trade] = []
        for index, size in enumerate(self._part_sizes(order)):
            trade = Trade(
                coin=order.market.coin,
                price=self._prices.price(order.market, order.time_ms, ticks=worse * (index % 50)),
                size=size,
                time_ms=order.time_ms,
                hash=shared_hash,
                tid=self._random.getrandbits(TID_BITS) or 1,
                liquidation=order.liquidation,
            )
            self._trade(order, trade, taker, self._maker_side(order))
            trades.append(trade)
        return trades

    def _maker_side(self, order: TakerOrder) -> _TradeSide:
        trader = order.maker or self._pick_other(order.taker)
        return _TradeSide(
            trader=trader,
            buys=not order.buys,
            crossed=False,
            oid=self.next_oid(),
            cloid=self._cloid(trader),
            direction=order.maker_direction,
        )

    def _pick_other(self, taker: Trader) -> Trader:
        while True:  # the real exchange prevents trades of a wallet with itself
            maker = self.pick_trader()
            if maker is not taker:
                return maker

    def _trade(self, order: TakerOrder, trade: Trade, *sides: _TradeSide) -> None:
        self.coin_volumes.add(trade.coin, trade.time_ms, price=trade.price, size=trade.size)
        # The buyer's leg comes first; no wallet has both legs, so any order would do.
        for side in sorted(sides, key=lambda side: not side.buys):
            leg = self._leg(order, trade, side)
            body = encode_fill(trade, leg)
            side.trader.add_fill(trade.time_ms, body, is_slice=side.twap_id is not None)

    def _leg(self, order: TakerOrder, trade: Trade, side: _TradeSide) -> Leg:
        market = order.market
        builder = self._builder_fee(market, trade, side) if not order.without_fees else None
        fee = ZERO if order.without_fees else self._fee(market, trade, side) + (builder or ZERO)
        effect = self._apply(market, trade, side, fee)
        token = market.base if _fee_in_base(market, buys=side.buys) else market.quote
        deployer = None
        if market.kind is MarketKind.HIP3 and fee > ZERO and self._random.random() < DEPLOYER_SHARE:
            deployer = truncated(fee / 2, USD_PLACES)
        return Leg(
            buys=side.buys,
            crossed=side.crossed,
            effect=effect,
            direction=side.direction or self._direction(market, effect),
            oid=side.oid,
            fee=fee,
            fee_token=token,
            builder_fee=builder,
            deployer_fee=deployer,
            cloid=side.cloid,
            twap_id=side.twap_id,
            unknown_field=self._value_by_chance("express", UNKNOWN_FIELD_SHARE),
        )

    def _apply(self, market: Market, trade: Trade, side: _TradeSide, fee: Decimal) -> FillEffect:
        holdings = side.trader.holdings
        signed = trade.size if side.buys else -trade.size
        if market.is_perp:
            paid = signed * trade.price + fee
            holdings.cash[market.dex] = holdings.cash.get(market.dex, ZERO) - paid
            return holdings.position(trade.coin).apply(signed, trade.price)
        balance = holdings.balance(trade.coin)
        if side.buys:
            in_base = fee if _fee_in_base(market, buys=True) else ZERO
            return balance.buy(trade.size, trade.price, fee_in_base=in_base)
        if balance.size < trade.size:  # a transfer brings the missing tokens; it makes no fill
            balance.deposit(trade.size * self._random.randint(1, 4), trade.price)
        return balance.sell(trade.size, trade.price)

    def _fee(self, market: Market, trade: Trade, side: _TradeSide) -> Decimal:
        rate = self._fee_bps(market, side) * BASIS_POINT
        if _fee_in_base(market, buys=side.buys):
            return truncated(trade.size * rate, TOKEN_PLACES)
        return truncated(trade.size * trade.price * rate, USD_PLACES)

    def _fee_bps(self, market: Market, side: _TradeSide) -> Decimal:
        if side.crossed:
            own = side.trader.taker_bps if market.kind is MarketKind.CORE else None
            return TAKER_BPS[market.kind] if own is None else own
        return side.trader.maker_bps if market.is_perp else SPOT_MAKER_BPS

    def _builder_fee(self, market: Market, trade: Trade, side: _TradeSide) -> Decimal | None:
        if not (market.is_perp and side.crossed and self._random.random() < BUILDER_SHARE):
            return None
        fee = truncated(trade.size * trade.price * BUILDER_BPS * BASIS_POINT, USD_PLACES)
        return fee or None  # the real exchange leaves out a zero

    def _direction(self, market: Market, effect: FillEffect) -> str:
        unknown = self._value_by_chance(
            UNKNOWN_DIRECTION, UNKNOWN_DIRECTION_SHARE if market.is_perp else 0
        )
        return unknown or effect.direction

    def _value_by_chance(self, value: str, share: float) -> str | None:
        return value if self._random.random() < share else None

    def _cloid(self, trader: Trader) -> str | None:
        if self._random.random() >= CLOID_SHARE:
            return None
        if trader.last_cloid is None or self._random.random() >= CLOID_REUSED_SHARE:
            trader.last_cloid = f"0x{self._random.getrandbits(128):032x}"
        return trader.last_cloid

    def _hash(self, order: TakerOrder) -> str:
        if order.twap_id is not None:
            return ZERO_HASH
        return f"0x{self._random.getrandbits(256):064x}"

    def _part_sizes(self, order: TakerOrder) -> list[Decimal]:
        unit = Decimal(1).scaleb(-order.market.size_decimals)
        left = int(order.size / unit)
        parts: list[Decimal] = []
        for missing in range(min(order.fills, left), 1, -1):
            part = self._random.randint(1, max((left - missing + 1) * 2 // missing, 1))
            parts.append(part * unit)
            left -= part
        return [*parts, left * unit]


def _fee_in_base(market: Market, *, buys: bool) -> bool:
    return market.kind is MarketKind.SPOT and buys
