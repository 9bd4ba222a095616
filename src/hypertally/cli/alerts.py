"""`hypertally alerts`: where each alert stands, and acknowledging one that fires."""

import click


@click.group(name="alerts")
def alerts_group() -> None:
    """Alerts: where they stand, and saying that one is being looked at."""
