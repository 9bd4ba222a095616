"""The shapes of the answers about what smart money's signals rest on, and what became of them."""

from typing import Annotated, Literal

from pydantic import Field

from hypertally.api.resource.shapes import Amount, Day, Shape, Time, Wallet
from hypertally.api.smart_money.shapes import Bias, Horizon, NotShown, Version
from hypertally.records import Asset


class UniverseRun(Shape):
    """An attempt to choose a universe."""

    id: int
    taken_at: Time
    source: Literal["leaderboard", "fallback", "own_facts"]
    status: Literal["chosen", "kept_old", "failed"]
    page_id: int | None
    rows_seen: int
    rows_valid: int
    members: int
    churn: Amount | None
    error_text: str | None
    definition: str
    digest: str


class Member(Shape):
    """A wallet that is watched."""

    rank: int
    wallet: Wallet
    pnl_30d: Amount
    volume_30d: Amount | None


class Universe(Shape):
    """The wallets that were watched at a time, and who was passed over for which reason."""

    at: Time
    run: UniverseRun
    members: list[Member]
    not_shown: NotShown | None
    entered: list[Wallet]
    exited: list[Wallet]
    entered_not_shown: int
    exited_not_shown: int
    excluded: dict[str, int]


class MovingRun(UniverseRun):
    """An attempt, and what it changed."""

    entered: list[Wallet]
    exited: list[Wallet]
    entered_not_shown: int
    exited_not_shown: int
    excluded: dict[str, int]


class UniverseRuns(Shape):
    """A page of attempts, newest first."""

    runs: list[MovingRun]
    next: str | None


class Held(Shape):
    """What the wallets held together at a minute; `net_coin` null: none was seen."""

    minute: Time
    long: int
    short: int
    flat: int
    missing: int
    net_coin: Amount | None


class Snapshots(Shape):
    """The minutes of [from, to), oldest first."""

    asset: Asset
    from_: Annotated[Time, Field(alias="from")]
    to: Time
    minutes: list[Held]
    sealed: list[Day]


class MinuteRun(Shape):
    """How a minute was recorded."""

    status: Literal["success", "partial", "failed"]
    started_at: Time
    duration_ms: int
    wallets: int
    wallets_ok: int
    wallets_failed: int
    rows_written: int
    coverage: Amount
    universe_run_id: int | None
    error_text: str | None


class Snapshot(Shape):
    """What a wallet held; `missing` says why `szi` is null."""

    wallet: Wallet
    szi: Amount | None
    missing: str | None
    entry_px: Amount | None
    position_value: Amount | None
    unrealized_pnl: Amount | None
    leverage: Amount | None
    account_value: Amount | None
    observed_at: Time | None
    fingerprint: Amount


class MinuteSnapshots(Shape):
    """A page of a minute's rows, by address."""

    asset: Asset
    minute: Time
    run: MinuteRun
    wallets: list[Snapshot]
    sealed: list[Day]
    not_shown: NotShown | None
    next: str | None


class HitRate(Shape):
    """How often a band's side was right: of `n_apart` that do not overlap, of `n` in all."""

    asset: Asset
    band: Literal["strong_long", "long", "neutral", "short", "strong_short"]
    n: int
    n_apart: int
    hits: int | None
    rate: Amount | None
    lower: Amount | None
    upper: Amount | None
    unknown: str | None


class Outcome(Shape):
    """What became of one signal; `unknown` says why there is no return."""

    at: Time
    asset: Asset
    band: Literal["strong_long", "long", "neutral", "short", "strong_short"] | None
    bias: Bias
    mark_before: Amount | None
    mark_after: Amount | None
    return_: Annotated[Amount | None, Field(alias="return")]
    hit: bool | None
    unknown: str | None


class Outcomes(Shape):
    """Hit rates after a horizon with their Wilson intervals, and the 50 newest outcomes."""

    asset: Asset | None
    definition: Version
    signal_horizon: Horizon
    horizon: Literal["5m", "15m", "1h", "4h", "24h"]
    horizon_minutes: int
    rates: list[HitRate]
    outcomes: list[Outcome]
