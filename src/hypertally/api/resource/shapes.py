"""The shapes of the answers, for the description: the database writes them, a test compares."""

from typing import Annotated, Any, Literal, TypeAlias, cast

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from hypertally.api.http.answer_names import BESIDE

Amount: TypeAlias = Annotated[
    str,
    WithJsonSchema({"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$"}),
    Field(description="decimal"),
]
Time: TypeAlias = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
Day: TypeAlias = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
Wallet: TypeAlias = Annotated[
    str, WithJsonSchema({"type": "string", "pattern": "^0x[0-9a-f]{40}$"})
]
ByToken: TypeAlias = dict[str, Amount]


class Shape(BaseModel):
    """An object with these fields, all present, and no other; names may stand beside a wallet."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _pass_over_names(cls, fields: Any) -> Any:
        if not isinstance(fields, dict):
            return fields
        whole = cast("dict[str, Any]", fields)
        beside = {
            name for field in whole for name in BESIDE.get(field, ())
        } - cls.model_fields.keys()
        return {name: value for name, value in whole.items() if name not in beside}


class Session(Shape):
    """Who asks, and of which exchange the books are: mainnet, testnet, a made-up one's name."""

    user_id: str
    org: str
    role: Literal["viewer", "analyst", "admin"]
    exchange: str | None
    server_time: Time


class Unpriced(Shape):
    """Why a USD figure is null."""

    token: str
    reason: str
    fills: int


class Interval(Shape):
    """What is known of a USD figure that is null."""

    known_part: Annotated[Amount, Field(alias="known")]
    lower: Amount | None
    upper: Amount | None
    unpriced: dict[str, Amount | None]


Intervals: TypeAlias = dict[str, Interval]


class Volumes(Shape):
    """Volumes in USD; perp is core and HIP-3, hip3 the part of it."""

    spot_volume_usd: Amount | None
    perp_volume_usd: Amount | None
    hip3_volume_usd: Amount | None
    outcome_volume_usd: Amount | None
    other_volume_usd: Amount | None
    taker_volume_usd: Amount | None
    maker_volume_usd: Amount | None


class DayFigures(Volumes):
    """What the days of a wallet and of an org share."""

    day: Day
    fills: int | None
    events: int | None
    forced_fills: int | None
    volumes: dict[str, ByToken] | None
    gross_realised_pnl_usd: Amount | None
    spot_closed_pnl_usd: Amount | None
    outcome_closed_pnl_usd: Amount | None
    fees: ByToken | None
    fees_usd: Amount | None
    builder_fees: ByToken | None
    builder_fees_usd: Amount | None
    coins: int | None
    first_fill_at: Time | None
    last_fill_at: Time | None
    unpriced: list[Unpriced]
    intervals: Intervals
    closed: bool
    completeness: Amount
    definition: str | None
    digest: str | None
    reference_digest: str | None
    restated: int


class WalletDay(DayFigures):
    """A wallet's day; `reasons`: the kinds of what lowers its completeness."""

    reasons: list[str]


class GlobalDay(DayFigures):
    """An org's day."""

    partial: bool
    wallets: int
    dau: int | None
    legs_volume_usd: Amount | None
    unique_volume_usd: Amount | None
    internal_volume_usd: Amount | None
    average_volume_per_user_usd: Amount | None


class WalletTotals(Volumes):
    """Sums over days; null where one of the days is null."""

    from_: Annotated[Day | None, Field(alias="from")]
    to: Day | None
    days: int
    days_unknown: int
    fills: int | None
    events: int | None
    legs_volume_usd: Amount | None
    gross_realised_pnl_usd: Amount | None
    fees_usd: Amount | None
    builder_fees_usd: Amount | None
    completeness: Amount | None
    intervals: Intervals


class TotalsOfWallet(WalletTotals):
    """Sums over a wallet's days."""

    days_active: int


class Totals(WalletTotals):
    """Sums over an org's days."""

    dau_average: Amount | None
    unique_volume_usd: Amount | None
    internal_volume_usd: Amount | None


class Summary(Shape):
    """The org at a glance."""

    org: str
    as_of: Time | None
    tracked_wallets: int
    wallets_behind: int
    proven_until: Time | None
    today: GlobalDay | None
    previous: GlobalDay | None
    ranges: dict[str, Totals]


class Progress(Shape):
    """How far the first pulls of the wallets added last are; zeros: none is waited for."""

    wallets: int
    read: int
    failing: int
    rows: int
    began_at: Time | None
    seconds_left: int | None


class GlobalDays(Shape):
    """Calendar days, oldest first, and their sum."""

    range: str | None
    from_: Annotated[Day, Field(alias="from")]
    to: Day
    partial: bool
    as_of: Time | None
    total: Totals
    days: list[GlobalDay]


class TrackedWallet(Shape):
    """A wallet in the list of them; `label`: what the org calls it."""

    wallet: Wallet
    label: str | None
    tags: list[str]
    groups: list[str]
    note: str | None
    from_day: Day | None
    to_day: Day | None
    first_fill_at: Time | None
    last_fill_at: Time | None
    days_active: int
    proven_until: Time | None


class Coin(Shape):
    """A coin as fills write it; `coin_name`: the pair of a spot coin."""

    coin: str
    coin_name: str | None


class Coins(Shape):
    """Coins that a search found."""

    coins: list[Coin]


