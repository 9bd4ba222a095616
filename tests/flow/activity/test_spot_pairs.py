"""Spot pairs: one that cannot be read hides no other, and is told."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from tests.flow.books import Books, serving
from tests.flow.handmade import ALICE, fill, ms, world

SPOT_META = {
    "tokens": [
        {"name": "USDC", "index": 0},
        {"name": "NAMELESS"},
        "no token",
        {"name": "HYPE", "index": 150},
    ],
    "universe": [
        {"name": "@1", "tokens": [7, 0]},
        {"tokens": [150, 0]},
        None,
        {"name": "@107", "tokens": [150, 0]},
    ],
}


async def test_a_pair_that_cannot_be_read_hides_no_other(books: Books, tmp_path: Path) -> None:
    bought = fill(ms("2025-10-01T12:00"), coin="@107", dir="Buy", px="40", sz="2")
    exchange_model = world(tmp_path / "world", {ALICE: [bought]}, spot_meta=SPOT_META)
    async with serving(exchange_model) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)
    rejects = await books.read(
        "select source, reason, ordinal from facts.rejects where wallet_id is null order by ordinal"
    )
    assert [(row["source"], row["ordinal"]) for row in rejects] == [
        ("info.spotMeta", 0),
        ("info.spotMeta", 1),
        ("info.spotMeta", 2),
    ]
    assert rejects[0]["reason"] == "@1 is of tokens that spotMeta does not name: [7, 0]"
    (volume,) = await books.read(
        "select spot_volume_usd from metrics.wallet_day_metrics where day = %s", date(2025, 10, 1)
    )
    assert volume["spot_volume_usd"] == Decimal(80)
