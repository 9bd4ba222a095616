"""The JSON that describes the markets: tokens, spot pairs, and the perps of each dex."""

from hashlib import sha256

from hypertally.sandbox.population.markets import (
    DEX_BY_NAME,
    DEXS,
    PAIRS,
    PERPS,
    TOKEN_BY_NAME,
    TOKENS,
    Token,
)

Json = dict[str, object]


def spot_meta() -> Json:
    """Describe tokens and pairs; a position in either list is not the index."""
    pairs = [
        {
            "tokens": [TOKEN_BY_NAME[pair.base].index, TOKEN_BY_NAME[pair.quote].index],
            "name": pair.name,
            "index": pair.index,
            "isCanonical": pair.index == 0,
        }
        for pair in PAIRS
    ]
    return {"universe": pairs, "tokens": [_token_row(token) for token in TOKENS]}


def _token_row(token: Token) -> Json:
    return {
        "name": token.name,
        "szDecimals": token.size_decimals,
        "weiDecimals": 8,
        "index": token.index,
        "tokenId": "0x" + sha256(token.name.encode()).hexdigest()[:32],
        "isCanonical": token.index <= 1,
        "evmContract": None,
        "fullName": None,
        "deployerTradingFeeShare": "0.0",
    }


def dex_meta(dex: str) -> Json:
    """Describe the perp markets of one dex."""
    collateral = DEX_BY_NAME[dex].collateral if dex else "USDC"
    universe = [
        {
            "szDecimals": market.size_decimals,
            "name": market.coin,
            "maxLeverage": market.max_leverage,
            "marginTableId": market.max_leverage,
        }
        for market in PERPS
        if market.dex == dex
    ]
    return {
        "universe": universe,
        "marginTables": [],
        "collateralToken": TOKEN_BY_NAME[collateral].index,
    }


def perp_dexs() -> list[Json | None]:
    """Describe the dexs of builders; the exchange's own dex is null."""
    dexs: list[Json | None] = [
        {
            "name": dex.name,
            "fullName": dex.full_name,
            "deployer": "0x" + sha256(dex.name.encode()).hexdigest()[:40],
            "oracleUpdater": None,
            "feeRecipient": None,
            "assetToStreamingOiCap": [],
        }
        for dex in DEXS
    ]
    return [None, *dexs]
