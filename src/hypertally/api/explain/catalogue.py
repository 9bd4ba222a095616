"""What can be explained, by metric: for the path of any metric and for the command line.

Four metrics have an explanation of their own, with inputs and subtotals; every other metric has
the one of `metric_rows`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from hypertally.api.activity.explain import explain_global_day, explain_wallet_day
from hypertally.api.activity.explain_range import explain_global_range, explain_wallet_range
from hypertally.api.activity.global_days import GlobalParameters
from hypertally.api.explain.metric_rows import explain_rows, key_names, list_fields
from hypertally.api.http.options import KeyedMetric
from hypertally.api.identity.auth import Identity
from hypertally.api.resource.answers import not_found
from hypertally.api.resource.day_range import DayRangeParameters
from hypertally.api.resource.parameters import (
    AnyAddress,
    PageParameters,
    read_parameter,
    read_parameters,
)
from hypertally.api.resource.time_range import Day, UtcTime
from hypertally.api.smart_money.explain import explain_signal
from hypertally.api.smart_money.figures import NEWEST_DEFINITION, Definition
from hypertally.api.smart_money.signals import SignalKey
from hypertally.api.twaps.explain import explain_twap
from hypertally.api.twaps.orders import TwapNumber
from hypertally.records import Asset, Record
from hypertally.store.postgres import Connection

Content: TypeAlias = dict[str, Any]
Texts: TypeAlias = Mapping[str, str]  # parameters of a range of days, as a route takes them
Explain: TypeAlias = Callable[
    [Connection, Identity, Sequence[str], PageParameters], Awaitable[Content]
]
ExplainRange: TypeAlias = Callable[[Connection, Identity, Sequence[str], Texts], Awaitable[Content]]


class Explanation(Record, frozen=True, kw_only=True):
    """How a row of a metric is named, and what explains it, or the total of a range of days."""

    key: tuple[str, ...]
    required: int  # so many values of the key must be given
    explain: Explain
    explain_range: ExplainRange | None = None  # named by the key without the day

    def usage(self) -> str:
        """Return the key as a line of help: optional values in brackets."""
        optional = "".join(f" [{name}" for name in self.key[self.required :])
        return " ".join(self.key[: self.required]) + optional + "]" * optional.count("[")


async def _wallet_range(
    connection: Connection, _: Identity, key: Sequence[str], days: Texts
) -> Content:
    address = read_parameter("address", key[0], shape=AnyAddress)
    parameters = read_parameters(days, shape=DayRangeParameters)
    return await explain_wallet_range(connection, address, parameters)


async def _global_range(
    connection: Connection, caller: Identity, _: Sequence[str], days: Texts
) -> Content:
    parameters = read_parameters(days, shape=GlobalParameters)
    return await explain_global_range(connection, caller, parameters)


async def _wallet_day(
    connection: Connection, _: Identity, key: Sequence[str], page: PageParameters
) -> Content:
    address = read_parameter("address", key[0], shape=AnyAddress)
    day = read_parameter("day", key[1], shape=Day)
    return await explain_wallet_day(connection, address, day, page=page)


async def _global_day(
    connection: Connection, caller: Identity, key: Sequence[str], page: PageParameters
) -> Content:
    day = read_parameter("day", key[0], shape=Day)
    return await explain_global_day(connection, caller, day, page=page)


async def _twap(
    connection: Connection, _: Identity, key: Sequence[str], page: PageParameters
) -> Content:
    return await explain_twap(
        connection, read_parameter("twap_id", key[0], shape=TwapNumber), page=page
    )


async def _signal(
    connection: Connection, _: Identity, key: Sequence[str], page: PageParameters
) -> Content:
    definition = key[2] if len(key) > 2 else NEWEST_DEFINITION  # noqa: PLR2004 - the last of three
    signal = SignalKey(
        asset=read_parameter("asset", key[0], shape=Asset),
        at=read_parameter("at", key[1], shape=UtcTime),
        definition=read_parameter("definition", definition, shape=Definition),
    )
    return await explain_signal(connection, signal, page=page)


WITH_INPUTS: Final[Mapping[str, Explanation]] = {
    "wallet_day_metrics": Explanation(
        key=("ADDRESS", "DAY"), required=2, explain=_wallet_day, explain_range=_wallet_range
    ),
    "global_day_metrics": Explanation(
        key=("DAY",), required=1, explain=_global_day, explain_range=_global_range
    ),
    "twaps": Explanation(key=("TWAP_ID",), required=1, explain=_twap),
    "signals": Explanation(key=("ASSET", "AT", "DEFINITION"), required=2, explain=_signal),
}


def _by_key(metric: KeyedMetric) -> Explanation:
    async def explain(
        connection: Connection, caller: Identity, key: Sequence[str], page: PageParameters
    ) -> Content:
        return await explain_rows(connection, caller, metric, key=key, page=page)

    return Explanation(key=key_names(metric), required=1, explain=explain)


class Catalogue:
    """The explanations of the metrics that the program has."""

    def __init__(self, metrics: Sequence[KeyedMetric]) -> None:
        self._metrics = {metric.name: metric for metric in metrics}
        self.explanations = {metric.name: _by_key(metric) for metric in metrics} | WITH_INPUTS

    def find(self, metric: str, key: Sequence[str]) -> Explanation:
        """Return the explanation of a metric for a key of that many values.

        Errors: `Problem` 404 for an unknown metric, or a key that is too short or too long.
        """
        explanation = self.explanations.get(metric)
        if explanation is None:
            known = ", ".join(sorted(self.explanations))
            raise not_found(f"{metric!r} cannot be explained: there are {known}")
        given = all(key) and explanation.required <= len(key) <= len(explanation.key)
        if not given:
            shown = " ".join(key) or "nothing"
            raise not_found(f"{metric} is named by {explanation.usage()}, not by {shown}")
        return explanation

    async def explain(
        self,
        connection: Connection,
        caller: Identity,
        metric: str,
        *,
        key: Sequence[str],
        page: PageParameters,
    ) -> Content:
        """Return what `GET /api/v1/explain/{metric}/{key}` answers.

        Errors: `Problem` as `find`, 400 for a value that its part of the key cannot have, 404 for
        a row that does not exist or that the caller may not see.
        """
        return await self.find(metric, key).explain(connection, caller, key, page)

    async def list_fields(self, connection: Connection, metric: str) -> list[str]:
        """Return the fields of a row of a metric that is explained by its rows."""
        return await list_fields(connection, self._metrics[metric])

    def find_range(self, metric: str, key: Sequence[str]) -> ExplainRange:
        """Return what explains the total of a range of days for a key without the day.

        Errors: `Problem` 404 for a metric without such totals, or another key.
        """
        explanation = self.explanations.get(metric)
        if explanation is None or explanation.explain_range is None:
            metrics = (name for name, about in self.explanations.items() if about.explain_range)
            raise not_found(f"{metric!r} has no range of days: {', '.join(metrics)} have")
        named_by = explanation.key[: explanation.required - 1]
        if not all(key) or len(key) != len(named_by):
            shown, expected = " ".join(key) or "nothing", " ".join(named_by) or "nothing else"
            raise not_found(f"a range of {metric} is named by {expected}, not by {shown}")
        return explanation.explain_range

    async def explain_range(
        self,
        connection: Connection,
        caller: Identity,
        metric: str,
        *,
        key: Sequence[str],
        days: Texts,
    ) -> Content:
        """Return what `GET /api/v1/explain/{metric}[/{key}]?from=&to=&month=` answers.

        Errors: `Problem` as `find_range`, 400 for a range that makes no sense, 404 for a wallet
        that is not the org's.
        """
        return await self.find_range(metric, key)(connection, caller, key, days)
