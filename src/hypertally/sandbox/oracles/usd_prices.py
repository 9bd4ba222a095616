"""The USD value of amounts in any token, and the numbers of a fill row.

A pair's price is the open of the hour's candle, so a value depends on the time of its fill.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

Fill = Mapping[str, object]
Rows = Iterable[tuple[str, Fill]]  # wallet, row


@dataclass(frozen=True, slots=True, kw_only=True)
class UsdPrices:
    """The sources of USD values: spot pairs, the collateral of dexs, and hourly open prices."""

    pairs: Mapping[str, tuple[str, str]]  # spot coin -> (base token, quote token)
    collateral: Mapping[str, str]  # dex -> token
    open_at: Callable[[str, int], Decimal | None]  # (spot coin, any ms of the hour) -> open

    def quote_of(self, coin: str) -> str | None:
        """Return the token a coin is priced in; None for an unknown market."""
        match market_kind(coin):
            case "spot":
                return self.pairs[coin][1] if coin in self.pairs else None
            case "hip3":
                return self.collateral.get(coin.split(":", maxsplit=1)[0])
            case "outcome":
                return "USDH"
            case "core":
                return "USDC"
            case _:
                return None

    def price(self, token: str | None, time_ms: int) -> Decimal | None:
        """Return the USD price of a token: USDC costs 1, other tokens have a pair against USDC."""
        if token == "USDC":  # noqa: S105 - a currency
            return Decimal(1)
        pair = next((coin for coin, tokens in self.pairs.items() if tokens == (token, "USDC")), "")
        return self.open_at(pair, time_ms) if pair else None


def market_kind(coin: str) -> str:
    """Return the kind of a coin's market, from its name alone."""
    mark, number_part = coin[:1], coin[1:]
    if mark in ("@", "#"):
        is_number = number_part.isascii() and number_part.isdigit()
        return ("spot" if mark == "@" else "outcome") if is_number else "other"
    if not mark.isalnum():
        return "other"
    if coin == "PURR/USDC":
        return "spot"
    return "hip3" if ":" in coin else "core"


def fee_usd(fee: Decimal, token: object, fill: Fill, *, prices: UsdPrices) -> Decimal | None:
    """Value a fee in USD; None where a price is missing."""
    coin = str(fill["coin"])
    if token is not None and prices.pairs.get(coin, ("",))[0] == token:
        # A fee in the bought token has the price of the fill itself.
        return in_usd(fee * number(fill, "px"), prices.quote_of(coin), fill, prices=prices)
    return in_usd(fee, None if token is None else str(token), fill, prices=prices)


def in_usd(amount: Decimal, token: str | None, fill: Fill, *, prices: UsdPrices) -> Decimal | None:
    """Value an amount of a token at the time of a fill; None where a price is missing."""
    if not amount:
        return Decimal(0)  # zero needs no price
    price = prices.price(token, time_ms_of(fill))
    return None if price is None else amount * price


def number(row: Fill, name: str) -> Decimal:
    """Return a number of a row."""
    return Decimal(str(row[name]))


def time_ms_of(fill: Fill) -> int:
    """Return the time of a row in milliseconds."""
    return int(str(fill["time"]))
