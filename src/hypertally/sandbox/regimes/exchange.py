"""An exchange on which the wallets of a regime trade; a background exchange answers all else.

Their fills are written on the first request for them, each as the taker's leg of a trade whose
maker is not listed. Entry prices count the positions of each period as bought at its start.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import final

import msgspec

from hypertally.sandbox.exchange.accounts import OpenPosition, clearinghouse_state
from hypertally.sandbox.exchange.leaderboard import START_CASH, WINDOW_DAYS, LeaderboardRow
from hypertally.sandbox.exchange.population_exchange import PopulationExchange
from hypertally.sandbox.exchange.protocol import Exchange, HttpAnswer
from hypertally.sandbox.exchange.queries import AllMids, ClearinghouseState, decode_query
from hypertally.sandbox.population.calendar import DAY_MS
from hypertally.sandbox.population.decimals import ZERO, truncated
from hypertally.sandbox.population.fill_json import Leg, Liquidation, Trade, encode_fill
from hypertally.sandbox.population.markets import MarketKind
from hypertally.sandbox.population.matching import BASIS_POINT, TAKER_BPS, TID_BITS, USD_PLACES
from hypertally.sandbox.population.population import DEFAULT_SEED, Population, WalletCount
from hypertally.sandbox.population.positions import FillEffect, Position
from hypertally.sandbox.population.prices import Prices
from hypertally.sandbox.population.sessions import PopulationOptions
from hypertally.sandbox.population.wallet_history import HistoryKind, SortOrder, WalletHistory
from hypertally.sandbox.regimes.desk import DESK_ROTATION
from hypertally.sandbox.regimes.playback import (
    ASSETS,
    DEFAULT_WALLETS,
    MARKETS,
    MINUTE_MS,
    RegimePlayback,
)
from hypertally.sandbox.regimes.price_path import ScriptedPath
from hypertally.sandbox.regimes.regimes import ROTATION, find_regime
from hypertally.sandbox.regimes.script import PositionChange

PERIOD_MS = 300_000  # regimes begin at a full five minutes
LEADER_PNL_MIN = 250_000  # a month, in USD: more than any wallet of a population makes
FIRST_OID = 900_000_000_000  # far above the order ids of a population
PRICES_KEPT_MAX = 100_000  # of the changes of a period, which each later answer needs again
OPENED_BEFORE_MS = 3_600_000  # the first positions were opened so long before the start
UNAVAILABLE = HttpAnswer(
    status=503, body=b"Service Unavailable", content_type="text/plain; charset=utf-8"
)


@dataclass(slots=True)
class _WalletRecord:
    """The fills and positions of one wallet, written up to a time."""

    changes: Iterator[PositionChange]
    next_change: PositionChange
    fills: WalletHistory = field(default_factory=WalletHistory)
    positions: dict[str, Position] = field(default_factory=dict[str, Position])


@final
class RegimeExchange:
    """The playback of a regime before a background exchange; the leaderboard lists its wallets."""

    def __init__(self, background: Exchange, playback: RegimePlayback, *, prices: Prices) -> None:
        self.playback = playback
        self._background = background
        self._prices = prices
        self._now_ms = playback.start_ms
        self._records: dict[str, _WalletRecord] = {}
        self._price = lru_cache(maxsize=PRICES_KEPT_MAX)(self._find_price)
        for asset, points in playback.script.price_paths.items():
            prices.set_path(asset, ScriptedPath(points, start_ms=playback.start_ms))

    @property
    def start_clock_ms(self) -> int:
        """The start of the regime, or the start of the background's clock if that is later."""
        return max(self.playback.start_ms, self._background.start_clock_ms)

    def advance(self, now_ms: int) -> None:
        """Run everything that happens up to a time."""
        self._background.advance(now_ms)
        self._now_ms = max(now_ms, self._now_ms)

    def wallets(self) -> list[WalletCount]:
        """List the wallets of the background; the leaderboard lists those of the regime."""
        return self._background.wallets()

    def by_time_order(self, user: str) -> SortOrder | None:
        """Leave the order to the background."""
        return self._background.by_time_order(user)

    def leaderboard(self, now_ms: int) -> list[LeaderboardRow]:
        """List the wallets of the regime above most others, the first wallet highest."""
        own_rows = [
            _leaderboard_row(address, number)
            for number, address in enumerate(self.playback.addresses)
        ]
        return [*own_rows, *self._background.leaderboard(now_ms)]

    def history(self, user: str, kind: HistoryKind) -> WalletHistory | None:
        """Find rows of a wallet of the regime or of the background."""
        if user not in self.playback.numbers:
            return self._background.history(user, kind)
        record = self._record_to_now(user)
        return (
            record.fills
            if kind in (HistoryKind.FILLS, HistoryKind.FILLS_WITHOUT_SLICES)
            else WalletHistory()
        )

    def answer(self, body: bytes, *, now_ms: int) -> HttpAnswer:
        """Answer for the wallets of the regime; the background answers everything else."""
        minute = (now_ms - self.playback.start_ms) // MINUTE_MS
        match decode_query(body):
            case AllMids() if not self.playback.prices_answer(minute):
                return UNAVAILABLE
            case ClearinghouseState(user=user, dex="") if user.lower() in self.playback.numbers:
                if not self.playback.answers(user.lower(), minute):
                    return UNAVAILABLE
                return self._account(user.lower(), now_ms)
            case _:
                return self._background.answer(body, now_ms=now_ms)

    def _account(self, user: str, now_ms: int) -> HttpAnswer:
        positions = [
            OpenPosition(market=market, position=position, mark=self._prices.price(market, now_ms))
            for asset, market in MARKETS.items()
            if (position := self._position(user, asset, now_ms)).size
        ]
        cash = START_CASH - sum((open_position.position.cost for open_position in positions), ZERO)
        return HttpAnswer(
            body=msgspec.json.encode(clearinghouse_state(positions, cash=cash, now_ms=now_ms))
        )

    def _position(self, user: str, asset: str, now_ms: int) -> Position:
        """Compute a position from the wallet's changes since its period began."""
        number = self.playback.numbers[user]
        minute = self.playback.minute(now_ms, number)
        begun = self.playback.period_start(asset, minute)
        first, done = self.playback.since_start(number, asset, minute)
        position = Position(size=first, cost=first * self._price(asset, begun, number))
        for change in done:
            _ = position.apply(change.size, self._price(asset, begun + change.minute, number))
        return position

    def _find_price(self, asset: str, minute: int, number: int) -> Decimal:
        time_ms = max(self.playback.change_ms(minute, number), self._prices.origin_ms)
        return self._prices.price(MARKETS[asset], time_ms)

    def _record_to_now(self, user: str) -> _WalletRecord:
        number = self.playback.numbers[user]
        if user not in self._records:
            changes = self.playback.changes(number)
            self._records[user] = _WalletRecord(
                changes=changes, next_change=next(changes, _NO_CHANGE)
            )
            self._open(user, number)
        record = self._records[user]
        while (
            time_ms := self.playback.change_ms(record.next_change.minute, number)
        ) <= self._now_ms:
            self._write(user, record.next_change, time_ms)
            record.next_change = next(record.changes, _NO_CHANGE)
        return record

    def _open(self, user: str, number: int) -> None:
        for place, asset in enumerate(ASSETS):
            if size := self.playback.position(user, asset, 0):
                time_ms = self.playback.start_ms - OPENED_BEFORE_MS + number + place
                self._write(user, PositionChange(minute=-1, asset=asset, size=size), time_ms)

    def _write(self, user: str, change: PositionChange, time_ms: int) -> None:
        record = self._records[user]
        market, size = MARKETS[change.asset], abs(change.size)
        price = self._prices.price(market, time_ms)
        effect = record.positions.setdefault(change.asset, Position()).apply(change.size, price)
        name = f"{self.playback.seed}:{user}:{change.asset}:{time_ms}"
        checksum = int.from_bytes(sha256(name.encode()).digest()[:8], "big")
        forced = Liquidation(liquidated_user=user, mark_price=price, method="market")
        trade = Trade(
            coin=change.asset,
            price=price,
            size=size,
            time_ms=time_ms,
            hash="0x" + sha256(f"hash:{name}".encode()).hexdigest(),
            tid=checksum >> (64 - TID_BITS) or 1,
            liquidation=forced if change.forced else None,
        )
        leg = _leg(
            effect, size * price, buys=change.size > ZERO, oid=FIRST_OID + checksum % FIRST_OID
        )
        record.fills.append(time_ms, encode_fill(trade, leg))


