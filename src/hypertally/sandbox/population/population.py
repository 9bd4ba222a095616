"""A seeded population of wallets that trade with each other, up to any time.

The fills up to a time depend on the seed, the sizes and the pace alone: calls of `advance` in
smaller or larger steps change nothing.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import final

from hypertally.sandbox.population.behaviour import Behaviour
from hypertally.sandbox.population.calendar import DAY_MS, Calendar
from hypertally.sandbox.population.matching import MatchingEngine
from hypertally.sandbox.population.pace import Pace
from hypertally.sandbox.population.prices import Prices
from hypertally.sandbox.population.rare_events import RareEvents
from hypertally.sandbox.population.timeline import Timeline
from hypertally.sandbox.population.traders import (
    DEFAULT_SCALE,
    SCALES,
    Trader,
    activity_weights,
    make_trader,
    make_traders,
)
from hypertally.sandbox.population.twaps import MINUTE_MS, TwapStatus, TwapTrading

DEFAULT_SEED = 7
DEFAULT_WALLETS = 40
DEFAULT_DAYS = 90
DEFAULT_FILLS = 8_000
DEFAULT_LIVE_PER_SECOND = 3.0

TWAP_SHARE = 0.4  # of the tracked wallets' legs: TWAPs are few, but each has many slices
TRACKED_LEGS_PER_ORDER = 3.3  # measured, see test_population: both scale the pace to `fills`
TRACKED_LEGS_PER_TWAP = 37.0
#: TWAPs that run at the end of the past: (minutes since their start, minutes in all)
RUNNING_TWAPS = ((6, 45), (3, 15), (2, 60))
#: TWAPs that begin when live trading does: (seconds after, minutes in all)
LIVE_TWAPS = ((2, 20), (4, 30), (6, 45))
MIDNIGHT_TWAP = (5, 12)  # likewise, of a TWAP that runs across the last midnight of the past
SAME_MS_SHARE = 0.03
WHALE_FILLS_PER_ORDER = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletCount:
    """A listed wallet and the number of its fills."""

    address: str
    legs: int
    name: str | None = None


@final
class Population:
    """Wallets, their prices and their fills; `advance` continues to a time."""

    def __init__(
        self,
        *,
        seed: int = DEFAULT_SEED,
        wallets: int = DEFAULT_WALLETS,
        days: int = DEFAULT_DAYS,
        until_ms: int | None = None,
        fills: int = DEFAULT_FILLS,
        live_per_second: float = DEFAULT_LIVE_PER_SECOND,
        whale_fills: int = 0,
        burst_fills: int = 0,
        twap_share: float = TWAP_SHARE,
        rare_events: bool = False,
        scale: str = DEFAULT_SCALE,
    ) -> None:
        """Trade about `fills` legs in the `days` before `until_ms`, then `live_per_second`.

        TWAPs have `twap_share` of the legs; some run at the end of the past, and one ran across the
        last midnight. `whale_fills` adds a wallet with that many fills, `burst_fills` a wallet with
        that many fills in one millisecond; both are listed after the others. `rare_events` adds
        settlements of both sides, tokens without a price and trades a millisecond apart.
        """
        self.until_ms = int(time.time() * 1000) if until_ms is None else until_ms
        self.start_ms = self.until_ms - days * DAY_MS
        self.seed = seed
        self.prices = Prices(seed=seed, start_ms=self.start_ms)
        self._random = Random(f"population:{seed}")
        engine = MatchingEngine(random=self._random, prices=self.prices)
        self.coin_volumes = engine.coin_volumes
        sizes = SCALES[scale]
        self._traders = make_traders(seed, wallets, sizes)
        self._specials: list[Trader] = []  # takers alone: never drawn as a maker
        engine.set_traders(self._traders, activity_weights(wallets, len(self._traders)))
        twap_odds = _twap_odds(twap_share)
        legs_per_event = (
            twap_odds * TRACKED_LEGS_PER_TWAP + (1 - twap_odds) * TRACKED_LEGS_PER_ORDER
        )
        self._past_rate = fills / (legs_per_event * days * DAY_MS)
        self._live_rate = live_per_second / (legs_per_event * 1000)
        self.pace = Pace(self.start_ms, self._past_rate)
        self.pace.set_rate(self.until_ms, self._live_rate)
        self._timeline = Timeline()
        self._time_ms = self._last_order_ms = self.start_ms
        self._rate_sum_due = self._draw_rate_sum()
        self._twaps = TwapTrading(self._random, self.prices, engine, sizes)
        self._behaviour = Behaviour(
            random=self._random,
            prices=self.prices,
            engine=engine,
            traders=self._traders,
            twaps=self._twaps,
            twap_odds=twap_odds,
            scale=sizes,
        )
        self._calendar = Calendar(
            random=self._random,
            prices=self.prices,
            engine=engine,
            traders=self._traders,
            schedule=self._timeline.schedule,
            start_ms=self.start_ms,
        )
        if rare_events:
            self._schedule_rare_events(engine)
        self._schedule_whale(whale_fills)
        self._schedule_burst(burst_fills)
        if fills and twap_share:
            self._schedule_certain_twaps()
        self.by_address = {trader.address: trader for trader in self._all_traders()}
        self.advance(self.until_ms)

    @property
    def time_ms(self) -> int:
        """The time up to which the population has traded."""
        return self._time_ms

    def go_live(self, from_ms: int, until_ms: int) -> None:
        """Trade at the live rate between two future times, and at the past rate after them."""
        self.pace.set_rate(from_ms, self._live_rate)
        self.pace.set_rate(until_ms, self._past_rate)

    def start_twaps(self, at_ms: int) -> None:
        """Let some TWAPs begin at a future time, so that some run whenever somebody looks."""
        if self._past_rate and self._live_rate:
            # At fixed times: nothing is drawn before its time comes.
            for index, (seconds, minutes) in enumerate(LIVE_TWAPS):
                self._start_twap(index, at_ms + seconds * 1000, minutes)

    def wallets(self) -> list[WalletCount]:
        """List the tracked wallets, in the order of their activity weights."""
        return [
            WalletCount(address=trader.address, legs=len(trader.fills), name=trader.name)
            for trader in self._all_traders()
            if trader.tracked
        ]

    def twap_statuses(self) -> list[TwapStatus]:
        """List every TWAP status so far, in the order of their times."""
        return self._twaps.statuses

    def fills(self, *, tracked_only: bool = True) -> Iterator[tuple[str, bytes]]:
        """Return every (wallet, fill row) so far, wallet by wallet."""
        for trader in self._all_traders():
            if trader.tracked or not tracked_only:
                for row in trader.fills.rows():
                    yield trader.address, row.body

    def _all_traders(self) -> list[Trader]:
        return [*self._traders, *self._specials]

    def advance(self, now_ms: int) -> None:
        """Trade up to and including a time; an earlier time changes nothing."""
        while self._run_next(now_ms):
            pass
        self._time_ms = max(now_ms, self._time_ms)

    def _run_next(self, now_ms: int) -> bool:
        order_ms = self.pace.time_when(self._last_order_ms, self._rate_sum_due)
        scheduled_ms = self._timeline.next_ms
        if scheduled_ms is not None and (order_ms is None or scheduled_ms <= order_ms):
            if scheduled_ms > now_ms:
                return False
            self._time_ms = scheduled_ms
            self._timeline.run_next()
            return True
        if order_ms is None or order_ms > now_ms:
            return False
        self._time_ms = self._last_order_ms = order_ms
        self._rate_sum_due = self._draw_rate_sum()
        self._behaviour.run_event(order_ms, self._timeline.schedule)
        return True

    def _draw_rate_sum(self) -> float:
        if self._random.random() < SAME_MS_SHARE:
            return 0.0
        return self._random.expovariate(1 / (1 - SAME_MS_SHARE))

    def _schedule_whale(self, fills: int) -> None:
        if not fills:
            return
        whale = self._special("whale")
        orders = -(-fills // WHALE_FILLS_PER_ORDER)
        for order in range(orders):
            count = min(WHALE_FILLS_PER_ORDER, fills - order * WHALE_FILLS_PER_ORDER)
            at_ms = self.start_ms + (self.until_ms - self.start_ms) * order // orders
            self._timeline.schedule(at_ms, partial(self._behaviour.take_fills, whale, count))

    def _schedule_burst(self, fills: int) -> None:
        if fills:
            at_ms = self.start_ms + (self.until_ms - self.start_ms) * 6 // 10
            burst = self._special("burst")
            self._timeline.schedule(at_ms, partial(self._behaviour.take_fills, burst, fills))

    def _schedule_certain_twaps(self) -> None:
        midnight_ms = self.until_ms // DAY_MS * DAY_MS
        certain = [(self.until_ms, *running) for running in RUNNING_TWAPS]
        for index, (reference_ms, minutes_before, minutes) in enumerate(
            [*certain, (midnight_ms, *MIDNIGHT_TWAP)]
        ):
            started_ms = reference_ms - minutes_before * MINUTE_MS - self._random.randint(1, 20_000)
            self._start_twap(index, max(started_ms, self.start_ms), minutes)

    def _start_twap(self, index: int, at_ms: int, minutes: int) -> None:
        taker = self._traders[index % len(self._traders)]
        start = partial(self._twaps.start_lasting, taker, minutes, schedule=self._timeline.schedule)
        self._timeline.schedule(at_ms, start)

    def _schedule_rare_events(self, engine: MatchingEngine) -> None:
        traders = [trader for trader in self._traders if trader.tracked]
        if len(traders) < 2:  # noqa: PLR2004 - a trade has two sides
            return
        RareEvents(
            random=self._random,
            engine=engine,
            traders=traders,
            schedule=self._timeline.schedule,
            start_ms=self.start_ms,
            until_ms=self.until_ms,
        ).begin()

    def _special(self, name: str) -> Trader:
        trader = make_trader(f"{self.seed}:{name}", tracked=True)
        self._specials.append(trader)
        return trader


def _twap_odds(share: float) -> float:
    """Return the share of events that start a TWAP, from the share of legs that TWAPs have."""
    twaps = share / TRACKED_LEGS_PER_TWAP
    return twaps / (twaps + (1 - share) / TRACKED_LEGS_PER_ORDER)
