"""TWAPs that began and are large beside their market: `twap_large`.

The size of a TWAP, or its size an hour if it lasts longer, is compared with what its market traded
in the last whole hour before the TWAP began.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from hypertally.jobs.alerts.state_machine import Evaluation
from hypertally.jobs.alerts.subjects import Subject, amount_text, short_address, time_text
from hypertally.jobs.market.candles_and_mids import HOUR_WANTED_WITHIN
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)
# After its start a TWAP is news for so long. Its candle is requested for as long.
NEWS_WITHIN = HOUR_WANTED_WITHIN
UNKNOWN_AFTER = timedelta(minutes=30)  # a candle comes within a minute, unless something is wrong
TWAPS_A_CHECK = 1000  # keeps the transaction short; the next minute takes the rest
HOUR = timedelta(hours=1)
HOUR_MINUTES = 60


class BegunTwap(Record, frozen=True, kw_only=True):
    """A TWAP of a tracked wallet that began a short while ago and was not told."""

    subject: str
    event_key: str
    twap_id: int
    wallet: str
    wallet_id: int
    coin: str
    coin_name: str | None  # the pair of a spot coin
    side: str  # B buys, A sells
    size_coin: Decimal  # as ordered
    duration_minutes: int
    started_at: datetime
    is_over: bool
    volume_coin: Decimal | None  # traded in the hour before; None: no candle of it is stored
    is_large: bool | None  # None: the volume is not known

    @property
    def coin_text(self) -> str:
        """The coin as people say it."""
        return self.coin_name or self.coin

    @property
    def hour(self) -> datetime:
        """The last whole hour before the TWAP began."""
        return self.started_at.replace(minute=0, second=0, microsecond=0) - HOUR

    @property
    def share_percent(self) -> Decimal | None:
        """Its size in an hour as a share of the volume; None: the volume is 0 or not known."""
        if not self.volume_coin:
            return None
        size_an_hour = self.size_coin * HOUR_MINUTES / max(self.duration_minutes, HOUR_MINUTES)
        return 100 * size_an_hour / self.volume_coin


async def read_large_twaps(
    connection: Connection, at: datetime, *, above_percent: Decimal
) -> list[Subject]:
    """TWAPs that began within the hour, the largest share first: `twap_large`.

    Those above the share, those whose market's volume stays unknown, and those of which that was
    said before and whose volume is known now.
    """
    parameters = {
        "at": at,
        "within": NEWS_WITHIN,
        "unknown_after": UNKNOWN_AFTER,
        "above_percent": above_percent,
        "limit": TWAPS_A_CHECK,
    }
    twaps = await read_rows(connection, QUERIES["list_begun_twaps"], parameters, shape=BegunTwap)
    return [
        Subject(
            type="twap_large",
            subject=twap.subject,
            wallet_id=twap.wallet_id,
            evaluation=_evaluate(twap, at),
        )
        for twap in twaps
    ]


def _evaluate(twap: BegunTwap, at: datetime) -> Evaluation:
    if twap.is_large is None:
        hour = f"the hour from {time_text(twap.hour)}"
        reason = f"what {twap.coin_text} traded in {hour} is not known"
        return Evaluation(at=at, condition="unknown", reason=reason)
    share = twap.share_percent
    share_text = None if share is None else f"{share:.2f}"
    if not twap.is_large:
        reason = f"{share_text}% of what its market traded in the hour before"
        return Evaluation(at=at, condition="clears", reason=reason)
    return Evaluation(
        at=twap.started_at,
        condition="holds",
        reason=_sentence(twap, share_text),
        figures={
            "twap_id": twap.twap_id,
            "wallet": twap.wallet,
            "coin": twap.coin,
            "side": twap.side,
            "size_coin": f"{twap.size_coin:f}",
            "duration_minutes": twap.duration_minutes,
            "volume_coin": f"{twap.volume_coin:f}",
            "volume_from": time_text(twap.hour),
            "share_percent": share_text,
        }
        | ({"coin_name": twap.coin_name} if twap.coin_name else {}),
        event_key=twap.event_key,
        cause=twap.coin,
    )


def _sentence(twap: BegunTwap, share_text: str | None) -> str:
    act = "buy" if twap.side == "B" else "sell"
    hours = f"from {twap.hour:%H:%M} to {twap.hour + HOUR:%H:%M} UTC"
    if share_text is None:
        size = f"its market traded nothing {hours}"
    else:
        pace = "each hour " if twap.duration_minutes > HOUR_MINUTES else ""
        volume = f"{amount_text(twap.volume_coin or Decimal(0))} {twap.coin_text}"
        size = f"{pace}{share_text}% of the {volume} that its market traded {hours}"
    over = ". It is over" if twap.is_over else ""
    return (
        f"{short_address(twap.wallet)} began a TWAP to {act} {amount_text(twap.size_coin)} "
        f"{twap.coin_text} over {twap.duration_minutes} min: {size}{over}"
    )
