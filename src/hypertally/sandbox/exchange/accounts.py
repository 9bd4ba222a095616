"""The answer to clearinghouseState: the account of one wallet."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from hypertally.sandbox.population.decimals import ZERO, decimal_text, rounded
from hypertally.sandbox.population.markets import Market
from hypertally.sandbox.population.positions import Position

LEVERAGE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPosition:
    """An open position and its mark price."""

    market: Market
    position: Position
    mark: Decimal

    @property
    def value(self) -> Decimal:
        """The unsigned value."""
        return abs(self.position.size) * self.mark


def clearinghouse_state(
    positions: Sequence[OpenPosition], *, cash: Decimal, now_ms: int
) -> dict[str, object]:
    """Describe an account by its open positions."""
    signed = sum((position.position.size * position.mark for position in positions), ZERO)
    total = sum((position.value for position in positions), ZERO)
    summary = {
        "accountValue": decimal_text(cash + signed),
        "totalNtlPos": decimal_text(total),
        "totalRawUsd": decimal_text(cash),
        "totalMarginUsed": decimal_text(total / LEVERAGE),
    }
    return {
        "marginSummary": summary,
        "crossMarginSummary": summary,
        "crossMaintenanceMarginUsed": decimal_text(total / LEVERAGE / 4),
        "withdrawable": decimal_text(max(cash + signed - total / LEVERAGE, ZERO)),
        "assetPositions": [_position_row(position) for position in positions],
        "time": now_ms,
    }


def _position_row(positions: OpenPosition) -> dict[str, object]:
    market, position = positions.market, positions.position
    gain = position.size * positions.mark - position.cost
    return {
        "type": "oneWay",
        "position": {
            "coin": market.coin,
            "szi": decimal_text(position.size),
            "leverage": {"type": "cross", "value": LEVERAGE},
            "entryPx": decimal_text(rounded(position.cost / position.size, market.price_decimals)),
            "positionValue": decimal_text(positions.value),
            "unrealizedPnl": decimal_text(gain),
            "returnOnEquity": decimal_text(rounded(gain * LEVERAGE / abs(position.cost), 10)),
            "liquidationPx": None,
            "marginUsed": decimal_text(positions.value / LEVERAGE),
            "maxLeverage": market.max_leverage,
            "cumFunding": {"allTime": "0.0", "sinceOpen": "0.0", "sinceChange": "0.0"},
        },
    }
