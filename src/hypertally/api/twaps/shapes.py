"""The shapes of the answers about TWAPs; see shapes.py."""

from typing import Annotated, Any, Literal

from pydantic import Field

from hypertally.api.resource.shapes import (
    Amount,
    ByToken,
    Definition,
    Restatement,
    Shape,
    Time,
    Wallet,
    WalletGap,
)


class Amounts(Shape):
    """A size in the coin and a notional in its quote token."""

    size: Amount | None
    notional: Amount | None


class Executed(Amounts):
    """What was executed, what says so, and why it is null."""

    fees: ByToken | None
    fees_usd: Amount | None
    slices: int | None
    source: Literal["slices", "some slices", "status"] | None  # some: at least so much
    unknown: str | None


class FinalStatus(Amounts):
    """A final status of a TWAP that another one disagrees with."""

    status: str
    source: str  # the object that says so, or twapHistory


class Twap(Shape):
    """A TWAP order; `unknown` says of each null field why it is."""

    twap_id: str
    wallet: Wallet
    asset: str
    side: Literal["A", "B"]
    status: str | None
    duration_minutes: int | None
    latest_ts: Time
    executed: Executed
    raw: Any
    started_at: Time
    ends_at: Time | None
    ended_at: Time | None
    last_slice_at: Time | None
    size_requested: Amount | None
    status_totals: Amounts
    total: Executed
    vwap: Amount | None
    progress: Amount | None
    elapsed_share: Amount | None
    schedule_lag: Amount | None
    slices_expected: int | None
    slices_missed: int | None
    arrival_price: Amount | None
    arrival_basis: str | None
    arrival_slippage_bps: Amount | None
    market_vwap: Amount | None
    market_slippage_bps: Amount | None
    residual: Amounts
    completeness: Amount | None
    known_by: Literal["statuses", "slices"]
    is_above_requested: bool
    conflicts: list[FinalStatus]
    unknown: dict[str, str]
    definition: str
    digest: str


class Twaps(Shape):
    """A page of TWAPs, newest start first; `executed` is what each did in [start, end)."""

    wallet: Wallet | None
    start: Time
    end: Time
    as_of: Time
    twaps: list[Twap]
    next: str | None


class TwapStatus(Shape):
    """What became of a TWAP, as a source said it."""

    ts: Time
    event_at: Time | None
    status: str
    wallet: Wallet
    asset: str
    side: Literal["A", "B"]
    size_requested: Amount
    size_executed: Amount | None
    notional_executed: Amount | None
    duration_minutes: int
    s3_object_key: str | None
    inserted_at: Time
    raw: Any


class TwapChoice(Shape):
    """One of several TWAPs with the same number: `wallet` names it."""

    wallet: Wallet
    asset: str
    side: Literal["A", "B"]
    status: str | None
    started_at: Time


class WholeTwap(Shape):
    """A TWAP over its whole life, and its statuses.

    Where several wallets have a TWAP of the number, `choices` lists them, `twap` is null, and the
    statuses are of all of them.
    """

    twap_id: str
    twap: Twap | None
    choices: list[TwapChoice]
    rows: list[TwapStatus]


class Slice(Shape):
    """One order of a TWAP that traded, and its fills together."""

    at: Time
    oid: int
    size: Amount
    notional: Amount
    price: Amount | None
    fees: ByToken
    fees_usd: Amount | None
    fills: int


class Slices(Shape):
    """A page of slices, oldest first."""

    twap_id: str
    slices: list[Slice]
    next: str | None


class SizeAhead(Shape):
    """How much is still to come at a moment."""

    at: Time
    net_size_left: Amount


class CoinPressure(Shape):
    """What the TWAPs that run in a coin have still to buy and to sell."""

    asset: str
    running: int
    buy_size_left: Amount
    sell_size_left: Amount
    net_size_left: Amount
    price_usd: Amount | None
    price_source: str | None
    net_usd_left: Amount | None
    observed: int
    last_ends_at: Time
    forecast: list[SizeAhead]
    unknown: dict[str, str]


class RunningTwap(Shape):
    """A TWAP that runs, and what it has still to do."""

    twap_id: str
    wallet: Wallet
    asset: str
    side: Literal["A", "B"]
    started_at: Time
    ends_at: Time
    size_requested: Amount
    size_left: Amount
    basis: Literal["slices", "schedule"]
    completes_at: Time | None


class Pressure(Shape):
    """The TWAPs that run at a moment, by coin; by name the 200 that end first."""

    as_of: Time
    statuses_known_until: Time | None
    coins: list[CoinPressure]
    running: list[RunningTwap]


class SummedTwaps(Shape):
    """TWAPs of one wallet or coin; each sum says how many of them it covers."""

    twaps: int
    finished: int
    terminated: int
    failed: int
    running: int
    end_unknown: int
    executed_notional: Amount | None
    executed_notional_known: int
    fees_usd: Amount | None
    fees_usd_known: int


class WalletTwaps(SummedTwaps):
    """TWAPs of one wallet."""

    wallet: Wallet


class AssetTwaps(SummedTwaps):
    """TWAPs of one coin."""

    asset: str


class TwapsSummary(Shape):
    """TWAPs whose life touches [start, end), summed by wallet or by coin."""

    by: Literal["wallet", "asset"]
    start: Time
    end: Time
    rows: list[WalletTwaps | AssetTwaps]
    next: str | None


class TwapKey(Shape):
    """Which TWAP."""

    twap_id: str
    wallet: Wallet


class SliceFill(Shape):
    """A fill of a slice; its source is the exchange, or an object of an archive."""

    time: Time
    coin: str
    oid: int
    tid: int | None
    side: Literal["A", "B"]
    px: Amount
    sz: Amount
    notional: Amount
    fee: Amount | None
    fee_token: str | None
    source: str
    counts: bool


class TwapInputs(Shape):
    """The statuses, slices and fills a TWAP's figures are made of; count and digest of the fills.

    The fills are those of the slices listed.
    """

    count: int
    digest: str
    reference_digest: str | None
    statuses: list[TwapStatus]
    slices: list[Slice]
    fills: list[SliceFill]
    next: str | None


class SliceSubtotal(Shape):
    """The slices of one hour, or of one day where the TWAP took more than two."""

    from_: Annotated[Time, Field(alias="from")]
    slices: int
    fills: int
    size: Amount
    notional: Amount
    fees: ByToken
    fees_usd: Amount | None


class TwapExplanation(Shape):
    """Why a TWAP's figures are what they are."""

    metric: Literal["twaps", "twap_executions"]
    key: TwapKey
    definition: Definition | None
    value: Twap
    inputs: TwapInputs
    subtotals: list[SliceSubtotal]
    gaps: list[WalletGap]
    completeness: Amount | None
    computed_at: Time | None
    restatements: list[Restatement]
