"""A rule has one place: lists and numbers of smart money are not written a second time."""

import re
from pathlib import Path

import hypertally
from hypertally.metrics.smart_money.formulas import thresholds
from hypertally.records import ASSETS

SOURCES = Path(hypertally.__file__).parent
# The sandbox shares nothing with the program it tests; migrations and their sum never change; the
# page reads the assets from answers or has its own list.
ELSEWHERE = ("sandbox", "store/migrations", "store/schema.sql", "ui")
# All assets within one pair of brackets, quoted.
ASSET_LIST = re.compile(r"[\[({][^\])}]*" + r"[^\])}]*".join(f"['\"]{a}['\"]" for a in ASSETS))
PERIOD_WRITTEN = re.compile(r"timedelta\(minutes=5\)|interval '5 minutes'|timedelta\(seconds=300\)")
# A time as the exchange counts it, or a count as a time.
MILLISECONDS = re.compile(r"timedelta\(milliseconds=(?:1|\w*time_ms)\)|timestamp\(\)\)? \* 1_?000")
PLACES_OF_ASSETS = [
    "metrics/smart_money/signals.sql",  # list_moves, registered with its text
    "records.py",
]
PLACES_OF_PERIOD = [
    "clock.py",  # how far ahead of our clock the time of a fact may be
    "jobs/alerts/budget_forecast.py",  # of a wallet's polling, not of a signal
    "jobs/market/candles_and_mids.py",  # when an hour that an answer lacked is asked for again
    "metrics/activity/global_days.sql",  # the same, of a stored fill
    "metrics/activity/wallet_days.sql",
    "metrics/smart_money/formulas/thresholds.py",
    "metrics/smart_money/signals.sql",  # list_moves
]


def places(pattern: re.Pattern[str]) -> list[str]:
    files = [*SOURCES.rglob("*.py"), *SOURCES.rglob("*.sql")]
    names = {str(path.relative_to(SOURCES)): path for path in files}
    assert len(names) > 200
    return sorted(
        name
        for name, path in names.items()
        if not name.startswith(ELSEWHERE) and pattern.search(path.read_text(encoding="utf-8"))
    )


def test_the_assets_are_listed_once() -> None:
    assert places(ASSET_LIST) == PLACES_OF_ASSETS
    assert tuple(thresholds.EPSILON_FLOORS) == ASSETS


def test_the_period_of_a_signal_is_written_once() -> None:
    assert places(PERIOD_WRITTEN) == PLACES_OF_PERIOD


def test_times_are_counted_in_milliseconds_in_one_module() -> None:
    assert places(MILLISECONDS) == ["clock.py"]


def test_every_threshold_is_defined_in_one_module() -> None:
    names = [name for name in vars(thresholds) if name.isupper()]
    assigned = re.compile(rf"^(?:\w+, )*({'|'.join(names)})(?:, \w+)*(?:: [^=]+)? = ", re.MULTILINE)
    assert len(names) > 40
    assert [name for name in places(assigned) if "smart_money" in name or "alerts" in name] == [
        "metrics/smart_money/formulas/thresholds.py"
    ]


def test_object_stores_are_called_from_threads_of_python() -> None:
    # 37 of 600 processes that had used obstore's own threads were aborted as they ended.
    assert places(re.compile(r"\bobstore\b.*\bimport\b|^import obstore", re.MULTILINE)) == [
        "sources/object_store.py"
    ]
    assert places(re.compile(r"_store\.\w+_async\(|\.bytes_async\(|async for \w+ in answer")) == []
