"""Moves of labelled wallets: each told once to the org of the label, at the size of the setting."""

from datetime import datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from tests.db.alerts.alert_rows import AT, CHANNELS, MINUTE, Desk
from tests.db.alerts.labelled import SECOND, TRADED, fill, label, named, sentences

from hypertally.clock import system_clock
from hypertally.store.postgres import Pool, transaction
from hypertally.tenancy import wallets

HOUR, MILLISECOND = timedelta(hours=1), timedelta(milliseconds=1)


@pytest.fixture
def desk(worker_pool: Pool) -> Desk:
    return Desk(worker_pool)


@pytest.mark.parametrize(
    ("start", "change", "sentence"),
    [
        ("0", "1250", "opened long 1,250 ETH (about $3.1M)"),
        ("0.0", "-400", "opened short 400 ETH (about $1.0M)"),
        ("1250.50", "-1250.5", "closed long 1,250.5 ETH (about $3.1M)"),
        ("-400", "400", "closed short 400 ETH (about $1.0M)"),
        ("-1", "401", "flipped from short 1 ETH to long 400 ETH (about $1.0M)"),
        ("400", "-401", "flipped from long 400 ETH to short 1 ETH (about $1.0M)"),
        ("0", "399.9999", None),
        ("399.9999", "-399.9999", None),
        ("-399.9999", "799.9998", None),
        ("1", "5000", None),  # adding
        ("5001", "-5000", None),  # reducing
        ("-1", "-5000", None),
    ],
)
async def test_a_position_that_begins_or_ends_is_told_from_the_size_of_the_setting_on(
    desk: Desk, start: str, change: str, sentence: str | None
) -> None:
    wallet = await named(desk)
    await fill(desk, wallet, start, change)
    await desk.check()
    assert await sentences(desk) == ([f"Jump (0x0000..0abc) {sentence}"] if sentence else [])


async def test_the_size_is_a_setting(desk: Desk) -> None:
    wallet = await named(desk)
    await fill(desk, wallet, "0", "1")
    await desk.check(bounds={"wallet_usd": Decimal("2500.01")})
    assert await sentences(desk) == []
    await desk.check(AT + MINUTE, bounds={"wallet_usd": Decimal(2500)})
    assert await sentences(desk) == ["Jump (0x0000..0abc) opened long 1 ETH (about $2.5K)"]


async def test_a_move_is_told_once_however_often_it_is_checked(desk: Desk) -> None:
    wallet = await named(desk)
    await fill(desk, wallet, "0", "1250")
    for number in range(3):
        await desk.check(AT + number * MINUTE, channels=CHANNELS[:1])
    await desk.check(AT)
    key = f"{wallet}/ETH/default"
    assert await desk.moves("wallet") == [f"{key}: firing", f"{key}: resolved"]
    assert await desk.messages() == [f"wallet {key} firing +0"]
    [alert] = await desk.run("select at, value from ops.alerts where to_state = 'firing'")
    assert alert["at"] == TRADED
    assert alert["value"] == {
        "label": "Jump",
        "wallet": wallet,
        "coin": "ETH",
        "action": "opened",
        "position_before_coin": "0",
        "position_after_coin": "1250",
        "price": "2500",
        "notional_usd": "3125000",
        "forced": False,
    }


@pytest.mark.parametrize("is_one_millisecond", [False, True])
async def test_an_order_of_a_hundred_fills_is_one_move(
    desk: Desk, *, is_one_millisecond: bool
) -> None:
    """In one millisecond their order says nothing: they are stored backwards."""
    wallet = await named(desk)
    for number in range(100) if not is_one_millisecond else reversed(range(100)):
        at = TRADED if is_one_millisecond else TRADED + number * MILLISECOND
        await fill(desk, wallet, str(number * 12), "12", at=at)
    await desk.check()
    assert await sentences(desk) == ["Jump (0x0000..0abc) opened long 1,200 ETH (about $3.0M)"]
    await fill(desk, wallet, "1200", "12", at=TRADED + MINUTE)
    await desk.check(AT + MINUTE)
    assert len(await sentences(desk)) == 1


