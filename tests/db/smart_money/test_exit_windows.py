"""Windows of exits: where weight is short each is asked for all the same, only later."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from msgspec.structs import asdict

from hypertally.jobs.smart_money.exit_readings import (
    MERGED_WITHIN,
    QUERIES,
    READ_AFTER,
    ExitWindow,
)
from hypertally.store.postgres import Connection, Pool, find_row, transaction

AT = datetime(2025, 10, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WALLETS, FOUND_A_MINUTE, ASKED_A_MINUTE = 40, 6, 3
ROUND = timedelta(minutes=WALLETS // ASKED_A_MINUTE + 2)  # each wallet once, and a run to begin
NOTE = """
insert into ops.exit_windows (
    wallet_id, asset, from_at, to_at, held_size, left_size, found_at, next_at)
values (%(wallet)s, 'BTC', %(now)s - interval '1 minute', %(now)s, 2, 1, %(now)s, %(now)s)
"""


async def claim(connection: Connection, now: datetime) -> int:
    """Take the windows of one wallet, and read them at once: how many there were."""
    bound = {"now": now, "found_by": now - READ_AFTER, "merged_within": MERGED_WITHIN}
    await connection.execute(QUERIES["claim_window"].text, bound)
    return (await connection.execute("delete from ops.exit_windows where tries > 0")).rowcount


async def test_every_window_is_asked_for_within_a_round_of_the_wallets(worker_pool: Pool) -> None:
    random = Random(3)
    windows_read = 0
    async with transaction(worker_pool) as connection:
        await connection.execute(
            "insert into tenancy.wallets (id, address) overriding system value "
            "select n, decode(lpad(to_hex(n), 40, '0'), 'hex') from generate_series(1, %s) as n",
            [WALLETS],
        )
        for number in range(120):
            now = AT + number * MINUTE
            for wallet in random.sample(range(1, WALLETS + 1), FOUND_A_MINUTE):
                await connection.execute(NOTE, {"wallet": wallet, "now": now})
            for _ in range(ASKED_A_MINUTE):
                windows_read += await claim(connection, now)
            waiting = await connection.execute(
                "select min(found_at) as since from ops.exit_windows"
            )
            row = await waiting.fetchone()
            assert row is not None
            assert now - row["since"] <= ROUND
    assert windows_read > 100 * FOUND_A_MINUTE


@pytest.mark.parametrize("query", ["put_back_windows", "note_error", "settle_windows"])
async def test_what_happens_to_windows_asked_for_moves_no_other(
    worker_pool: Pool, query: str
) -> None:
    """Between two due windows of a wallet lies one that was asked for six times and waits."""
    reason = "the fills shown do not lead to the smaller position"
    async with transaction(worker_pool) as connection:
        await connection.execute(
            "insert into tenancy.wallets (id, address) overriding system value "
            "values (1, decode(lpad('1', 40, '0'), 'hex'))"
        )
        for minutes_ago in (90, 60, 30):
            await connection.execute(NOTE, {"wallet": 1, "now": AT - minutes_ago * MINUTE})
        await connection.execute(
            "update ops.exit_windows set tries = 6, next_at = %s, last_error = %s where to_at = %s",
            [AT + 40 * MINUTE, reason, AT - 60 * MINUTE],
        )
        before = await read_windows(connection)
        for number in range(3):
            now = AT + number * MINUTE
            bound = {"now": now, "found_by": now - READ_AFTER, "merged_within": MERGED_WITHIN}
            claimed = await find_row(connection, QUERIES["claim_window"], bound, shape=ExitWindow)
            assert claimed is not None
            assert sorted(claimed.ends) == [AT - 90 * MINUTE, AT - 30 * MINUTE]
            await connection.execute(QUERIES[query].text, {**asdict(claimed), "error": "refused"})
            after = await read_windows(connection)
            assert after[1] == before[1]
            if query == "put_back_windows":
                turns = [window[:3] for window in after]
                assert turns == [window[:3] for window in before], "each keeps its turn"
            else:
                await connection.execute(
                    "update ops.exit_windows set next_at = found_at where last_error = 'refused'"
                )
        assert [window[3] for window in after] == ["refused", reason, "refused"]


async def test_a_refusal_hides_no_reason_and_forgets_no_wait(worker_pool: Pool) -> None:
    """A window that was asked for in vain, then refused, is where it was."""
    reason = "the fills shown do not lead to the smaller position"
    async with transaction(worker_pool) as connection:
        await connection.execute(
            "insert into tenancy.wallets (id, address) overriding system value "
            "values (1, decode(lpad('1', 40, '0'), 'hex'))"
        )
        await connection.execute(NOTE, {"wallet": 1, "now": AT - 30 * MINUTE})
        await connection.execute(
            "update ops.exit_windows set tries = 3, next_at = %s, last_error = %s",
            [AT - MINUTE, reason],
        )
        before = await read_windows(connection)
        bound = {"now": AT, "found_by": AT - READ_AFTER, "merged_within": MERGED_WITHIN}
        claimed = await find_row(connection, QUERIES["claim_window"], bound, shape=ExitWindow)
        assert claimed is not None
        bound = {**asdict(claimed), "error": "refused"}
        await connection.execute(QUERIES["put_back_windows"].text, bound)
        assert await read_windows(connection) == before


async def read_windows(connection: Connection) -> list[tuple[datetime, int, datetime, str | None]]:
    """Every window in order of time: its end, tries, when it is due, and its last error."""
    cursor = await connection.execute(
        "select to_at, tries, next_at, last_error from ops.exit_windows order by to_at"
    )
    return [
        (row["to_at"], row["tries"], row["next_at"], row["last_error"])
        for row in await cursor.fetchall()
    ]
