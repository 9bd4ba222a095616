"""`verify X` recomputes X and what X reads, and nothing else."""

import pytest

from hypertally.flow import METRICS
from hypertally.jobs.rebuild.rebuild import by_walk, choose
from hypertally.jobs.rebuild.verify import needed_by

NEEDED = {
    "fill_gaps": ["fill_gaps"],
    "wallet_day_metrics": ["fill_gaps", "wallet_day_metrics"],
    "global_day_metrics": ["fill_gaps", "wallet_day_metrics", "global_day_metrics"],
    "twaps": ["twap_slices", "twaps"],
    "twap_slices": ["twap_slices"],
    "twap_executions": ["twap_slices", "twaps", "twap_executions"],
    "signals": ["signals"],
}


def test_every_metric_is_in_the_table() -> None:
    assert NEEDED.keys() == {metric.name for metric in METRICS}


@pytest.mark.parametrize("name", NEEDED)
def test_what_a_metric_reads_is_computed_before_it(name: str) -> None:
    assert [metric.name for metric in needed_by(choose([name]))] == NEEDED[name]


def test_metrics_of_one_walk_are_computed_together() -> None:
    together = [[metric.name for metric in metrics] for _, metrics in by_walk(METRICS)]
    assert together == [
        ["fill_gaps", "wallet_day_metrics"],
        ["global_day_metrics"],
        ["twap_slices", "twaps", "twap_executions"],
        ["signals"],
    ]
