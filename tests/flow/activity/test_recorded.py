"""Real recorded fills through the running pipeline, against ten lines of plain arithmetic."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from tests.flow.books import Books, serving

from hypertally.clock import system_clock
from hypertally.jobs.runtime.resources import TwapSource
from hypertally.jobs.twaps import rollup
from hypertally.jobs.twaps.object_choice import Choice
from hypertally.jobs.twaps.object_import import import_objects
from hypertally.jobs.twaps.status_objects import STATUSES
from hypertally.sandbox.replay.replay import ReplayExchange
from hypertally.sources.object_store import ObjectStore

EVENTS = ("Settlement", "Spot Dust Conversion", "Merge Outcome", "Net Child Vaults")
KINDS = {"@": "spot", "#": "outcome"}  # and dex:COIN: the collateral is in no recording
Figures = dict[tuple[str, date, str], Any]


def plainly_computed(rows: Iterable[tuple[str, dict[str, Any]]]) -> Figures:
    """Wallet, day and figure -> value; None where a dex's collateral is in no recording."""
    found: Figures = {}
    for wallet, row in rows:
        day = datetime.fromtimestamp(row["time"] // 1000, tz=UTC).date()
        side = "taker_volume_usd" if row["crossed"] else "maker_volume_usd"
        kind = "spot" if row["coin"][0] == "@" else "perp"
        worth = Decimal(row["px"]) * Decimal(row["sz"]) * (row["dir"] not in EVENTS)
        pnl = {"spot": "spot_closed_pnl_usd", "perp": "gross_realised_pnl_usd"}[kind]
        amounts = {"fills": 1, side: worth, f"{kind}_volume_usd": worth}
        amounts |= {pnl: Decimal(row["closedPnl"])}
        amounts |= {f"fee {row['feeToken']}": Decimal(row["fee"])} if row.get("feeToken") else {}
        for name, amount in amounts.items():
            old = found.get((wallet, day, name), 0)
            unknown = ":" in row["coin"] and name[:3] not in ("fil", "fee") and amount
            found[wallet, day, name] = None if unknown or old is None else old + amount
    return found


async def test_every_day_of_the_recorded_fills_is_what_ten_lines_compute(
    books: Books, recorded: Path
) -> None:
    async with serving(ReplayExchange(recorded)) as exchange:
        addresses = await exchange.addresses()
        await books.track(addresses)
        await books.settle(exchange, retry=False)
        rows = [(user, row) for user in addresses for row in await exchange.fills(user)]
    distinct = {repr((user, sorted(row.items(), key=str))) for user, row in rows}
    assert (await books.facts_digest())[0] == len(distinct) == len(rows) > 500
    expected = plainly_computed(rows)
    stored = await stored_figures(books)
    assert {key: stored[key] for key in expected} == expected
    assert {key for key in stored.keys() - expected.keys() if stored[key]} == set()
    assert await broken_chains(books) == set()


async def stored_figures(books: Books) -> Figures:
    found = await books.read(
        "select '0x' || encode(w.address, 'hex') as wallet, m.* "
        "from metrics.wallet_day_metrics as m join tenancy.wallets as w on w.id = m.wallet_id"
    )
    names = (
        *("fills", "spot_volume_usd", "perp_volume_usd", "taker_volume_usd", "maker_volume_usd"),
        *("gross_realised_pnl_usd", "spot_closed_pnl_usd"),
    )
    figures: Figures = {}
    for row in found:
        key = row["wallet"], row["day"]
        figures |= {(*key, name): row[name] for name in names}
        figures |= {(*key, f"fee {token}"): Decimal(fee) for token, fee in row["fees"].items()}
    return figures


async def broken_chains(books: Books) -> set[str]:
    """Wallets whose fills of 2023, whose chains cannot be trusted, were taken for broken ones."""
    found = await books.read(
        "select distinct g.wallet_id from metrics.fill_gaps as g "
        "join facts.hl_fills_raw as f using (wallet_id, coin) where f.tid is null"
    )
    return {str(row["wallet_id"]) for row in found}


async def test_recorded_statuses_are_kept_though_first_and_last_share_a_start(
    books: Books, recorded: Path, tmp_path: Path
) -> None:
    lines = (recorded / "bitquery" / "twap_statuses.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    for row in rows:  # an object without a field, and a file cannot hold those
        row.pop("State_Extra"), row.pop("Extra")
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "recorded.parquet")
    store = ObjectStore(tmp_path.as_uri())
    source = TwapSource(database_url=books.url, store=store)
    choice = Choice(incremental=True)
    [reading] = await import_objects(books.pool, source, choice, kind=STATUSES, clock=system_clock)
    assert (reading.rows_ingested, reading.rows_rejected) == (len(rows), 0)
    await rollup.rollup_marked(books.pool, clock=system_clock)
    both = await books.read(
        "select status, size_executed, event_at, ts from facts.twap_status "
        "where twap_id = 2250263 order by event_at"
    )
    assert [row["status"] for row in both] == ["activated", "finished"]
    assert both[0]["ts"] == both[1]["ts"] == datetime(2026, 9, 24, 11, 12, 32, 992000, UTC)
    for row in rows:
        last = max((one for one in rows if one["TwapId"] == row["TwapId"]), key=_event)
        [stored] = await books.read(f"select * from metrics.twaps where twap_id = {row['TwapId']}")
        assert stored["status"] == last["Status"]
        assert stored["size_executed"] == Decimal(last["State_ExecutedSz"])
        assert stored["notional_executed"] == Decimal(last["State_ExecutedNtl"])


def _event(row: dict[str, Any]) -> int:
    return row["Time"]
