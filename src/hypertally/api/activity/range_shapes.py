"""The shapes of explanations of a range of days: see resource/shapes.py."""

from typing import Annotated

from pydantic import Field

from hypertally.api.resource.shapes import (
    Amount,
    Day,
    Definition,
    GlobalDay,
    Restatement,
    Shape,
    Time,
    Totals,
    TotalsOfWallet,
    Unpriced,
    Wallet,
    WalletDay,
    WalletGap,
)


class DayRestatement(Restatement):
    """A restatement of one of the days."""

    day: Day


class RangeExplanation(Shape):
    """What both kinds share; `definitions` are the versions that the days were computed with."""

    metric: str
    definition: Definition | None
    definitions: list[str]
    gaps: list[WalletGap]
    completeness: Amount | None
    unpriced: list[Unpriced]
    computed_at: Time | None
    restatements: list[DayRestatement]


class OrgRange(Shape):
    """Which days of the org."""

    org: str
    from_: Annotated[Day, Field(alias="from")]
    to: Day


class WalletRange(Shape):
    """Which days of which wallet."""

    wallet: Wallet
    from_: Annotated[Day | None, Field(alias="from")]
    to: Day | None


class GlobalDayInputs(Shape):
    """The days that are summed; the digest is of all their fills."""

    count: int
    digest: str
    days: list[GlobalDay]


class WalletDayInputs(Shape):
    """The days that are summed; the digest is of all their fills."""

    count: int
    digest: str
    days: list[WalletDay]


class GlobalRangeExplanation(RangeExplanation):
    """Why a total over the org's days is what it is."""

    key: OrgRange
    value: Totals
    inputs: GlobalDayInputs


class WalletRangeExplanation(RangeExplanation):
    """Why a total over a wallet's days is what it is."""

    key: WalletRange
    value: TotalsOfWallet
    inputs: WalletDayInputs