async def test_a_position_that_is_built_up_over_checks_is_told_when_it_is_large(desk: Desk) -> None:
    wallet = await named(desk)
    for number in range(5):
        at = TRADED + number * MINUTE
        await fill(desk, wallet, str(number * 100), "100", at=at)
        await desk.check(at + SECOND)
    assert await sentences(desk) == ["Jump (0x0000..0abc) opened long 400 ETH (about $1.0M)"]


async def test_what_was_opened_and_closed_before_a_check_is_no_move(desk: Desk) -> None:
    wallet = await named(desk)
    await fill(desk, wallet, "0", "1250")
    await fill(desk, wallet, "1250", "-1250", at=TRADED + SECOND)
    await desk.check()
    assert await sentences(desk) == []


async def test_fills_that_are_known_an_hour_later_are_not_told(desk: Desk) -> None:
    wallet = await named(desk)
    await fill(desk, wallet, "0", "1250", at=AT - HOUR)
    await desk.check()
    assert await sentences(desk) == []
    await fill(desk, wallet, "0", "1250", at=AT - HOUR + MILLISECOND, coin="BTC")
    await desk.check()
    assert len(await sentences(desk)) == 1


async def test_what_a_wallet_did_before_it_got_its_label_is_not_told(desk: Desk) -> None:
    wallet = await desk.wallet(1)
    await label(desk, wallet, at=TRADED)
    await fill(desk, wallet, "0", "1250", at=TRADED)
    await desk.check()
    assert await sentences(desk) == []


async def test_what_a_wallet_did_before_it_was_tracked_again_is_not_told(desk: Desk) -> None:
    now = system_clock()
    wallet = await named(desk)
    await fill(desk, wallet, "0", "1250", at=now - MINUTE)
    async with transaction(desk.pool) as connection:
        [org] = await desk.run("select id from tenancy.orgs")
        assert len(await wallets.remove(connection, [wallet], org_id=org["id"])) == 1
        addition = await wallets.add(connection, [wallet], org_id=org["id"], from_day=None)
    assert len(addition.added) == 1
    await desk.check(now + MINUTE)
    assert await sentences(desk) == []
    await fill(desk, wallet, "1250", "-1250", at=now + MINUTE)
    await desk.check(now + 2 * MINUTE)
    assert await sentences(desk) == [
        "Jump (0x0000..0abc) closed long 1,250 ETH (about $3.1M)",
    ]


async def test_wallets_that_were_tracked_before_times_were_kept_are_told(desk: Desk) -> None:
    wallet = await named(desk)
    await desk.run("update tenancy.org_wallets set tracked_at = null")
    await fill(desk, wallet, "0", "1250")
    await desk.check()
    assert len(await sentences(desk)) == 1


@pytest.mark.parametrize(
    ("opened", "price", "is_told"),
    [("400", "2499", True), ("400", "0.01", True), ("399", "2499", False)],
)
async def test_the_close_of_what_was_told_is_told_at_any_size(
    desk: Desk, opened: str, price: str, *, is_told: bool
) -> None:
    wallet = await named(desk)
    await fill(desk, wallet, "0", opened)
    await desk.check(TRADED + MINUTE)
    await fill(desk, wallet, opened, f"-{opened}", at=TRADED + 2 * MINUTE, px=price)
    await desk.check()
    assert len(await sentences(desk)) == 2 * is_told


@pytest.mark.parametrize("coin", ["PURR/USDC", "@107", "#3", "~9"])
async def test_only_perps_have_positions(desk: Desk, coin: str) -> None:
    wallet = await named(desk)
    await fill(desk, wallet, "0", "1250", coin=coin)
    await desk.check()
    assert await sentences(desk) == []


