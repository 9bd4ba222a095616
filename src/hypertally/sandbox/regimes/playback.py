"""The playback of a regime's script: the position of each of its wallets at any minute.

A playback repeats: at the end of its period every wallet holds the positions of its start. The
changes of minute k happen thirty seconds before minute k is full, so a request at a full minute
sees all changes of a minute or none; wallets follow each other by a millisecond.
"""

from collections.abc import Iterator, Sequence
from decimal import ROUND_DOWN, Decimal
from hashlib import sha256
from heapq import merge
from itertools import count
from types import MappingProxyType
from typing import final

from hypertally.sandbox.population.decimals import ZERO
from hypertally.sandbox.population.markets import PERPS
from hypertally.sandbox.regimes.script import (
    LONG,
    SHORT,
    PositionAction,
    PositionChange,
    RegimeScript,
    RequestFailures,
    ScriptStep,
)

DEFAULT_WALLETS = 200
MINUTE_MS = 60_000
BEFORE_FULL_MS = 30_000
ASSETS = ("HYPE", "BTC", "ETH")
MARKETS = MappingProxyType({market.coin: market for market in PERPS if market.coin in ASSETS})
UNITS = MappingProxyType({"HYPE": Decimal(250), "BTC": Decimal("0.2"), "ETH": Decimal(4)})
SIZES = 5  # positions are one to five units
LONG_SHARE = Decimal("0.3")
SHORT_SHARE = Decimal("0.2")


@final
class RegimePlayback:
    """The positions and changes of every wallet; computed once, then only read."""

    def __init__(self, script: RegimeScript, *, seed: int, wallets: int, start_ms: int) -> None:
        self.script = script
        self.seed = seed
        self.start_ms = start_ms
        self.addresses = [
            "0x" + sha256(f"regime:{seed}:{at}".encode()).hexdigest()[:40] for at in range(wallets)
        ]
        self.numbers = {address: at for at, address in enumerate(self.addresses)}
        self._failure_ranks = {at: place for place, at in enumerate(self._shuffled("failing"))}
        self._asset_playbacks = {
            asset: _AssetPlayback(self, asset, self._shuffled(asset)) for asset in ASSETS
        }

    def _shuffled(self, purpose: str) -> list[int]:
        return shuffled(range(len(self.addresses)), f"{self.seed}:{purpose}")

    def minute(self, time_ms: int, at: int = 0) -> int:
        """Return the last minute whose changes a wallet has made by a time."""
        return (time_ms - self.start_ms + BEFORE_FULL_MS - at) // MINUTE_MS

    def change_ms(self, minute: int, at: int) -> int:
        """Return the time at which a wallet makes the changes of a minute."""
        return self.start_ms + minute * MINUTE_MS - BEFORE_FULL_MS + at

    def position(self, address: str, asset: str, minute: int) -> Decimal:
        """Return the position of a wallet at a full minute."""
        first, done = self.since_start(self.numbers[address], asset, minute)
        return first + sum((change.size for change in done), ZERO)

    def since_start(self, at: int, asset: str, minute: int) -> tuple[Decimal, list[PositionChange]]:
        """Return a wallet's position at the start of its period, and its changes since.

        The minutes of the changes count from the start of the period.
        """
        inside = (max(minute, 0) - self._delay(asset)) % self.script.period
        asset_playback = self._asset_playbacks[asset]
        return asset_playback.first[at], [
            change for change in asset_playback.changes[at] if change.minute <= inside
        ]

    def period_start(self, asset: str, minute: int) -> int:
        """Return the first minute of the period that contains a minute, of one asset."""
        shift = self._delay(asset)
        return (max(minute, 0) - shift) // self.script.period * self.script.period + shift

    def changes(self, at: int) -> Iterator[PositionChange]:
        """Return all changes of a wallet after minute 0, the earliest first, without end."""
        return merge(*(self._repeated(at, asset) for asset in ASSETS))

    def forced(self, address: str, asset: str, *, after_minute: int, to_minute: int) -> bool:
        """Return whether any change between two minutes was forced."""
        for change in self._repeated(self.numbers[address], asset):
            if change.minute > to_minute:
                return False
            if change.minute > after_minute and change.forced:
                return True
        return False

    def answers(self, address: str, minute: int) -> bool:
        """Return whether a request for a wallet is answered in a minute."""
        rank = self._failure_ranks[self.numbers[address]]
        wallets = len(self.addresses)
        return all(rank >= failure.share * wallets for failure in self._failures(minute))

    def prices_answer(self, minute: int) -> bool:
        """Return whether allMids is answered in a minute."""
        return not any(failure.prices for failure in self._failures(minute))

    def _failures(self, minute: int) -> list[RequestFailures]:
        inside = minute % self.script.period
        return [
            failure
            for failure in self.script.failures
            if failure.first_minute <= inside < failure.first_minute + failure.minutes
        ]

    def _delay(self, asset: str) -> int:
        return self.script.delays_minutes.get(asset, 0)

    def _repeated(self, at: int, asset: str) -> Iterator[PositionChange]:
        changes = self._asset_playbacks[asset].changes[at]
        if not changes:
            return
        for start in count(self._delay(asset) - self.script.period, self.script.period):
            for change in changes:
                if start + change.minute > 0:
                    yield change.later(start)


