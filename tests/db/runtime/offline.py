"""Resources of handlers that ask nothing of an exchange."""

from typing import Any

from hypertally.clock import Clock, system_clock
from hypertally.jobs.runtime.resources import Resources
from hypertally.jobs.runtime.shared_budget import SharedBudget
from hypertally.sources.info import InfoClient
from hypertally.store.postgres import Pool

NOWHERE = "http://127.0.0.1:9/info"  # nobody answers there


def offline(pool: Pool, *, clock: Clock = system_clock, **others: Any) -> Resources:
    """The resources of a worker whose exchange does not answer."""
    budget = SharedBudget(pool, upstream_host="test", weight_per_minute=1200)
    info = InfoClient(NOWHERE, budget=budget, clock=clock)
    return Resources(pool=pool, info=info, clock=clock, **others)
