"""The oracle against figures worked out by hand."""

from datetime import date
from decimal import Decimal

from hypertally.sandbox.oracles.activity import GroupDay, group_days, wallet_days
from hypertally.sandbox.oracles.fill_gaps import fill_gaps
from hypertally.sandbox.oracles.usd_prices import Fill, UsdPrices

A, B, X = "0xa", "0xb", "0xx"
DAY = date(2026, 1, 2)
NOON_MS = 1_767_355_200_000


def quotes(*, usdh: str | None = "0.99") -> UsdPrices:
    opens = {"@230": usdh, "@107": "40"}
    return UsdPrices(
        pairs={
            "PURR/USDC": ("PURR", "USDC"),
            "@107": ("HYPE", "USDC"),
            "@230": ("USDH", "USDC"),
            "@232": ("HYPE", "USDH"),
        },
        collateral={"xyz": "USDC", "flx": "USDH"},
        open_at=lambda coin, _ms: Decimal(value) if (value := opens.get(coin)) else None,
    )


def fill(**changes: object) -> Fill:
    usual: dict[str, object] = {
        "coin": "BTC",
        "px": "10.0",
        "sz": "10.0",
        "side": "B",
        "time": NOON_MS,
        "startPosition": "0.0",
        "dir": "Open Long",
        "closedPnl": "0.0",
        "crossed": True,
        "fee": "0.5",
        "feeToken": "USDC",
        "tid": 1,
    }
    return usual | changes


def trade(taker: str, maker: str, *, size: str, tid: int) -> list[tuple[str, Fill]]:
    return [
        (taker, fill(px="1.0", sz=size, tid=tid)),
        (maker, fill(px="1.0", sz=size, tid=tid, side="A", crossed=False)),
    ]


def test_the_volume_vector_of_the_definitions() -> None:
    rows = [
        *trade(A, B, size="100.0", tid=1),
        *trade(A, X, size="50.0", tid=2),
        *trade(X, B, size="30.0", tid=3),
    ]
    days = group_days([row for row in rows if row[0] != X], quotes())
    assert days == {
        DAY: GroupDay(
            day=DAY,
            dau=2,
            legs_usd=Decimal(280),
            unique_usd=Decimal(180),
            internal_usd=Decimal(100),
            taker_usd=Decimal(150),
            maker_usd=Decimal(130),
            average_usd=Decimal(140),
        )
    }


def test_a_leg_without_a_trade_id_is_unique_by_itself() -> None:
    rows = [(A, fill(tid=0)), (B, fill(tid=0, side="A", crossed=False))]
    day = group_days(rows, quotes())[DAY]
    assert (day.unique_usd, day.internal_usd) == (Decimal(200), Decimal(0))


def test_each_kind_of_coin_has_its_own_volume() -> None:
    coins = ["BTC", "xyz:TSLA", "flx:CRCL", "@107", "PURR/USDC", "@232", "#120"]
    row = wallet_days([(A, fill(coin=coin)) for coin in coins], quotes())[A, DAY]
    assert row.perp_volume_usd == Decimal(299)
    assert row.hip3_volume_usd == Decimal(199)
    assert row.spot_volume_usd == Decimal(299)
    assert row.outcome_volume_usd == Decimal(99)
    assert (row.coins, row.fills, row.taker_volume_usd) == (7, 7, Decimal(697))


def test_an_unknown_direction_is_volume_of_no_kind() -> None:
    row = wallet_days([(A, fill(dir="Portfolio Rebalance"))], quotes())[A, DAY]
    assert (row.perp_volume_usd, row.other_volume_usd) == (Decimal(0), Decimal(100))
    assert row.taker_volume_usd == Decimal(100)


def test_events_count_as_rows_but_not_as_volume_or_activity() -> None:
    rows = [(A, fill(dir=name, tid=0)) for name in ("Settlement", "Net Child Vaults")]
    row = wallet_days(rows, quotes())[A, DAY]
    assert (row.fills, row.events, row.taker_volume_usd) == (2, 2, Decimal(0))
    assert group_days(rows, quotes()) == {}


