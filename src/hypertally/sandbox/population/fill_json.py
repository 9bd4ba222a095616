"""Fill rows as the JSON bytes that the exchange sends."""

from dataclasses import dataclass
from decimal import Decimal

from hypertally.sandbox.population.decimals import decimal_text
from hypertally.sandbox.population.positions import FillEffect

ZERO_HASH = "0x" + "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Liquidation:
    """The liquidation object in the rows of both sides of a forced trade."""

    liquidated_user: str
    mark_price: Decimal
    method: str

    def to_json(self) -> str:
        """Write the object as JSON."""
        return (
            f'{{"liquidatedUser":"{self.liquidated_user}",'
            f'"markPx":"{decimal_text(self.mark_price)}","method":"{self.method}"}}'
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """The fields that both legs of a trade share."""

    coin: str
    price: Decimal
    size: Decimal
    time_ms: int
    hash: str
    tid: int
    liquidation: Liquidation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """The fields of one side of a trade."""

    buys: bool
    crossed: bool
    effect: FillEffect
    direction: str
    oid: int
    fee: Decimal
    fee_token: str
    builder_fee: Decimal | None = None
    deployer_fee: Decimal | None = None
    cloid: str | None = None
    twap_id: int | None = None
    unknown_field: str | None = None


def encode_fill(trade: Trade, leg: Leg) -> bytes:
    """Write one fill row, its fields in the exchange's order."""
    parts = [
        f'{{"coin":"{trade.coin}","px":"{decimal_text(trade.price)}","sz":"{decimal_text(trade.size)}"',
        f',"side":"{"B" if leg.buys else "A"}","time":{trade.time_ms}',
        f',"startPosition":"{decimal_text(leg.effect.start)}","dir":"{leg.direction}"',
        f',"closedPnl":"{decimal_text(leg.effect.closed_pnl)}","hash":"{trade.hash}","oid":{leg.oid}',
        f',"crossed":{"true" if leg.crossed else "false"},"fee":"{decimal_text(leg.fee)}"',
    ]
    if leg.builder_fee is not None:
        parts.append(f',"builderFee":"{decimal_text(leg.builder_fee)}"')
    parts.append(f',"tid":{trade.tid}')
    if leg.cloid is not None:
        parts.append(f',"cloid":"{leg.cloid}"')
    if trade.liquidation is not None:
        parts.append(f',"liquidation":{trade.liquidation.to_json()}')
    if leg.deployer_fee is not None:
        parts.append(f',"deployerFee":"{decimal_text(leg.deployer_fee)}"')
    if leg.unknown_field is not None:
        parts.append(f',"settlementRoute":"{leg.unknown_field}"')
    twap = "null" if leg.twap_id is None else leg.twap_id
    parts.append(f',"feeToken":"{leg.fee_token}","twapId":{twap}}}')
    return "".join(parts).encode()
