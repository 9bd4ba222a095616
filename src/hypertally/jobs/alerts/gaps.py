"""Gaps of the records of wallets as of a time: `data_gap`."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from hypertally.jobs.alerts.state_machine import Evaluation
from hypertally.jobs.alerts.subjects import Subject, Withdrawal, time_text
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)
GAPS_NAMED_MAX = 20  # of a wallet, in one alert
# Why fills are known to be missing, in words.
KINDS = {
    "position_break": "positions do not follow from the fills",
    "thin_answer": "an answer of the exchange was incomplete",
    "millisecond_overflow": "more fills in a millisecond than the exchange returns",
    "end_position": "the position of the exchange is another",
}
UNTRACKED = "no org tracks the wallet any more"


class Gap(Record, frozen=True, kw_only=True):
    """A gap that an alert of its wallet is judged by."""

    wallet: str
    wallet_id: int
    coin: str | None  # None: the alert has no gap; '': every coin
    kind: str | None
    from_at: datetime | None
    to_at: datetime | None
    ending: str | None  # filled, permanent, mistaken; None: the gap is open
    open: bool
    tracked: bool  # an org tracks the wallet today


class _MistakenGaps(Record, frozen=True, kw_only=True):
    """An alert that fires for gaps that were none."""

    alert_id: int
    wallet: str
    gaps: int


async def update_gaps(connection: Connection, at: datetime) -> None:
    """Store which gaps alerts know of, and how those ended that are gone."""
    await connection.execute(QUERIES["end_gaps"].text, {"at": at})
    await connection.execute(QUERIES["see_gaps"].text, {"at": at})


async def read_mistaken_gaps(connection: Connection) -> list[Withdrawal]:
    """Alerts that fire for gaps which went away without a fill: no fill was missing."""
    mistaken = await read_rows(connection, QUERIES["list_mistaken_gaps"], shape=_MistakenGaps)
    return [
        Withdrawal(
            alert_id=each.alert_id,
            type="data_gap",
            subject=each.wallet,
            reason=f"no fill was missing: {each.gaps} gaps went away and no fill came",
            is_newest=True,
        )
        for each in mistaken
    ]


async def read_gaps(connection: Connection, at: datetime) -> list[Subject]:
    """Wallets with open gaps, and wallets whose alert fires and whose gaps ended: `data_gap`."""
    gaps = await read_rows(connection, QUERIES["list_gaps"], shape=Gap)
    by_wallet = groupby(gaps, key=lambda gap: (gap.wallet, gap.wallet_id))
    return [
        Subject(
            type="data_gap",
            subject=wallet,
            wallet_id=wallet_id,
            evaluation=_evaluate_gaps(at, list(of_wallet)),
        )
        for (wallet, wallet_id), of_wallet in by_wallet
    ]


def _evaluate_gaps(at: datetime, gaps: Sequence[Gap]) -> Evaluation:
    if not gaps[0].tracked:
        return Evaluation(at=at, condition="clears", reason=UNTRACKED, quiet=True)
    still = [gap for gap in gaps if gap.open]
    ended = [gap for gap in gaps if gap.ending]
    named = [_gap_figures(gap) for gap in (still or ended)[:GAPS_NAMED_MAX]]
    if still:
        first = named[0]
        others = len(still) - 1
        more = f", and {others} more {'gap' if others == 1 else 'gaps'}" if others else ""
        reason = (
            f"fills of {first['coin'] or 'every coin'} are missing between "
            f"{first['from_at']} and {first['to_at']} ({_kind_text(first['kind'])}){more}"
        )
    else:
        filled = sum(gap.ending == "filled" for gap in ended)
        mistaken = sum(gap.ending == "mistaken" for gap in ended)
        reason = f"gaps filled: {filled}, marked permanent: {len(ended) - filled - mistaken}"
        reason += f", not gaps: {mistaken}" if mistaken else ""
    return Evaluation(
        at=at,
        condition="holds" if still else "clears",
        reason=reason,
        figures={"gaps": len(still or ended), "first": named},
        cause=still[0].kind if still else "ended",
    )


def _kind_text(kind: str | None) -> str:
    return KINDS.get(kind or "", f"{kind}")


def _gap_figures(gap: Gap) -> dict[str, str | None]:
    return {
        "coin": gap.coin,
        "kind": gap.kind,
        "from_at": gap.from_at and time_text(gap.from_at),
        "to_at": gap.to_at and time_text(gap.to_at),
        "ending": gap.ending,
    }
