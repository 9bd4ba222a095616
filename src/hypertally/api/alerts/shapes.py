"""The shapes of the answers about alerts: see resource/shapes.py."""

from typing import Any

from hypertally.api.resource.shapes import Shape, Time, Wallet


class Alert(Shape):
    """A transition of an alert."""

    id: int
    type: str
    subject: str
    wallet: Wallet | None
    coin: str | None
    level: str
    from_state: str
    to_state: str
    at: Time
    reason: str
    value: Any
    created_at: Time


class Alerts(Shape):
    """A page of transitions, newest first."""

    alerts: list[Alert]
    next: str | None


class AlertState(Shape):
    """The state of an alert; `reason`: why, and why a suppressed alert is silent."""

    type: str
    subject: str
    wallet: Wallet | None
    coin: str | None
    level: str
    state: str
    since: Time | None
    reason: str
    periods: int
    last_fired_at: Time | None
    last_value: str | None
    checked_at: Time | None


class AlertStates(Shape):
    """The state of each alert; `unchecked`: no worker checked alerts lately."""

    states: list[AlertState]
    checked_at: Time | None
    unchecked: bool
