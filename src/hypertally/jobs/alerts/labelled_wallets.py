"""Moves of labelled wallets: `wallet`.

A labelled wallet opened, closed or flipped a position: its position now is compared with the one
before, an hour ago or after the move that was judged last. So the fills of an order, and the orders
of a position that is built up within the hour, are one move.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby

from hypertally.jobs.alerts.state_machine import Evaluation
from hypertally.jobs.alerts.subjects import Subject, amount_text, dollar_text, short_address
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)
NEWS_WITHIN = timedelta(hours=1)  # a fill that is known later is no news


class EndLeg(Record, frozen=True, kw_only=True):
    """A fill of a labelled wallet in the first or the last millisecond that is judged."""

    org_id: int
    org: str
    wallet_id: int
    wallet: str
    label: str
    coin: str
    time: datetime
    start_coin: Decimal  # position before the fill, signed
    change_coin: Decimal  # signed
    price: Decimal  # quote token per coin
    usd_per_quote: Decimal | None  # None: no price of the quote token is stored
    is_forced: bool  # a liquidation or ADL
    told_position_coin: Decimal | None  # the position that was told last; None: none was


class LabelledMove(Record, frozen=True, kw_only=True):
    """What the position of a labelled wallet in a coin became, from before to after."""

    last: EndLeg
    before_coin: Decimal  # signed
    after_coin: Decimal  # signed

    @property
    def size_coin(self) -> Decimal:
        """The larger of the position that was left and the one that was entered."""
        return max(abs(self.before_coin), abs(self.after_coin))

    @property
    def notional_usd(self) -> Decimal | None:
        """That size at the price of the last fill; None: the quote token has no price."""
        rate = self.last.usd_per_quote
        return None if rate is None else self.size_coin * self.last.price * rate

    @property
    def action(self) -> str | None:
        """opened, closed or flipped; None: the side is the same."""
        if _side(self.before_coin) == _side(self.after_coin):
            return None
        if not self.before_coin:
            return "opened"
        return "flipped" if self.after_coin else "closed"

    @property
    def takes_back(self) -> bool:
        """It closes a position that was told: a reader may have acted on it."""
        told_coin = self.last.told_position_coin
        return (
            self.action == "closed"
            and told_coin is not None
            and _side(told_coin) == _side(self.before_coin)
        )

    def is_told(self, notional_usd: Decimal, *, from_usd: Decimal) -> bool:
        """It is a move, and large enough; the size of one that takes back does not count."""
        return self.takes_back or (self.action is not None and notional_usd >= from_usd)


async def read_wallet_moves(
    connection: Connection, at: datetime, *, from_usd: Decimal
) -> list[Subject]:
    """Moves of labelled wallets of at least this size that no check judged yet, the largest first.

    The close of a position that was told is told at any size: its price may have fallen.
    A label is of an org, so each org that has labelled the wallet has an alert of its own.
    """
    parameters = {"at": at, "within": NEWS_WITHIN}
    legs = await read_rows(connection, QUERIES["list_end_legs"], parameters, shape=EndLeg)
    by_position = groupby(legs, key=lambda leg: (leg.org_id, leg.wallet_id, leg.coin))
    large: list[tuple[Decimal, LabelledMove]] = []
    for _, of_position in by_position:
        move = follow(list(of_position))
        notional_usd = move.notional_usd
        if notional_usd is not None and move.is_told(notional_usd, from_usd=from_usd):
            large.append((notional_usd, move))
    large.sort(key=lambda each: (-each[0], each[1].last.wallet, each[1].last.coin))
    return [_subject(move, notional_usd) for notional_usd, move in large]


def follow(legs: Sequence[EndLeg]) -> LabelledMove:
    """The move from the first to the last of these legs, which are in order of time."""
    first = [leg for leg in legs if leg.time == legs[0].time]
    last = [leg for leg in legs if leg.time == legs[-1].time]
    after_coin = _begin(last) + sum((leg.change_coin for leg in last), Decimal(0))
    return LabelledMove(last=last[-1], before_coin=_begin(first), after_coin=after_coin)


def _begin(legs: Sequence[EndLeg]) -> Decimal:
    """The position before the legs of one millisecond, whose order says little.

    It is the one that more of them leave than reach; where none is, that of the first.
    """
    surplus = Counter(leg.start_coin for leg in legs)
    surplus.subtract(leg.start_coin + leg.change_coin for leg in legs)
    return next((leg.start_coin for leg in legs if surplus[leg.start_coin] > 0), legs[0].start_coin)


def _side(position_coin: Decimal) -> str:
    if not position_coin:
        return "flat"
    return "long" if position_coin > 0 else "short"


def _subject(move: LabelledMove, notional_usd: Decimal) -> Subject:
    leg = move.last
    return Subject(
        type="wallet",
        subject=f"{leg.wallet}/{leg.coin}/{leg.org}",
        org_id=leg.org_id,
        evaluation=Evaluation(
            at=leg.time,
            condition="holds",
            reason=_sentence(move, notional_usd),
            figures={
                "label": leg.label,
                "wallet": leg.wallet,
                "coin": leg.coin,
                "action": move.action,
                "position_before_coin": f"{move.before_coin:f}",
                "position_after_coin": f"{move.after_coin:f}",
                "price": f"{leg.price:f}",
                "notional_usd": f"{notional_usd:f}",
                "forced": leg.is_forced,
            },
            event_key=f"wallet:{leg.org_id}:{leg.wallet}:{leg.coin}:{leg.time.isoformat()}",
            asset=leg.coin,
            toward_safety=move.takes_back,
            cause=f"{leg.org} {leg.coin} {move.action}",
        ),
    )


def _sentence(move: LabelledMove, notional_usd: Decimal) -> str:
    leg = move.last
    name = f"{leg.label} ({short_address(leg.wallet)})"
    before = f"{_side(move.before_coin)} {amount_text(abs(move.before_coin))} {leg.coin}"
    after = f"{_side(move.after_coin)} {amount_text(abs(move.after_coin))} {leg.coin}"
    about = f"(about {dollar_text(notional_usd)})"
    forced = ", by a liquidation or ADL" if leg.is_forced else ""
    match move.action:
        case "opened":
            return f"{name} opened {after} {about}{forced}"
        case "closed":
            return f"{name} closed {before} {about}{forced}"
        case _:
            return f"{name} flipped from {before} to {after} {about}{forced}"
