"""A population as an exchange: it answers for markets, candles and accounts."""

from collections.abc import Callable
from decimal import Decimal
from typing import final

import msgspec

from hypertally.sandbox.exchange.accounts import OpenPosition, clearinghouse_state
from hypertally.sandbox.exchange.leaderboard import START_CASH, LeaderboardRow, row_from_fills
from hypertally.sandbox.exchange.market_json import dex_meta, perp_dexs, spot_meta
from hypertally.sandbox.exchange.protocol import UNREADABLE, UNSUPPORTED, HttpAnswer
from hypertally.sandbox.exchange.queries import (
    AllMids,
    CandleRequest,
    CandleSnapshot,
    ClearinghouseState,
    Meta,
    MetaAndAssetCtxs,
    PerpDexs,
    SpotMeta,
    SpotMetaAndAssetCtxs,
    decode_query,
)
from hypertally.sandbox.population.calendar import DAY_MS
from hypertally.sandbox.population.decimals import ZERO, decimal_text
from hypertally.sandbox.population.markets import (
    DEX_BY_NAME,
    PERPS,
    SPOTS,
    Market,
    find_market,
    outcome_coins,
    outcome_market,
)
from hypertally.sandbox.population.population import Population, WalletCount
from hypertally.sandbox.population.prices import CANDLES_MAX, INTERVAL_MS
from hypertally.sandbox.population.sessions import LiveSessions
from hypertally.sandbox.population.wallet_history import HistoryKind, SortOrder, WalletHistory

Json = dict[str, object]

GONE_PAIRS = ("@3", "@88")  # delisted pairs: the exchange still answers their figures


