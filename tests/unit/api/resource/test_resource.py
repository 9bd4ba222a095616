"""Parameters as they are written in the address of a question."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from hypertally.api.activity.fills import FillKey, FillsParameters
from hypertally.api.http.problems import Problem
from hypertally.api.resource.paging import read_cursor, write_cursor
from hypertally.api.resource.parameters import Address
from hypertally.api.resource.time_range import Day, DayOrTime

INT64 = st.integers(-(2**63), 2**63 - 1)


@given(
    st.builds(
        FillKey,
        at=st.datetimes(timezones=st.just(UTC)),
        coin=st.text("ABC@:/#", min_size=1, max_size=20),
        oid=INT64,
        tid=INT64,
        side=st.sampled_from("AB"),
        ordinal=st.integers(0, 2000),
        fingerprint=INT64,
    )
)
def test_a_cursor_names_the_place_it_was_written_for(key: FillKey) -> None:
    cursor = write_cursor(key)
    assert read_cursor(cursor, shape=FillKey) == key
    FillsParameters(cursor=cursor)


@given(st.text(max_size=60))
def test_any_other_word_is_refused_never_failed_on(word: str) -> None:
    with pytest.raises(Problem) as caught:
        read_cursor(word, shape=FillKey)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "word", ["", "0x", "0x12", "ab" * 20, "0x" + "g" * 40, "0x" + "a" * 41, "0x" + "a" * 40 + "\n"]
)
def test_what_is_no_address_is_refused(word: str) -> None:
    with pytest.raises(ValidationError, match="an address is 0x and 40 hexadecimal digits"):
        TypeAdapter(Address).validate_python(word)


@pytest.mark.parametrize("word", ["20260101", "2026-1-1", "2026-02-30", "1767225600", "", "today"])
def test_what_is_no_day_is_refused(word: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Day).validate_python(word)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("2026-01-02", date(2026, 1, 2)),
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.678Z", datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)),
        ("2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05+02:00", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)),
    ],
)
def test_a_bound_is_a_day_or_a_time_in_utc(word: str, meant: date | datetime) -> None:
    assert TypeAdapter(DayOrTime).validate_python(word) == meant
