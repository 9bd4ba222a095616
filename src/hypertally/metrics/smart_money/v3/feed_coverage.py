"""Coverage of the feed: the one number that health, mask, alerts and signals speak of.

It is the share of the watched wallets that were observed in the 120 seconds before a time. What is
wrong with one asset, an anomaly or a minute that is held back, is no matter of the feed: it lowers
the completeness of that asset's signal. After two minutes without a success it is 0: signals say
so, and the age of the last success says how far the feed can be trusted. Health is judged by that
age and by the coverage of the last minute that saw anything, so that an outage is not called stale
before its ten minutes are over.
"""

from datetime import datetime
from decimal import Decimal

from hypertally.metrics.smart_money.formulas.feed_health import NONE_SEEN
from hypertally.metrics.smart_money.formulas.score_arithmetic import ratio
from hypertally.metrics.smart_money.formulas.v3.period_ends import MINUTE
from hypertally.metrics.smart_money.formulas.v3.thresholds import OBSERVED_WITHIN
from hypertally.metrics.smart_money.v3.ends import read_universes
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_row
from hypertally.store.queries import load

QUERIES = load(__file__)


class Feed(Record, frozen=True, kw_only=True):
    """The feed of snapshots at a time."""

    success_at: datetime | None  # the newest minute in which wallets answered
    # As of the newest minute that saw anything, 0 to 1; None: no wallet was watched, or none ever
    # answered.
    coverage: Decimal | None
    coverage_now: Decimal | None  # of the 120 seconds before the time itself


class _Success(Record, frozen=True, kw_only=True):
    success_at: datetime | None


class _Observed(Record, frozen=True, kw_only=True):
    wallets: int


async def read_feed(connection: Connection, at: datetime) -> Feed:
    """The newest success up to a minute, and the coverage as of the minute."""
    success = await read_row(connection, QUERIES["read_success"], {"at": at}, shape=_Success)
    success_at = success.success_at
    if success_at is None:
        return Feed(success_at=None, coverage=None, coverage_now=None)
    is_recent = at - success_at < OBSERVED_WITHIN
    until = at if is_recent else success_at + MINUTE
    universe = (await read_universes(connection, [until])).get(until)
    if universe is None or not universe.wallets:
        return Feed(success_at=success_at, coverage=None, coverage_now=None)
    bound = {
        "wallet_ids": sorted(universe.wallets),
        "after": until - OBSERVED_WITHIN,
        "until": until,
    }
    observed = await read_row(connection, QUERIES["count_observed"], bound, shape=_Observed)
    coverage = ratio(observed.wallets, len(universe.wallets))
    return Feed(
        success_at=success_at,
        coverage=coverage,
        coverage_now=coverage if is_recent else NONE_SEEN,
    )
