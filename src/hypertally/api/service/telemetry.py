"""`/metrics`: the counts of this process, and what the TWAP source has brought and cost."""

import asyncio
from collections.abc import Iterator
from typing import Final

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from prometheus_client.registry import Collector

from hypertally.api.http.telemetry import Telemetry
from hypertally.api.resource.twap_source import SourceTotals, read_source_totals
from hypertally.errors import TryLater
from hypertally.store.postgres import Pool, transaction

router = APIRouter(include_in_schema=False)

DATABASE_SECONDS_MAX: Final = 3  # Prometheus gives up after ten


class TwapSourceGauges(Collector):
    """The totals of the ingest log as gauges: they are read anew each time."""

    def __init__(self, totals: SourceTotals) -> None:
        self._totals = totals

    def collect(self) -> Iterator[Metric]:
        """Give the totals in the form the Prometheus client writes."""
        totals = self._totals
        yield _labelled(
            "hypertally_twap_source_objects", "Objects of the TWAP source", "state",
            {"read": totals.objects, "failed": totals.failed, "skipped": totals.skipped},
        )  # fmt: skip
        yield _labelled(
            "hypertally_twap_source_rows", "Rows of the TWAP source", "kind",
            {
                "new": totals.rows_new,
                "repeated": totals.rows_repeated,
                "rejected": totals.rows_rejected,
            },
        )  # fmt: skip
        yield GaugeMetricFamily(
            "hypertally_twap_source_bytes", "Bytes fetched", value=float(totals.bytes_read)
        )
        yield GaugeMetricFamily(
            "hypertally_twap_source_cost_usd",
            "Requests and transfer at list prices, so far",
            value=float(totals.cost_usd),
        )
        if totals.last_read_at is not None:
            yield GaugeMetricFamily(
                "hypertally_twap_source_last_read_timestamp_seconds",
                "When an object was last read to its end",
                value=totals.last_read_at.timestamp(),
            )


def _labelled(name: str, words: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family


@router.get("/metrics")
async def get_metrics(request: Request) -> Response:
    """Show the counts of this process and of the TWAP source to Prometheus."""
    telemetry: Telemetry = request.app.state.telemetry
    content = generate_latest(telemetry.registry)
    totals = await _read_totals(request.app.state.pool)
    if totals is not None:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(TwapSourceGauges(totals))
        content += generate_latest(registry)
    return Response(content, media_type=CONTENT_TYPE_PLAIN_1_0_0)


async def _read_totals(pool: Pool) -> SourceTotals | None:
    """Return the totals; None where the database does not answer: the other counts still count."""
    try:
        async with asyncio.timeout(DATABASE_SECONDS_MAX), transaction(pool) as connection:
            return await read_source_totals(connection, "statuses")
    except (TryLater, TimeoutError):
        return None
