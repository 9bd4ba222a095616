"""A script played by wallets of its own: what each holds at any minute.

A story repeats: at the end of its period every wallet holds what it held at its start. What
happens in minute k happens thirty seconds before k is full, so whoever looks at a full minute sees
whole minutes; wallets follow each other by a millisecond.
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
from hypertally.sandbox.regimes.script import LONG, SHORT, Act, Change, Deed, Failing, Script

DEFAULT_WALLETS = 200
MINUTE_MS = 60_000
BEFORE_FULL_MS = 30_000
ASSETS = ("HYPE", "BTC", "ETH")
MARKETS = MappingProxyType({market.coin: market for market in PERPS if market.coin in ASSETS})
UNITS = MappingProxyType({"HYPE": Decimal(250), "BTC": Decimal("0.2"), "ETH": Decimal(4)})
SIZES = 5  # holdings are one to so many units
LONG_SHARE = Decimal("0.3")
SHORT_SHARE = Decimal("0.2")


@final
class Story:
    """Who holds and does what; made once, then only looked at."""

    def __init__(self, script: Script, *, seed: int, wallets: int, start_ms: int) -> None:
        self.script = script
        self.seed = seed
        self.start_ms = start_ms
        self.addresses = [
            "0x" + sha256(f"regime:{seed}:{at}".encode()).hexdigest()[:40] for at in range(wallets)
        ]
        self.numbers = {address: at for at, address in enumerate(self.addresses)}
        self._unlucky = {at: place for place, at in enumerate(self._shuffled("failing"))}
        self._plays = {asset: _Play(self, asset, self._shuffled(asset)) for asset in ASSETS}

    def _shuffled(self, what: str) -> list[int]:
        return shuffled(range(len(self.addresses)), f"{self.seed}:{what}")

    def minute(self, time_ms: int, at: int = 0) -> int:
        """Give the last minute whose changes wallet number `at` has made by a time."""
        return (time_ms - self.start_ms + BEFORE_FULL_MS - at) // MINUTE_MS

    def change_ms(self, minute: int, at: int) -> int:
        """Say when a wallet makes the changes of a minute."""
        return self.start_ms + minute * MINUTE_MS - BEFORE_FULL_MS + at

    def position(self, address: str, asset: str, minute: int) -> Decimal:
        """Give what a wallet holds at a full minute."""
        first, done = self.since_start(self.numbers[address], asset, minute)
        return first + sum((change.size for change in done), ZERO)

    def since_start(self, at: int, asset: str, minute: int) -> tuple[Decimal, list[Change]]:
        """Give what a wallet held as the period began, and its changes since.

        Minutes of the changes are those of the period.
        """
        inside = (max(minute, 0) - self._shift(asset)) % self.script.period
        play = self._plays[asset]
        return play.first[at], [one for one in play.changes[at] if one.minute <= inside]

    def period_start(self, asset: str, minute: int) -> int:
        """Give the minute in which the period of an asset that holds a minute began."""
        shift = self._shift(asset)
        return (max(minute, 0) - shift) // self.script.period * self.script.period + shift

    def changes(self, at: int) -> Iterator[Change]:
        """Give all changes of a wallet after minute 0, the earliest first, without end."""
        return merge(*(self._repeated(at, asset) for asset in ASSETS))

    def forced(self, address: str, asset: str, *, after_minute: int, to_minute: int) -> bool:
        """Say whether any change between two minutes was forced."""
        for change in self._repeated(self.numbers[address], asset):
            if change.minute > to_minute:
                return False
            if change.minute > after_minute and change.forced:
                return True
        return False

    def answers(self, address: str, minute: int) -> bool:
        """Say whether a request for a wallet is answered in a minute."""
        place = self._unlucky[self.numbers[address]]
        wallets = len(self.addresses)
        return all(place >= failing.share * wallets for failing in self._failing(minute))

    def prices_answer(self, minute: int) -> bool:
        """Say whether allMids is answered in a minute."""
        return not any(failing.prices for failing in self._failing(minute))

    def _failing(self, minute: int) -> list[Failing]:
        inside = minute % self.script.period
        return [
            failing
            for failing in self.script.failings
            if failing.first_minute <= inside < failing.first_minute + failing.minutes
        ]

    def _shift(self, asset: str) -> int:
        return self.script.shifts.get(asset, 0)

    def _repeated(self, at: int, asset: str) -> Iterator[Change]:
        changes = self._plays[asset].changes[at]
        if not changes:
            return
        for start in count(self._shift(asset) - self.script.period, self.script.period):
            for change in changes:
                if start + change.minute > 0:
                    yield change.later(start)


@final
class _Play:
    """One asset's part: what every wallet held at first, and its changes within a period."""

    def __init__(self, story: Story, asset: str, order: Sequence[int]) -> None:
        self._asset = asset
        self._seed = story.seed
        self.first = _first_holdings(asset, order)
        self._held = list(self.first)
        self._busy_to = [0] * len(order)  # the minute of each wallet's last change
        self.changes: list[list[Change]] = [[] for _ in order]
        acts = (act for act in story.script.acts if act.asset == asset)
        for number, act in enumerate(sorted(acts, key=lambda act: act.first_minute)):
            self._perform(act, number)
        assert self._held == self.first, f"{story.script.name} leaves {asset} other than it was"

    def _perform(self, act: Act, number: int) -> None:
        able = [at for at in range(len(self._held)) if self._able(at, act)]
        free = [at for at in able if self._busy_to[at] < act.first_minute]
        doing = shuffled(free, f"{self._seed}:{self._asset}:{number}")[: int(act.share * len(able))]
        for place, at in enumerate(doing):
            minute = act.first_minute + place * act.minutes // len(doing)
            size = self._size(at, act)
            self._held[at] += size
            self._busy_to[at] = minute
            change = Change(minute=minute, asset=self._asset, size=size, forced=act.forced)
            self.changes[at].append(change)

    def _able(self, at: int, act: Act) -> bool:
        held = self._held[at]
        match act.deed:
            case Deed.RESTORE:
                return held != self.first[at]
            case Deed.OPEN:
                return not held
            case _:
                return held * act.side > ZERO

    def _size(self, at: int, act: Act) -> Decimal:
        held = self._held[at]
        match act.deed:
            case Deed.RESTORE:
                return self.first[at] - held
            case Deed.OPEN:
                return _whole(act.side * _units(self._asset, at) * act.by, self._asset)
            case Deed.ADD:
                return _whole(held * act.by, self._asset)
            case Deed.REDUCE:
                return -_whole(held * act.by, self._asset)
            case Deed.CLOSE:
                return -held
            case Deed.FLIP:
                return -held - _whole(held * act.by, self._asset)


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