@final
class _AssetPlayback:
    """One asset: the first position of every wallet, and its changes within a period."""

    def __init__(self, playback: RegimePlayback, asset: str, order: Sequence[int]) -> None:
        self._asset = asset
        self._seed = playback.seed
        self.first = _first_holdings(asset, order)
        self._held = list(self.first)
        self._busy_to = [0] * len(order)  # the minute of each wallet's last change
        self.changes: list[list[PositionChange]] = [[] for _ in order]
        steps = (step for step in playback.script.steps if step.asset == asset)
        for number, step in enumerate(sorted(steps, key=lambda step: step.first_minute)):
            self._perform(step, number)
        assert self._held == self.first, f"{playback.script.name} leaves {asset} other than it was"

    def _perform(self, step: ScriptStep, number: int) -> None:
        able = [at for at in range(len(self._held)) if self._able(at, step)]
        free = [at for at in able if self._busy_to[at] < step.first_minute]
        doing = shuffled(free, f"{self._seed}:{self._asset}:{number}")[
            : int(step.share * len(able))
        ]
        for place, at in enumerate(doing):
            minute = step.first_minute + place * step.minutes // len(doing)
            size = self._size(at, step)
            self._held[at] += size
            self._busy_to[at] = minute
            change = PositionChange(minute=minute, asset=self._asset, size=size, forced=step.forced)
            self.changes[at].append(change)

    def _able(self, at: int, step: ScriptStep) -> bool:
        held = self._held[at]
        match step.action:
            case PositionAction.RESTORE:
                return held != self.first[at]
            case PositionAction.OPEN:
                return not held
            case _:
                return held * step.side > ZERO

    def _size(self, at: int, step: ScriptStep) -> Decimal:
        held = self._held[at]
        match step.action:
            case PositionAction.RESTORE:
                return self.first[at] - held
            case PositionAction.OPEN:
                return _whole(step.side * _units(self._asset, at) * step.by, self._asset)
            case PositionAction.ADD:
                return _whole(held * step.by, self._asset)
            case PositionAction.REDUCE:
                return -_whole(held * step.by, self._asset)
            case PositionAction.CLOSE:
                return -held
            case PositionAction.FLIP:
                return -held - _whole(held * step.by, self._asset)


def _first_holdings(asset: str, order: Sequence[int]) -> list[Decimal]:
    holdings = [ZERO] * len(order)
    long = int(LONG_SHARE * len(order))
    for place, at in enumerate(order[: long + int(SHORT_SHARE * len(order))]):
        holdings[at] = (LONG if place < long else SHORT) * _units(asset, at)
    return holdings


def _units(asset: str, at: int) -> Decimal:
    return UNITS[asset] * (1 + at % SIZES)


def _whole(size: Decimal, asset: str) -> Decimal:
    unit = Decimal(1).scaleb(-MARKETS[asset].size_decimals)
    return (size / unit).to_integral_value(ROUND_DOWN) * unit


def shuffled(numbers: Sequence[int], salt: str) -> list[int]:
    """Put numbers in an order that depends on the salt alone."""
    return sorted(numbers, key=lambda at: sha256(f"{salt}:{at}".encode()).digest())
