"""Subjects of alerts: the thing an alert is about, and what is said of its condition."""

from datetime import datetime
from decimal import Decimal

from hypertally.jobs.alerts.state_machine import RULES, AlertState, Evaluation
from hypertally.records import Record

SYSTEM = "system"
THOUSAND = 1000


class Subject(Record, frozen=True, kw_only=True):
    """The thing an alert is about, and the evaluation of its condition."""

    type: str
    subject: str
    evaluation: Evaluation
    wallet_id: int | None = None
    org_id: int | None = None

    def begin(self) -> AlertState:
        """The state of an alert that was never judged."""
        return AlertState(
            type=self.type,
            subject=self.subject,
            level=RULES[self.type].level,
            wallet_id=self.wallet_id,
            org_id=self.org_id,
        )


class Withdrawal(Record, frozen=True, kw_only=True):
    """A firing that was told and whose evidence was found wrong."""

    alert_id: int  # ops.alerts.id of the firing
    type: str
    subject: str
    reason: str
    is_newest: bool  # no later firing of the alert stands
    playbook_before: str | None = None  # the playbook that stood before that firing
    # Since when no firing of the alert stands; None: it has no periods to judge again.
    wrong_since: datetime | None = None


def time_text(at: datetime) -> str:
    """A time as alerts say it."""
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"


def short_address(address: str) -> str:
    """An address as messages say it, to tell it from a few others."""
    return f"{address[:6]}..{address[-4:]}"


def amount_text(amount: Decimal) -> str:
    """An amount as messages say it: every digit, thousands set apart."""
    return f"{amount.normalize():,f}"


def dollar_text(amount_usd: Decimal) -> str:
    """A sum as messages say it: to a tenth of its thousands, millions or billions."""
    if round(amount_usd) < THOUSAND:
        return f"${round(amount_usd)}"
    for letter in "KM":
        amount_usd /= THOUSAND
        if round(amount_usd, 1) < THOUSAND:
            return f"${amount_usd:.1f}{letter}"
    return f"${amount_usd / THOUSAND:,.1f}B"
