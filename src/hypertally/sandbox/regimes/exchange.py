"""An exchange on which the wallets of a story act; everything else is as in the world behind it.

Their fills are written when someone asks for them, each as the taker's leg of a trade with the
rest of the world. Entry prices take the holdings of each period as bought at its start.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import final

import msgspec

from hypertally.sandbox.exchange.accounts import Held, account_state
from hypertally.sandbox.exchange.leaderboard import START_CASH, WINDOW_DAYS, Standing
from hypertally.sandbox.exchange.marketdata import PopulationExchange
from hypertally.sandbox.exchange.protocol import Answer, Exchange
from hypertally.sandbox.exchange.queries import AllMids, ClearinghouseState, decode_query
from hypertally.sandbox.population.decimals import ZERO, truncated
from hypertally.sandbox.population.fill_json import Leg, Liquidation, Trade, fill_body
from hypertally.sandbox.population.markets import Kind
from hypertally.sandbox.population.matching import BASIS_POINT, TAKER_BPS, TID_BITS, USD_PLACES
from hypertally.sandbox.population.population import DEFAULT_SEED, Population, WalletCount
from hypertally.sandbox.population.positions import Effect, Position
from hypertally.sandbox.population.prices import Prices
from hypertally.sandbox.population.wallet_history import Feed, SortOrder, Tape
from hypertally.sandbox.regimes.playback import ASSETS, DEFAULT_WALLETS, MARKETS, MINUTE_MS, Story
from hypertally.sandbox.regimes.price_path import ScriptedPath
from hypertally.sandbox.regimes.regimes import ROTATION, regime
from hypertally.sandbox.regimes.script import Change

PERIOD_MS = 300_000  # regimes begin with one of the periods of five minutes
FIRST_OID = 900_000_000_000  # far from those of a population
OPENED_BEFORE_MS = 3_600_000  # what they hold at first was bought that long before
AWAY = Answer(status=503, body=b"Service Unavailable", content_type="text/plain; charset=utf-8")


@dataclass(slots=True)
class _Books:
    """What one wallet has done so far, as far as it has been written."""

    changes: Iterator[Change]
    next: Change
    tape: Tape = field(default_factory=Tape)
    positions: dict[str, Position] = field(default_factory=dict[str, Position])


@final
class RegimeExchange:
    """A story in front of a world; its wallets are found on the leaderboard."""

    def __init__(self, world: Exchange, story: Story, *, prices: Prices) -> None:
        self.story = story
        self._world = world
        self._prices = prices
        self._now_ms = story.start_ms
        self._books: dict[str, _Books] = {}
        for asset, points in story.script.paths.items():
            prices.follow(asset, ScriptedPath(points, start_ms=story.start_ms))

    @property
    def start_clock_ms(self) -> int:
        """The first full minute of the story, or the end of the world's past if that is later."""
        return max(self.story.start_ms, self._world.start_clock_ms)

    def advance(self, now_ms: int) -> None:
        """Let everything up to a time happen."""
        self._world.advance(now_ms)
        self._now_ms = max(now_ms, self._now_ms)

    def wallets(self) -> list[WalletCount]:
        """List the wallets of the world behind; those of the story are on the leaderboard."""
        return self._world.wallets()

    def by_time_order(self, user: str) -> SortOrder | None:
        """Leave it to the world."""
        return self._world.by_time_order(user)

    def standings(self, now_ms: int) -> list[Standing]:
        """Rank the wallets of the story above most others, the first one highest."""
        own = [_standing(address, at) for at, address in enumerate(self.story.addresses)]
        return [*own, *self._world.standings(now_ms)]

    def tape(self, user: str, feed: Feed) -> Tape | None:
        """Find a list of anyone's."""
        if user not in self.story.numbers:
            return self._world.tape(user, feed)
        written = self._written(user)
        return written.tape if feed in (Feed.FILLS, Feed.ORDINARY) else Tape()

    def answer(self, body: bytes, *, now_ms: int) -> Answer:
        """Answer for the wallets of the story; let the world answer everything else."""
        minute = (now_ms - self.story.start_ms) // MINUTE_MS
        match decode_query(body):
            case AllMids() if not self.story.prices_answer(minute):
                return AWAY
            case ClearinghouseState(user=user, dex="") if user.lower() in self.story.numbers:
                if not self.story.answers(user.lower(), minute):
                    return AWAY
                return self._account(user.lower(), now_ms)
            case _:
                return self._world.answer(body, now_ms=now_ms)

    def _account(self, user: str, now_ms: int) -> Answer:
        held = [
            Held(market=market, position=position, mark=self._prices.price(market, now_ms))
            for asset, market in MARKETS.items()
            if (position := self._position(user, asset, now_ms)).size
        ]
        cash = START_CASH - sum((one.position.cost for one in held), ZERO)
        return Answer(body=msgspec.json.encode(account_state(held, cash=cash, now_ms=now_ms)))

    def _position(self, user: str, asset: str, now_ms: int) -> Position:
        """Follow a wallet's changes since the period began."""
        at = self.story.numbers[user]
        minute = self.story.minute(now_ms, at)
        begun = self.story.period_start(asset, minute)
        first, done = self.story.since_start(at, asset, minute)
        position = Position(size=first, cost=first * self._price(asset, begun, at))
        for change in done:
            _ = position.apply(change.size, self._price(asset, begun + change.minute, at))
        return position

    def _price(self, asset: str, minute: int, at: int) -> Decimal:
        time_ms = max(self.story.change_ms(minute, at), self._prices.origin_ms)
        return self._prices.price(MARKETS[asset], time_ms)

    def _written(self, user: str) -> _Books:
        at = self.story.numbers[user]
        if user not in self._books:
            changes = self.story.changes(at)
            self._books[user] = _Books(changes=changes, next=next(changes, _NEVER))
            self._open(user, at)
        books = self._books[user]
        while (time_ms := self.story.change_ms(books.next.minute, at)) <= self._now_ms:
            self._write(user, books.next, time_ms)
            books.next = next(books.changes, _NEVER)
        return books

    def _open(self, user: str, at: int) -> None:
        for place, asset in enumerate(ASSETS):
            if size := self.story.position(user, asset, 0):
                time_ms = self.story.start_ms - OPENED_BEFORE_MS + at + place
                self._write(user, Change(minute=-1, asset=asset, size=size), time_ms)

    def _write(self, user: str, change: Change, time_ms: int) -> None:
        books = self._books[user]
        market, size = MARKETS[change.asset], abs(change.size)
        price = self._prices.price(market, time_ms)
        effect = books.positions.setdefault(change.asset, Position()).apply(change.size, price)
        name = f"{self.story.seed}:{user}:{change.asset}:{time_ms}"
        mark = int.from_bytes(sha256(name.encode()).digest()[:8], "big")
        forced = Liquidation(liquidated_user=user, mark_price=price, method="market")
        trade = Trade(
            coin=change.asset,
            price=price,
            size=size,
            time_ms=time_ms,
            hash="0x" + sha256(f"hash:{name}".encode()).hexdigest(),
            tid=mark >> (64 - TID_BITS) or 1,
            liquidation=forced if change.forced else None,
        )
        leg = _leg(effect, size * price, buys=change.size > ZERO, oid=FIRST_OID + mark % FIRST_OID)
        books.tape.append(time_ms, fill_body(trade, leg))


