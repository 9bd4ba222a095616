"""Messages of alerts: every sentence that an alert sends."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from textwrap import shorten

from hypertally.records import Record
from hypertally.sources.notifications import BODY_CHARS_MAX, Notice

# A message is whole in every channel: see BODY_CHARS_MAX there. The rest is on the page.
TITLE_CHARS_MAX = 200
REASON_CHARS_MAX = 300
FIGURE_CHARS_MAX = 60
OTHERS_CHARS_MAX = 330  # five addresses
FIGURES_MAX = 12  # lines; fewer where the rest of the message is long
SUBJECTS_NAMED_MAX = 5  # of the other alerts that a message counts
PAGE_CHARS_MAX = 200  # a longer address is left out
QUIET_STATES = ("resolved", "retracted")  # the message says the state in place of the level

# Type of alert -> what the alert means to the person it wakes.
MEANINGS: Mapping[str, str] = {
    "regime_change": "The playbook is another than the one told last: the moves of the watched "
    "wallets advise it, or its signal is locked and no position is advised.",
    "exit_cluster": "Unusually many of the watched wallets that held this asset left it at once.",
    "system_stale": "Positions are no longer recorded. Signals are locked, and the alerts that "
    "depend on them are muted. See `hypertally status` and the worker's log.",
    "data_gap": "Fills of this wallet are missing, so its figures are incomplete. The window is "
    "requested again automatically; see the Coverage page.",
    "restatement": "A figure that was published has moved by more than 0.5 %. Its proof shows the "
    "old value, the new value and the cause.",
    "universe_churn": "More than 30 % of the watched wallets are new, so signals before and after "
    "are hard to compare.",
    "archive_behind": "TWAPs of wallets that nobody tracks are not up to date: the source gave no "
    "new object, or an object could not be read. Try `hypertally twap ingest --incremental`.",
    "rejects": "Rows could not be read and are kept as rejects, so figures of their days are "
    "incomplete. `hypertally rejects list` shows them, `hypertally rejects decode` reads fills "
    "again after an upgrade.",
    "twap_large": "A tracked wallet began a TWAP that is large beside what its market trades, and "
    "may move the price while it runs. The page of TWAPs shows its progress.",
    "wallet": "A wallet that an org has labelled opened, closed or flipped a large position. Its "
    "page shows the fills.",
    "budget_infeasible": "The allowance does not cover the wallets tracked: fills come later than "
    "they should. Raise HYPERTALLY_WEIGHT_PER_MINUTE or track fewer wallets.",
}


RETRACTED = "An earlier message of this alert was wrong: take it back."


class Alert(Record, frozen=True, kw_only=True):
    """A row of ops.alerts, with the key of its delivery."""

    type: str
    subject: str
    level: str
    to_state: str
    at: datetime  # UTC, of the condition
    reason: str
    figures: Mapping[str, object]  # decimals as strings or Decimal
    dedupe_key: str
    others: int = 0  # alerts of the same cause that this message counts
    other_subjects: Sequence[str] = ()  # the first of theirs


def notice_of(alert: Alert, *, page: str | None = None) -> Notice:
    """The message of an alert; the same alert and channel give the same bytes.

    `page`: the address where all alerts are listed.
    """
    over = alert.to_state in QUIET_STATES
    level = alert.to_state if over else alert.level
    more = f" and {alert.others} more" if alert.others else ""
    head = f"[{level}] {alert.type} {_named(alert.subject, alert)}{more}"
    first = [shorten(alert.reason, REASON_CHARS_MAX, placeholder=" ..."), _others(alert)]
    last = [
        f"at: {alert.at:%Y-%m-%d %H:%M:%S} UTC",
        f"level: {alert.level}, {alert.to_state}",
        "" if over else MEANINGS.get(alert.type, ""),
        RETRACTED if alert.to_state == "retracted" else "",
        f"all alerts: {page}" if page and len(page) <= PAGE_CHARS_MAX else "",
        f"key: {alert.dedupe_key} (the same key is the same message, sent again)",
    ]
    lines = [*first, *_figures(alert, chars=BODY_CHARS_MAX - _length([*first, *last])), *last]
    return Notice(
        title=shorten(f"{head}: {alert.reason}", TITLE_CHARS_MAX, placeholder=" ..."),
        body="\n".join(line for line in lines if line),
        level=level,
    )


def _named(subject: str, alert: Alert) -> str:
    """A subject, with the pair of a spot coin in place of its number; a cause has one coin."""
    coin, name = (alert.figures.get(field) for field in ("coin", "coin_name"))
    return subject.replace(f"/{coin}/", f"/{name}/") if coin and name else subject


def _figures(alert: Alert, *, chars: int) -> list[str]:
    """The lines of the figures, as many as fit into a number of characters."""
    lines = [  # shortened by whole words: half a number would be another one
        shorten(f"{name}: {_figure(value)}", FIGURE_CHARS_MAX, placeholder=" ...")
        for name, value in alert.figures.items()
        if not isinstance(value, (list, Mapping))  # lists are for the page
    ][:FIGURES_MAX]
    while _length(lines) > chars:
        lines.pop()
    return lines


def _length(lines: Sequence[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _others(alert: Alert) -> str:
    """The line about the other alerts of the same cause; empty when there are none."""
    if not alert.others:
        return ""
    named = ", ".join(_named(subject, alert) for subject in alert.other_subjects)
    unnamed = alert.others - len(alert.other_subjects)
    rest = f" and {unnamed} more" if unnamed > 0 else ""
    text = f"{alert.others} more alerts of the same cause: {named}{rest}"
    return shorten(text, OTHERS_CHARS_MAX, placeholder=" ...")


def trial_notice(at: datetime) -> Notice:
    """The message of `hypertally alerts test`."""
    return Notice(
        title="[low] test: alerts of hypertally arrive here",
        body=f"Nothing has happened: somebody tries this channel.\nat: {at:%Y-%m-%d %H:%M:%S} UTC",
        level="low",
    )


def _figure(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "unknown" if value is None else str(value)
