"""Moves of labelled wallets: `wallet`.

A labelled wallet opened, closed or flipped a position: its position now is compared with the one
before, an hour ago or after the move that was judged last. So the fills of an order, and the orders
of a position that is built up within the hour, are one move. The end of a position that was told is
told at any size, whatever the wallet opened since; what it opened is news by its own size.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby

from hypertally import clock
from hypertally.jobs.alerts.state_machine import Evaluation
from hypertally.jobs.alerts.subjects import Subject, amount_text, dollar_text, short_address
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)
NEWS_WITHIN = timedelta(hours=1)  # a fill that is known later is no news


class EndLeg(Record, frozen=True, kw_only=True):
    """A fill of a labelled wallet in a millisecond that says what became of its position."""

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
    told_position_coin: Decimal | None  # the position that was told last; None: none, or its end

    @property
    def end_coin(self) -> Decimal:
        """Position after the fill, signed."""
        return self.start_coin + self.change_coin

    @property
    def price_usd(self) -> Decimal | None:
        """None: the quote token has no price."""
        return None if self.usd_per_quote is None else self.price * self.usd_per_quote


class ToldEnd(Record, frozen=True, kw_only=True):
    """The end of the position that was told last: a reader may have acted on it."""

    at: datetime
    is_forced: bool  # by a liquidation or ADL


class LabelledMove(Record, frozen=True, kw_only=True):
    """What the position of a labelled wallet in a coin became, from before to after."""

    last: EndLeg
    price_usd: Decimal  # of the last fill, per coin
    before_coin: Decimal  # signed
    after_coin: Decimal  # signed
    told_end: ToldEnd | None  # None: the position that was told stands, or none was told

    @property
    def action(self) -> str | None:
        """opened, closed, flipped, or of what was told reopened; None: the side is the same."""
        if _side(self.before_coin) == _side(self.after_coin):
            return "reopened" if self.told_end and self.after_coin else None
        if not self.before_coin:
            return "opened"
        return "flipped" if self.after_coin else "closed"

    @property
    def notional_usd(self) -> Decimal:
        """The larger of the position that was left and the one that was entered."""
        return max(abs(self.before_coin), abs(self.after_coin)) * self.price_usd

    def is_news(self, *, from_usd: Decimal) -> bool:
        """It is a move, and large enough: beside the end of what was told, by what was entered."""
        entered_usd = abs(self.after_coin) * self.price_usd
        notional_usd = entered_usd if self.told_end else self.notional_usd
        return self.action is not None and notional_usd >= from_usd


async def read_wallet_moves(
    connection: Connection, at: datetime, *, from_usd: Decimal
) -> list[Subject]:
    """Moves of labelled wallets of at least this size that no check judged yet, the largest first.

    The end of a position that was told is told at any size: its price may have fallen.
    A label is of an org, so each org that has labelled the wallet has an alert of its own.
    """
    parameters = {"at": at, "within": NEWS_WITHIN}
    legs = await read_rows(connection, QUERIES["list_end_legs"], parameters, shape=EndLeg)
    moves: list[LabelledMove] = []
    for _, of_position in groupby(legs, key=lambda leg: (leg.org_id, leg.wallet_id, leg.coin)):
        ends = list(of_position)
        price_usd = ends[-1].price_usd
        if price_usd is not None:
            moves.append(follow(ends, price_usd=price_usd))
    moves.sort(key=lambda move: (-move.notional_usd, move.last.wallet, move.last.coin))
    judged = [(move.last, _evaluate(move, from_usd=from_usd)) for move in moves]
    return [_subject(leg, evaluation) for leg, evaluation in judged if evaluation]


def follow(legs: Sequence[EndLeg], *, price_usd: Decimal) -> LabelledMove:
    """The move from the first to the last of these legs, which are in order of time."""
    first = [leg for leg in legs if leg.time == legs[0].time]
    last = [leg for leg in legs if leg.time == legs[-1].time]
    before_coin = _begin(first)
    told_coin = last[-1].told_position_coin or Decimal(0)
    told_end = _end_of(told_coin, legs) if told_coin else None
    if told_end and _side(before_coin) != _side(told_coin):
        before_coin = told_coin  # the fill that ended it is not known yet
    return LabelledMove(
        last=last[-1],
        price_usd=price_usd,
        before_coin=before_coin,
        after_coin=_begin(last) + sum((leg.change_coin for leg in last), Decimal(0)),
        told_end=told_end,
    )


def _begin(legs: Sequence[EndLeg]) -> Decimal:
    """The position before the legs of one millisecond, whose order says little.

    It is the one that more of them leave than reach; where none is, that of the first.
    """
    surplus = Counter(leg.start_coin for leg in legs)
    surplus.subtract(leg.end_coin for leg in legs)
    return next((leg.start_coin for leg in legs if surplus[leg.start_coin] > 0), legs[0].start_coin)


def _end_of(position_coin: Decimal, legs: Sequence[EndLeg]) -> ToldEnd | None:
    """When a position ended: by the fill that left its side, or before one that began elsewhere."""
    side = _side(position_coin)
    leaving = [leg for leg in legs if _side(leg.start_coin) == side != _side(leg.end_coin)]
    elsewhere = [leg for leg in legs if _side(leg.start_coin) != side]
    if leaving and (not elsewhere or leaving[0].time <= elsewhere[0].time):
        return ToldEnd(at=leaving[0].time, is_forced=leaving[0].is_forced)
    if elsewhere:
        before_ms = clock.milliseconds(elsewhere[0].time) - 1
        return ToldEnd(at=clock.at(before_ms), is_forced=False)
    return None


def _side(position_coin: Decimal) -> str:
    if not position_coin:
        return "flat"
    return "long" if position_coin > 0 else "short"


def _subject(leg: EndLeg, evaluation: Evaluation) -> Subject:
    return Subject(
        type="wallet",
        subject=f"{leg.wallet}/{leg.coin}/{leg.org}",
        org_id=leg.org_id,
        evaluation=evaluation,
    )


def _evaluate(move: LabelledMove, *, from_usd: Decimal) -> Evaluation | None:
    """What is told of a move; None: nothing.

    The end of what was told is told in any case: with what was entered since if that is news, and
    alone where the news is held back. If it is no news, the end is judged as of its own time, so
    that a later check sees what is built up from there.
    """
    end, at = move.told_end, move.last.time
    if move.is_news(from_usd=from_usd):
        alone = end and _evaluate_end(move, end, at=at, entered_coin=Decimal(0))
        return _evaluation(move, f"{move.action}", at=at, sentence=_sentence(move), instead=alone)
    return end and _evaluate_end(move, end, at=end.at, entered_coin=move.after_coin)


def _evaluate_end(
    move: LabelledMove, end: ToldEnd, *, at: datetime, entered_coin: Decimal
) -> Evaluation:
    sentence = _closing(move, is_forced=end.is_forced, entered_coin=entered_coin)
    return _evaluation(move, "closed", at=at, sentence=sentence, end=end)


def _evaluation(
    move: LabelledMove,
    action: str,
    *,
    at: datetime,
    sentence: str,
    end: ToldEnd | None = None,
    instead: Evaluation | None = None,
) -> Evaluation:
    leg = move.last
    event_key = f"wallet:{leg.org_id}:{leg.wallet}:{leg.coin}:{at.isoformat()}"
    notional_usd = abs(move.before_coin) * move.price_usd if end else move.notional_usd
    return Evaluation(
        at=at,
        condition="holds",
        reason=sentence,
        figures={
            "label": leg.label,
            "wallet": leg.wallet,
            "coin": leg.coin,
            "action": action,
            "position_before_coin": f"{move.before_coin:f}",
            "position_after_coin": f"{move.after_coin:f}",
            "price": f"{leg.price:f}",
            "notional_usd": f"{notional_usd:f}",
            "forced": end.is_forced if end else leg.is_forced,
        },
        event_key=f"{event_key}:end" if end else event_key,
        asset=leg.coin,
        toward_safety=end is not None,
        cause=f"{leg.org} {leg.coin} {action}",
        instead=instead,
    )


def _sentence(move: LabelledMove) -> str:
    before, after = (_position(move, coin) for coin in (move.before_coin, move.after_coin))
    about = f"(about {dollar_text(move.notional_usd)})"
    forced = _forced(is_forced=move.last.is_forced)
    match move.action:
        case "opened":
            return f"{_name(move)} opened {after} {about}{forced}"
        case "flipped":
            return f"{_name(move)} flipped from {before} to {after} {about}{forced}"
        case _:
            is_forced = move.told_end.is_forced if move.told_end else move.last.is_forced
            return _closing(move, is_forced=is_forced, entered_coin=move.after_coin)


def _closing(move: LabelledMove, *, is_forced: bool, entered_coin: Decimal) -> str:
    """The end of a position, and what was entered since."""
    about = f"(about {dollar_text(abs(move.before_coin) * move.price_usd)})"
    forced = _forced(is_forced=is_forced)
    closed = f"{_name(move)} closed {_position(move, move.before_coin)} {about}{forced}"
    if not entered_coin:
        return closed
    about = f"(about {dollar_text(abs(entered_coin) * move.price_usd)})"
    return f"{closed}, and opened {_position(move, entered_coin)} {about} since"


def _name(move: LabelledMove) -> str:
    return f"{move.last.label} ({short_address(move.last.wallet)})"


def _position(move: LabelledMove, position_coin: Decimal) -> str:
    return f"{_side(position_coin)} {amount_text(abs(position_coin))} {move.last.coin}"


def _forced(*, is_forced: bool) -> str:
    return ", by a liquidation or ADL" if is_forced else ""