class Wallets(Shape):
    """A page of wallets, and how many there are on all pages."""

    wallets: list[TrackedWallet]
    total: int
    next: str | None


class WalletRecord(Shape):
    """How complete a wallet's record is."""

    proven_until: Time | None
    pulled_at: Time | None
    history_begins_at: Time | None
    completeness: Amount | None
    gaps: int
    conflicts: int
    rejects: int
    last_error: str | None


class Gap(Shape):
    """Where a record is known to be incomplete; `from` is null where nothing before is known."""

    coin: str
    kind: str
    from_: Annotated[Time | None, Field(alias="from")]
    to: Time
    missing_size_coin: Amount | None


class WalletGap(Gap):
    """A gap in the record of one of several wallets."""

    wallet: Wallet


class WholeWallet(Shape):
    """One wallet."""

    wallet: Wallet
    label: str | None
    tags: list[str]
    groups: list[str]
    note: str | None
    from_day: Day | None
    to_day: Day | None
    first_fill_at: Time | None
    last_fill_at: Time | None
    days_active: int
    fills: int | None
    as_of: Time | None
    totals: TotalsOfWallet
    record: WalletRecord
    gaps: list[Gap]


class WalletDays(Shape):
    """Days of a wallet, newest first, and their sum."""

    wallet: Wallet
    from_: Annotated[Day | None, Field(alias="from")]
    to: Day | None
    as_of: Time | None
    total: TotalsOfWallet
    days: list[WalletDay]
    next: str | None


class Liquidation(Shape):
    """Whose position a fill closed by force, and how."""

    liquidated_user: Wallet | None
    mark_px: Amount | None
    method: str | None


class Fill(Shape):
    """One leg of a trade, with all the exchange said of it."""

    time: Time
    coin: str
    side: Literal["A", "B"]
    px: Amount
    sz: Amount
    notional: Amount
    start_position: Amount
    dir: str
    closed_pnl: Amount
    crossed: bool
    fee: Amount | None
    fee_token: str | None
    builder_fee: Amount | None
    deployer_fee: Amount | None
    oid: int
    tid: int | None
    hash: str
    cloid: str | None
    twap_id: int | None
    liquidation: Liquidation | None
    extra: Any
    ordinal: int
    page_id: int
    ingested_at: Time
    fingerprint: Amount


class Fills(Shape):
    """A page of fills, newest first."""

    wallet: Wallet
    fills: list[Fill]
    next: str | None


class Definition(Shape):
    """A version of a metric's definition."""

    id: str
    version: int
    words: str
    sql: str


class WalletInput(Shape):
    """A wallet's part in an org's day."""

    wallet: Wallet
    fills: int
    volume_usd: Amount | None
    digest: str


class FillInputs(Shape):
    """The fills a wallet's day is made of."""

    count: int
    digest: str
    reference_digest: str | None
    fills: list[Fill]
    next: str | None


class WalletInputs(Shape):
    """The wallets an org's day is made of."""

    count: int
    digest: str
    reference_digest: str | None
    wallets: list[WalletInput]
    next: str | None


class Subtotal(Shape):
    """A part of the day; null where the parts are not kept apart."""

    kind: str
    fills: int | None
    volume: ByToken
    volume_usd: Amount | None
    taker_volume_usd: Amount | None
    maker_volume_usd: Amount | None
    closed_pnl: Amount | None
    fees: ByToken | None


class CoinSubtotal(Subtotal):
    """A coin's part of a wallet's day."""

    coin: str


class Restatement(Shape):
    """A published number that moved: field -> [old, new]."""

    restated_at: Time
    cause: str
    changes: dict[str, Annotated[list[Any], Field(min_length=2, max_length=2)]]


class DayReason(Shape):
    """Why a day is not complete: time that is not known, or rows that do not count."""

    kind: str
    from_: Annotated[Time | None, Field(alias="from")]
    to: Time | None
    ms: int | None
    rows: int | None
    wallets: int | None
    words: str


class RejectedRow(Shape):
    """A fill of the day that could not be read."""

    wallet: Wallet
    from_: Annotated[Time, Field(alias="from")]
    to: Time
    source: str
    reason: str
    page_id: int
    payload: str


class ConflictingRow(Shape):
    """A fill of the day that the exchange gave with another content later."""

    wallet: Wallet
    time: Time
    coin: str
    side: Literal["A", "B"]
    oid: int
    tid: int | None
    first_page_id: int
    page_id: int
    row: Any


class Explanation(Shape):
    """What both kinds of explanation share."""

    metric: str
    definition: Definition | None
    gaps: list[WalletGap]
    completeness: Amount | None
    reasons: list[DayReason]
    rejects: list[RejectedRow]
    conflicts: list[ConflictingRow]
    unpriced: list[Unpriced]
    computed_at: Time | None
    restatements: list[Restatement]


class WalletDayKey(Shape):
    """Which wallet's day."""

    wallet: Wallet
    day: Day


class WalletDayExplanation(Explanation):
    """Why a wallet's day is what it is; `value` is null for a day without fills."""

    key: WalletDayKey
    value: WalletDay | None
    inputs: FillInputs
    subtotals: list[CoinSubtotal]


class GlobalDayKey(Shape):
    """Which org's day."""

    org: str
    day: Day


class GlobalDayExplanation(Explanation):
    """Why an org's day is what it is."""

    key: GlobalDayKey
    value: GlobalDay
    inputs: WalletInputs
    subtotals: list[Subtotal]
