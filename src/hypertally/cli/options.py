"""Options that several commands have."""

from datetime import UTC, date, datetime, time, timedelta

import click

from hypertally.errors import Refused

day_type = click.DateTime(formats=["%Y-%m-%d"])
org_option = click.option(
    "--org", default="default", show_default=True, help="The org to read or change."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, a row a line.")


def day_of(value: datetime | None) -> date | None:
    """The day of an option of `day_type`, or None where the option is not given."""
    return value.date() if value else None


def refuse_turned_days(from_day: datetime | None, to_day: datetime | None) -> None:
    """Refuse a range of days whose end lies before its start."""
    if from_day and to_day and to_day < from_day:
        raise Refused(f"--to {to_day:%Y-%m-%d} lies before --from {from_day:%Y-%m-%d}")


def read_time(option: str, text: str, *, is_end: bool = False) -> datetime:
    """The time that an option names: a plain day in UTC, or a time with its zone.

    `is_end`: a plain day stands for its last millisecond.
    Errors: `Refused` that names the option and what is expected.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return _read_zoned(option, text)
    start = datetime.combine(day, time(), UTC)
    return start + timedelta(days=1, milliseconds=-1) if is_end else start


def _read_zoned(option: str, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(
            f"{option} {text!r} is no time: write 2026-10-01 or 2026-10-01T12:30Z"
        ) from None
    if at.tzinfo is None:
        raise Refused(f"{option} {text!r} has no zone: write {text}Z for UTC, or {text}+02:00")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise Refused(f"{option} {text!r} lies outside the years 1 to 9999 in UTC") from None
