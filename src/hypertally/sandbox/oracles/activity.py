"""What the day metrics must be, computed from fill rows in the plainest way that is still exact.

It shares no code and no table with the program's own metrics: a difference is a bug in one of the
two. Every sum runs at 60 digits, so nothing is rounded.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from typing import cast

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

Fill = Mapping[str, object]
Rows = Iterable[tuple[str, Fill]]
Money = Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsdPrices:
    """What turns amounts into USD: pairs by name, collateral by dex, hourly opens by pair."""

    pairs: Mapping[str, tuple[str, str]]  # spot coin -> (base token, quote token)
    collateral: Mapping[str, str]  # dex -> token
    open_at: Callable[[str, int], Decimal | None]  # (spot coin, any ms of the hour) -> open

    def quote_of(self, coin: str) -> str | None:
        """Name the token a coin is priced in; None when the markets do not tell."""
        match kind_of(coin):
            case "spot":
                return self.pairs[coin][1] if coin in self.pairs else None
            case "hip3":
                return self.collateral.get(coin.split(":", maxsplit=1)[0])
            case "outcome":
                return "USDH"
            case _:
                return "USDC"

    def price(self, token: str | None, time_ms: int) -> Money:
        """Give the USD price of a token: USDC is one, others have a pair against it."""
        if token == "USDC":  # noqa: S105 - a currency
            return Decimal(1)
        pair = next((coin for coin, tokens in self.pairs.items() if tokens == (token, "USDC")), "")
        return self.open_at(pair, time_ms) if pair else None


@dataclass(slots=True, kw_only=True)
class WalletDay:
    """The figures of one wallet and UTC day; None where a needed price is missing."""

    wallet: str
    day: date
    fills: int = 0
    events: int = 0
    forced: int = 0
    spot_volume_usd: Money = Decimal(0)
    perp_volume_usd: Money = Decimal(0)  # core and HIP-3
    hip3_volume_usd: Money = Decimal(0)
    outcome_volume_usd: Money = Decimal(0)
    other_volume_usd: Money = Decimal(0)
    taker_volume_usd: Money = Decimal(0)
    maker_volume_usd: Money = Decimal(0)
    gross_realised_pnl_usd: Money = Decimal(0)
    spot_closed_pnl_usd: Money = Decimal(0)
    fees: dict[str, Decimal] = field(default_factory=dict[str, Decimal])
    fees_usd: Money = Decimal(0)
    builder_fees: dict[str, Decimal] = field(default_factory=dict[str, Decimal])
    coins: int = 0
    first_fill_ms: int = 0
    last_fill_ms: int = 0


@dataclass(slots=True, kw_only=True)
class GroupDay:
    """The figures of a set of wallets and a UTC day."""

    day: date
    dau: int = 0
    legs_usd: Money = Decimal(0)
    unique_usd: Money = Decimal(0)
    internal_usd: Money = Decimal(0)
    taker_usd: Money = Decimal(0)
    maker_usd: Money = Decimal(0)
    average_usd: Money = None  # legs per active wallet; None on a day without one


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A place where a perp position changed with no fill to show for it."""

    wallet: str
    coin: str
    from_ms: int
    to_ms: int
    missing: Decimal  # signed size that would join both ends


def kind_of(coin: str) -> str:
    """Tell what a coin is by its name alone."""
    if coin == "PURR/USDC" or coin.startswith("@"):
        return "spot"
    if ":" in coin:
        return "hip3"
    return "outcome" if coin.startswith("#") else "core"


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
    """Compute the days of a set of wallets; `rows` holds their legs and nobody else's."""
    by_day: defaultdict[date, list[tuple[str, Fill]]] = defaultdict(list)
    for wallet, fill in rows:
        if _has_volume(fill):
            by_day[day_of(fill)].append((wallet, fill))
    with localcontext(prec=DIGITS):
        return {day: _group_day(day, legs, prices) for day, legs in sorted(by_day.items())}


