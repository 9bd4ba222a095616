"""The vocabulary: every row that crosses a layer, frozen, with units."""

from datetime import date, datetime
from typing import Any, Literal, TypeAlias, TypeGuard, get_args

import msgspec

TIME_MS_MAX = 253_402_300_799_999  # the end of year 9999
Asset: TypeAlias = Literal["HYPE", "BTC", "ETH"]  # whose positions are watched and scored
ASSETS: tuple[Asset, ...] = get_args(Asset)


JsonObject: TypeAlias = dict[str, Any]  # decoded JSON; decimals stay the strings they came as


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen row."""


def is_object(value: object) -> TypeGuard[JsonObject]:
    """Whether a value of decoded JSON is an object, whose names are always strings."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Whether a value of decoded JSON is an array."""
    return isinstance(value, list)


class Wallet(Record, frozen=True, kw_only=True):
    """tenancy.wallets."""

    id: int
    address: str  # 0x and 40 hex digits, lower case


class Answer(Record, frozen=True, kw_only=True):
    """One usable answer of the upstream."""

    request: dict[str, Any]
    source: str  # door and request type: info.userFillsByTime
    body: Any  # decoded JSON; decimals stay the strings they came as
    body_sha256: bytes
    asked_at: datetime  # UTC, before the request left
    weight: int  # what it cost of the upstream's allowance


class Fill(Record, frozen=True, kw_only=True):
    """facts.hl_fills_raw: one leg of a trade as one wallet saw it. Decimals are source strings."""

    time_ms: int
    coin: str
    side: str  # B buys, A sells
    px: str  # quote token per coin
    sz: str  # coin
    start_position: str  # coin, signed, before the fill
    dir: str
    closed_pnl: str  # quote token, gross of fees
    crossed: bool  # true: taker
    oid: int
    tid: int | None  # None: rows of 2023; 0: no counterparty
    hash: bytes
    fee: str | None  # fee_token, signed; contains builder_fee
    fee_token: str | None
    builder_fee: str | None
    deployer_fee: str | None
    twap_id: int | None
    cloid: bytes | None
    liquidated_user: bytes | None
    liquidation_mark_px: str | None
    liquidation_method: str | None
    extra: str | None  # JSON of every field without a column
    fingerprint: int  # signed 64 bit, of the canonical bytes
    ordinal: int  # place in the answer: the order inside a millisecond


class Reject(Record, frozen=True, kw_only=True):
    """facts.rejects: a row that could not be read."""

    payload: str
    reason: str
    ordinal: int


class LimitMet(Record, frozen=True, kw_only=True):
    """facts.limits_met: what the upstream showed it cannot give."""

    kind: str  # history_begins, millisecond_overflow, thin_answer
    from_ms: int
    to_ms: int
    reason: str


class ProvenPage(Record, frozen=True, kw_only=True):
    """One answer of a sweep with what it proves: [covers_from_ms, covers_to_ms] is complete."""

    answer: Answer
    rows: list[Any]  # as received
    covers_from_ms: int
    covers_to_ms: int
    limit: LimitMet | None = None


class Gap(Record, frozen=True, kw_only=True):
    """metrics.fill_gaps: where the record of a wallet is incomplete."""

    coin: str  # '': every coin
    kind: str
    from_at: datetime  # 1970: nothing is known before to_at
    to_at: datetime
    missing_size_coin: str | None  # signed; None where it cannot be known


class WalletDay(Record, frozen=True, kw_only=True):
    """Names one row of metrics.wallet_day_metrics."""

    wallet_id: int
    day: date


class OrgDay(Record, frozen=True, kw_only=True):
    """Names one row of metrics.global_day_metrics."""

    org_id: int  # 0: all tracked wallets
    day: date


class TwapKey(Record, frozen=True, kw_only=True):
    """Names one row of metrics.twaps."""

    twap_id: int
    wallet: str  # 0x and 40 hex digits, lower case
