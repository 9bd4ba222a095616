"""The shapes of a ranking: see resource/shapes.py."""

from typing import Annotated, ClassVar

from pydantic import Field

from hypertally.api.resource.shapes import (
    Amount,
    Day,
    Intervals,
    Shape,
    Time,
    Volumes,
    Wallet,
)


class Unranked(Shape):
    """Wallets left out of a ranking."""

    reason: str
    wallets: int


class WindowOfWallet(Volumes):
    """The figures of a wallet over the window of a ranking."""

    wallet: Wallet
    days_active: int
    fills: int
    volume_usd: Amount | None
    gross_realised_pnl_usd: Amount | None
    fees_usd: Amount | None
    coins_max: int
    last_fill_at: Time
    completeness: Amount
    intervals: Intervals


class RankedWallet(WindowOfWallet):
    """A place in a ranking."""

    in_order: ClassVar = (
        *("rank", "wallet", "value", "days_active", "fills"),
        *("spot_volume_usd", "perp_volume_usd", "hip3_volume_usd", "outcome_volume_usd"),
        *("other_volume_usd", "volume_usd", "taker_volume_usd", "maker_volume_usd"),
        *("gross_realised_pnl_usd", "fees_usd", "coins_max", "last_fill_at", "completeness"),
        "intervals",
    )
    rank: int
    value: Amount | int


class UnrankedWallet(WindowOfWallet):
    """A wallet whose figure lacks a price: its interval is in `intervals`."""

    rank: None
    value: None


class Ranking(Shape):
    """Wallets by one figure."""

    by: str
    window: str | None
    tag: str | None
    group: str | None
    from_: Annotated[Day, Field(alias="from")]
    to: Day
    partial: bool
    as_of: Time | None
    completeness: Amount
    eligible: int
    unranked: list[Unranked]
    wallets: list[RankedWallet]
    unpriced_wallets: list[UnrankedWallet]
    next: str | None
