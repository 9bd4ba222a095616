"""Facts take INSERT only: nobody changes or removes one, not even the owner."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import psycopg
import pytest
from psycopg import sql

from hypertally import flow

FACTS = (
    "pages",
    "hl_fills_raw",
    "conflicts",
    "rejects",
    "reject_windows",
    "decoded_rejects",
    "unread_fields",
    "limits_met",
    "limits_lifted",
    "account_positions",
    "history_readings",
    "spot_pairs",
    "perp_dexs",
    "token_prices",
    "twap_status",
    "twap_status_repeats",
    "twap_slices",
    "archived_fills",
    "candles",
    "mids",
    "leaderboard_rows",
    "wallet_snapshots",
    "watched_fills",
    "watched_readings",
)
PARTITIONS = ("pages_2025_03", "hl_fills_raw_2025_03", "wallet_snapshots_2025_03_10")
ROLES = (
    "hypertally_tenancy",
    "hypertally_facts",
    "hypertally_metrics",
    "hypertally_jobs",
    "hypertally_api",
    "hypertally_worker",
    "none",
)
CHANGES = (
    "update facts.{table} set {column} = {column}",
    "delete from facts.{table}",
    "truncate facts.{table}",
    "merge into facts.{table} as f using (select 1) as one on true when matched then delete",
)
ROWS = """
select facts.ensure_month('pages', '2025-03-10'), facts.ensure_month('hl_fills_raw', '2025-03-10');
insert into facts.pages (source, request, asked_at, row_count, body_sha256, weight, closed)
values ('info.userFillsByTime', '{}', '2025-03-10', 0, '', 20, false);
insert into facts.hl_fills_raw (
    time, oid, tid, fingerprint, page_id, wallet_id, ordinal, crossed, side, coin, px, sz,
    start_position, dir, closed_pnl, hash)
values ('2025-03-10', 1, 2, 3, 1, 1, 0, true, 'B', 'BTC', 1, 1, 0, 'Open Long', 0,
        decode(repeat('00', 32), 'hex'));
insert into facts.conflicts (
    wallet_id, coin, time, oid, tid, side, fingerprint, row, page_id, first_fingerprint,
    first_page_id)
values (1, 'BTC', '2025-03-10', 1, 2, 'B', 4, '{}', 1, 3, 1);
insert into facts.rejects (wallet_id, source, payload, payload_sha256, reason, page_id, ordinal)
values (1, 'info.userFillsByTime', '{}', '', 'empty', 1, 0);
insert into facts.reject_windows (reject_id, wallet_id, from_at, to_at)
values (1, 1, '2025-03-10', '2025-03-10');
insert into facts.decoded_rejects (reject_id, page_id) values (1, 1);
insert into facts.unread_fields (
    wallet_id, coin, time, oid, tid, side, fingerprint, extra, page_id)
values (1, 'BTC', '2025-03-10', 1, 2, 'B', 4, '{}', 1);
insert into facts.limits_met (wallet_id, kind, from_ms, to_ms, reason, page_id)
values (1, 'history_begins', 0, 1, 'so', 1);
insert into facts.account_positions (wallet_id, dex, at, positions, page_id)
values (1, '', '2025-03-10', '{}', 1);
insert into facts.limits_lifted (limit_id, wallet_id, page_id) values (1, 1, 1);
insert into facts.history_readings (wallet_id, asked_at, rows_shown, page_id)
values (1, '2025-03-10', 1, 1);
insert into facts.spot_pairs (coin, base_token, quote_token, fingerprint, page_id)
values ('@1', 'A', 'USDC', 1, 1);
insert into facts.perp_dexs (dex, collateral_token, fingerprint, page_id)
values ('', 'USDC', 1, 1);
insert into facts.token_prices (token, at, price_usd, source, fingerprint, page_id)
values ('A', '2025-03-10', 1, 'candle', 1, 1);
insert into facts.twap_status (
    twap_id, wallet, ts, asset, side, size_requested, status, duration_minutes, raw_payload,
    fingerprint, page_id, ordinal)
