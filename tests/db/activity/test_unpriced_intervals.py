"""A figure without a price is an interval: its known part, its bounds, and what is not priced."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hypertally.clock import at
from hypertally.facts import pages
from hypertally.facts.activity import fills
from hypertally.metrics.activity import global_days, wallet_days
from hypertally.records import OrgDay, WalletDay
from hypertally.store.postgres import Connection, Pool, transaction

DAY = date(2025, 3, 1)
START_MS = 1_740_787_200_000
HOUR_MS = 3_600_000
ALL_TRACKED = 0
ADDRESSES = ("0x" + "a1" * 20, "0x" + "b2" * 20)
# coin -> base token, quote token
PAIRS = {"@1": ("HYPE", "USDC"), "@2": ("HYPE", "USDH")}
QUOTES = {"BTC": "USDC", "xyz:TSLA": "USDE", "#10": "USDH", "@1": "USDC", "@2": "USDH"}
PRICED_TOKENS = ("USDH", "USDE", "HYPE")
VOLUMES = {
    "spot_volume_usd": ("@1", "@2"),
    "perp_volume_usd": ("BTC", "xyz:TSLA"),
    "hip3_volume_usd": ("xyz:TSLA",),
    "outcome_volume_usd": ("#10",),
}
RESULTS = {
    "gross_realised_pnl_usd": ("BTC", "xyz:TSLA"),
    "spot_closed_pnl_usd": ("@1", "@2"),
    "outcome_closed_pnl_usd": ("#10",),
}
Prices = dict[tuple[str, int], Decimal]


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg; amounts are in hundredths."""

    wallet: int
    coin: str
    hour: int
    px: int
    sz: int
    crossed: bool
    pnl: int
    fee: int
    fee_token: str

    def row(self, number: int) -> dict[str, Any]:
        return {
            "coin": self.coin,
            "px": str(self.px),
            "sz": str(self.sz),
            "side": "B",
            "time": START_MS + self.hour * HOUR_MS + number,
            "startPosition": "0",
            "dir": "Buy" if self.coin in PAIRS else "Open Long",
            "closedPnl": str(Decimal(self.pnl) / 100),
            "hash": "0x" + "00" * 32,
            "oid": number,
            "tid": number + 1,
            "crossed": self.crossed,
            "fee": str(Decimal(self.fee) / 100),
            "feeToken": self.fee_token,
        }

    def parts(self) -> list[tuple[str, str, Decimal, Decimal]]:
        """What this leg adds to each figure: the figure, the token shown, its amount, and the
        amount of the token whose price decides."""
        notional = Decimal(self.px * self.sz)
        quote = QUOTES[self.coin]
        side = "taker_volume_usd" if self.crossed else "maker_volume_usd"
        volumes = [side, *(name for name, coins in VOLUMES.items() if self.coin in coins)]
        results = [name for name, coins in RESULTS.items() if self.coin in coins]
        pnl, fee = Decimal(self.pnl) / 100, Decimal(self.fee) / 100
        in_base = PAIRS.get(self.coin, ("",))[0] == self.fee_token
        return [
            *((name, quote, notional, notional) for name in volumes),
            *((name, quote, pnl, pnl) for name in results),
            ("fees_usd", self.fee_token, fee, fee * self.px if in_base else fee),
        ]

    def priced_by(self, figure: str) -> str:
        """The token whose price a figure of this leg needs."""
        if figure != "fees_usd" or PAIRS.get(self.coin, ("",))[0] == self.fee_token:
            return QUOTES[self.coin]
        return self.fee_token


LEGS = st.lists(
    st.builds(
        Leg,
        wallet=st.sampled_from((0, 1)),
        coin=st.sampled_from(tuple(QUOTES)),
        hour=st.integers(0, 2),
        px=st.integers(1, 50),
        sz=st.integers(1, 9),
        crossed=st.booleans(),
        pnl=st.integers(-500, 500),
        fee=st.integers(-50, 50),
        fee_token=st.sampled_from(("USDC", *PRICED_TOKENS)),
    ),
    min_size=1,
    max_size=12,
)
PRICES = st.fixed_dictionaries(
    {
        (token, hour): st.integers(1, 300).map(lambda cents: Decimal(cents) / 100)
        for token in PRICED_TOKENS
        for hour in range(3)
    }
)
LATE = st.sets(st.sampled_from([(token, hour) for token in PRICED_TOKENS for hour in range(3)]))


@given(legs=LEGS, prices=PRICES, late=LATE)
@settings(max_examples=40)
async def test_a_figure_lies_in_the_interval_that_was_shown_before_its_price(
    worker_pool: Pool, legs: list[Leg], prices: Prices, late: set[tuple[str, int]]
) -> None:
    await pages.ensure_months(worker_pool, "hl_fills_raw", {datetime(2025, 3, 1, tzinfo=UTC)})
    early = {key: price for key, price in prices.items() if key not in late}
    async with (
        worker_pool.connection() as connection,
        connection.transaction(force_rollback=True),
    ):
        await store(connection, legs)
        await price(connection, early)
        before = await compute(connection)
        await price(connection, prices)
        after = await compute(connection)
    for wallet, row in before.items():
        own = [leg for leg in legs if wallet is None or leg.wallet == wallet]
        compare(own, early, row, after[wallet])


