"""TWAPs that are large beside their market: each told once, soon after it began, to its orgs."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from tests.db.alerts.alert_rows import AT, CHANNELS, MINUTE, Desk

from hypertally.jobs.alerts import large_twaps
from hypertally.jobs.alerts.large_twaps import UNKNOWN_AFTER
from hypertally.store.postgres import Pool

HOUR = timedelta(hours=1)
START = AT - 10 * MINUTE  # 11:50: the last whole hour before is 10:00 to 11:00
TWAP = 2_250_263


@pytest.fixture
def desk(worker_pool: Pool) -> Desk:
    return Desk(worker_pool)


async def begin(desk: Desk, wallet: str, size: str, **changes: Any) -> None:
    """A TWAP that buys ETH over 30 minutes."""
    row: dict[str, Any] = {
        "twap_id": TWAP,
        "wallet": wallet,
        "asset": "ETH",
        "side": "B",
        "status": "activated",
        "started_at": START,
        "duration_minutes": 30,
        "size_requested": size,
        "size_executed": "0",
        "audience": "t",
    } | changes
    await desk.run(
        "insert into metrics.twaps (twap_id, wallet, in_archive, asset, side, status, started_at, "
        "duration_minutes, ends_at, size_requested, size_executed, statuses, definition, digest, "
        "audience) values (%(twap_id)s, %(wallet)s, false, %(asset)s, %(side)s, %(status)s, "
        "%(started_at)s, %(duration_minutes)s, %(started_at)s, %(size_requested)s, "
        "%(size_executed)s, 1, 'twaps/2', '1:1', %(audience)s)",
        **row,
    )


async def trade_hour(
    desk: Desk, volume: str, *, hour: datetime = AT - 2 * HOUR, coin: str = "ETH"
) -> None:
    """What a market traded in an hour."""
    await desk.run(
        "insert into facts.candles (coin, interval, at, open, high, low, close, volume_coin, "
        "trades, fingerprint, page_id) values (%(coin)s, '1h', %(hour)s, 1, 1, 1, 1, %(volume)s, "
        "1, 1, 1)",
        coin=coin,
        hour=hour,
        volume=volume,
    )


async def fired(desk: Desk) -> list[dict[str, Any]]:
    return await desk.run(
        "select subject, at, reason, value, wallet_id from ops.alerts "
        "where type = 'twap_large' and to_state = 'firing' order by id"
    )


@pytest.mark.parametrize(
    ("size", "minutes", "is_told"),
    [
        ("1000", 30, False),  # a tenth, and no more
        ("1000.00000001", 30, True),
        ("1000.00000001", 60, True),
        ("1000.00000001", 61, False),  # an hour's part is less
        ("6000", 360, False),
        ("6000.00000001", 360, True),
        ("1000.00000001", 0, True),
    ],
)
async def test_a_twap_is_large_above_a_tenth_of_the_last_whole_hour(
    desk: Desk, size: str, minutes: int, *, is_told: bool
) -> None:
    wallet = await desk.wallet(1)
    await trade_hour(desk, "10000")
    await trade_hour(desk, "1", hour=AT - HOUR)  # the hour in which it began
    await trade_hour(desk, "1", hour=AT - 3 * HOUR)
    await begin(desk, wallet, size, duration_minutes=minutes)
    await desk.check()
    assert len(await fired(desk)) == is_told


async def test_the_share_is_a_setting(desk: Desk) -> None:
    wallet = await desk.wallet(1)
    await trade_hour(desk, "10000")
    await begin(desk, wallet, "251")
    await desk.check(bounds={"twap_share_percent": Decimal("2.51")})
    assert await fired(desk) == []
    await desk.check(AT + MINUTE, bounds={"twap_share_percent": Decimal("2.5")})
    assert len(await fired(desk)) == 1


async def test_a_large_twap_is_told_once_in_true_words(desk: Desk) -> None:
    wallet = await desk.wallet(0xABC)
    await trade_hour(desk, "10000.0")
    await begin(desk, wallet, "2250.50", side="A", duration_minutes=90)
    for number in range(3):
        await desk.check(AT + number * MINUTE, channels=CHANNELS[:1])
    [alert] = await fired(desk)
    assert alert["subject"] == f"{wallet}/ETH/{TWAP}"
    assert alert["at"] == START
    assert alert["reason"] == (
        "0x0000..0abc began a TWAP to sell 2,250.5 ETH over 90 min: each hour 15.00% of the "
        "10,000 ETH that its market traded from 10:00 to 11:00 UTC"
    )
    assert await desk.moves("twap_large") == [
        f"{wallet}/ETH/{TWAP}: firing",
        f"{wallet}/ETH/{TWAP}: resolved",
    ]
    assert await desk.messages() == [f"twap_large {wallet}/ETH/{TWAP} firing +0"]


async def test_a_spot_coin_is_told_by_its_pair(desk: Desk) -> None:
    wallet = await desk.wallet(0xABC)
    for quote in ("OLD", "USDH"):
        await desk.run(
            "insert into facts.spot_pairs (coin, base_token, quote_token, fingerprint, page_id) "
            "values ('@232', 'HYPE', %(quote)s, hashtext(%(quote)s), 1)",
            quote=quote,
        )
    await trade_hour(desk, "10000", coin="@232")
    await begin(desk, wallet, "2500", asset="@232")
    await desk.check()
    [alert] = await fired(desk)
    assert alert["reason"] == (
        "0x0000..0abc began a TWAP to buy 2,500 HYPE/USDH over 30 min: 25.00% of the 10,000 "
        "HYPE/USDH that its market traded from 10:00 to 11:00 UTC"
    )
    assert alert["subject"] == f"{wallet}/@232/{TWAP}"
    assert (alert["value"]["coin"], alert["value"]["coin_name"]) == ("@232", "HYPE/USDH")


async def test_a_market_that_traded_nothing_is_known_to_have_done_so(desk: Desk) -> None:
    wallet = await desk.wallet(1)
    await trade_hour(desk, "0")
    await begin(desk, wallet, "1", status="finished", size_executed="1")
    await desk.check()
    [alert] = await fired(desk)
    assert alert["reason"].endswith(
        "over 30 min: its market traded nothing from 10:00 to 11:00 UTC. It is over"
    )
    assert alert["value"]["share_percent"] is None


@pytest.mark.parametrize(
    "changes",
    [
        {"started_at": AT - HOUR},  # it became known an hour after its start
        {"started_at": AT + MINUTE},
        {"status": "error:Insufficient margin"},  # it never ran
        {"status": "terminated"},
        {"audience": "o"},  # the row that other orgs see
        {"asset": "BTC"},
        {"size_requested": None},
    ],
)
async def test_what_is_no_news_is_not_told(desk: Desk, changes: dict[str, Any]) -> None:
    wallet = await desk.wallet(1)
    for hours in (1, 2, 3):
        await trade_hour(desk, "1", hour=AT - hours * HOUR)
    await begin(desk, wallet, "1000", **changes)
    await desk.check()
    assert await desk.run("select * from ops.alert_state where type = 'twap_large'") == []


async def test_a_twap_that_is_an_hour_old_less_a_moment_is_told(desk: Desk) -> None:
    wallet = await desk.wallet(1)
    await trade_hour(desk, "1")
    await begin(desk, wallet, "1000", started_at=AT - HOUR + timedelta(milliseconds=1))
    await desk.check()
    assert len(await fired(desk)) == 1


async def test_a_twap_of_a_wallet_that_nobody_tracks_is_not_told(desk: Desk) -> None:
    wallet = await desk.wallet(1)
    await desk.run("update tenancy.org_wallets set from_day = '2026-01-01', to_day = '2026-11-01'")
    await trade_hour(desk, "1")
    await begin(desk, wallet, "1000")
    await desk.check()
    assert await fired(desk) == []


@pytest.mark.parametrize(
    ("tracked_at", "is_told"),
    [(START, False), (START + MINUTE, False), (START - MINUTE, True), (None, True)],
)
async def test_what_began_before_the_wallet_was_tracked_is_not_told(
    desk: Desk, tracked_at: datetime | None, *, is_told: bool
) -> None:
    wallet = await desk.wallet(1)
    await desk.run("update tenancy.org_wallets set tracked_at = %(at)s", at=tracked_at)
    await trade_hour(desk, "1")
    await begin(desk, wallet, "1000")
    await desk.check()
    assert len(await fired(desk)) == is_told


async def test_without_the_volume_nothing_is_told_and_the_reason_can_be_found(desk: Desk) -> None:
    wallet = await desk.wallet(1)
    await begin(desk, wallet, "1000")
    await desk.check(START + UNKNOWN_AFTER - MINUTE)
    assert await desk.run("select * from ops.alert_state where type = 'twap_large'") == []
    await desk.check(START + UNKNOWN_AFTER)
    [state] = await desk.run(
        "select state, last_value from ops.alert_state where type = 'twap_large'"
    )
    assert state == {
        "state": "inactive",
        "last_value": "what ETH traded in the hour from 2026-11-20T10:00:00Z is not known",
    }
    await trade_hour(desk, "1")
    await desk.check(START + UNKNOWN_AFTER + MINUTE)
    assert len(await fired(desk)) == 1


async def test_a_volume_that_comes_late_ends_the_doubt(desk: Desk) -> None:
    wallet = await desk.wallet(1)
    await begin(desk, wallet, "1000")
    await desk.check(START + UNKNOWN_AFTER)
    await trade_hour(desk, "100000")
    await desk.check(START + UNKNOWN_AFTER + MINUTE)
    [state] = await desk.run(
        "select state, last_value from ops.alert_state where type = 'twap_large'"
    )
    assert state == {
        "state": "inactive",
        "last_value": "1.00% of what its market traded in the hour before",
    }
    assert await desk.moves("twap_large") == []


async def test_twaps_of_one_market_are_one_message_which_names_the_largest(desk: Desk) -> None:
    wallets = [await desk.wallet(number) for number in (1, 2, 3)]
    for coin in ("ETH", "BTC"):
        await trade_hour(desk, "100", coin=coin)
    for number, wallet in enumerate(wallets):
        await begin(desk, wallet, str(20 + number))
    await begin(desk, wallets[0], "11", asset="BTC", twap_id=TWAP + 1)
    await desk.check(channels=CHANNELS[:1])
    assert await desk.messages() == [
        f"twap_large {wallets[2]}/ETH/{TWAP} firing +2",
        f"twap_large {wallets[0]}/BTC/{TWAP + 1} firing +0",
    ]


async def test_more_twaps_than_a_check_takes_are_left_to_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large_twaps, "TWAPS_A_CHECK", 2)
    wallet = await desk.wallet(1)
    await trade_hour(desk, "1")
    for number in range(3):
        await begin(desk, wallet, "1000", twap_id=TWAP + number)
    await desk.check()
    assert len(await fired(desk)) == 2
    await desk.check(AT + MINUTE)
    assert len(await fired(desk)) == 3


async def test_only_orgs_that_track_the_wallet_see_the_alert(desk: Desk, database_url: str) -> None:
    await desk.run("insert into tenancy.orgs (name) values ('other')")
    wallet = await desk.wallet(1)
    await desk.wallet(2, org="other")
    await trade_hour(desk, "1")
    await begin(desk, wallet, "1000")
    await desk.check()
    counts: dict[str, int] = {}
    with psycopg.connect(database_url) as login:
        orgs = login.execute("select id, name from tenancy.orgs").fetchall()
        login.execute("set role hypertally_api")
        for org_id, name in orgs:
            login.execute("select set_config('hypertally.org_id', %s, true)", [str(org_id)])
            row = login.execute(
                "select count(*) from ops.alerts where type = 'twap_large'"
            ).fetchone()
            assert row is not None
            counts[name] = row[0]
    assert counts == {"default": 2, "other": 0}
