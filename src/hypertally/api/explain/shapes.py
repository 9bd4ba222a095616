"""The shapes of explanations: see resource/shapes.py."""

from typing import Any, TypeAlias

from hypertally.api.resource.shapes import (
    Definition,
    GlobalDayExplanation,
    Restatement,
    Shape,
    Time,
    WalletDayExplanation,
)
from hypertally.api.smart_money.shapes import SignalExplanation
from hypertally.api.twaps.shapes import TwapExplanation


class MetricRows(Shape):
    """Rows of a metric by their key; `computed_at` is null where jobs do not note it."""

    metric: str
    key: dict[str, str]
    definition: Definition | None
    rows: list[dict[str, Any]]
    next: str | None
    computed_at: Time | None
    restatements: list[Restatement]


AnyExplanation: TypeAlias = (
    MetricRows | WalletDayExplanation | GlobalDayExplanation | TwapExplanation | SignalExplanation
)