_NEVER = Change(minute=2**40, asset="", size=ZERO)


def _leg(effect: Effect, notional: Decimal, *, buys: bool, oid: int) -> Leg:
    return Leg(
        buys=buys,
        crossed=True,
        effect=effect,
        direction=effect.direction,
        oid=oid,
        fee=truncated(notional * TAKER_BPS[Kind.CORE] * BASIS_POINT, USD_PLACES),
        fee_token="USDC",  # noqa: S106 - the coin a fee is paid in
    )


def _standing(address: str, at: int) -> Standing:
    month = Decimal(2_000_000) / (at + 1) + 5_000
    pnl = {window: month * min(days, 90) / 30 for window, days in WINDOW_DAYS.items()}
    volume = {window: pnl[window] * 40 for window in WINDOW_DAYS}
    return Standing(address=address, account_value=START_CASH + month, pnl=pnl, volume=volume)


def with_leaders(world: PopulationExchange, leaders: int) -> RegimeExchange:
    """Put wallets in front of a population whose regimes take turns by the clock."""
    population = world.population
    period_ms = ROTATION.period * MINUTE_MS
    begun_ms = population.until_ms // period_ms * period_ms
    story = Story(ROTATION, seed=population.seed, wallets=leaders, start_ms=begun_ms)
    return RegimeExchange(world, story, prices=population.prices)


def regime_exchange(
    name: str,
    *,
    start_ms: int,
    wallets: int = DEFAULT_WALLETS,
    seed: int = DEFAULT_SEED,
) -> RegimeExchange:
    """Make an exchange on which a regime plays from the start of five minutes on.

    Nobody but its wallets trades there. Raises ValueError for a name that is none.
    """
    begun_ms = start_ms // PERIOD_MS * PERIOD_MS
    story = Story(regime(name), seed=seed, wallets=wallets, start_ms=begun_ms)
    population = Population(
        seed=seed, wallets=0, days=1, until_ms=begun_ms, fills=0, live_per_second=0
    )
    return RegimeExchange(PopulationExchange(population), story, prices=population.prices)
