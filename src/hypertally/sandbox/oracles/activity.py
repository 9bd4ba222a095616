"""The expected figures of each day, computed from fill rows in the simplest exact way.

The oracle shares no code and no table with the program's metrics: a difference is a bug in one of
them. Every sum has 60 digits, so nothing is rounded.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from typing import cast

from hypertally.sandbox.oracles.usd_prices import (
    Fill,
    Rows,
    UsdPrices,
    fee_usd,
    in_usd,
    market_kind,
    number,
    time_ms_of,
)

DIGITS = 60
NO_TOKEN = "token not reported"  # noqa: S105 - a label for the rows of 2023, which name none

VOLUME_DIRECTIONS = frozenset(
    (
        "Open Long",
        "Close Long",
        "Open Short",
        "Close Short",
        "Long > Short",
        "Short > Long",
        "Buy",
        "Sell",
        "Auto-Deleveraging",
        "Liquidated Cross Long",
        "Liquidated Cross Short",
        "Liquidated Isolated Long",
        "Liquidated Isolated Short",
    )
)
EVENT_DIRECTIONS = frozenset(
    ("Settlement", "Spot Dust Conversion", "Merge Outcome", "Net Child Vaults")
)


@dataclass(slots=True, kw_only=True)
class WalletDay:
    """The figures of one wallet and UTC day; None where a price is missing."""

    wallet: str
    day: date
    fills: int = 0
    events: int = 0
    forced: int = 0
    spot_volume_usd: Decimal | None = Decimal(0)
    perp_volume_usd: Decimal | None = Decimal(0)  # core and HIP-3
    hip3_volume_usd: Decimal | None = Decimal(0)
    outcome_volume_usd: Decimal | None = Decimal(0)
    other_volume_usd: Decimal | None = Decimal(0)
    taker_volume_usd: Decimal | None = Decimal(0)
    maker_volume_usd: Decimal | None = Decimal(0)
    gross_realised_pnl_usd: Decimal | None = Decimal(0)
    spot_closed_pnl_usd: Decimal | None = Decimal(0)
    fees: dict[str, Decimal] = field(default_factory=dict[str, Decimal])
    fees_usd: Decimal | None = Decimal(0)
    builder_fees: dict[str, Decimal] = field(default_factory=dict[str, Decimal])
    coins: int = 0
    first_fill_ms: int = 0
    last_fill_ms: int = 0


@dataclass(slots=True, kw_only=True)
class GroupDay:
    """The figures of a set of wallets and a UTC day."""

    day: date
    dau: int = 0
    legs_usd: Decimal | None = Decimal(0)
    unique_usd: Decimal | None = Decimal(0)
    internal_usd: Decimal | None = Decimal(0)
    taker_usd: Decimal | None = Decimal(0)
    maker_usd: Decimal | None = Decimal(0)
    average_usd: Decimal | None = None  # legs per active wallet; None without active wallets


def wallet_days(rows: Rows, prices: UsdPrices) -> dict[tuple[str, date], WalletDay]:
    """Compute every wallet-day that has at least one row."""
    days: dict[tuple[str, date], WalletDay] = {}
    coins: defaultdict[tuple[str, date], set[str]] = defaultdict(set)
    with localcontext(prec=DIGITS):
        for wallet, fill in rows:
            key = (wallet, day_of(fill))
            row = days.setdefault(key, WalletDay(wallet=wallet, day=key[1]))
            coins[key].add(str(fill["coin"]))
            row.coins = len(coins[key])
            _count(row, fill)
            _add_volume(row, fill, prices)
            _add_result(row, fill, prices)
            _add_fees(row, fill, prices)
    return days


def group_days(rows: Rows, prices: UsdPrices) -> dict[date, GroupDay]:
    """Compute the days of a set of wallets; `rows` holds the legs of these wallets alone."""
    by_day: defaultdict[date, list[tuple[str, Fill]]] = defaultdict(list)
    for wallet, fill in rows:
        if _has_volume(fill):
            by_day[day_of(fill)].append((wallet, fill))
    with localcontext(prec=DIGITS):
        return {day: _group_day(day, legs, prices) for day, legs in sorted(by_day.items())}


def day_of(fill: Fill) -> date:
    """Return the UTC day of a fill."""
    return datetime.fromtimestamp(time_ms_of(fill) // 1000, tz=UTC).date()


def _count(row: WalletDay, fill: Fill) -> None:
    direction, time_ms = str(fill.get("dir")), time_ms_of(fill)
    liquidation = cast("Fill", fill.get("liquidation") or {})
    row.fills += 1
    row.events += not _has_volume(fill)
    row.forced += (
        direction == "Auto-Deleveraging"
        or direction.startswith("Liquidated ")
        or str(liquidation.get("liquidatedUser")).lower() == row.wallet
    )
    row.first_fill_ms = min(row.first_fill_ms or time_ms, time_ms)
    row.last_fill_ms = max(row.last_fill_ms, time_ms)


def _add_volume(row: WalletDay, fill: Fill, prices: UsdPrices) -> None:
    if not _has_volume(fill):
        return
    usd = _notional_usd(fill, prices)
    if fill["crossed"]:
        row.taker_volume_usd = _plus(row.taker_volume_usd, usd)
    else:
        row.maker_volume_usd = _plus(row.maker_volume_usd, usd)
    kind = market_kind(str(fill["coin"]))
    if kind == "other" or fill.get("dir") not in VOLUME_DIRECTIONS:
        row.other_volume_usd = _plus(row.other_volume_usd, usd)
    elif kind == "spot":
        row.spot_volume_usd = _plus(row.spot_volume_usd, usd)
    elif kind == "outcome":
        row.outcome_volume_usd = _plus(row.outcome_volume_usd, usd)
    else:
        row.perp_volume_usd = _plus(row.perp_volume_usd, usd)
        if kind == "hip3":
            row.hip3_volume_usd = _plus(row.hip3_volume_usd, usd)


def _add_result(row: WalletDay, fill: Fill, prices: UsdPrices) -> None:
    coin = str(fill["coin"])
    usd = in_usd(number(fill, "closedPnl"), prices.quote_of(coin), fill, prices=prices)
    kind = market_kind(coin)
    if kind in ("core", "hip3"):
        row.gross_realised_pnl_usd = _plus(row.gross_realised_pnl_usd, usd)
    elif kind == "spot":
        row.spot_closed_pnl_usd = _plus(row.spot_closed_pnl_usd, usd)


def _add_fees(row: WalletDay, fill: Fill, prices: UsdPrices) -> None:
    if fill.get("fee") is None:
        row.fees_usd = None
        return
    fee, token = number(fill, "fee"), fill.get("feeToken")
    if token is not None or fee:
        name = NO_TOKEN if token is None else str(token)
        row.fees[name] = row.fees.get(name, Decimal(0)) + fee
    if fill.get("builderFee") is not None:
        name = NO_TOKEN if token is None else str(token)
        amount = number(fill, "builderFee")
        row.builder_fees[name] = row.builder_fees.get(name, Decimal(0)) + amount
    row.fees_usd = _plus(row.fees_usd, fee_usd(fee, token, fill, prices=prices))


def _group_day(day: date, legs: list[tuple[str, Fill]], prices: UsdPrices) -> GroupDay:
    row = GroupDay(day=day, dau=len({wallet for wallet, _ in legs}))
    trades: defaultdict[tuple[object, ...], dict[str, Decimal | None]] = defaultdict(dict)
    for _, fill in legs:
        usd = _notional_usd(fill, prices)
        row.legs_usd = _plus(row.legs_usd, usd)
        if fill["crossed"]:
            row.taker_usd = _plus(row.taker_usd, usd)
        else:
            row.maker_usd = _plus(row.maker_usd, usd)
        if not fill.get("tid"):
            row.unique_usd = _plus(row.unique_usd, usd)
            continue
        sides = trades[fill["coin"], fill["time"], fill["tid"]]
        side = str(fill["side"])
        sides[side] = _plus(sides.get(side, Decimal(0)), usd)
    for sides in trades.values():
        if len(sides) == 1:  # the other leg is nobody's who is tracked
            (usd,) = sides.values()
            row.unique_usd = _plus(row.unique_usd, usd)
            continue
        buys, sells = sides["B"], sides["A"]
        if buys is None or sells is None:
            row.unique_usd = row.internal_usd = None
        else:
            row.unique_usd = _plus(row.unique_usd, max(buys, sells))
            row.internal_usd = _plus(row.internal_usd, min(buys, sells))
    if row.dau and row.legs_usd is not None:
        row.average_usd = row.legs_usd / row.dau
    return row


def _has_volume(fill: Fill) -> bool:
    traded = number(fill, "px") * number(fill, "sz") != 0
    return traded and fill.get("dir") not in EVENT_DIRECTIONS


def _notional_usd(fill: Fill, prices: UsdPrices) -> Decimal | None:
    notional = number(fill, "px") * number(fill, "sz")
    return in_usd(notional, prices.quote_of(str(fill["coin"])), fill, prices=prices)


def _plus(total: Decimal | None, amount: Decimal | None) -> Decimal | None:
    return None if total is None or amount is None else total + amount
