"""Windows of exits: where weight is short each is asked for all the same, only later."""

from datetime import UTC, datetime, timedelta
from random import Random

from hypertally.jobs.smart_money.exit_readings import MERGED_WITHIN, QUERIES, READ_AFTER
from hypertally.store.postgres import Connection, Pool, transaction

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
