"""The forecast of how old records will become within the allowance. Pure."""

from datetime import timedelta
from decimal import Decimal

from hypertally.jobs.periodic import PACES
from hypertally.records import Record
from hypertally.sources.weights import BASE_WEIGHT

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
