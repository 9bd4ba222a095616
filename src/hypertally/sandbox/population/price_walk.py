"""A seeded price walk: the open of each hour, and straight lines between them."""

from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Protocol, final

from hypertally.sandbox.population.markets import WALKS

HOUR_MS = 3_600_000
PART_WICK = 4  # the wick of a part of an hour is a quarter of the hour's
_BASIS = 10_000
_PLACES = Decimal("1e-12")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ohlc:
    """Open, high, low and close of a time range, before rounding to ticks."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


class PricePath(Protocol):
    """One price over time."""

    def hour_ohlc(self, hour: int) -> Ohlc | None:
        """Return the OHLC of an hour; None before the start of the path."""
        ...

    def part_ohlc(self, from_ms: int, width_ms: int) -> Ohlc:
        """Return the OHLC of a part of one hour."""
        ...

    def price_at(self, time_ms: int) -> Decimal:
        """Return the price at a time."""
        ...


@final
class RandomWalk:
    """A random path: the open of each hour since `origin_ms`, drawn on first use."""

    def __init__(self, *, name: str, seed: int, origin_ms: int) -> None:
        self._base, self._move = WALKS[name]
        self._random = Random(f"walk:{seed}:{name}")
        self._origin_hour = origin_ms // HOUR_MS
        self._opens = [self._base]
        self._wicks: list[tuple[int, int]] = []

    def hour_ohlc(self, hour: int) -> Ohlc | None:
        """Return the OHLC of an hour; None before the start of the walk."""
        position = hour - self._origin_hour
        if position < 0:
            return None
        while len(self._opens) < position + 2:
            self._extend()
        return _with_wick(self._opens[position], self._opens[position + 1], self._wicks[position])

    def part_ohlc(self, from_ms: int, width_ms: int) -> Ohlc:
        """Return the OHLC of a part of one hour; raises ValueError before the start of the walk."""
        start, end = self.price_at(from_ms), self.price_at(from_ms + width_ms)
        up, down = self._wicks[from_ms // HOUR_MS - self._origin_hour]
        return _with_wick(start, end, (up // PART_WICK, down // PART_WICK))

    def price_at(self, time_ms: int) -> Decimal:
        """Return the price at a time, on the straight line of its hour."""
        hour, inside = divmod(time_ms, HOUR_MS)
        ohlc = self.hour_ohlc(hour)
        if ohlc is None:
            message = f"no price at {time_ms}: it is before the start of the walk"
            raise ValueError(message)
        return ohlc.open + (ohlc.close - ohlc.open) * inside / HOUR_MS

    def _extend(self) -> None:
        last = self._opens[-1]
        # The pull towards the base keeps the prices of a long walk plausible.
        pull = int((self._base - last) / self._base * self._move)
        step = self._random.randint(-self._move, self._move) + pull // 8
        moved = (last * (_BASIS + step) / _BASIS).quantize(_PLACES)
        self._opens.append(moved)
        wick = max(self._move // 3, 1)
        self._wicks.append((self._random.randint(0, wick), self._random.randint(0, wick)))


def _with_wick(start: Decimal, end: Decimal, wick: tuple[int, int]) -> Ohlc:
    up, down = wick
    return Ohlc(
        open=start,
        high=max(start, end) * (_BASIS + up) / _BASIS,
        low=min(start, end) * (_BASIS - down) / _BASIS,
        close=end,
    )
