"""Labelled wallets, their fills put down by hand, and what is told of them."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

from tests.db.alerts.alert_rows import AT, MINUTE, Desk

SECOND = timedelta(seconds=1)
TRADED = AT - 10 * MINUTE
_numbers = count(1)


async def label(
    desk: Desk, wallet: str, text: str = "Jump", *, org: str = "default", at: datetime | None = None
) -> None:
    await desk.run(
        "insert into tenancy.wallet_labels (org_id, wallet_id, label, labelled_at) "
        "select o.id, w.id, %(text)s, %(at)s from tenancy.orgs as o, tenancy.wallets as w "
        "where o.name = %(org)s and '0x' || encode(w.address, 'hex') = %(wallet)s",
        org=org,
        wallet=wallet,
        text=text,
        at=at or AT - timedelta(hours=2),
    )


async def fill(
    desk: Desk,
    wallet: str,
    start: str,
    change: str,
    *,
    at: datetime = TRADED,
    px: str = "2500",
    coin: str = "ETH",
    direction: str = "Open Long",
) -> None:
    """A fill that moves a position of ETH by a signed size."""
    await desk.run("select facts.ensure_month('hl_fills_raw', %(at)s)", at=at)
    size = Decimal(change)
    await desk.run(
        "insert into facts.hl_fills_raw (wallet_id, coin, time, oid, tid, side, px, sz, crossed, "
        "start_position, dir, closed_pnl, hash, page_id, ordinal, fingerprint) "
        "select id, %(coin)s, %(at)s, %(number)s, %(number)s, %(side)s, %(px)s, %(size)s, true, "
        "%(start)s, %(direction)s, 0, decode(repeat('00', 32), 'hex'), 1, 0, 1 "
        "from tenancy.wallets where '0x' || encode(address, 'hex') = %(wallet)s",
        wallet=wallet,
        coin=coin,
        at=at,
        number=next(_numbers),
        side="B" if size > 0 else "A",
        px=px,
        size=abs(size),
        start=start,
        direction=direction,
    )


async def named(desk: Desk, *, org: str = "default", number: int = 0xABC) -> str:
    """A tracked wallet with a label."""
    wallet = await desk.wallet(number, org=org)
    await label(desk, wallet, org=org)
    return wallet


async def sentences(desk: Desk) -> list[str]:
    rows = await desk.run(
        "select reason from ops.alerts where type = 'wallet' and to_state = 'firing' order by id"
    )
    return [row["reason"] for row in rows]
