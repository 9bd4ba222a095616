"""What is told of an alert: the one place where its words stand."""

from collections.abc import Mapping
from datetime import datetime
from textwrap import shorten
from typing import Any

from hypertally.records import Record
from hypertally.sources.notifications import Notice

# A message is whole in every channel: see BODY_CHARS_MAX there. The rest is on the page.
TITLE_CHARS_MAX = 200
REASON_CHARS_MAX = 300
FIGURE_CHARS_MAX = 60
FIGURES_MAX = 12  # lines
RESOLVED = "resolved"

# Type of alert -> what it means to whom it wakes.
MEANINGS: Mapping[str, str] = {
    "regime_change": "What the watched wallets do calls for another playbook than before.",
    "exit_cluster": "Unusually many of the watched wallets that held this asset left it at once.",
    "system_stale": "Positions are no longer recorded. Signals are locked, and the alerts that "
    "follow from them are mute. See `hypertally status` and the worker's log.",
    "data_gap": "Fills of this wallet are missing, so its figures are incomplete. The window is "
    "asked for again by itself; see the Coverage page.",
    "restatement": "A figure that was published has moved by more than 0.5 %. Its proof names the "
    "old value, the new one and the cause.",
    "universe_churn": "More than 30 % of the watched wallets are new, so signals before and after "
    "compare badly.",
    "budget_infeasible": "The allowance does not cover the wallets tracked: fills come later than "
    "they should. Raise HYPERTALLY_WEIGHT_PER_MINUTE or track fewer.",
}


class Told(Record, frozen=True, kw_only=True):
    """A row of ops.alerts and the delivery it is told by."""

    type: str
    subject: str
    level: str
    to_state: str
    at: datetime  # UTC, of the condition
    reason: str
    figures: Mapping[str, Any]  # decimals as strings or Decimal
    dedupe_key: str


def notice_of(told: Told) -> Notice:
    """The message of an alert; the same alert and channel give the same bytes."""
    over = told.to_state == RESOLVED
    head = f"[{RESOLVED if over else told.level}] {told.type} {told.subject}"
    figures = [  # shortened by whole words: half a number would be another one
        shorten(f"{name}: {_figure(value)}", FIGURE_CHARS_MAX, placeholder=" ...")
        for name, value in told.figures.items()
        if not isinstance(value, (list, Mapping))  # lists are for the page
    ]
    lines = [
        shorten(told.reason, REASON_CHARS_MAX, placeholder=" ..."),
        *figures[:FIGURES_MAX],
        f"at: {told.at:%Y-%m-%d %H:%M:%S} UTC",
        f"level: {told.level}, {told.to_state}",
        *([] if over else [MEANINGS.get(told.type, "")]),
        f"key: {told.dedupe_key} (the same key is the same message, told again)",
    ]
    return Notice(
        title=shorten(f"{head}: {told.reason}", TITLE_CHARS_MAX, placeholder=" ..."),
        body="\n".join(line for line in lines if line),
        level=RESOLVED if over else told.level,
    )


def trial_notice(at: datetime) -> Notice:
    """The message of `hypertally alerts test`."""
    return Notice(
        title="[low] test: alerts of hypertally arrive here",
        body=f"Nothing has happened: somebody tries this channel.\nat: {at:%Y-%m-%d %H:%M:%S} UTC",
        level="low",
    )


def _figure(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "unknown" if value is None else str(value)