async def test_a_dex_in_another_token_is_judged_in_usd_or_not_at_all(desk: Desk) -> None:
    wallet = await named(desk)
    await desk.run(
        "insert into facts.perp_dexs (dex, collateral_token, fingerprint, page_id) "
        "values ('xyz', 'USDH', 1, 1), ('abc', 'USDC', 1, 1)"
    )
    await fill(desk, wallet, "0", "400", coin="xyz:GOLD")
    await fill(desk, wallet, "0", "400", coin="abc:GOLD")
    await fill(desk, wallet, "0", "4000", coin="new:GOLD")
    await desk.check()
    assert await sentences(desk) == ["Jump (0x0000..0abc) opened long 400 abc:GOLD (about $1.0M)"]
    await desk.run(
        "insert into facts.token_prices (token, at, price_usd, source, fingerprint, page_id) "
        "values ('USDH', %(at)s, 1.25, 'x', 1, 1)",
        at=TRADED.replace(minute=0),
    )
    await desk.check(AT + MINUTE)
    assert (await sentences(desk))[1:] == [
        "Jump (0x0000..0abc) opened long 400 xyz:GOLD (about $1.2M)"
    ]


async def test_a_liquidation_is_said_to_be_one(desk: Desk) -> None:
    wallet = await named(desk)
    await fill(desk, wallet, "1250", "-1250", direction="Liquidated Cross Long")
    await desk.check()
    assert await sentences(desk) == [
        "Jump (0x0000..0abc) closed long 1,250 ETH (about $3.1M), by a liquidation or ADL"
    ]


async def test_wallets_without_a_label_or_that_nobody_tracks_are_not_told(desk: Desk) -> None:
    plain = await desk.wallet(1)
    left = await named(desk, number=2)
    await desk.run(
        "update tenancy.org_wallets set from_day = '2026-01-01', to_day = '2026-11-01' "
        "where wallet_id = (select max(id) from tenancy.wallets)"
    )
    for wallet in (plain, left):
        await fill(desk, wallet, "0", "1250")
    await desk.check()
    assert await sentences(desk) == []


async def alternate(desk: Desk, wallet: str, moves: int, *, first: datetime = TRADED) -> None:
    """Flips between long and short, a minute apart, each checked."""
    for number in range(moves):
        at = first + number * MINUTE
        size = 400 if number % 2 else -400
        await fill(desk, wallet, str(-size), str(2 * size), at=at)
        await desk.check(at + SECOND)


async def test_the_fifth_move_in_a_coin_within_a_day_is_capped(desk: Desk) -> None:
    """But the end of the position that was told: it alone is told, once."""
    wallet = await named(desk)
    await alternate(desk, wallet, 6)
    states = (await desk.moves("wallet"))[8:]
    assert [state.partition(": ")[2] for state in states] == [
        "suppressed", "inactive", "firing", "resolved", "suppressed", "inactive",
    ]  # fmt: skip
    assert (await sentences(desk))[4:] == ["Jump (0x0000..0abc) closed long 400 ETH (about $1.0M)"]
    [row] = await desk.run("select distinct reason from ops.alerts where to_state = 'suppressed'")
    assert row["reason"] == "cap: 4 alerts of ETH fired within 24 hours"


async def test_the_cap_counts_alerts_of_the_asset_and_no_alert_of_another_org(desk: Desk) -> None:
    """And what an org labelled holds back nothing that every org is told."""
    await desk.run("insert into tenancy.orgs (name) values ('other')")
    await alternate(desk, await named(desk), 4)
    wallet = await named(desk, number=7, org="other")
    await desk.signal(AT, asset="ETH", ecs="30", high=True)
    await desk.check(AT)
    assert (await desk.moves("exit_cluster")) == ["ETH: firing"]
    await alternate(desk, wallet, 4, first=AT + MINUTE)
    states = [state.partition(": ")[2] for state in await desk.moves("wallet")][8:]
    assert states == 3 * ["firing", "resolved"] + ["suppressed", "inactive", "firing", "resolved"]
    assert (await sentences(desk))[-1].endswith("closed short 400 ETH (about $1.0M)")


