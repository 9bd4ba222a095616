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
UNKNOWN_DIRECTION = "Portfolio Rebalance"  # no such value is documented: readers must keep it


@dataclass(frozen=True, slots=True, kw_only=True)
class TakerOrder:
    """One order that takes what rests in the book."""

    taker: Trader
    market: Market
    buys: bool
    size: Decimal
    time_ms: int
    fills: int = 1
    twap_id: int | None = None
    liquidation: Liquidation | None = None
    direction: str | None = None  # shown instead of the usual one, on the taker's side
    maker: Trader | None = None  # set when the counterparty is not free to choose
    maker_direction: str | None = None
    free: bool = False  # no fee on either side


@dataclass(frozen=True, slots=True, kw_only=True)
class _TradeSide:
    """One party of a trade before its leg is written."""

    trader: Trader
    buys: bool
    crossed: bool
    oid: int
    cloid: str | None = None
    twap_id: int | None = None
    direction: str | None = None


@final
class MatchingEngine:
    """The book's other half: finds makers, splits orders and writes both legs to the tapes."""

    def __init__(self, *, random: Random, prices: Prices) -> None:
        self.coin_volumes = CoinVolumes()
        self._random = random
        self._prices = prices
        self._traders: list[Trader] = []
        self._shares: list[float] = []
        self._oid = FIRST_OID

    def set_traders(self, traders: list[Trader], weights: list[float]) -> None:
        """Set who trades, and how often each is found."""
        self._traders = traders
        self._shares = list(accumulate(weights))

    def pick_trader(self) -> Trader:
        """Draw a trader by weight."""
        point = self._random.random() * self._shares[-1]
        return self._traders[bisect_right(self._shares, point)]

    def next_oid(self) -> int:
        """Give the next order id; the steps between them are other people's orders."""
        self._oid += self._random.randint(1, 40)
        return self._oid

    def execute(self, order: TakerOrder) -> list[Trade]:
        """Fill the order against resting ones, all inside its millisecond."""
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
        away = 1 if order.buys else -1
        trades: list[Trade] = []
        for at, size in enumerate(self._parts(order)):
            trade = Trade(
                coin=order.market.coin,
                price=self._prices.price(order.market, order.time_ms, ticks=away * (at % 50)),
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
        trader = order.maker or self._other_than(order.taker)
        return _TradeSide(
            trader=trader,
            buys=not order.buys,
            crossed=False,
            oid=self.next_oid(),
            cloid=self._cloid(trader),
            direction=order.maker_direction,
        )

    def _other_than(self, taker: Trader) -> Trader:
        while True:  # self-trades are prevented upstream, so a wallet never meets itself
            maker = self.pick_trader()
            if maker is not taker:
                return maker

    def _trade(self, order: TakerOrder, trade: Trade, *sides: _TradeSide) -> None:
        self.coin_volumes.add(trade.coin, trade.time_ms, price=trade.price, size=trade.size)
        # The buyer is written first: on one tape both legs never meet, so the order is free.
        for side in sorted(sides, key=lambda side: not side.buys):
            leg = self._leg(order, trade, side)
            body = encode_fill(trade, leg)
            side.trader.add_fill(trade.time_ms, body, is_slice=side.twap_id is not None)

    def _leg(self, order: TakerOrder, trade: Trade, side: _TradeSide) -> Leg:
        market = order.market
        builder = self._builder_fee(market, trade, side) if not order.free else None
        fee = ZERO if order.free else self._fee(market, trade, side) + (builder or ZERO)
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
            unknown_field=self._chance_of("express", UNKNOWN_FIELD_SHARE),
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
        if balance.size < trade.size:  # tokens also arrive by transfers, which leave no fill
            balance.deposit(trade.size * self._random.randint(1, 4), trade.price)
        return balance.sell(trade.size, trade.price)

    def _fee(self, market: Market, trade: Trade, side: _TradeSide) -> Decimal:
        rate = self._fee_bps(market, side) * BASIS_POINT
        if _fee_in_base(market, buys=side.buys):
            return truncated(trade.size * rate, TOKEN_PLACES)
        return truncated(trade.size * trade.price * rate, USD_PLACES)

    def _fee_bps(self, market: Market, side: _TradeSide) -> Decimal:
        if side.crossed:
            return TAKER_BPS[market.kind]
        return side.trader.maker_bps if market.is_perp else SPOT_MAKER_BPS

    def _builder_fee(self, market: Market, trade: Trade, side: _TradeSide) -> Decimal | None:
        if not (market.is_perp and side.crossed and self._random.random() < BUILDER_SHARE):
            return None
        fee = truncated(trade.size * trade.price * BUILDER_BPS * BASIS_POINT, USD_PLACES)
        return fee or None  # upstream leaves the field out when it is zero

    def _direction(self, market: Market, effect: FillEffect) -> str:
        odd = self._chance_of(UNKNOWN_DIRECTION, UNKNOWN_DIRECTION_SHARE if market.is_perp else 0)
        return odd or effect.direction

    def _chance_of(self, value: str, share: float) -> str | None:
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

    def _parts(self, order: TakerOrder) -> list[Decimal]:
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
