"""How far the first pulls of an org are."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

ADD = """
with added as (
    insert into tenancy.wallets (address)
    select decode(lpad(to_hex(number), 40, 'e'), 'hex')
    from generate_series(1, 4) as g (number)
    returning id
)
insert into tenancy.org_wallets (org_id, wallet_id, tracked_at)
select o.id, a.id, %(at)s from tenancy.orgs as o, added as a where o.name = 'org_empty'
returning wallet_id
"""
PAGE = """
insert into facts.pages (
    wallet_id, source, request, asked_at, row_count, body_sha256, weight, closed)
values (%(id)s, 'info.userFillsByTime', '{}', %(at)s, 700,
    decode(repeat('00', 32), 'hex'), 20, true)
"""


@pytest.fixture(scope="module")
def fresh(world: str) -> Iterator[tuple[psycopg.Connection, list[int]]]:
    """An org whose four wallets were added a minute ago, and their ids."""
    with psycopg.connect(world, autocommit=True) as connection:
        at = datetime.now(UTC) - timedelta(seconds=60)
        rows = connection.execute(ADD, {"at": at}).fetchall()
        yield connection, [row[0] for row in rows]


def test_the_progress_counts_what_was_read_and_estimates_what_is_left(get, fresh) -> None:
    connection, (first, second, failing, _) = fresh
    began_at = datetime.now(UTC) - timedelta(seconds=30)
    connection.execute(PAGE, {"id": first, "at": began_at})
    connection.execute(PAGE, {"id": second, "at": datetime.now(UTC)})
    connection.execute(
        "insert into ops.hl_ingest_cursor (wallet_id, pulled_at, last_error) values "
        "(%s, now(), null), (%s, null, 'the exchange is away')",
        (first, failing),
    )
    answer = get("/api/v1/progress", "eve")
    progress = answer.json()
    assert (progress["wallets"], progress["read"], progress["failing"]) == (4, 1, 1)
    assert progress["rows"] == 1400
    # One wallet in thirty seconds: two more need a minute.
    assert 58 <= progress["seconds_left"] <= 90
    assert answer.headers["cache-control"] == "private, max-age=5"


def test_another_org_sees_nothing_of_it(get, fresh) -> None:
    assert get("/api/v1/progress", "bob").json() == {
        "wallets": 0,
        "read": 0,
        "failing": 0,
        "rows": 0,
        "began_at": None,
        "seconds_left": None,
    }