async def test_the_close_of_what_was_told_is_told_over_the_cap(desk: Desk) -> None:
    wallet = await named(desk)
    await alternate(desk, wallet, 4)
    await fill(desk, wallet, "400", "-400", at=TRADED + 5 * MINUTE)
    await desk.check()
    assert (await sentences(desk))[4:] == ["Jump (0x0000..0abc) closed long 400 ETH (about $1.0M)"]
    await fill(desk, wallet, "0", "400", at=AT + SECOND)
    await desk.check(AT + MINUTE)
    await fill(desk, wallet, "400", "-400", at=AT + MINUTE + SECOND)
    await desk.check(AT + 2 * MINUTE)
    assert len(await sentences(desk)) == 5, "neither was told, so nothing is taken back"


async def test_a_stale_feed_mutes_what_begins_and_not_what_ends(desk: Desk) -> None:
    wallet = await named(desk)
    await desk.minute(AT - 20 * MINUTE)
    await fill(desk, wallet, "0", "400", at=AT - 15 * MINUTE)
    await desk.check(AT - 14 * MINUTE)
    await desk.check(AT - 5 * MINUTE)
    assert (await desk.moves("system_stale")) == ["system: firing"]
    await fill(desk, wallet, "0", "4000", at=AT - 4 * MINUTE, coin="BTC")
    await fill(desk, wallet, "400", "-400", at=AT - 4 * MINUTE)
    await desk.check()
    assert [line.rpartition("/")[0].rpartition("/")[2] + line.partition(": ")[2]
            for line in await desk.moves("wallet")] == [
        "ETHfiring", "ETHresolved", "BTCsuppressed", "BTCinactive", "ETHfiring", "ETHresolved",
    ]  # fmt: skip


async def test_moves_of_one_kind_in_a_coin_are_one_message(desk: Desk) -> None:
    labelled = [await named(desk, number=number) for number in (1, 2, 3)]
    for number, wallet in enumerate(labelled):
        await fill(desk, wallet, str(1000 + number), str(-1000 - number))
    await fill(desk, labelled[0], "0", "1000", coin="BTC")
    await desk.check(channels=CHANNELS[:1])
    assert await desk.messages() == [
        f"wallet {labelled[2]}/ETH/default firing +2",
        f"wallet {labelled[0]}/BTC/default firing +0",
    ]


async def test_each_org_is_told_by_its_own_label_and_sees_no_other(
    desk: Desk, database_url: str
) -> None:
    await desk.run("insert into tenancy.orgs (name) values ('other'), ('third')")
    wallet = await named(desk)
    await desk.run(
        "insert into tenancy.org_wallets (org_id, wallet_id, tracked_at) "
        "select o.id, w.id, null from tenancy.orgs as o, tenancy.wallets as w "
        "where o.name <> 'default'"
    )
    await label(desk, wallet, "The whale", org="other")
    await fill(desk, wallet, "0", "1250")
    await desk.check()
    shown: dict[str, list[str]] = {}
    with psycopg.connect(database_url) as login:
        orgs = login.execute("select id, name from tenancy.orgs").fetchall()
        login.execute("set role hypertally_api")
        for org_id, name in orgs:
            login.execute("select set_config('hypertally.org_id', %s, true)", [str(org_id)])
            rows = login.execute(
                "select value ->> 'label' from ops.alerts where to_state = 'firing' "
                "union all select label from tenancy.wallet_labels "
                "union all select subject from ops.alert_state where type = 'wallet'"
            ).fetchall()
            shown[name] = sorted(row[0] for row in rows)
    assert shown == {
        "default": [f"{wallet}/ETH/default", "Jump", "Jump"],
        "other": [f"{wallet}/ETH/other", "The whale", "The whale"],
        "third": [],
    }
