"""`smart-money --once` beside another worker: one line that says why, and what to do."""

from datetime import UTC, datetime

import pytest

from hypertally.cli.smart_money import report
from hypertally.errors import TryLater


def test_a_minute_of_another_worker_is_one_line_with_a_remedy() -> None:
    with pytest.raises(TryLater) as later:
        report(datetime(2026, 3, 1, 12, 10, tzinfo=UTC), None, as_json=False)
    line = str(later.value)
    assert "\n" not in line
    assert "another worker is recording 2026-03-01 12:10: run the command again in a minute" in line
