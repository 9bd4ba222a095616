"""Thresholds that the third version adds; it shares all others with the second."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType

from hypertally.metrics.smart_money.formulas.thresholds import PERIOD

# An end of a period is the newest observed snapshot that is younger than this.
OBSERVED_WITHIN = timedelta(seconds=120)

# A minute is held back when more than this share of an asset's holders, and at least so many
# wallets, are seen flat together.
VANISHED_SHARE_ABOVE = Decimal("0.2")
VANISHED_MIN = 10
HOLDER_SEEN_WITHIN = timedelta(hours=1)  # a holder's last position before the minute

# The trend compares with the last three known CAS of this time.
TREND_WITHIN = timedelta(minutes=30)

# High dispersion needs so many active wallets, or the percentile of those of seven days before.
STAND_OFF_MIN = 20
STAND_OFF_PERCENTILE = 75
STAND_OFF_PERIODS_MIN = 500

# The horizons of a signal: the time before it whose moves it is made of.
WINDOWS: Mapping[str, timedelta] = MappingProxyType(
    {
        "5m": PERIOD,
        "15m": timedelta(minutes=15),
        "1h": timedelta(hours=1),
        "4h": timedelta(hours=4),
    }
)
