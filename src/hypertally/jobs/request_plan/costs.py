"""What each purpose of requests costs a minute, of the constants and paces that the jobs follow."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType

from hypertally.jobs.activity.end_positions import CHECK_SECONDS
from hypertally.jobs.activity.kinds import (
    CHECK_POSITIONS,
    CONFIRM_FILLS,
    INGEST_TWAPS,
    READ_AGAIN,
    REPAIR_GAP,
)
from hypertally.jobs.activity.pull_fills import DEEP_EVERY, OVERLAP_MS, RECENT_MS
from hypertally.jobs.market.candles_and_mids import PULL_MIDS, PULL_TWAP_CANDLES
from hypertally.jobs.market.hour_prices import PULL_HOUR_PRICES
from hypertally.jobs.market.reference_prices import PULL_REFERENCE
from hypertally.jobs.paces import (
    AGAIN_SECONDS,
    CONFIRM_SECONDS,
    PACES,
    RUNNING_TWAP_PACE,
    TWAP_PACES,
    Pace,
)
from hypertally.jobs.request_plan.activity import Activity, MarketActivity, WalletActivity
from hypertally.jobs.runtime.kinds import AnyKind
from hypertally.jobs.smart_money.exit_readings import PULL_EXIT_FILLS
from hypertally.jobs.smart_money.snapshots import MINUTE, SNAPSHOT_MINUTE
from hypertally.jobs.wallet_pulls import INGEST_WALLET
from hypertally.records import Record
from hypertally.sources.pagination import ROUND_ROWS
from hypertally.sources.weights import BASE_WEIGHT, LIGHT_WEIGHT, PAGE_ROWS, ROWS_PER_WEIGHT, weight

PURPOSES: Mapping[AnyKind, str] = MappingProxyType(
    {
        SNAPSHOT_MINUTE: "positions of watched wallets",
        PULL_EXIT_FILLS: "fills of their exits",
        PULL_HOUR_PRICES: "prices of the hour",
        PULL_REFERENCE: "markets",
        PULL_MIDS: "prices of the minute",
        PULL_TWAP_CANDLES: "candles of TWAPs",
        INGEST_WALLET: "pulls of fills",
        INGEST_TWAPS: "pulls of TWAPs",
        REPAIR_GAP: "repairs of gaps",
        CHECK_POSITIONS: "checks of positions",
        CONFIRM_FILLS: "second readings",
        READ_AGAIN: "early second readings",
    }
)
_ROWS = ROWS_PER_WEIGHT["userFillsByTime"]
_ONE = Decimal(1)
_DAY = Decimal(DEEP_EVERY // MINUTE)  # its minutes
_OVERLAP = Decimal(OVERLAP_MS) / 60_000
CANDLE_REQUESTS = 2  # of a TWAP: its life, and the hour before it; mids price its first minute


class WeightNeed(Record, frozen=True, kw_only=True):
    """What jobs of a kind and a priority would spend a minute if nothing limited them."""

    kind: AnyKind
    priority: int
    weight: Decimal


def list_needs(activity: Activity) -> list[WeightNeed]:
    """All that asks the exchange, again and again."""
    summed: dict[tuple[AnyKind, int], Decimal] = {}
    needs = [*_market_needs(activity.market)]
    for wallet in activity.wallets:
        needs += [*_fill_needs(wallet), *_twap_needs(wallet), *_later_needs(wallet)]
    for need in needs:
        key = (need.kind, need.priority)
        summed[key] = summed.get(key, Decimal(0)) + need.weight
    return [WeightNeed(kind=kind, priority=at, weight=each) for (kind, at), each in summed.items()]


def reading_weight(rows: int) -> int:
    """What the reading of a whole history of so many rows costs."""
    left, cost = rows, 0
    while left >= PAGE_ROWS:
        cost += weight("userFillsByTime", PAGE_ROWS)
        left -= PAGE_ROWS - 1  # the next page repeats a row
    cost += weight("userFillsByTime", left)
    is_first = rows < PAGE_ROWS  # no page was full: this one is asked for again from its last row
    asks_again = left > 0 and (is_first or left % ROUND_ROWS == 0)
    return cost + (weight("userFillsByTime", 1) if asks_again else 0)


def first_fills_weight(wallet: WalletActivity) -> Decimal:
    """What the first pull of fills costs."""
    return wallet.wallets * reading_weight(wallet.history_rows)


def first_twaps_weight(wallet: WalletActivity) -> Decimal:
    """What the first pull of TWAPs costs."""
    slices = reading_weight(wallet.slices_of_history) if wallet.twap_statuses else 0
    return wallet.wallets * (weight("twapHistory", wallet.twap_statuses) + slices)


def _fill_needs(wallet: WalletActivity) -> Iterator[WeightNeed]:
    new_rows = wallet.fills / (wallet.hot_share * _DAY) if wallet.hot_share else Decimal(0)
    deep = wallet.fills_of_five_days / _ROWS / _DAY  # five days are read once a day
    for pace, share, rows in zip(
        PACES,
        (wallet.hot_share, wallet.warm_share, _ONE - wallet.hot_share - wallet.warm_share),
        (wallet.hot_overlap + new_rows, wallet.warm_overlap, wallet.idle_overlap),
        strict=True,
    ):
        looks = share / _minutes(pace)
        cost = looks * _look_weight(rows) + share * deep
        yield _need(INGEST_WALLET, wallet, cost, priority=pace.priority)
        if pace.seconds > AGAIN_SECONDS:
            yield _need(READ_AGAIN, wallet, looks * _look_weight(rows))


def _later_needs(wallet: WalletActivity) -> Iterator[WeightNeed]:
    """What follows from fills: second readings, checks of positions and repairs."""
    hourly = wallet.recent_share / (Decimal(CONFIRM_SECONDS) / 60)
    rows = wallet.fills / _DAY * Decimal(RECENT_MS) / 60_000
    daily = _look_weight(wallet.fills) / _DAY if wallet.fills else Decimal(0)
    yield _need(CONFIRM_FILLS, wallet, hourly * _look_weight(rows) + daily)
    yield _need(CHECK_POSITIONS, wallet, _checks(wallet) * LIGHT_WEIGHT * wallet.dexs)
    yield _need(REPAIR_GAP, wallet, wallet.repairs / _DAY * (BASE_WEIGHT + 1))


def _checks(wallet: WalletActivity) -> Decimal:
    """Checks of positions a minute: five minutes after fills, and then after the next ones."""
    if not wallet.active_minutes or not wallet.hot_share:
        return Decimal(0)
    to_next_fill = wallet.hot_share * _DAY / wallet.active_minutes - _ONE / 2
    return wallet.hot_share / (Decimal(CHECK_SECONDS) / 60 + to_next_fill)


def _twap_needs(wallet: WalletActivity) -> Iterator[WeightNeed]:
    running, recent = wallet.twap_running_share, wallet.twap_recent_share
    rest = _ONE - running - recent - wallet.twap_month_share
    a_minute = wallet.slices / (running * _DAY) if running else Decimal(0)
    statuses = BASE_WEIGHT + _rows_weight(Decimal(wallet.twap_statuses))
    deep = wallet.slices / _ROWS / _DAY
    for pace, share, minutes in (
        (RUNNING_TWAP_PACE, running, _OVERLAP + 1),
        *zip(TWAP_PACES, (recent, wallet.twap_month_share, rest), [_OVERLAP] * 3, strict=True),
    ):
        slices = _look_weight(a_minute * minutes) if wallet.twap_statuses else Decimal(0)
        cost = share / _minutes(pace) * (statuses + slices) + share * deep
        yield _need(INGEST_TWAPS, wallet, cost, priority=pace.priority)
    candles = CANDLE_REQUESTS * (BASE_WEIGHT + 1) * wallet.twaps_begun / _DAY
    yield _need(PULL_TWAP_CANDLES, wallet, candles)


def _market_needs(market: MarketActivity) -> Iterator[WeightNeed]:
    candle = BASE_WEIGHT + 1
    for kind, requests, cost in (
        (PULL_MIDS, _ONE + market.dexs_in_use, LIGHT_WEIGHT),
        (PULL_REFERENCE, Decimal(2 + market.dexs), BASE_WEIGHT),
        (PULL_HOUR_PRICES, Decimal(market.priced_tokens), candle),
    ):
        assert kind.period is not None, f"{kind.name} is asked for again and again"
        minutes = Decimal(kind.period // MINUTE)
        yield WeightNeed(kind=kind, priority=kind.priority, weight=requests * cost / minutes)
    watched = Decimal(market.watched * LIGHT_WEIGHT)
    yield WeightNeed(kind=SNAPSHOT_MINUTE, priority=SNAPSHOT_MINUTE.priority, weight=watched)
    exits = market.exits / _DAY * (BASE_WEIGHT + 1)
    yield WeightNeed(kind=PULL_EXIT_FILLS, priority=PULL_EXIT_FILLS.priority, weight=exits)


def _need(
    kind: AnyKind, wallet: WalletActivity, cost: Decimal, *, priority: int | None = None
) -> WeightNeed:
    return WeightNeed(
        kind=kind,
        priority=kind.priority if priority is None else priority,
        weight=wallet.wallets * cost,
    )


def _minutes(pace: Pace) -> Decimal:
    return Decimal(pace.seconds) / 60


def _look_weight(rows: Decimal) -> Decimal:
    """What a look costs that shows so many rows on average."""
    full_pages = rows // (PAGE_ROWS - 1)
    return BASE_WEIGHT * (1 + full_pages) + _rows_weight(rows)


def _rows_weight(rows: Decimal) -> Decimal:
    # Each started twenty counts: half of twenty is left over on average, and one row counts as one.
    return max(_ONE, rows / _ROWS + _ONE / 2) if rows else Decimal(0)
