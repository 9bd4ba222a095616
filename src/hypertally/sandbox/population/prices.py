"""The prices of every market, and candles made from price paths and traded volumes."""

from decimal import Decimal
from typing import TypedDict, final

from hypertally.sandbox.population.coin_volume import (
    CoinVolumes,
    TradedVolume,
    traded_by_strangers,
)
from hypertally.sandbox.population.decimals import decimal_text, tick_size
from hypertally.sandbox.population.markets import WALKS, Market
from hypertally.sandbox.population.price_walk import HOUR_MS, Ohlc, PricePath, RandomWalk

LEAD_HOURS = 48 * 24  # candles start so long before the first fill
CANDLES_MAX = 5_000  # the exchange keeps about this many per interval
_MINUTES = {"1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30}
_HOURS = {"1h": 1, "2h": 2, "4h": 4, "8h": 8, "12h": 12, "1d": 24}
INTERVAL_MS = {name: minutes * 60_000 for name, minutes in _MINUTES.items()} | {
    name: hours * HOUR_MS for name, hours in _HOURS.items()
}


class CandleJson(TypedDict):
    """A candle as candleSnapshot answers."""

    t: int
    T: int
    s: str
    i: str
    o: str
    c: str
    h: str
    l: str  # noqa: E741 - the exchange's name
    v: str
    n: int


@final
class Prices:
    """The prices of every market, from some time before the first fill on."""

    def __init__(self, *, seed: int, start_ms: int) -> None:
        origin_ms = (start_ms // HOUR_MS - LEAD_HOURS) * HOUR_MS
        self.origin_ms = origin_ms
        self._seed = seed
        self._walks: dict[str, PricePath] = {
            name: RandomWalk(name=name, seed=seed, origin_ms=origin_ms) for name in WALKS
        }

    def set_path(self, walk: str, path: PricePath) -> None:
        """Replace the path of a walk, and so the prices of its markets."""
        assert walk in self._walks, f"no market follows {walk}"
        self._walks[walk] = path

    def unrounded_price(self, market: Market, time_ms: int) -> Decimal:
        """Return the unrounded price of a market."""
        if market.walk == "OUTCOME:no":
            return 1 - self._chance(time_ms)
        if market.walk == "OUTCOME":
            return self._chance(time_ms)
        return self._walks[market.walk].price_at(time_ms)

    def price(self, market: Market, time_ms: int, *, ticks: int = 0) -> Decimal:
        """Return a valid price, some ticks away from the mid."""
        raw = self.unrounded_price(market, time_ms)
        tick = tick_size(raw, market.price_decimals)
        return _valid(raw + ticks * tick, market)

    def candles(
        self,
        market: Market,
        interval: str,
        *,
        start_ms: int,
        end_ms: int,
        coin_volumes: CoinVolumes | None = None,
    ) -> list[CandleJson]:
        """List the candles that overlap a time range, oldest first.

        Without `coin_volumes` the volumes are zero, and the prices are those of the path alone. An
        unknown interval raises KeyError.
        """
        width = INTERVAL_MS[interval]
        first = max(start_ms, self.origin_ms + width) // width
        return [
            self._candle(market, interval, row * width, coin_volumes)
            for row in range(first, end_ms // width + 1)
        ]

    def _candle(
        self, market: Market, interval: str, opened_ms: int, coin_volumes: CoinVolumes | None
    ) -> CandleJson:
        end_ms = opened_ms + INTERVAL_MS[interval]
        ohlc = self._ohlc(market, opened_ms, INTERVAL_MS[interval])
        traded = strangers = TradedVolume()
        if coin_volumes is not None:
            traded = coin_volumes.total_between(market.coin, opened_ms, end_ms - 1)
            strangers = traded_by_strangers(
                market, seed=self._seed, from_ms=opened_ms, to_ms=end_ms
            )
        return {
            "t": opened_ms,
            "T": end_ms - 1,
            "s": market.coin,
            "i": interval,
            "o": decimal_text(_valid(ohlc.open, market)),
            "c": decimal_text(_valid(ohlc.close, market)),
            "h": decimal_text(_high(ohlc, traded, market)),
            "l": decimal_text(_low(ohlc, traded, market)),
            "v": decimal_text(traded.volume + strangers.volume),
            "n": traded.trades + strangers.trades,
        }

    def _ohlc(self, market: Market, from_ms: int, width_ms: int) -> Ohlc:
        mirrored = market.walk == "OUTCOME:no"
        walk = self._walks["OUTCOME" if mirrored else market.walk]
        if width_ms < HOUR_MS:
            ohlc = walk.part_ohlc(from_ms, width_ms)
        else:
            first = from_ms // HOUR_MS
            ohlc = _joined([walk.hour_ohlc(first + at) for at in range(width_ms // HOUR_MS)])
        if not mirrored:
            return ohlc
        return Ohlc(open=1 - ohlc.open, high=1 - ohlc.low, low=1 - ohlc.high, close=1 - ohlc.close)

    def _chance(self, time_ms: int) -> Decimal:
        chance = self._walks["OUTCOME"].price_at(time_ms)
        return min(max(chance, Decimal("0.03")), Decimal("0.97"))


def _valid(price: Decimal, market: Market) -> Decimal:
    """Round to the tick size at this price: a step may have crossed a power of ten."""
    tick = tick_size(price, market.price_decimals)
    return max((price / tick).to_integral_value(), Decimal(1)) * tick


def _joined(hours: list[Ohlc | None]) -> Ohlc:
    hours_ohlc = [ohlc for ohlc in hours if ohlc is not None]
    assert len(hours_ohlc) == len(hours), "candles start one interval after the walk"
    return Ohlc(
        open=hours_ohlc[0].open,
        high=max(ohlc.high for ohlc in hours_ohlc),
        low=min(ohlc.low for ohlc in hours_ohlc),
        close=hours_ohlc[-1].close,
    )


def _high(ohlc: Ohlc, traded: TradedVolume, market: Market) -> Decimal:
    high = _valid(ohlc.high, market)
    return high if traded.high is None else max(high, traded.high)


def _low(ohlc: Ohlc, traded: TradedVolume, market: Market) -> Decimal:
    low = _valid(ohlc.low, market)
    return low if traded.low is None else min(low, traded.low)
