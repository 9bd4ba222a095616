"""The forecast of how old records will become within the allowance: `budget_infeasible`."""

from datetime import datetime, timedelta
from decimal import Decimal

from hypertally.jobs.alerts.state_machine import Evaluation
from hypertally.jobs.periodic import PACES
from hypertally.records import Record
from hypertally.sources.weights import BASE_WEIGHT
from hypertally.store.postgres import Connection, read_row
from hypertally.store.queries import load

QUERIES = load(__file__)

# How old a record may become: of wallets that traded within the hour, the day, longer ago.
CLASSES = ("hot", "warm", "cold")
TARGETS = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
MINUTE = timedelta(minutes=1)


class Demand(Record, frozen=True, kw_only=True):
    """What must fit into the allowance."""

    hot: int  # wallets
    warm: int
    cold: int
    kept: int  # weight a minute that pulls leave to snapshots


class Forecast(Record, frozen=True, kw_only=True):
    """How often wallets of a class will be pulled."""

    name: str
    wallets: int
    target: timedelta
    lag: timedelta | None  # None: never, those before it take everything

    @property
    def fits(self) -> bool:
        """Whether a record never gets older than its target."""
        return self.wallets == 0 or (self.lag is not None and self.lag <= self.target)


def forecast(demand: Demand, *, weight_per_minute: int) -> list[Forecast]:
    """The lag of each class, the busiest first: what those leave is what the next ones get.

    A look is counted as one without new fills, so a forecast that does not fit is certain.
    """
    left = Decimal(max(0, weight_per_minute - demand.kept))
    forecasts: list[Forecast] = []
    counts = (demand.hot, demand.warm, demand.cold)
    for name, wallets, target, pace in zip(CLASSES, counts, TARGETS, PACES, strict=True):
        wanted = wallets * BASE_WEIGHT * Decimal(60) / pace.seconds
        if wanted <= left:
            lag: timedelta | None = timedelta(seconds=pace.seconds)
        elif left:
            lag = MINUTE * int((wallets * BASE_WEIGHT / left).to_integral_value("ROUND_CEILING"))
        else:
            lag = None
        left = max(Decimal(0), left - wanted)
        forecasts.append(Forecast(name=name, wallets=wallets, target=target, lag=lag))
    return forecasts


async def read_budget(
    connection: Connection, at: datetime, *, weight_per_minute: int
) -> Evaluation:
    """Whether every tracked wallet can be looked at often enough: `budget_infeasible`."""
    demand = await read_row(connection, QUERIES["read_demand"], {"at": at}, shape=Demand)
    return budget(at, demand, weight_per_minute=weight_per_minute)


def budget(at: datetime, demand: Demand, *, weight_per_minute: int) -> Evaluation:
    """Whether the allowance covers a demand.

    Every org sees this alert: it must not say how many wallets the other orgs track.
    """
    forecasts = forecast(demand, weight_per_minute=weight_per_minute)
    late = [each for each in forecasts if not each.fits]
    reason = ", ".join(
        f"{each.name} wallets {_every(each.lag)}, the target is {_every(each.target)}"
        for each in late
    )
    return Evaluation(
        at=at,
        condition="holds" if late else "clears",
        reason=f"{weight_per_minute} weight a minute are not enough: {reason}"
        if late
        else f"{weight_per_minute} weight a minute are enough",
        figures={
            "weight_per_minute": weight_per_minute,
            **{each.name: _every(each.lag) for each in forecasts},
        },
    )


def _every(lag: timedelta | None) -> str:
    return "never" if lag is None else f"every {lag // MINUTE} min"
