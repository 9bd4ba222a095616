"""The shapes of the answers about smart money; see shapes.py."""

from typing import Annotated, Any, Literal

from pydantic import Field

from hypertally.api.resource.shapes import (
    Amount,
    Day,
    Definition,
    Restatement,
    Shape,
    Time,
    Wallet,
)
from hypertally.records import Asset

Version = Literal["smart_money/1", "smart_money/2", "smart_money/3"]
Horizon = Literal["5m", "15m", "1h", "4h"]
Level = Literal["low", "medium", "high"]
Bias = Literal["Long", "Short", "No-trade"]
Risk = Literal["Normal", "Reduced", "Defensive"]
Health = Literal["healthy", "degraded", "stale"]


class Consensus(Shape):
    """CAS, how far it can be off, and its band.

    `shown` stands for the value on a screen: 50 where it is unknown as 80 to 90% answered.
    """

    value: Amount | None
    shown: Amount | None
    lower: Amount | None
    upper: Amount | None
    band: Literal["strong_long", "long", "neutral", "short", "strong_short"] | None


class Dispersion(Shape):
    """Disagreement, by wallets and by size; `activity_sd` is what version 1 called so.

    `no_consensus`: as large as High, among fewer than the `active_needed` wallets that make it so.
    """

    value: Amount | None
    size: Amount | None
    activity_sd: Amount | None
    band: Level | None
    active: int | None
    active_needed: int | None
    no_consensus: bool | None


class Exits(Shape):
    """Exits among the exposed, of all and by the side left; forced ones apart.

    Of the `left` wallets, the fills of `unexplained` are not known yet: they may have been forced.
    """

    left: int | None
    unexplained: int | None
    value: Amount | None
    long: Amount | None
    short: Amount | None
    forced: Amount | None
    z: Amount | None
    percentile: Amount | None
    band: Level | None
    significance: Literal["known", "not yet"] | None


class Herding(Shape):
    """A test of herding among n active wallets; sign 1: more buyers than in all coins together."""

    h: Amount | None
    sign: Literal[-1, 0, 1] | None
    n: int | None


class Missed(Shape):
    """The threshold next to being met, and what it would give."""

    input: str
    threshold: Amount
    distance: Amount
    bias: Bias
    risk: Risk


class Playbook(Shape):
    """What a signal calls for, and the rule that fired."""

    bias: Bias
    risk: Risk
    rule: str
    sentence: str | None
    nearest_miss: Missed | None
    unknown_inputs: dict[str, list[str]]
    add_exposure_long: bool | None
    add_exposure_short: bool | None
    tighten_stops_long: bool | None
    tighten_stops_short: bool | None


class Signal(Shape):
    """What the wallets did in the horizon before `at`; `unknown` says why a field is null."""

    at: Time
    asset: Asset
    definition: Version
    horizon: Horizon
    locked: str | None
    universe_run_id: int | None
    wallets: int
    observed: int
    exposed: int
    coverage: Amount
    epsilon: Amount
    cas: Consensus
    cas_usd: Amount | None
    participation: Amount | None
    trend: Literal["rising", "falling", "flat"] | None
    dispersion: Dispersion
    stock_disagreement: Amount | None
    ecs: Exits
    herding: Herding
    counts: dict[str, int]
    reach: dict[str, Any]
    playbook: Playbook
    mark_price: Amount | None
    unknown: dict[str, str]
    completeness: Amount
    digest: str


class First(Shape):
    """A signal of version 1 in short."""

    at: Time
    cas: Amount | None
    dispersion: Amount | None
    ecs: Amount | None
    bias: Bias
    risk: Risk
    rule: str


class FeedHealth(Shape):
    """How far the snapshots can be trusted now, and what follows."""

    state: Health
    last_success: Time | None
    age_seconds: int | None
    coverage: Amount | None
    reason: str
    effect: str


class Masked(Shape):
    """Why figures must not be acted on, and since when."""

    reason: str
    since: Time | None


class UniverseInShort(Shape):
    """The universe that is watched."""

    run_id: int
    taken_at: Time
    members: int
    churn: Amount | None
    source: Literal["leaderboard", "fallback", "own_facts"]


class Positioning(Shape):
    """What the wallets held at a minute: how many, how much, and how much the ten largest hold."""

    minute: Time
    long: int
    short: int
    flat: int
    missing: int
    long_coin: Amount | None
    short_coin: Amount | None
    net_coin: Amount | None
    net_usd: Amount | None
    top10_share: Amount | None


