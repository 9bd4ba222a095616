"""Seeded price walks, one open an hour, and the candles drawn from them."""

from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import final

from hypertally.sandbox.decimals import text, tick_for
from hypertally.sandbox.markets import WALKS, Market

HOUR_MS = 3_600_000
LEAD_HOURS = 48 * 24  # candles exist this long before the first fill
CANDLES_MAX = 5_000  # the exchange keeps about this many per interval
INTERVAL_HOURS = {"1h": 1, "2h": 2, "4h": 4, "8h": 8, "12h": 12, "1d": 24}
_BASIS = 10_000
_PLACES = Decimal("1e-12")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Open, high, low and close of one hour, not yet rounded to a market's ticks."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


@final
class Walk:
    """One price over time: the open of each hour since `origin_ms`, drawn on first use."""

    def __init__(self, *, name: str, seed: int, origin_ms: int) -> None:
        self._base, self._move = WALKS[name]
        self._random = Random(f"walk:{seed}:{name}")
        self._origin_hour = origin_ms // HOUR_MS
        self._opens = [self._base]
        self._wicks: list[tuple[int, int]] = []

    def hour(self, hour: int) -> Span | None:
        """Give the hour's span; None before the walk began."""
        position = hour - self._origin_hour
        if position < 0:
            return None
        while len(self._opens) < position + 2:
            self._extend()
        start, end = self._opens[position], self._opens[position + 1]
        up, down = self._wicks[position]
        return Span(
            open=start,
            high=max(start, end) * (_BASIS + up) / _BASIS,
            low=min(start, end) * (_BASIS - down) / _BASIS,
            close=end,
        )

    def at(self, time_ms: int) -> Decimal:
        """Give the price on the straight line through the hour that holds the time."""
        hour, inside = divmod(time_ms, HOUR_MS)
        span = self.hour(hour)
        if span is None:
            message = f"no price before the walk began; asked for {time_ms}"
            raise ValueError(message)
        return span.open + (span.close - span.open) * inside / HOUR_MS

    def _extend(self) -> None:
        last = self._opens[-1]
        # The pull back to the base keeps a long walk inside believable prices.
        pull = int((self._base - last) / self._base * self._move)
        step = self._random.randint(-self._move, self._move) + pull // 8
        moved = (last * (_BASIS + step) / _BASIS).quantize(_PLACES)
        self._opens.append(moved)
        wick = max(self._move // 3, 1)
        self._wicks.append((self._random.randint(0, wick), self._random.randint(0, wick)))


@final
class Prices:
    """Every market's price, at any time since a little before the first fill."""

    def __init__(self, *, seed: int, start_ms: int) -> None:
        origin_ms = (start_ms // HOUR_MS - LEAD_HOURS) * HOUR_MS
        self.origin_ms = origin_ms
        self._walks = {name: Walk(name=name, seed=seed, origin_ms=origin_ms) for name in WALKS}

    def raw(self, market: Market, time_ms: int) -> Decimal:
        """Give the unrounded price of a market."""
        if market.walk == "OUTCOME:no":
            return 1 - self._chance(time_ms)
        if market.walk == "OUTCOME":
            return self._chance(time_ms)
        return self._walks[market.walk].at(time_ms)

    def price(self, market: Market, time_ms: int, *, ticks: int = 0) -> Decimal:
        """Give a valid price, some ticks away from the middle."""
        raw = self.raw(market, time_ms)
        tick = tick_for(raw, market.price_decimals)
        return _valid(raw + ticks * tick, market)

    def candles(
        self, market: Market, interval: str, *, start_ms: int, end_ms: int
    ) -> list[dict[str, object]]:
        """List the candles that touch the window, oldest first; raises KeyError on an interval."""
        hours = INTERVAL_HOURS[interval]
        width = hours * HOUR_MS
        first = max(start_ms, self.origin_ms + width) // width
        first = max(first, end_ms // width - CANDLES_MAX + 1)
        rows = range(first, end_ms // width + 1)
        return [self._candle(market, interval, row * hours) for row in rows]

    def _candle(self, market: Market, interval: str, hour: int) -> dict[str, object]:
        hours = INTERVAL_HOURS[interval]
        spans = [self._span(market, hour + offset) for offset in range(hours)]
        noise = Random(f"{market.coin}:{hour}")
        opened_ms = hour * HOUR_MS
        return {
            "t": opened_ms,
            "T": opened_ms + hours * HOUR_MS - 1,
            "s": market.coin,
            "i": interval,
            "o": text(_valid(spans[0].open, market)),
            "c": text(_valid(spans[-1].close, market)),
            "h": text(_valid(max(span.high for span in spans), market)),
            "l": text(_valid(min(span.low for span in spans), market)),
            "v": text(Decimal(noise.randint(500, 5_000_000)) / 100),
            "n": noise.randint(20, 4_000) * hours,
        }

    def _span(self, market: Market, hour: int) -> Span:
        name = "OUTCOME" if market.walk.startswith("OUTCOME") else market.walk
        span = self._walks[name].hour(hour)
        if span is None:
            message = f"no candle before the walk began; asked for hour {hour}"
            raise ValueError(message)
        if market.walk != "OUTCOME:no":
            return span
        return Span(open=1 - span.open, high=1 - span.low, low=1 - span.high, close=1 - span.close)

    def _chance(self, time_ms: int) -> Decimal:
        chance = self._walks["OUTCOME"].at(time_ms)
        return min(max(chance, Decimal("0.03")), Decimal("0.97"))


def _valid(price: Decimal, market: Market) -> Decimal:
    """Round to the ticks that hold at this very price; a step may have crossed a power of ten."""
    tick = tick_for(price, market.price_decimals)
    return max((price / tick).to_integral_value(), Decimal(1)) * tick
