"""Kinds of jobs that storing and rolling up fills queues, whoever runs them."""

from hypertally.jobs.runtime.kinds import Kind, Lane, NoPayload, WalletPayload, declare
from hypertally.records import Record

# Before any pull: a number that can be had is never behind a number that cannot be had yet.
ROLLUP_PRIORITY = 50


class TokenPayload(Record, frozen=True, kw_only=True):
    """The token whose prices are asked for."""

    token: str


def wallet_key(payload: WalletPayload) -> str:
    """The wallet of a payload, as dedupe keys have it."""
    return str(payload.wallet_id)


ROLLUP_WALLET_DAY = declare(
    Kind(
        name="rollup_wallet_day",
        payload_type=WalletPayload,
        lane=Lane.COMPUTING,
        leaves_when_killed="nothing: marks and days are one transaction",
        distinguish=wallet_key,
        priority=ROLLUP_PRIORITY,
        follows_facts=True,
    )
)
ROLLUP_GLOBAL_DAY = declare(
    Kind(
        name="rollup_global_day",
        payload_type=NoPayload,
        lane=Lane.COMPUTING,
        leaves_when_killed="nothing: marks and days are one transaction",
        priority=ROLLUP_PRIORITY,
        follows_facts=True,
    )
)
INGEST_TWAPS = declare(
    Kind(
        name="ingest_twaps",
        payload_type=WalletPayload,
        lane=Lane.ASKING,
        leaves_when_killed="the pages stored so far, and the cursor behind the last of them",
        distinguish=wallet_key,
    )
)
REPAIR_GAP = declare(
    Kind(
        name="repair_gap",
        payload_type=WalletPayload,
        lane=Lane.ASKING,
        leaves_when_killed="the pages stored so far; the window is asked for again from its start",
        distinguish=wallet_key,
    )
)
CHECK_POSITIONS = declare(
    Kind(
        name="check_positions",
        payload_type=WalletPayload,
        lane=Lane.ASKING,
        leaves_when_killed="the positions of the dexs asked so far; the next check has newer ones",
        distinguish=wallet_key,
        priority=-5,  # after first readings, before second ones: two of the allowance a dex
    )
)
READ_AGAIN = declare(  # run by jobs/second_readings
    Kind(
        name="read_again",
        payload_type=WalletPayload,
        lane=Lane.ASKING,
        leaves_when_killed="the pages stored so far; the reading begins again where it began",
        distinguish=wallet_key,
        priority=-20,  # it asks only while weight is to spare
        attempts_max=3,  # a minute apart; the confirming reading looks again in any case
    )
)
CONFIRM_FILLS = declare(  # run by jobs/second_readings
    Kind(
        name="confirm_fills",
        payload_type=WalletPayload,
        lane=Lane.ASKING,
        leaves_when_killed="the pages stored so far; the reading begins again where it began",
        distinguish=wallet_key,
        priority=-10,  # after every first reading
    )
)
PULL_PRICES = declare(  # run by jobs/market
    Kind(
        name="pull_prices",
        payload_type=TokenPayload,
        lane=Lane.ASKING,
        leaves_when_killed="nothing: prices and marks are one transaction",
        distinguish=lambda payload: payload.token,
        priority=40,  # one answer gives many figures their price; a pull gives one wallet's
    )
)
ROLLUP_TWAPS = declare(  # run by jobs/twaps
    Kind(
        name="rollup_twaps",
        payload_type=NoPayload,
        lane=Lane.COMPUTING,
        leaves_when_killed="nothing: marks and TWAPs are one transaction",
        priority=ROLLUP_PRIORITY,
    )
)
