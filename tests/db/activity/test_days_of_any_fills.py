"""Days of any fills are the oracle's: unknown parts, events with both legs, sizes of zero."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.flow.books import expected_org_days, group_day_of, require_same, wallet_day_of

from hypertally.facts import pages
from hypertally.facts.activity import fills
from hypertally.metrics.activity import global_days, wallet_days
from hypertally.records import OrgDay, WalletDay
from hypertally.sandbox.oracles.activity import wallet_days as oracle_days
from hypertally.sandbox.oracles.usd_prices import UsdPrices
from hypertally.store.postgres import Connection, Pool, open_pool, transaction

DAY = date(2025, 3, 10)
START_MS = 1_741_564_800_000
HOUR_MS = 3_600_000
# @1 and outcomes are in USDH, whose price is known in every second hour; the market of @9 and of
# other:X is not known, and nobody knows what ~9 is.
PAIRS = {"@107": ("HYPE", "USDC"), "@1": ("PURR", "USDH"), "@230": ("USDH", "USDC")}
COINS = ("BTC", "xyz:TSLA", "@107", "@1", "#30", "@9", "other:X", "~9")
PRICE_TEXT = "0.998"
DIRECTIONS = ("Open Long", "Buy", "Settlement", "Spot Dust Conversion", "Net Child Vaults", "New")
_numbers = count(1)

Row = dict[str, Any]


def open_at(coin: str, time_ms: int) -> Any:
    priced = coin == "@230" and (time_ms - START_MS) // HOUR_MS % 2 == 0
    return Decimal(PRICE_TEXT) if priced else None


PRICES = UsdPrices(pairs=PAIRS, collateral={"xyz": "USDC"}, open_at=open_at)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    with psycopg.connect(database_url, autocommit=True) as owner:
        for coin, (base, quote) in PAIRS.items():
            owner.execute(
                "insert into facts.spot_pairs (coin, base_token, quote_token, fingerprint, "
                "page_id) values (%s, %s, %s, 1, 1)",
                [coin, base, quote],
            )
        owner.execute(
            "insert into facts.perp_dexs (dex, collateral_token, fingerprint, page_id) "
            "values ('xyz', 'USDC', 1, 1)"
        )
        owner.execute(
            "insert into facts.token_prices (token, at, price_usd, source, fingerprint, page_id) "
            "select 'USDH', %s::timestamptz + make_interval(hours => n), %s, 'candle', n, 1 "
            "from generate_series(0, 22, 2) as n",
            [datetime(2025, 3, 10, tzinfo=UTC), PRICE_TEXT],
        )
    async with open_pool(database_url, role="hypertally_worker", size=2) as pool:
        await pages.ensure_months(pool, "hl_fills_raw", {datetime(2025, 3, 1, tzinfo=UTC)})
        yield pool


def leg(trade: dict[str, Any], side: str, *, crossed: bool, number: int) -> Row:
    return {
        "coin": trade["coin"],
        "px": trade["px"],
        "sz": trade["sz"],
        "side": side,
        "time": START_MS + trade["at_ms"],
        "startPosition": "0",
        "dir": trade["dir"],
        "closedPnl": trade["pnl"],
        "hash": "0x" + "00" * 32,
        "oid": 2 * number + (side == "A"),
        "crossed": crossed,
        "fee": trade["fee"],
        "feeToken": trade["fee_token"],
        "tid": trade["tid"] and number,
    }


TRADES = st.lists(
    st.fixed_dictionaries(
        {
            "coin": st.sampled_from(COINS),
            "px": st.sampled_from(["1", "2.5", "3e1"]),
            "sz": st.sampled_from(["0", "1", "0.25", "7"]),
            "at_ms": st.integers(0, 24 * HOUR_MS - 1),
            "dir": st.sampled_from(DIRECTIONS),
            "pnl": st.sampled_from(["0", "1.5", "-2"]),
            "fee": st.sampled_from(["0", "0.01", "-0.02", None]),
            "fee_token": st.sampled_from(["USDC", "USDH", "HYPE", "NONE"]),
            "tid": st.sampled_from([True, True, 0]),
            "legs": st.sampled_from(["both", "both", "first", "second"]),
        }
    ),
    min_size=1,
    max_size=12,
)


def rows_of(trades: list[dict[str, Any]]) -> tuple[list[Row], list[Row]]:
    """The legs of two wallets: one buys as the taker, the other sells as the maker."""
    numbers = [next(_numbers) for _ in trades]
    numbered = list(zip(trades, numbers, strict=True))
    return (
        [
            leg(trade, "B", crossed=True, number=number)
            for trade, number in numbered
            if trade["legs"] != "second"
        ],
        [
            leg(trade, "A", crossed=False, number=number)
            for trade, number in numbered
            if trade["legs"] != "first"
        ],
    )


async def new_org(connection: Connection) -> int:
    cursor = await connection.execute(
        "insert into tenancy.orgs (name) values (%s) returning id", [f"org{next(_numbers)}"]
    )
    (row,) = await cursor.fetchall()
    return row["id"]


async def new_wallet(connection: Connection, org_id: int) -> tuple[int, str]:
    address = f"{next(_numbers):040x}"
    cursor = await connection.execute(
        "insert into tenancy.wallets (address) values (decode(%s, 'hex')) returning id", [address]
    )
    (row,) = await cursor.fetchall()
    await connection.execute(
        "insert into tenancy.org_wallets (org_id, wallet_id) values (%s, %s)", [org_id, row["id"]]
    )
    return row["id"], f"0x{address}"


async def compute(
    connection: Connection, *legs: list[Row]
) -> tuple[list[tuple[str, Row]], list[Row], list[Row]]:
    """Store the legs of as many wallets; the legs by wallet, the wallets' and the org's days."""
    org_id = await new_org(connection)
    ids: list[int] = []
    legs_by_wallet: list[tuple[str, Row]] = []
    for rows in legs:
        wallet_id, address = await new_wallet(connection, org_id)
        decoded = fills.decode(rows, wallet=address)
        assert decoded.rejects == []
        await fills.insert(connection, decoded.fills, wallet_id=wallet_id, page_id=1)
        legs_by_wallet += [(address, row) for row in rows]
        ids.append(wallet_id)
    keys = [WalletDay(wallet_id=wallet_id, day=DAY) for wallet_id in ids]
    await wallet_days.rebuild(connection, keys)
    await global_days.rebuild(connection, [OrgDay(org_id=org_id, day=DAY)])
    days = await connection.execute(
        "select '0x' || encode(w.address, 'hex') as wallet, m.* "
        "from metrics.wallet_day_metrics as m join tenancy.wallets as w on w.id = m.wallet_id "
        "where m.wallet_id = any (%s)",
        [ids],
    )
    org_days = await connection.execute(
        "select * from metrics.global_day_metrics where org_id = %s", [org_id]
    )
    return legs_by_wallet, await days.fetchall(), await org_days.fetchall()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trades=TRADES)
async def test_the_days_of_any_fills_are_the_oracles(
    pool: Pool, trades: list[dict[str, Any]]
) -> None:
    async with transaction(pool) as connection:
        legs_by_wallet, days, org_days = await compute(connection, *rows_of(trades))
    expected = oracle_days(legs_by_wallet, PRICES)
    require_same({(row["wallet"], row["day"]): wallet_day_of(row) for row in days}, expected)
    expected_org = expected_org_days(legs_by_wallet, PRICES, {day for _, day in expected})
    require_same({row["day"]: group_day_of(row) for row in org_days}, expected_org)


def trade(**changes: Any) -> dict[str, Any]:
    return {
        "coin": "BTC",
        "px": "100",
        "sz": "1",
        "at_ms": HOUR_MS,
        "dir": "Open Long",
        "pnl": "0",
        "fee": "0",
        "fee_token": "USDC",
        "tid": True,
        "legs": "both",
    } | changes


async def test_a_wallet_whose_part_has_no_price_leaves_no_sum_of_the_org(pool: Pool) -> None:
    priced, unpriced = trade(legs="first"), trade(legs="second", coin="#30", pnl="3", fee="1")
    unpriced["fee_token"] = "USDH"
    async with transaction(pool) as connection:
        _, _, (day,) = await compute(connection, *rows_of([priced, unpriced]))
    columns = ("outcome_volume_usd", "maker_volume_usd", "legs_volume_usd", "unique_volume_usd")
    unknown = (*columns, "average_volume_per_user_usd", "outcome_closed_pnl_usd", "fees_usd")
    assert {name: day[name] for name in unknown} == dict.fromkeys(unknown)
    assert (day["taker_volume_usd"], day["perp_volume_usd"]) == (100, 100)
    assert day["intervals"]["legs_volume_usd"]["lower"] == "100"


async def test_a_settlement_with_both_legs_tracked_is_no_internal_volume(pool: Pool) -> None:
    async with transaction(pool) as connection:
        _, days, (day,) = await compute(connection, *rows_of([trade(dir="Settlement")]))
    assert (day["internal_volume_usd"], day["legs_volume_usd"], day["dau"]) == (0, 0, 0)
    assert [row["events"] for row in days] == [1, 1]


async def test_a_leg_of_size_zero_makes_nobody_active(pool: Pool) -> None:
    async with transaction(pool) as connection:
        _, days, (day,) = await compute(
            connection, *rows_of([trade(sz="0"), trade(legs="second", coin="ETH")])
        )
    assert (day["dau"], day["fills"], day["events"]) == (1, 3, 2)
    assert sorted(row["events"] for row in days) == [1, 1]


async def test_a_coin_of_an_unknown_kind_is_other_and_has_no_price(pool: Pool) -> None:
    async with transaction(pool) as connection:
        _, days, (day,) = await compute(connection, *rows_of([trade(coin="~9", legs="first")]))
    for row in (*days, day):
        assert (row["other_volume_usd"], row["perp_volume_usd"]) == (None, 0)
        assert row["volumes"] == {"other": {"quote of ~9": "100"}}
        assert row["unpriced"][0]["reason"] == "the market is not known"
