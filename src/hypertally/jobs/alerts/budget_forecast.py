"""The forecast of how old records will become within the allowance: `budget_infeasible`."""

from datetime import datetime, timedelta
from decimal import Decimal

from hypertally.jobs.alerts.state_machine import Evaluation
from hypertally.records import Record
from hypertally.sources.weights import BASE_WEIGHT, LIGHT_WEIGHT
from hypertally.store.postgres import Connection, read_row
from hypertally.store.queries import load

QUERIES = load(__file__)

MINUTE = timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Need(Record, frozen=True, kw_only=True):
    """A class of requests: how often each of its wallets is due, and how late it may be."""

    name: str
    field: str  # of `Demand`: how many wallets
    pace: timedelta
    target: timedelta
    once: bool = False  # each wallet is asked for once, not again and again


# In the order in which they are served. Wallets are hot that traded within the hour, warm within
# the day, else cold; the same words hold for the second readings of those that traded in the day.
NEEDS = (
    Need(name="first pulls", field="first", pace=MINUTE, target=DAY, once=True),
    Need(name="hot wallets", field="hot", pace=MINUTE, target=timedelta(minutes=5)),
    Need(name="running TWAPs", field="running_twaps", pace=MINUTE, target=timedelta(minutes=5)),
    Need(name="warm wallets", field="warm", pace=15 * MINUTE, target=30 * MINUTE),
    Need(name="TWAPs of the last day", field="recent_twaps", pace=15 * MINUTE, target=30 * MINUTE),
    Need(name="cold wallets", field="cold", pace=HOUR, target=2 * HOUR),
    Need(name="older TWAPs", field="older_twaps", pace=DAY, target=2 * DAY),
    Need(name="second readings", field="read_again", pace=61 * MINUTE, target=2 * HOUR),
)
POSITIONS = Need(name="positions", field="watched", pace=MINUTE, target=MINUTE)


class Demand(Record, frozen=True, kw_only=True):
    """What must fit into the allowance: wallets of each class."""

    hot: int
    warm: int
    cold: int
    kept: int  # weight a minute that pulls leave to snapshots
    first: int = 0  # never pulled yet
    running_twaps: int = 0
    recent_twaps: int = 0
    older_twaps: int = 0
    watched: int = 0  # wallets whose positions are recorded each minute

    @property
    def read_again(self) -> int:
        """Wallets whose fills are read a second time within hours."""
        return self.hot + self.warm


class Forecast(Record, frozen=True, kw_only=True):
    """How often the wallets of a class will be asked for."""

    name: str
    wallets: int
    target: timedelta
    lag: timedelta | None  # None: never, those before it take everything
    once: bool = False

    @property
    def fits(self) -> bool:
        """Whether a record never gets older than its target."""
        return self.wallets == 0 or (self.lag is not None and self.lag <= self.target)


def forecast(demand: Demand, *, weight_per_minute: int) -> list[Forecast]:
    """The lag of each class, in order of service: what one leaves is what the next ones get.

    A look is counted as one without new fills, so a forecast that does not fit is certain. First
    pulls pass by: they are counted for themselves alone.
    """
    # Without a share of their own, positions have what all have.
    share = min(weight_per_minute, demand.kept or weight_per_minute)
    forecasts = [_forecast(POSITIONS, demand, left=Decimal(share), weight=LIGHT_WEIGHT)]
    left = Decimal(max(0, weight_per_minute - demand.kept))
    for need in NEEDS:
        each = _forecast(need, demand, left=left, weight=BASE_WEIGHT)
        forecasts.append(each)
        if not need.once:
            left = max(Decimal(0), left - _weight_per_minute(need, each.wallets, BASE_WEIGHT))
    return forecasts


def _forecast(need: Need, demand: Demand, *, left: Decimal, weight: int) -> Forecast:
    wallets: int = getattr(demand, need.field)
    round_weight = Decimal(wallets * weight)
    lag: timedelta | None
    if not need.once and _weight_per_minute(need, wallets, weight) <= left:
        lag = need.pace
    elif left:
        lag = MINUTE * int((round_weight / left).to_integral_value("ROUND_CEILING"))
    else:
        lag = None
    return Forecast(name=need.name, wallets=wallets, target=need.target, lag=lag, once=need.once)


def _weight_per_minute(need: Need, wallets: int, weight: int) -> Decimal:
    return Decimal(wallets * weight) / (need.pace // MINUTE)


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
        f"{each.name} {_lag_text(each.lag, each)}, the target is {_lag_text(each.target, each)}"
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
            **{each.name: _lag_text(each.lag, each) for each in forecasts if each.wallets},
        },
    )


def _lag_text(lag: timedelta | None, forecast: Forecast) -> str:
    if lag is None:
        return "never"
    return f"{'within' if forecast.once else 'every'} {lag // MINUTE} min"