def fill_gaps(rows: Rows) -> list[Gap]:
    """Find every break of a perp position chain; rows come per wallet in execution order.

    Rows without a tid are skipped: they are older than the chains hold.
    """
    found: list[Gap] = []
    ends: dict[tuple[str, str], tuple[int, Decimal]] = {}
    for wallet, fill in rows:
        coin = str(fill["coin"])
        if kind_of(coin) not in ("core", "hip3") or fill.get("tid") is None:
            continue
        start, time_ms = _number(fill, "startPosition"), _time(fill)
        last_ms, end = ends.get((wallet, coin), (time_ms, start))
        if start != end:
            found.append(
                Gap(wallet=wallet, coin=coin, from_ms=last_ms, to_ms=time_ms, missing=start - end)
            )
        signed = _number(fill, "sz") if fill["side"] == "B" else -_number(fill, "sz")
        ends[wallet, coin] = (time_ms, start + signed)
    return found


def fee_usd(fee: Decimal, token: object, fill: Fill, prices: UsdPrices) -> Money:
    """Value a fee in USD; None where a price is missing."""
    coin = str(fill["coin"])
    if token is not None and prices.pairs.get(coin, ("",))[0] == token:
        # A fee taken in the token bought is worth what was just paid for that token.
        return _in_usd(fee * _number(fill, "px"), prices.quote_of(coin), fill, prices)
    return _in_usd(fee, None if token is None else str(token), fill, prices)


def day_of(fill: Fill) -> date:
    """Give the UTC day of a fill."""
    return datetime.fromtimestamp(_time(fill) // 1000, tz=UTC).date()


def _count(row: WalletDay, fill: Fill) -> None:
    direction, time_ms = str(fill.get("dir")), _time(fill)
    liquidation = cast("Fill", fill.get("liquidation") or {})
    row.fills += 1
    row.events += direction in EVENT_DIRECTIONS
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
    kind = kind_of(str(fill["coin"]))
    if fill.get("dir") not in VOLUME_DIRECTIONS:
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
    usd = _in_usd(_number(fill, "closedPnl"), prices.quote_of(coin), fill, prices)
    kind = kind_of(coin)
    if kind in ("core", "hip3"):
        row.gross_realised_pnl_usd = _plus(row.gross_realised_pnl_usd, usd)
    elif kind == "spot":
        row.spot_closed_pnl_usd = _plus(row.spot_closed_pnl_usd, usd)


def _add_fees(row: WalletDay, fill: Fill, prices: UsdPrices) -> None:
    if fill.get("fee") is None:
        row.fees_usd = None
        return
    fee, token = _number(fill, "fee"), fill.get("feeToken")
    if token is not None or fee:
        name = NO_TOKEN if token is None else str(token)
        row.fees[name] = row.fees.get(name, Decimal(0)) + fee
    if fill.get("builderFee") is not None:
        name = NO_TOKEN if token is None else str(token)
        amount = _number(fill, "builderFee")
        row.builder_fees[name] = row.builder_fees.get(name, Decimal(0)) + amount
    row.fees_usd = _plus(row.fees_usd, fee_usd(fee, token, fill, prices))


def _group_day(day: date, legs: list[tuple[str, Fill]], prices: UsdPrices) -> GroupDay:
    row = GroupDay(day=day, dau=len({wallet for wallet, _ in legs}))
    trades: defaultdict[tuple[object, ...], dict[str, Money]] = defaultdict(dict)
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
        buys, sells = sides.get("B", Decimal(0)), sides.get("A", Decimal(0))
        if buys is None or sells is None:
            row.unique_usd = row.internal_usd = None
        else:
            row.unique_usd = _plus(row.unique_usd, max(buys, sells))
            row.internal_usd = _plus(row.internal_usd, min(buys, sells))
    if row.dau and row.legs_usd is not None:
        row.average_usd = row.legs_usd / row.dau
    return row


def _has_volume(fill: Fill) -> bool:
    return fill.get("dir") not in EVENT_DIRECTIONS


def _notional_usd(fill: Fill, prices: UsdPrices) -> Money:
    notional = _number(fill, "px") * _number(fill, "sz")
    return _in_usd(notional, prices.quote_of(str(fill["coin"])), fill, prices)


def _in_usd(amount: Decimal, token: str | None, fill: Fill, prices: UsdPrices) -> Money:
    if not amount:
        return Decimal(0)  # nothing is worth nothing, whatever the price
    price = prices.price(token, _time(fill))
    return None if price is None else amount * price


def _plus(total: Money, amount: Money) -> Money:
    return None if total is None or amount is None else total + amount


def _number(fill: Fill, name: str) -> Decimal:
    return Decimal(str(fill[name]))


def _time(fill: Fill) -> int:
    return int(str(fill["time"]))