class PastHits(Shape):
    """How often the side of a signal's band was right after its horizon, of the 30 days before.

    Of `n_apart` signals that do not overlap, of `n` in all; `unknown` says why there is no rate.
    """

    band: str
    horizon: Horizon
    n: int
    n_apart: int
    hits: int | None
    rate: Amount | None
    lower: Amount | None
    upper: Amount | None
    unknown: str | None


class AssetNow(Shape):
    """One asset of the screen."""

    asset: Asset
    signal: Signal | None
    hit_rate: PastHits | None
    first: First | None
    positioning: Positioning | None
    mark_price: Amount | None
    mark_at: Time | None
    unknown: dict[str, str]


class SmartMoney(Shape):
    """The screen."""

    as_of: Time
    health: FeedHealth
    universe: UniverseInShort | None
    masked: Masked | None
    assets: list[AssetNow]


class AssetPlaybook(Playbook):
    """What an asset's newest signal at a time calls for."""

    asset: Asset
    at: Time
    locked: str | None


class Playbooks(Shape):
    """The playbook of each asset that has one; No-trade / Defensive while masked."""

    as_of: Time
    definition: Version
    horizon: Horizon
    masked: Masked | None
    playbooks: list[AssetPlaybook]


class Signals(Shape):
    """A page of signals in [from, to), oldest first."""

    asset: Asset
    definition: Version
    horizon: Horizon
    from_: Annotated[Time, Field(alias="from")]
    to: Time
    signals: list[Signal]
    next: str | None


class Effects(Shape):
    """Each score less what it would be without the wallet."""

    cas: Amount | None
    cas_usd: Amount | None
    dispersion: Amount | None
    dispersion_size: Amount | None
    ecs: Amount | None


class Contributor(Shape):
    """A wallet's part in a signal; `forced` null: its fills are unknown."""

    wallet: Wallet
    class_: Annotated[str, Field(alias="class")]
    before_coin: Amount | None
    now_coin: Amount | None
    delta_coin: Amount | None
    epsilon: Amount
    weight_coin: Amount | None
    delta_usd: Amount | None
    forced: bool | None
    before_age_seconds: int | None
    now_age_seconds: int | None
    effect: Effects


class NotShown(Shape):
    """How many wallets the caller may not see, and why."""

    wallets: int
    because: str


class WholeSignal(Shape):
    """A signal and a page of its contributors, the largest moves first."""

    signal: Signal
    hit_rate: PastHits | None
    contributors: list[Contributor]
    not_shown: NotShown | None
    next: str | None


class SignalKey(Shape):
    """Which signal."""

    asset: Asset
    at: Time
    definition: Version
    horizon: Horizon


class Anomaly(Shape):
    """A snapshot of the period that cannot be what it seems."""

    minute: Time
    wallet: Wallet
    kind: str
    known_at: Time
    dirties: bool
    detail: Any


class SignalInputs(Shape):
    """The snapshots a signal is made of, counted for the answer, and what is known against them."""

    count: int | None
    digest: str | None
    sealed: list[Day]
    minutes: list[Time]
    snapshots: list[str]
    universe_run_id: int | None
    anomalies: list[Anomaly]


class SignalExplanation(Shape):
    """Why a signal's scores are what they are; they are formed from `counts` and `exits`."""

    metric: Literal["signals"]
    key: SignalKey
    definition: Definition | None
    value: Signal
    inputs: SignalInputs
    counts: dict[str, int]
    exits: dict[str, Any]
    contributors: list[Contributor]
    not_shown: NotShown | None
    next: str | None
    completeness: Amount
    computed_at: Time | None
    restatements: list[Restatement]


class HealthSpan(Shape):
    """Successive judgements of one state, with the newest reason."""

    state: Health
    from_: Annotated[Time, Field(alias="from")]
    to: Time
    checks: int
    coverage_least: Amount | None
    reason: str


class Minutes(Shape):
    """How the minutes of the last 24 hours were recorded."""

    success: int
    partial: int
    failed: int
    unrecorded: int
    duration_ms_max: int | None


class HealthDay(Shape):
    """How far the snapshots can be trusted now, and the states of the last 24 hours."""

    as_of: Time
    health: FeedHealth
    masked: Masked | None
    states: list[HealthSpan]
    minutes: Minutes