values (1, '0x' || repeat('0', 40), '2025-03-10', 'BTC', 'B', 1, 'activated', 5, '{}', 1, 1, 0);
insert into facts.twap_status_repeats (twap_id, wallet, ts, status, fingerprint, page_id)
values (1, '0x' || repeat('0', 40), '2025-03-10', 'activated', 1, 1);
insert into facts.twap_slices (wallet_id, twap_id, time, coin, oid, tid, side, page_id)
values (1, 1, '2025-03-10', 'BTC', 1, 2, 'B', 1);
insert into facts.archived_fills (
    twap_id, wallet, time, coin, oid, tid, side, px, sz, raw_payload, s3_object_key, fingerprint,
    page_id, ordinal)
values (1, '0x' || repeat('0', 40), '2025-03-10', 'BTC', 1, 2, 'B', 1, 1, '{}', 'a', 1, 1, 0);
insert into facts.candles (
    coin, interval, at, open, high, low, close, volume_coin, trades, fingerprint, page_id)
values ('BTC', '1m', '2025-03-10', 1, 1, 1, 1, 1, 1, 1, 1);
insert into facts.mids (dex, at, mids, page_id) values ('', '2025-03-10', '{}', 1);
insert into facts.leaderboard_rows (
    page_id, taken_at, wallet, ordinal, pnl_30d, raw_payload, fingerprint)
values (1, '2025-03-10', '0x' || repeat('0', 40), 0, 1, '{}', 1);
insert into facts.watched_fills (
    wallet_id, time, coin, oid, tid, side, px, sz, start_position, dir, raw_payload, fingerprint,
    page_id, ordinal)
values (1, '2025-03-10', 'BTC', 1, 2, 'B', 1, 1, 0, 'Open Long', '{}', 1, 1, 0);
insert into facts.watched_readings (page_id, wallet_id, from_at, to_at, asked_at, fills)
values (1, 1, '2025-03-10', '2025-03-10', '2025-03-10', 1);
select facts.ensure_day('wallet_snapshots', '2025-03-10');
insert into facts.wallet_snapshots (minute, wallet_id, asset, szi, fingerprint)
values ('2025-03-10', 1, 'BTC', 0, 1);
"""


@pytest.fixture(scope="module")
def url(make_database) -> str:
    """A database with a row in every facts table, so that row triggers have one to fire on."""
    made = make_database()
    with psycopg.connect(made, autocommit=True) as connection:
        connection.execute(ROWS)
    return made


@pytest.fixture
def login(url: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with psycopg.connect(url) as connection:
        yield connection
        connection.rollback()


def is_refused(login: psycopg.Connection[tuple[Any, ...]], statement: sql.Composed) -> bool:
    try:
        with login.transaction():
            login.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        return True
    return False


def tables(login: psycopg.Connection[tuple[Any, ...]]) -> dict[str, str]:
    """Every table of facts, and a column of it."""
    rows = login.execute(
        "select c.relname, min(a.attname) from pg_class as c "
        "join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 "
        "and not a.attisdropped and a.attidentity = '' and a.attgenerated = '' "
        "where c.relnamespace = 'facts'::regnamespace and c.relkind in ('r', 'p') group by 1"
    ).fetchall()
    return dict(rows)


def test_the_list_of_facts_is_whole(login: psycopg.Connection[tuple[Any, ...]]) -> None:
    listed = {*FACTS, *PARTITIONS}
    found = tables(login).keys()
    assert found >= listed
    assert found - listed <= {fact.name for fact in flow.FACTS}


@pytest.mark.parametrize("role", ROLES)
def test_no_role_may_change_a_fact(login: psycopg.Connection[tuple[Any, ...]], role: str) -> None:
    login.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
    for (table, column), change in product(tables(login).items(), CHANGES):
        names = {"table": sql.Identifier(table), "column": sql.Identifier(column)}
        statement = sql.SQL(change).format(**names)
        assert is_refused(login, statement), f"{role}: {statement.as_string(None)}"


def test_the_owner_is_told_why(login: psycopg.Connection[tuple[Any, ...]]) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="facts are append-only"):
        login.execute("delete from facts.hl_fills_raw")


def test_an_upsert_that_changes_a_fact_is_refused(
    login: psycopg.Connection[tuple[Any, ...]],
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        login.execute(
            "insert into facts.token_prices (token, at, price_usd, source, fingerprint, page_id) "
            "values ('A', '2025-03-10', 2, 'candle', 2, 1) "
            "on conflict (token, at) do update set price_usd = excluded.price_usd"
        )
