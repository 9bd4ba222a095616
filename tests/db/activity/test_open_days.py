"""A day without fills counts as far as it is proved, also yesterday in the first hours of a day."""

from decimal import Decimal
from importlib.resources import files

import psycopg
import pytest

from hypertally.store.queries import load

WALLET = """
insert into tenancy.wallets (address) values (decode(repeat('1f', 20), 'hex'));
insert into ops.hl_ingest_cursor (wallet_id, cursor_ms, proven_until, pulled_at, confirmed_ms)
select w.id, 1, t.at, t.at, extract(epoch from now() + interval '2 days') * 1000
from tenancy.wallets as w
cross join (select now() - (now() at time zone 'UTC')::time - %(hours)s * interval '1 hour' as at)
    as t;
"""
COMPLETE = """
select d.days, d.days_unknown, round(d.complete, 6)
from (select (now() at time zone 'UTC')::date as today) as t
cross join ops.hl_ingest_cursor as i
cross join metrics.list_days_without_fills(
    array[i.wallet_id], array[t.today - %(back)s::integer], array[t.today],
    i.proven_until - interval '1 minute') as d
"""


@pytest.mark.parametrize(
    ("hours", "back", "complete"),
    [
        (1, 1, Decimal("0.958333")),  # 23 of 24 hours of yesterday, and nothing of today
        (1, 3, Decimal("2.958333")),
        (0, 1, Decimal("1.000000")),
        (2, 0, Decimal("0.000000")),
    ],
)
def test_the_end_of_a_record_is_the_end_of_what_is_complete(
    database_url: str, hours: int, back: int, complete: Decimal
) -> None:
    """Yesterday counted as if it was proved to midnight."""
    with psycopg.connect(database_url, options="-c timezone=UTC") as connection:
        for statement in WALLET.split(";")[:2]:
            connection.execute(statement.encode(), {"hours": hours})
        row = connection.execute(COMPLETE.encode(), {"back": back}).fetchone()
    assert row == (back + 1, 0, complete)


def test_the_record_of_a_wallet_without_fills_is_as_complete_as_its_days(database_url: str) -> None:
    """Its completeness was null, beside days that had one."""
    path = files("hypertally") / "api" / "activity" / "wallets.sql"
    statement = load(str(path))["read_record"].text.encode()
    with psycopg.connect(database_url, options="-c timezone=UTC") as connection:
        for text in WALLET.split(";")[:2]:
            connection.execute(text.encode(), {"hours": 0})
        values = {"wallet_id": 1, "proof_due_minutes": 2880}
        ((completeness,),) = connection.execute(
            b"select completeness from (" + statement.rstrip().rstrip(b";") + b") as record", values
        ).fetchall()
        # Added today, of which nothing is proved; with the day before, half is.
        assert completeness == "0"
        connection.execute("update tenancy.wallets set added_at = added_at - interval '24 hours'")
        row = connection.execute(statement, values).fetchone()
    assert row is not None
    assert "0.5" in row
