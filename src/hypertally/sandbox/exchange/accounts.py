"""One wallet's answer to clearinghouseState."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from hypertally.sandbox.population.decimals import ZERO, rounded, text
from hypertally.sandbox.population.markets import Market
from hypertally.sandbox.population.positions import Position

LEVERAGE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An open position and the mark it is valued at."""

    market: Market
    position: Position
    mark: Decimal

    @property
    def value(self) -> Decimal:
        """Its worth, unsigned."""
        return abs(self.position.size) * self.mark


def account_state(held: Sequence[Held], *, cash: Decimal, now_ms: int) -> dict[str, object]:
    """Describe an account; flat positions are not listed."""
    signed = sum((one.position.size * one.mark for one in held), ZERO)
    total = sum((one.value for one in held), ZERO)
    summary = {
        "accountValue": text(cash + signed),
        "totalNtlPos": text(total),
        "totalRawUsd": text(cash),
        "totalMarginUsed": text(total / LEVERAGE),
    }
    return {
        "marginSummary": summary,
        "crossMarginSummary": summary,
        "crossMaintenanceMarginUsed": text(total / LEVERAGE / 4),
        "withdrawable": text(max(cash + signed - total / LEVERAGE, ZERO)),
        "assetPositions": [_position_row(one) for one in held],
        "time": now_ms,
    }


def _position_row(held: Held) -> dict[str, object]:
    market, position = held.market, held.position
    gain = position.size * held.mark - position.cost
    return {
        "type": "oneWay",
        "position": {
            "coin": market.coin,
            "szi": text(position.size),
            "leverage": {"type": "cross", "value": LEVERAGE},
            "entryPx": text(rounded(position.cost / position.size, market.price_decimals)),
            "positionValue": text(held.value),
            "unrealizedPnl": text(gain),
            "returnOnEquity": text(rounded(gain * LEVERAGE / abs(position.cost), 10)),
            "liquidationPx": None,
            "marginUsed": text(held.value / LEVERAGE),
            "maxLeverage": market.max_leverage,
            "cumFunding": {"allTime": "0.0", "sinceOpen": "0.0", "sinceChange": "0.0"},
        },
    }
