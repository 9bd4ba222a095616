"""The end of a position that was told is told, whatever its wallet did before the next check."""

from decimal import Decimal

import pytest
from tests.db.alerts.alert_rows import MINUTE, Desk
from tests.db.alerts.labelled import SECOND, TRADED, fill, named, sentences

from hypertally.store.postgres import Pool


@pytest.fixture
def desk(worker_pool: Pool) -> Desk:
    return Desk(worker_pool)


SHORT_CLOSED = "closed short 400 ETH (about $1.0M)"


@pytest.mark.parametrize("is_one_millisecond", [False, True])
@pytest.mark.parametrize(
    ("trades", "since"),
    [
        ([("-400", "400"), ("0", "-0.01")], "and opened short 0.01 ETH (about $25) since"),
        ([("-400", "400"), ("0", "0.01")], "and opened long 0.01 ETH (about $25) since"),
        ([("-400", "400.01")], "and opened long 0.01 ETH (about $25) since"),
        ([("-400", "401"), ("1", "-2")], "and opened short 1 ETH (about $2.5K) since"),
        ([("-400", "400"), ("0", "-399.99")], "and opened short 399.99 ETH (about $1.0M) since"),
        ([("-400", "400"), ("0", "-600")], "and opened short 600 ETH (about $1.5M) since"),
        ([("-400", "400"), ("0", "-0.01"), ("-0.01", "0.01")], ""),
        # The close is not known yet.
        ([("0", "-0.01")], "and opened short 0.01 ETH (about $25) since"),
        ([("0", "-600")], "and opened short 600 ETH (about $1.5M) since"),
        ([("5", "1")], "and opened long 6 ETH (about $15.0K) since"),
        ([("0", "-0.01"), ("-0.01", "0.01")], ""),
    ],
)
async def test_the_end_of_what_was_told_is_told_whatever_was_opened_since(
    desk: Desk, trades: list[tuple[str, str]], since: str, *, is_one_millisecond: bool
) -> None:
    reasons = await sentences_after_a_short(desk, trades, is_one_millisecond=is_one_millisecond)
    assert reasons == [", ".join(filter(None, [f"Jump (0x0000..0abc) {SHORT_CLOSED}", since]))]


@pytest.mark.parametrize("trades", [[("-400", "800")], [("0", "400")]])
async def test_what_was_told_and_is_on_the_other_side_was_flipped(
    desk: Desk, trades: list[tuple[str, str]]
) -> None:
    assert await sentences_after_a_short(desk, trades, is_one_millisecond=False) == [
        "Jump (0x0000..0abc) flipped from short 400 ETH to long 400 ETH (about $1.0M)"
    ]


@pytest.mark.parametrize("trades", [[("-400", "399.99"), ("-0.01", "-0.01")], [("-400", "-400")]])
async def test_what_was_told_and_stands_is_not_told_again(
    desk: Desk, trades: list[tuple[str, str]]
) -> None:
    assert await sentences_after_a_short(desk, trades, is_one_millisecond=False) == []


async def sentences_after_a_short(
    desk: Desk, trades: list[tuple[str, str]], *, is_one_millisecond: bool
) -> list[str]:
    """What is told of the trades of a wallet that was told to be short 400 ETH."""
    wallet = await named(desk)
    await fill(desk, wallet, "0", "-400")
    await desk.check(TRADED + SECOND)
    opened_at = TRADED + MINUTE
    for number, (start, change) in enumerate(trades):
        at = opened_at if is_one_millisecond else opened_at + number * SECOND
        await fill(desk, wallet, start, change, at=at)
    for number in range(2):
        await desk.check(opened_at + (1 + number) * MINUTE)
    return (await sentences(desk))[1:]


async def test_what_is_built_up_after_the_end_of_what_was_told_is_told(desk: Desk) -> None:
    wallet = await named(desk)
    await fill(desk, wallet, "0", "-400")
    await desk.check(TRADED + SECOND)
    start = Decimal(-400)
    for number, change in enumerate([400, -1, -150, -150, -150]):
        await fill(desk, wallet, f"{start}", f"{change}", at=TRADED + (1 + number) * MINUTE)
        start += change
        if number:
            await desk.check(TRADED + (1 + number) * MINUTE + SECOND)
    assert (await sentences(desk))[1:] == [
        f"Jump (0x0000..0abc) {SHORT_CLOSED}, and opened short 1 ETH (about $2.5K) since",
        "Jump (0x0000..0abc) opened short 451 ETH (about $1.1M)",
    ]


async def test_a_close_that_becomes_known_after_its_end_was_told_is_not_told_again(
    desk: Desk,
) -> None:
    wallet = await named(desk)
    await fill(desk, wallet, "0", "400")
    await desk.check(TRADED + SECOND)
    await fill(desk, wallet, "0", "-400", at=TRADED + MINUTE + SECOND)
    await desk.check(TRADED + 2 * MINUTE)
    await fill(desk, wallet, "400", "-400", at=TRADED + MINUTE)
    await desk.check(TRADED + 3 * MINUTE)
    assert (await sentences(desk))[1:] == [
        "Jump (0x0000..0abc) flipped from long 400 ETH to short 400 ETH (about $1.0M)"
    ]


@pytest.mark.parametrize("is_end_forced", [False, True])
async def test_the_end_that_was_a_liquidation_is_said_to_be_one(
    desk: Desk, *, is_end_forced: bool
) -> None:
    """The last fill is not what ended the position."""
    wallet = await named(desk)
    await fill(desk, wallet, "0", "-400")
    await desk.check(TRADED + SECOND)
    directions = ["Close Short", "Open Long", "Close Long", "Open Short"]
    directions[0 if is_end_forced else 2] = "Auto-Deleveraging"
    start = Decimal(-400)
    for number, (change, direction) in enumerate(zip([400, 1, -1, -1], directions, strict=True)):
        at = TRADED + (1 + number) * SECOND
        await fill(desk, wallet, f"{start}", f"{change}", at=at, direction=direction)
        start += change
    await desk.check()
    forced = ", by a liquidation or ADL" if is_end_forced else ""
    assert (await sentences(desk))[1:] == [
        f"Jump (0x0000..0abc) {SHORT_CLOSED}{forced}, and opened short 1 ETH (about $2.5K) since"
    ]


async def test_what_was_told_before_a_wallet_was_tracked_again_has_no_end_to_tell(
    desk: Desk,
) -> None:
    wallet = await named(desk)
    await fill(desk, wallet, "0", "400")
    await desk.check(TRADED + SECOND)
    await desk.run("update tenancy.org_wallets set tracked_at = %(at)s", at=TRADED + MINUTE)
    await fill(desk, wallet, "0", "1", at=TRADED + 2 * MINUTE)
    await desk.check()
    assert len(await sentences(desk)) == 1