_NO_CHANGE = PositionChange(minute=2**40, asset="", size=ZERO)


def _leg(effect: FillEffect, notional: Decimal, *, buys: bool, oid: int) -> Leg:
    return Leg(
        buys=buys,
        crossed=True,
        effect=effect,
        direction=effect.direction,
        oid=oid,
        fee=truncated(notional * TAKER_BPS[MarketKind.CORE] * BASIS_POINT, USD_PLACES),
        fee_token="USDC",  # noqa: S106 - a currency
    )


def _leaderboard_row(address: str, number: int) -> LeaderboardRow:
    month = Decimal(2_000_000) / (number + 1) + LEADER_PNL_MIN
    pnl = {window: month * min(days, 90) / 30 for window, days in WINDOW_DAYS.items()}
    volume = {window: pnl[window] * 40 for window in WINDOW_DAYS}
    return LeaderboardRow(address=address, account_value=START_CASH + month, pnl=pnl, volume=volume)


def exchange_with_leaders(
    background: PopulationExchange, leaders: int, *, days: int = 0
) -> RegimeExchange:
    """Put wallets whose regimes take turns by the clock before a population.

    With `days` they have traded as long before the end of the population's past, as a desk's do.
    """
    population = background.population
    script = DESK_ROTATION if days else ROTATION
    period_ms = script.period * MINUTE_MS
    begun_ms = (population.until_ms - days * DAY_MS) // period_ms * period_ms
    playback = RegimePlayback(script, seed=population.seed, wallets=leaders, start_ms=begun_ms)
    return RegimeExchange(background, playback, prices=population.prices)


def leaders_alone(
    options: PopulationOptions, *, until_ms: int, leaders: int, days: int
) -> RegimeExchange:
    """The same leaders and prices without the population's fills, which take long to make."""
    population = Population(
        seed=options.seed,
        wallets=0,
        days=options.days,
        until_ms=until_ms,
        fills=0,
        live_per_second=0,
        scale=options.scale,
    )
    return exchange_with_leaders(PopulationExchange(population), leaders, days=days)


def regime_exchange(
    name: str,
    *,
    start_ms: int,
    wallets: int = DEFAULT_WALLETS,
    seed: int = DEFAULT_SEED,
) -> RegimeExchange:
    """Make an exchange on which a regime plays from the last full five minutes on.

    Its wallets alone trade there. An unknown name raises ValueError.
    """
    begun_ms = start_ms // PERIOD_MS * PERIOD_MS
    playback = RegimePlayback(find_regime(name), seed=seed, wallets=wallets, start_ms=begun_ms)
    population = Population(
        seed=seed, wallets=0, days=1, until_ms=begun_ms, fills=0, live_per_second=0
    )
    return RegimeExchange(PopulationExchange(population), playback, prices=population.prices)
