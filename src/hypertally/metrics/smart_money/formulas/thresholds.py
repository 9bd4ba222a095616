"""Thresholds: every number at which a smart money score, band or playbook changes, in one place.

A number here is part of a definition: to change one is to raise the definition's version.
Scores go from 0 to 100. `_FROM` and `_TO` include the number itself, `_ABOVE` and `_BELOW` do not.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

PERIOD = timedelta(minutes=5)  # a signal is of the wallets' moves in (t - PERIOD, t]


def is_period_end(minute: datetime) -> bool:
    """Whether a period ends with this minute; periods divide the hour."""
    return timedelta(minutes=minute.minute) % PERIOD == timedelta(0)


# A change or a position up to epsilon counts as none: in coin, by asset, and at least this share of
# the wallet's median position of the day before.
EPSILON_FLOORS = MappingProxyType(
    {"HYPE": Decimal("0.01"), "BTC": Decimal("0.0001"), "ETH": Decimal("0.001")}
)
EPSILON_SHARE = Decimal("0.02")

# CAS: bands, and how few wallets a consensus may be made of.
STRONG_LONG_FROM, LONG_FROM = Decimal(75), Decimal(60)
STRONG_SHORT_TO, SHORT_TO = Decimal(25), Decimal(40)
ACTING_MIN = 10  # wallets that took on more of a side
SHRINKAGE = 10  # k: wallets without an opinion that are added to those acting
COVERAGE_PERCENT_MIN = 90  # of the universe; below it there is no consensus
CAP_PERCENT = 95  # percentile of the adders' weights that no weight exceeds

# CAS trend: points of CAS above or below the mean of the periods before; edges are flat.
TREND_PERIODS = 3
TREND_DEAD_ZONE = Decimal(5)

# Dispersion levels.
DISPERSION_LOW_BELOW, DISPERSION_HIGH_FROM = Decimal(40), Decimal(60)
RATIO_MAX = Decimal(2)  # of a position's relative change, either way
ACTIVITY_WALLETS_MIN = 5

# Exits (ECS): levels, and what a High score needs besides its value.
EXITS_LOW_TO, EXITS_HIGH_ABOVE = Decimal(15), Decimal(25)
EXITS_HIGH_MIN = 10  # wallets that left
EXITS_HIGH_Z_MIN = 3  # standard deviations above the baseline
BASELINE_WINDOWS_MIN = 500  # of the 2,016 of seven days
# While exits are High, CAS is clamped to the neutral band and its edges.
CLAMP_ABOVE = EXITS_HIGH_ABOVE
CLAMP_LOW, CLAMP_HIGH = SHORT_TO, LONG_FROM

HERDING_WALLETS_MIN = 10

# Playbook, version 2: a side is entered and left at different CAS, and High ends below the level
# at which it begins.
HOLD_PERIODS = 2  # periods that a threshold holds, to enter, to calm down, to improve
ENTER_LONG, LEAVE_LONG = Decimal(62), Decimal(57)
ENTER_SHORT, LEAVE_SHORT = Decimal(38), Decimal(43)
DISPERSION_CALM_BELOW, EXITS_CALM_BELOW = Decimal(55), Decimal(20)

# Version 1: longs are capped while exits are High, and a falling trend matters above this CAS.
V1_CAP, V1_CAP_ABOVE = LONG_FROM, EXITS_HIGH_ABOVE
V1_TREND_RULE_ABOVE = LONG_FROM
V1_EXITS_LOW_BELOW = Decimal(16)  # as the published code has it; its text says 0 to 15
V1_MISSING_NORMAL, V1_MISSING_MAX = Decimal("0.10"), Decimal("0.25")  # shares of the wallets

# Health of the feed: the age of the last success, and the share of the wallets that it has.
HEALTHY_AGE, DEGRADED_AGE = timedelta(seconds=120), timedelta(seconds=600)
HEALTHY_COVERAGE, DEGRADED_COVERAGE = Decimal("0.95"), Decimal("0.80")
SIGNAL_COVERAGE = Decimal(COVERAGE_PERCENT_MIN) / 100
SNAPSHOT_AGE_MAX = timedelta(seconds=90)  # of the newest, at the time of a signal

# Anomalies of snapshots.
TOLERANCE = Decimal("0.02")
JUMP_TIMES = 10  # times the median change
FROZEN_AFTER = timedelta(minutes=30)

# Outcomes: when the mark is looked at again, and how few signals a hit rate may be made of.
HORIZONS: Mapping[str, timedelta] = MappingProxyType(
    {
        "5m": timedelta(minutes=5),
        "1h": timedelta(hours=1),
        "4h": timedelta(hours=4),
        "24h": timedelta(hours=24),
    }
)
RATED_MIN = 5
