"""The requests that POST /info takes, and the weight of their answers."""

from typing import Annotated

import msgspec

Address = Annotated[str, msgspec.Meta(pattern=r"^0x[0-9a-fA-F]{40}$")]
Millis = Annotated[int, msgspec.Meta(ge=0)]

WEIGHT = 20
LIGHT_WEIGHT = 2
ROLE_WEIGHT = 60
LIGHT_TYPES = frozenset(
    (
        "l2Book",
        "allMids",
        "clearinghouseState",
        "orderStatus",
        "spotClearinghouseState",
        "exchangeStatus",
    )
)
TWENTY_ROW_TYPES = frozenset(
    (
        "recentTrades",
        "historicalOrders",
        "userFills",
        "userFillsByTime",
        "fundingHistory",
        "userFunding",
        "userNonFundingLedgerUpdates",
        "twapHistory",
        "userTwapSliceFills",
        "userTwapSliceFillsByTime",
        "delegatorHistory",
        "delegatorRewards",
        "validatorStats",
    )
)
CANDLE_ROWS = 60
LIST_ROWS = 20


class _Query(msgspec.Struct, tag_field="type", rename="camel", frozen=True):
    """Unknown fields are ignored, as the real exchange does."""


class UserFills(_Query, tag="userFills", frozen=True):
    """The newest fills of one wallet."""

    user: Address
    aggregate_by_time: bool | None = None


class UserFillsByTime(_Query, tag="userFillsByTime", frozen=True):
    """The fills of one wallet in a time range, both ends inclusive."""

    user: Address
    start_time: Millis
    end_time: Millis | None = None
    aggregate_by_time: bool | None = None
    reversed: bool | None = None


class UserTwapSliceFills(_Query, tag="userTwapSliceFills", frozen=True):
    """The newest slices of one wallet's TWAPs."""

    user: Address


class UserTwapSliceFillsByTime(_Query, tag="userTwapSliceFillsByTime", frozen=True):
    """The slices of one wallet's TWAPs in a time range, both ends inclusive."""

    user: Address
    start_time: Millis
    end_time: Millis | None = None
    reversed: bool | None = None


class TwapHistory(_Query, tag="twapHistory", frozen=True):
    """The statuses of one wallet's TWAPs."""

    user: Address


class SpotMeta(_Query, tag="spotMeta", frozen=True):
    """Tokens and spot pairs."""


class SpotMetaAndAssetCtxs(_Query, tag="spotMetaAndAssetCtxs", frozen=True):
    """Tokens and spot pairs, with the figures of the last day."""


class Meta(_Query, tag="meta", frozen=True):
    """Perp markets of one dex."""

    dex: str = ""


class MetaAndAssetCtxs(_Query, tag="metaAndAssetCtxs", frozen=True):
    """Perp markets of one dex, with the figures of the last day."""

    dex: str = ""


class PerpDexs(_Query, tag="perpDexs", frozen=True):
    """The perp dexs of builders."""


class AllMids(_Query, tag="allMids", frozen=True):
    """Mid prices of one dex; the first dex lists spot markets too."""

    dex: str = ""


class CandleRequest(msgspec.Struct, rename="camel", frozen=True):
    """The inner object of a candle request."""

    coin: str
    interval: str
    start_time: Millis
    end_time: Millis | None = None


class CandleSnapshot(_Query, tag="candleSnapshot", frozen=True):
    """Candles of one coin."""

    req: CandleRequest


class ClearinghouseState(_Query, tag="clearinghouseState", frozen=True):
    """Positions of one wallet in one dex."""

    user: Address
    dex: str = ""


FillsQuery = UserFills | UserFillsByTime
SlicesQuery = UserTwapSliceFills | UserTwapSliceFillsByTime
RowsQuery = FillsQuery | SlicesQuery | TwapHistory  # answered from the rows of one wallet
MarketQuery = (
    SpotMeta
    | SpotMetaAndAssetCtxs
    | Meta
    | MetaAndAssetCtxs
    | PerpDexs
    | AllMids
    | CandleSnapshot
    | ClearinghouseState
)
KnownQuery = RowsQuery | MarketQuery


class _Typed(msgspec.Struct, frozen=True):
    type: str


_known: msgspec.json.Decoder[KnownQuery] = msgspec.json.Decoder(KnownQuery)
_rows: msgspec.json.Decoder[RowsQuery] = msgspec.json.Decoder(RowsQuery)
_typed = msgspec.json.Decoder(_Typed)


def decode_query(body: bytes) -> KnownQuery | None:
    """Read a request; None for one that the real exchange answers with status 422."""
    try:
        return _known.decode(body)
    except msgspec.DecodeError:
        return None


def decode_rows_query(body: bytes) -> RowsQuery | None:
    """Read a request for rows of a wallet; None for any other request."""
    try:
        return _rows.decode(body)
    except msgspec.DecodeError:
        return None


def query_type(body: bytes) -> str:
    """Return the type of a request for the counters; `malformed` without one."""
    try:
        return _typed.decode(body).type
    except msgspec.DecodeError:
        return "malformed"


def weight_of(type_name: str, rows: int) -> int:
    """Return the weight of an answer; a started block of rows counts as a whole one."""
    if type_name in LIGHT_TYPES:
        return LIGHT_WEIGHT
    if type_name == "userRole":
        return ROLE_WEIGHT
    if type_name == "candleSnapshot":
        return WEIGHT - (-rows // CANDLE_ROWS)
    if type_name in TWENTY_ROW_TYPES:
        return WEIGHT - (-rows // LIST_ROWS)
    return WEIGHT