def compare(
    legs: Sequence[Leg], prices: Prices, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """Hold the interval of each figure against a count by hand, and the later figure against it."""
    priced: dict[str, Decimal] = defaultdict(Decimal)
    unpriced: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for leg in legs:
        for figure, token, amount, to_price in leg.parts():
            needed = leg.priced_by(figure)
            rate = Decimal(1) if needed == "USDC" else prices.get((needed, leg.hour))
            if rate is not None:
                priced[figure] += to_price * rate
            elif to_price:
                unpriced[figure][token] += amount
    for figure in (*VOLUMES, *RESULTS, "taker_volume_usd", "maker_volume_usd", "fees_usd"):
        interval = before["intervals"].get(figure)
        assert (before[figure] is None) == bool(interval), figure
        if interval is None:
            assert before[figure] == after[figure] == priced[figure]
            continue
        assert Decimal(interval["known"]) == priced[figure]
        assert {
            token: Decimal(amount) for token, amount in interval["unpriced"].items()
        } == unpriced[figure]
        assert interval["lower"] is None or Decimal(interval["lower"]) <= after[figure]
        assert interval["upper"] is None or Decimal(interval["upper"]) >= after[figure]
        if figure not in RESULTS and figure != "fees_usd":
            assert interval["lower"] == interval["known"]
    assert after["intervals"] == {}
    within_interval_of_the_org(before, after)


def within_interval_of_the_org(before: dict[str, Any], after: dict[str, Any]) -> None:
    """The figures of an org alone: total, unique, internal, and the average."""
    names = ("legs", "unique", "internal")
    for figure in (*(f"{name}_volume_usd" for name in names), "average_volume_per_user_usd"):
        interval = before["intervals"].get(figure)
        if figure not in before or interval is None:
            continue
        assert before[figure] is None
        assert Decimal(interval["lower"]) <= after[figure]
        assert all(Decimal(amount) > 0 for amount in interval["unpriced"].values())


async def store(connection: Connection, legs: Sequence[Leg]) -> None:
    """Store the legs, the two wallets that everybody tracks, and the markets."""
    for wallet, address in enumerate(ADDRESSES):
        await connection.execute(
            "insert into tenancy.wallets (id, address) overriding system value values (%s, %s)",
            [wallet, bytes.fromhex(address[2:])],
        )
        await connection.execute(
            "insert into tenancy.org_wallets (org_id, wallet_id, from_day) "
            "values (1, %s, '-infinity')",
            [wallet],
        )
        rows = [leg.row(n) for n, leg in enumerate(legs) if leg.wallet == wallet]
        decoded = fills.decode(rows, wallet=address)
        assert decoded.rejects == []
        await fills.insert(connection, decoded.fills, wallet_id=wallet, page_id=1)
    for coin, tokens in PAIRS.items():
        await connection.execute(
            "insert into facts.spot_pairs (coin, base_token, quote_token, fingerprint, page_id) "
            "values (%s, %s, %s, 1, 1)",
            [coin, *tokens],
        )
    await connection.execute(
        "insert into facts.perp_dexs (dex, collateral_token, fingerprint, page_id) "
        "values ('xyz', 'USDE', 1, 1)"
    )


async def price(connection: Connection, prices: Prices) -> None:
    for (token, hour), price_usd in prices.items():
        await connection.execute(
            "insert into facts.token_prices (token, at, price_usd, source, fingerprint, page_id) "
            "values (%s, %s, %s, 'test', %s, 1) on conflict do nothing",
            [token, at(START_MS + hour * HOUR_MS), price_usd, hour],
        )


async def compute(connection: Connection) -> dict[int | None, dict[str, Any]]:
    """The days of both wallets, and under None the day of all of them."""
    keys = [WalletDay(wallet_id=wallet, day=DAY) for wallet in range(len(ADDRESSES))]
    await wallet_days.rebuild(connection, keys)
    await global_days.rebuild(connection, [OrgDay(org_id=ALL_TRACKED, day=DAY)])
    wallets = await connection.execute("select * from metrics.wallet_day_metrics")
    rows: dict[int | None, dict[str, Any]] = {
        row["wallet_id"]: row for row in await wallets.fetchall()
    }
    of_all = await connection.execute("select * from metrics.global_day_metrics where org_id = 0")
    rows[None] = (await of_all.fetchall())[0]
    return rows


async def test_an_internal_trade_without_price_is_counted_once_in_unique_volume(
    worker_pool: Pool,
) -> None:
    await pages.ensure_months(worker_pool, "hl_fills_raw", {datetime(2025, 3, 1, tzinfo=UTC)})
    leg = Leg(0, "#10", 1, px=4, sz=3, crossed=True, pnl=0, fee=0, fee_token="USDC")
    in_usdc = Leg(0, "BTC", 1, px=10, sz=1, crossed=True, pnl=0, fee=0, fee_token="USDC")
    async with transaction(worker_pool) as connection:
        await store(connection, [leg, in_usdc])
        other = leg.row(0) | {"side": "A", "crossed": False, "dir": "Open Short"}
        await fills.insert(
            connection,
            fills.decode([other], wallet=ADDRESSES[1]).fills,
            wallet_id=1,
            page_id=1,
        )
        day = (await compute(connection))[None]
    assert [day[f"{name}_volume_usd"] for name in ("legs", "unique", "internal")] == [None] * 3
    shown = {name: day["intervals"][f"{name}_volume_usd"] for name in ("legs", "unique")}
    assert shown["legs"] == {
        "known": "10",
        "lower": "10",
        "upper": None,
        "unpriced": {"USDH": "24"},
    }
    assert shown["unique"] == shown["legs"] | {"unpriced": {"USDH": "12"}}
    assert day["intervals"]["internal_volume_usd"] == {
        "known": "0",
        "lower": "0",
        "upper": None,
        "unpriced": {"USDH": "12"},
    }
    assert day["intervals"]["average_volume_per_user_usd"]["unpriced"] == {"USDH": "12"}
