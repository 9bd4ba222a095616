"""The markets of the sandbox: tokens, spot pairs, perp dexs, outcome coins, and their names.

The positions of tokens and pairs in their lists differ from `index`, as on the real exchange.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

OUTCOME_PERIOD_MS = 10 * 24 * 3_600_000  # a question is settled after ten days
OUTCOME_FIRST = 12


class MarketKind(StrEnum):
    """The kind of a market."""

    CORE = "core"
    HIP3 = "hip3"
    SPOT = "spot"
    OUTCOME = "outcome"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One row of spotMeta.tokens."""

    name: str
    index: int
    size_decimals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """One tradable coin."""

    coin: str
    kind: MarketKind
    walk: str  # the name of its price walk, which several markets may share
    size_decimals: int
    weight: int  # its relative share of the orders
    quote: str = "USDC"
    base: str = ""  # token received on a spot buy
    dex: str = ""
    max_leverage: int = 10

    @property
    def is_perp(self) -> bool:
        """Whether wallets hold positions in it; in other markets they hold balances."""
        return self.kind in (MarketKind.CORE, MarketKind.HIP3)

    @property
    def price_decimals(self) -> int:
        """The most decimals of a price: 6 for perps, 8 for spot, less the size's."""
        return (6 if self.is_perp else 8) - self.size_decimals


TOKENS = (
    Token(name="USDC", index=0, size_decimals=8),
    Token(name="PURR", index=1, size_decimals=0),
    Token(name="HYPE", index=150, size_decimals=2),
    Token(name="UBTC", index=197, size_decimals=5),
    Token(name="USDT0", index=268, size_decimals=2),
    Token(name="USDH", index=360, size_decimals=2),
    Token(name="FEUSD", index=381, size_decimals=2),  # has no pair against USDC
)
TOKEN_BY_NAME = {token.name: token for token in TOKENS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One row of spotMeta.universe."""

    name: str
    index: int
    base: str
    quote: str
    walk: str


PAIRS = (
    Pair(name="PURR/USDC", index=0, base="PURR", quote="USDC", walk="PURR"),
    Pair(name="@107", index=107, base="HYPE", quote="USDC", walk="HYPE"),
    Pair(name="@142", index=142, base="UBTC", quote="USDC", walk="BTC"),
    Pair(name="@166", index=166, base="USDT0", quote="USDC", walk="USDT0"),
    Pair(name="@230", index=230, base="USDH", quote="USDC", walk="USDH"),
    Pair(name="@232", index=232, base="HYPE", quote="USDH", walk="HYPE"),
    Pair(name="@241", index=241, base="HYPE", quote="FEUSD", walk="HYPE"),
)
UNPRICED_COIN = "@241"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dex:
    """A builder's perp dex and its collateral token."""

    name: str
    full_name: str
    collateral: str


DEXS = (
    Dex(name="xyz", full_name="XYZ", collateral="USDC"),
    Dex(name="flx", full_name="Felix Exchange", collateral="USDH"),
)
DEX_BY_NAME = {dex.name: dex for dex in DEXS}


def _core(coin: str, size_decimals: int, weight: int, leverage: int) -> Market:
    return Market(
        coin=coin,
        kind=MarketKind.CORE,
        walk=coin,
        size_decimals=size_decimals,
        weight=weight,
        max_leverage=leverage,
    )


def _hip3(coin: str, size_decimals: int, weight: int) -> Market:
    dex = DEX_BY_NAME[coin.partition(":")[0]]
    return Market(
        coin=coin,
        kind=MarketKind.HIP3,
        walk=coin,
        size_decimals=size_decimals,
        weight=weight,
        quote=dex.collateral,
        dex=dex.name,
    )


def _spot(pair: Pair, weight: int) -> Market:
    return Market(
        coin=pair.name,
        kind=MarketKind.SPOT,
        walk=pair.walk,
        size_decimals=TOKEN_BY_NAME[pair.base].size_decimals,
        weight=weight,
        quote=pair.quote,
        base=pair.base,
    )


PERPS = (
    _core("BTC", 5, 22, 40),
    _core("ETH", 4, 16, 25),
    _core("SOL", 2, 11, 20),
    _core("HYPE", 2, 11, 10),
    _core("kPEPE", 0, 6, 10),
    _core("SUI", 1, 5, 10),
    _hip3("xyz:TSLA", 3, 5),
    _hip3("xyz:XYZ100", 4, 4),
    _hip3("flx:CRCL", 2, 4),
)
SPOT_WEIGHTS = {"PURR/USDC": 4, "@107": 6, "@142": 4, "@166": 0, "@230": 1, "@232": 3, "@241": 0}
SPOTS = tuple(_spot(pair, SPOT_WEIGHTS[pair.name]) for pair in PAIRS)
OUTCOME_WEIGHT = 3

#: walk -> (first price, largest hourly move in hundredths of a percent)
WALKS: dict[str, tuple[Decimal, int]] = {
    "BTC": (Decimal(98_000), 60),
    "ETH": (Decimal(3_150), 80),
    "SOL": (Decimal(142), 100),
    "HYPE": (Decimal("38.5"), 120),
    "kPEPE": (Decimal("0.0062"), 150),
    "SUI": (Decimal("1.82"), 130),
    "xyz:TSLA": (Decimal(402), 70),
    "xyz:XYZ100": (Decimal(24_800), 40),
    "flx:CRCL": (Decimal("71.4"), 120),
    "PURR": (Decimal("0.1132"), 150),
    "USDT0": (Decimal("0.9996"), 1),
    "USDH": (Decimal("0.9994"), 1),
    "OUTCOME": (Decimal("0.47"), 250),
}


def outcome_coins(at_ms: int) -> tuple[str, str]:
    """Return the yes and the no coin of the question that is open at a time."""
    first = 10 * (OUTCOME_FIRST + at_ms // OUTCOME_PERIOD_MS % 1_000)
    return f"#{first}", f"#{first + 1}"


def outcome_market(coin: str) -> Market:
    """Describe an outcome coin, open or settled."""
    return Market(
        coin=coin,
        kind=MarketKind.OUTCOME,
        walk="OUTCOME" if coin.endswith("0") else "OUTCOME:no",
        size_decimals=0,
        weight=OUTCOME_WEIGHT,
        quote="USDH",
        base="USDH",
    )


def find_market(coin: str) -> Market | None:
    """Find a market by its coin; upper and lower case differ."""
    if coin.startswith("#") and coin[1:].isdigit():
        return outcome_market(coin)
    return next((market for market in (*PERPS, *SPOTS) if market.coin == coin), None)
