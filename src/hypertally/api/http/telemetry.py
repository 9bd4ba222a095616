"""Telemetry for /metrics: counts and times of answers; nothing about a wallet."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

SECONDS_BUCKETS = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.02,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    5,
    10,
)


class Telemetry(Collector):
    """Counts of one process; plain integers, because the fastest path adds to them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self.answers: Counter[tuple[str, int]] = Counter()  # by route and status
        self.from_memory = 0
        self.computed = 0
        self.seconds = Histogram(
            "hypertally_api_seconds",
            "Time to compute an answer that was not in memory",
            ["route"],
            buckets=SECONDS_BUCKETS,
            registry=self.registry,
        )
        self.registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Give the counts in the form the Prometheus client writes."""
        answers = CounterMetricFamily(
            "hypertally_api_answers", "Answers", labels=["route", "status"]
        )
        for (route, status), count in sorted(self.answers.items()):
            answers.add_metric([route, str(status)], count)
        yield answers
        sources = CounterMetricFamily(
            "hypertally_api_finished",
            "Answers under /api by where they came from",
            labels=["from"],
        )
        sources.add_metric(["memory"], self.from_memory)
        sources.add_metric(["database"], self.computed)
        yield sources