@final
class PopulationExchange:
    """An exchange on which a population trades."""

    def __init__(
        self,
        population: Population,
        *,
        sessions: LiveSessions | None = None,
        candles_max: int = CANDLES_MAX,
        on_advance: Callable[[int], None] | None = None,
    ) -> None:
        self.population = population
        self._sessions = sessions
        self._candles_max = candles_max
        self._on_advance = on_advance  # called with the time the population has reached

    @property
    def start_clock_ms(self) -> int:
        """The end of the generated past."""
        return self.population.until_ms

    def advance(self, now_ms: int) -> None:
        """Let the population trade up to a time."""
        (self._sessions or self.population).advance(now_ms)
        if self._on_advance:
            self._on_advance(now_ms)

    def wallets(self) -> list[WalletCount]:
        """List the tracked wallets."""
        return self.population.wallets()

    def history(self, user: str, kind: HistoryKind) -> WalletHistory | None:
        """Find rows of a wallet, tracked or not."""
        trader = self.population.by_address.get(user)
        return trader.history(kind) if trader else None

    def by_time_order(self, user: str) -> SortOrder | None:  # noqa: ARG002 - a server option
        """Leave the order to the server's option."""
        return None

    def leaderboard(self, now_ms: int) -> list[LeaderboardRow]:
        """Make a row of each tracked wallet from its fills."""
        traders = self.population.by_address
        return [
            row_from_fills(count.address, traders[count.address].fills, now_ms)
            for count in self.wallets()
        ]

    def answer(self, body: bytes, *, now_ms: int) -> HttpAnswer:  # noqa: PLR0911 - one per type
        """Answer from the markets and holdings at a time."""
        match decode_query(body):
            case CandleSnapshot(req=request):
                return self._candles(request, now_ms)
            case ClearinghouseState(user=user, dex=dex):
                return self._positions(user.lower(), dex, now_ms)
            case Meta(dex=dex):
                return _json_answer(dex_meta(dex)) if _is_dex(dex) else UNSUPPORTED
            case MetaAndAssetCtxs(dex=dex):
                return self._metas(dex, now_ms) if _is_dex(dex) else UNSUPPORTED
            case AllMids(dex=dex):
                return _json_answer(self._mids(dex, now_ms)) if _is_dex(dex) else UNSUPPORTED
            case PerpDexs():
                return _json_answer(perp_dexs())
            case SpotMeta():
                return _json_answer(spot_meta())
            case SpotMetaAndAssetCtxs():
                return _json_answer([spot_meta(), self._spot_figures(now_ms)])
            case _:
                return UNREADABLE

    def _candles(self, request: CandleRequest, now_ms: int) -> HttpAnswer:
        market = find_market(request.coin)
        if market is None or request.interval not in INTERVAL_MS:
            return UNSUPPORTED
        width_ms = INTERVAL_MS[request.interval]
        oldest_ms = (now_ms // width_ms - self._candles_max + 1) * width_ms
        rows = self.population.prices.candles(
            market,
            request.interval,
            start_ms=max(request.start_time, oldest_ms),
            end_ms=min(now_ms if request.end_time is None else request.end_time, now_ms),
            coin_volumes=self.population.coin_volumes,
        )
        return HttpAnswer(body=msgspec.json.encode(rows), rows=len(rows))

    def _mid(self, market: Market, now_ms: int) -> str:
        return decimal_text(self.population.prices.price(market, now_ms))

    def _mids(self, dex: str, now_ms: int) -> Json:
        listed = [market for market in PERPS if market.dex == dex]
        if not dex:
            listed += [*SPOTS, *map(outcome_market, outcome_coins(now_ms))]
        return {market.coin: self._mid(market, now_ms) for market in listed}

    def _metas(self, dex: str, now_ms: int) -> HttpAnswer:
        markets = [market for market in PERPS if market.dex == dex]
        return _json_answer(
            [dex_meta(dex), [self._perp_figures(market, now_ms) for market in markets]]
        )

    def _perp_figures(self, market: Market, now_ms: int) -> Json:
        mid = self._mid(market, now_ms)
        return {
            "funding": "0.0000125",
            "openInterest": decimal_text(self._open_interest(market)),
            "prevDayPx": self._mid(market, now_ms - DAY_MS),
            "dayNtlVlm": "0.0",
            "premium": "0.0",
            "oraclePx": mid,
            "markPx": mid,
            "midPx": mid,
            "impactPxs": [mid, mid],
            "dayBaseVlm": "0.0",
        }

    def _open_interest(self, market: Market) -> Decimal:
        sizes = (m.holdings.position(market.coin).size for m in self.population.by_address.values())
        return sum((size for size in sizes if size > ZERO), ZERO)

    def _spot_figures(self, now_ms: int) -> list[Json]:
        figures = [self._spot_row(market.coin, self._mid(market, now_ms)) for market in SPOTS]
        return [*figures, *(self._spot_row(coin, "1.0") for coin in GONE_PAIRS)]

    def _spot_row(self, coin: str, mid: str) -> Json:
        return {
            "prevDayPx": mid,
            "dayNtlVlm": "0.0",
            "markPx": mid,
            "midPx": mid,
            "circulatingSupply": "1000000.0",
            "coin": coin,
            "totalSupply": "1000000.0",
            "dayBaseVlm": "0.0",
        }

    def _positions(self, user: str, dex: str, now_ms: int) -> HttpAnswer:
        if not _is_dex(dex):
            return UNSUPPORTED
        trader = self.population.by_address.get(user)
        positions: list[OpenPosition] = []
        cash = ZERO
        if trader is not None:
            positions = [
                OpenPosition(market=market, position=position, mark=self._mark(market, now_ms))
                for market in PERPS
                if market.dex == dex and (position := trader.holdings.position(market.coin)).size
            ]
            cash = START_CASH + trader.holdings.cash.get(dex, ZERO)
        return _json_answer(clearinghouse_state(positions, cash=cash, now_ms=now_ms))

    def _mark(self, market: Market, now_ms: int) -> Decimal:
        return self.population.prices.price(market, now_ms)


def _is_dex(dex: str) -> bool:
    return not dex or dex in DEX_BY_NAME


def _json_answer(answer: object) -> HttpAnswer:
    return HttpAnswer(body=msgspec.json.encode(answer))
