"""A database keeps the books of one exchange: said once, compared by every process."""

import asyncio

import psycopg
import pytest
from psycopg import sql
from tests.conftest import forget_exchange

from hypertally.errors import Refused
from hypertally.jobs.runtime import exchange_identity
from hypertally.jobs.runtime.exchange_identity import adopt, bind, check_bound
from hypertally.sources.exchange_identity import Exchange
from hypertally.store.postgres import Pool, open_pool, transaction

MAINNET = Exchange(name="mainnet", host="api.hyperliquid.xyz")
SANDBOX = Exchange(name="sandbox:7", host="127.0.0.1:8899")
ADD_WALLET = "insert into tenancy.wallets (address) values (decode(repeat('1f', 20), 'hex'))"


def bound_to(url: str) -> list[tuple[str, int | None, str]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "select exchange, chain_id, said_by from ops.exchange_identity"
        ).fetchall()


async def use(url: str, exchange: Exchange) -> None:
    async with open_pool(url, role="hypertally_worker", size=1) as pool:
        await bind(pool, exchange)


async def test_an_empty_database_takes_the_first_exchange_and_refuses_another(
    unnamed_url: str,
) -> None:
    for _ in range(2):
        await use(unnamed_url, MAINNET)
    with pytest.raises(Refused, match=r"books are of mainnet, but the settings name sandbox:7"):
        await use(unnamed_url, SANDBOX)
    assert bound_to(unnamed_url) == [("mainnet", 999, "first use")]


async def test_of_two_first_processes_with_two_exchanges_one_is_refused(unnamed_url: str) -> None:
    for _ in range(10):
        forget_exchange(unnamed_url)
        exchanges = (MAINNET, SANDBOX, MAINNET, SANDBOX)
        results = await asyncio.gather(
            *(use(unnamed_url, exchange) for exchange in exchanges), return_exceptions=True
        )
        [(kept, _, _)] = bound_to(unnamed_url)
        for exchange, result in zip(exchanges, results, strict=True):
            assert isinstance(result, Refused) == (exchange.name != kept)


async def check(pool: Pool, exchange: Exchange) -> None:
    async with transaction(pool) as connection:
        await check_bound(connection, exchange)


async def test_books_without_a_name_are_refused_until_they_are_adopted(unnamed_url: str) -> None:
    with psycopg.connect(unnamed_url) as connection:
        connection.execute(ADD_WALLET)
    for act in (bind, check):
        async with open_pool(unnamed_url, role="hypertally_worker", size=1) as pool:
            with pytest.raises(Refused, match=r"hypertally adopt --exchange mainnet"):
                await act(pool, MAINNET)
    assert bound_to(unnamed_url) == []
    async with open_pool(unnamed_url, role="hypertally_worker", size=1) as pool:
        for _ in range(2):
            assert (await adopt(pool, "sandbox:7")).exchange == "sandbox:7"
        with pytest.raises(Refused, match=r"of sandbox:7 .* cannot become those of mainnet"):
            await adopt(pool, "mainnet")
    await use(unnamed_url, SANDBOX)
    assert bound_to(unnamed_url) == [("sandbox:7", None, "adopt")]


async def test_who_only_migrates_names_no_exchange(unnamed_url: str) -> None:
    async with open_pool(unnamed_url, role="hypertally_worker", size=1) as pool:
        await check(pool, MAINNET)
        assert bound_to(unnamed_url) == []
        await bind(pool, MAINNET)
        await check(pool, MAINNET)
        with pytest.raises(Refused, match="books are of mainnet"):
            await check(pool, SANDBOX)


@pytest.mark.parametrize(
    "change", ["update ops.exchange_identity set exchange = 'mainnet'", "delete", "truncate"]
)
def test_nobody_changes_the_exchange_of_books(database_url: str, change: str) -> None:
    verb = {"delete": "delete from {}", "truncate": "truncate {}"}.get(change, change)
    with (
        psycopg.connect(database_url) as connection,
        pytest.raises(psycopg.errors.RestrictViolation, match="books stay those of one exchange"),
    ):
        connection.execute(sql.SQL(verb).format(sql.SQL("ops.exchange_identity")))


async def test_every_fact_makes_a_database_one_that_holds_books(unnamed_url: str) -> None:
    """Of a fact, too, that only a later release has."""
    async with (
        open_pool(unnamed_url, role="hypertally_worker", size=1) as pool,
        transaction(pool) as connection,
    ):
        assert not await exchange_identity.holds_books(connection)
    with psycopg.connect(unnamed_url) as connection:
        connection.execute("create table facts.later (size_coin numeric)")
        connection.execute("grant select on facts.later to hypertally_facts")
        connection.execute("insert into facts.later values (1)")
    with pytest.raises(Refused, match="hypertally adopt"):
        await use(unnamed_url, MAINNET)
