"""Options that several commands have."""

from datetime import date, datetime

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