def test_fees_keep_their_token_and_their_sign() -> None:
    rows = [
        (A, fill(fee="-0.25", feeToken="USDC")),
        (A, fill(coin="flx:CRCL", fee="1.0", feeToken="USDH", builderFee="0.4")),
        (A, fill(coin="@107", px="50.0", dir="Buy", fee="0.01", feeToken="HYPE")),
        (A, fill(coin="@232", px="50.0", dir="Buy", fee="0.02", feeToken="HYPE")),
    ]
    row = wallet_days(rows, quotes())[A, DAY]
    assert row.fees == {
        "USDC": Decimal("-0.25"),
        "USDH": Decimal("1.0"),
        "HYPE": Decimal("0.03"),
    }
    assert row.builder_fees == {"USDH": Decimal("0.4")}
    assert row.fees_usd == Decimal("-0.25") + Decimal("0.99") + Decimal("0.5") + Decimal("0.99")


def test_a_missing_price_empties_its_own_figures_only() -> None:
    rows = [(A, fill()), (A, fill(coin="flx:CRCL", fee="0.0", feeToken="USDH"))]
    row = wallet_days(rows, quotes(usdh=None))[A, DAY]
    assert row.perp_volume_usd is row.hip3_volume_usd is row.taker_volume_usd is None
    assert row.gross_realised_pnl_usd == row.spot_volume_usd == Decimal(0)
    assert (row.fees_usd, row.maker_volume_usd) == (Decimal("0.5"), Decimal(0))


def test_results_of_perps_and_spot_are_kept_apart() -> None:
    rows = [
        (A, fill(closedPnl="5.5", dir="Net Child Vaults")),
        (A, fill(coin="flx:CRCL", closedPnl="-2.0")),
        (A, fill(coin="@232", dir="Sell", closedPnl="3.0")),
    ]
    row = wallet_days(rows, quotes())[A, DAY]
    assert row.gross_realised_pnl_usd == Decimal("3.52")
    assert row.spot_closed_pnl_usd == Decimal("2.97")


def test_forced_rows_are_those_that_befell_the_wallet() -> None:
    mine, theirs = {"liquidatedUser": A.upper().replace("X", "x")}, {"liquidatedUser": B}
    rows = [
        (A, fill(liquidation=mine, dir="Close Long")),
        (A, fill(liquidation=theirs)),
        (A, fill(dir="Auto-Deleveraging", liquidation=theirs)),
        (A, fill(dir="Liquidated Isolated Short")),
    ]
    assert wallet_days(rows, quotes())[A, DAY].forced == 3


def test_days_are_utc_and_belong_to_the_fills_own_time() -> None:
    midnight_ms = NOON_MS + 12 * 3_600_000
    rows = [(A, fill(time=midnight_ms - 1)), (A, fill(time=midnight_ms))]
    assert [day for _, day in wallet_days(rows, quotes())] == [DAY, date(2026, 1, 3)]


def test_rows_of_2023_have_no_fee_token_and_no_trade_id() -> None:
    old = {
        name: value for name, value in fill(fee="0.0").items() if name not in ("tid", "feeToken")
    }
    row = wallet_days([(A, old)], quotes())[A, DAY]
    assert (row.fees, row.fees_usd, row.perp_volume_usd) == ({}, Decimal(0), Decimal(100))


def test_a_gap_names_the_missing_size() -> None:
    rows = [
        (A, fill(time=NOON_MS, sz="2.0", startPosition="1.0")),
        (A, fill(time=NOON_MS + 5, sz="1.0", side="A", startPosition="4.5")),
        (A, fill(time=NOON_MS + 9, startPosition="3.5")),
        (A, fill(coin="@107", startPosition="9.0")),
        (A, fill(coin="@107", startPosition="1.0")),  # spot also moves by transfers
    ]
    (gap,) = fill_gaps(rows)
    assert (gap.coin, gap.from_ms, gap.to_ms) == ("BTC", NOON_MS, NOON_MS + 5)
    assert gap.missing == Decimal("1.5")
