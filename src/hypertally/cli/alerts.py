"""`hypertally alerts`: where each alert stands, and acknowledging one that fires."""

import click

from hypertally.cli.alert_trial import test_command


@click.group(name="alerts")
def alerts_group() -> None:
    """Alerts: where they stand, and saying that one is being looked at."""


alerts_group.add_command(test_command)
