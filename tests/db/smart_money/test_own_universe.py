"""A universe of tracked wallets tells no org whom another tracks, and no total shrinks by it."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest

# Wallet 1 is of org A, 2 of B, 3 of both, 4 of none; 5 was on a leaderboard, and B tracks it.
ROWS = """
insert into tenancy.orgs (id, name) overriding system value values (11, 'a'), (12, 'b');
insert into tenancy.wallets (id, address) overriding system value
select n, decode(lpad(n::text, 40, '0'), 'hex') from generate_series(1, 5) as n;
insert into tenancy.org_wallets (org_id, wallet_id)
values (11, 1), (11, 3), (12, 2), (12, 3), (12, 5);
select facts.ensure_day('wallet_snapshots', '2025-03-10');
insert into facts.wallet_snapshots (minute, wallet_id, asset, szi, fingerprint)
select '2025-03-10', n, 'BTC', 10 * n - 25, 100 + n from generate_series(1, 5) as n;
"""
RUN = """
with run as (
    insert into metrics.wallet_universe_runs (
        taken_at, source, status, members, entered, exited, definition)
    select %(at)s, %(source)s, 'chosen', cardinality(%(wallets)s::int[]),
        array(select '0x' || lpad(n::text, 40, '0') from unnest(%(entered)s::int[]) as n),
        array(select '0x' || lpad(n::text, 40, '0') from unnest(%(exited)s::int[]) as n),
        'universe/2'
    returning id
), members as (
    insert into metrics.wallet_universe_members (run_id, wallet_id, wallet, rank, pnl_30d)
    select run.id, n, '0x' || lpad(n::text, 40, '0'), n, 1
    from run cross join unnest(%(wallets)s::int[]) as n
)
select id from run
"""
A, B = 11, 12
Connection = psycopg.Connection[tuple[Any, ...]]


def address(number: int) -> str:
    return f"0x{number:040d}"


@pytest.fixture(scope="module")
def runs(make_database: Callable[[], str]) -> tuple[str, int, int]:
    """The database, a run of a leaderboard, and a later one of tracked wallets."""
    url = make_database()
    with psycopg.connect(url, options="-c timezone=UTC", autocommit=True) as connection:
        connection.execute(ROWS)
        found = [
            connection.execute(RUN, one).fetchone()
            for one in (
                {"at": "2025-03-01", "source": "leaderboard", "wallets": [5], "entered": [5],
                 "exited": []},
                {"at": "2025-03-09", "source": "own_facts", "wallets": [1, 2, 3, 4],
                 "entered": [1, 2, 3, 4], "exited": [5]},
            )
        ]  # fmt: skip
    first, second = (row[0] for row in found if row)
    return url, first, second


@pytest.fixture
def api(runs: tuple[str, int, int]) -> Iterator[Connection]:
    with psycopg.connect(runs[0], options="-c role=hypertally_api -c timezone=UTC") as connection:
        yield connection
        connection.rollback()


def identify(connection: Connection, org: int) -> None:
    connection.execute("select set_config('hypertally.org_id', %s, true)", [str(org)])


@pytest.mark.parametrize(("org", "seen"), [(A, {1, 3, 5}), (B, {2, 3, 5}), (99, {5})])
def test_an_org_sees_public_wallets_and_those_it_tracks(
    api: Connection, org: int, seen: set[int]
) -> None:
    identify(api, org)
    members = api.execute("select wallet_id from metrics.wallet_universe_members").fetchall()
    assert {row[0] for row in members} == seen
    snapshots = api.execute("select wallet_id from facts.wallet_snapshots").fetchall()
    assert {row[0] for row in snapshots} == seen
    current = api.execute("select wallet_id from metrics.wallet_universe_current").fetchall()
    assert {row[0] for row in current} == seen - {5}


def test_a_wallet_that_a_public_source_names_later_is_public_from_then_on(
    runs: tuple[str, int, int], api: Connection
) -> None:
    with psycopg.connect(runs[0]) as login:
        login.execute("set local role hypertally_metrics")
        login.execute(
            RUN,
            {"at": "2025-03-11", "source": "fallback", "wallets": [4, 5], "entered": [4],
             "exited": []},
        )  # fmt: skip
        login.execute("set local role hypertally_api")
        identify(login, A)
        rows = login.execute("select wallet_id from facts.wallet_snapshots").fetchall()
        assert {row[0] for row in rows} == {1, 3, 4, 5}
        login.rollback()


def test_what_all_held_together_is_the_same_for_every_org(api: Connection) -> None:
    for org in (A, B, 99):
        identify(api, org)
        summed = api.execute(
            "select long, short, flat, missing, net_coin from "
            "metrics.sum_positions('2025-03-10', array['BTC'])"
        ).fetchall()
        assert summed == [(3, 2, 0, 0, Decimal(25))]  # -15, -5, 5, 15, 25
        minutes = api.execute(
            "select long, short, net_coin from "
            "metrics.sum_minutes('BTC', '2025-03-10', '2025-03-11')"
        ).fetchall()
        assert minutes == [(3, 2, Decimal(25))]


def test_the_digest_is_of_all_members(runs: tuple[str, int, int], api: Connection) -> None:
    identify(api, A)
    counted = api.execute(
        "select count, digest from metrics.count_snapshots(%s, 'BTC', array['2025-03-10'::"
        "timestamptz])",
        [runs[2]],
    ).fetchall()
    assert counted == [(4, "4:410")]


@pytest.mark.parametrize(("org", "entered"), [(A, [1, 3]), (B, [2, 3]), (99, [])])
def test_who_came_is_named_to_those_who_may_know_and_else_counted(
    runs: tuple[str, int, int], api: Connection, org: int, entered: list[int]
) -> None:
    identify(api, org)
    [row] = api.execute("select * from metrics.moves_of_run(%s)", [runs[2]]).fetchall()
    assert row == ([*map(address, entered)], [address(5)], 4 - len(entered), 0)


@pytest.mark.parametrize("column", ["entered", "exited"])
def test_the_addresses_of_a_run_cannot_be_read_past_that(api: Connection, column: str) -> None:
    identify(api, A)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        api.execute(f"select {column} from metrics.wallet_universe_runs".encode())


@pytest.mark.parametrize(
    "statement",
    [
        "select from metrics.sum_positions('2025-03-10', array['BTC'])",
        "select from metrics.sum_minutes('BTC', '2025-03-10', '2025-03-11')",
        (
            "select from metrics.count_snapshots(2, 'BTC', array['2025-03-10'::timestamptz]) "
            "where count > 0"
        ),
        "select from metrics.moves_of_run(2) where entered <> '{}' or entered_not_shown > 0",
        "select from metrics.public_wallets",
    ],
)
def test_nobody_is_told_anything(api: Connection, statement: str) -> None:
    assert api.execute(statement.encode()).fetchall() == []
