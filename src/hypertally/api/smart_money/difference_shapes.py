"""The shapes of the answer about where the two versions of smart money differ."""

from typing import Annotated, Literal

from pydantic import Field

from hypertally.api.resource.shapes import Amount, Shape, Time
from hypertally.api.smart_money.shapes import Bias, Risk
from hypertally.records import Asset

Band = Literal["strong_long", "long", "neutral", "short", "strong_short"]


class Pair(Shape):
    """What the first version said and what the second, and in how many periods; null: unknown."""

    first: str | None
    second: str | None
    periods: int


class ScoreDifference(Shape):
    """How far a score's two versions lie apart in the periods where both know one."""

    periods: int
    mean_difference: Amount | None
    largest_difference: Amount | None
    first_alone: int
    second_alone: int


class ScoreDifferences(Shape):
    """Of each score; `first_alone`: the earlier version has a number, the later has none."""

    cas: ScoreDifference
    dispersion: ScoreDifference
    ecs: ScoreDifference


class AssetDifferences(Shape):
    """An asset's periods that both versions have."""

    asset: Asset
    periods: int
    locked: int
    same_playbook: int
    same_band: int
    playbooks: list[Pair]
    bands: list[Pair]
    scores: ScoreDifferences


class Told(Shape):
    """What one version says of a period."""

    cas: Amount | None
    dispersion: Amount | None
    ecs: Amount | None
    trend: Literal["rising", "falling", "flat"] | None
    band: Band | None
    bias: Bias
    risk: Risk
    rule: str


class Cause(Shape):
    """Why a period differs, and what of it."""

    cause: str
    moves: list[Literal["band", "playbook"]]
    words: str


class DifferingPeriod(Shape):
    """A period whose band or playbook differs."""

    at: Time
    asset: Asset
    first: Told
    second: Told
    causes: list[Cause]
    because: str


class Differences(Shape):
    """Where the versions differ in [from, to): counted, and each period, newest first."""

    asset: Asset | None
    from_: Annotated[Time, Field(alias="from")]
    to: Time
    earlier: Literal["smart_money/1", "smart_money/2"]
    later: Literal["smart_money/2", "smart_money/3"]
    summary: list[AssetDifferences]
    periods: list[DifferingPeriod]
    next: str | None
