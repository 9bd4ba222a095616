"""What everybody else trades in a market: the wallets of a population are a small part of it.

Each hour has a volume and a number of trades of its own, spread evenly over its minutes: so the
candles of minutes add up to those of hours and days.
"""

from decimal import Decimal
from functools import lru_cache
from random import Random

from hypertally.sandbox.population.coin_volume import TradedVolume
from hypertally.sandbox.population.decimals import ZERO, truncated
from hypertally.sandbox.population.markets import WALKS, Market
from hypertally.sandbox.population.price_walk import HOUR_MS

MINUTE_MS = 60_000
USD_PER_MINUTE = 80_000  # of a market of weight 1; BTC then trades some 100 million USD an hour
BUSY_PERCENT = (50, 150)
TRADES_PER_MINUTE = (2, 12)
HOURS_KEPT = 50_000


def traded_by_strangers(market: Market, *, seed: int, from_ms: int, to_ms: int) -> TradedVolume:
    """Sum up the trades of strangers between two full minutes; the end is exclusive."""
    volume, trades = ZERO, 0
    for hour in range(from_ms // HOUR_MS, -(-to_ms // HOUR_MS)):
        begin, end = max(from_ms, hour * HOUR_MS), min(to_ms, (hour + 1) * HOUR_MS)
        minutes = (end - begin) // MINUTE_MS
        size, count = _each_minute(market, seed, hour)
        volume += size * minutes
        trades += count * minutes
    return TradedVolume(volume=volume, trades=trades)


@lru_cache(HOURS_KEPT)
def _each_minute(market: Market, seed: int, hour: int) -> tuple[Decimal, int]:
    """The size and the number of trades of each minute of an hour."""
    if not market.weight:
        return ZERO, 0
    random = Random(f"strangers:{seed}:{market.coin}:{hour}")
    first_price, _ = WALKS[market.walk.removesuffix(":no")]
    usd = Decimal(market.weight * USD_PER_MINUTE * random.randint(*BUSY_PERCENT)) / 100
    return truncated(usd / first_price, market.size_decimals), random.randint(*TRADES_PER_MINUTE)
