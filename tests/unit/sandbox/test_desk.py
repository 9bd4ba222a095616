"""The desk: 300 named wallets that trade as a desk does, by the fee tiers of the exchange."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from hypertally.sandbox.launch import WORLDS, build_exchange, world_of_state
from hypertally.sandbox.population.population import Population
from hypertally.sandbox.population.traders import DESK_TIERS, REBATE_BPS

UNTIL_MS = 1_795_000_200_000
DAYS = 90
BASIS_POINT = Decimal("0.0001")
CORE = {"BTC", "ETH", "SOL", "HYPE", "kPEPE", "SUI"}


class _Fill(msgspec.Struct, rename="camel"):
    coin: str
    px: Decimal
    sz: Decimal
    fee: Decimal
    crossed: bool
    dir: str
    builder_fee: Decimal = Decimal(0)

    @property
    def usd(self) -> Decimal:
        return self.px * self.sz


@pytest.fixture(scope="module")
def desk() -> Population:
    """The desk with a third of its fills: its shape, at a third of the time."""
    world = WORLDS["desk"]
    return Population(
        wallets=world.wallets,
        fills=world.fills // 3,
        days=DAYS,
        until_ms=UNTIL_MS,
        live_per_second=0,
        scale=world.scale,
    )


@pytest.fixture(scope="module")
def fills(desk: Population) -> dict[str, list[_Fill]]:
    rows: dict[str, list[_Fill]] = {}
    for wallet, body in desk.fills():
        rows.setdefault(wallet, []).append(msgspec.json.decode(body, type=_Fill))
    return rows


def test_a_desk_has_a_month_of_fifty_to_five_hundred_million(fills) -> None:
    third = sum(fill.usd for rows in fills.values() for fill in rows)
    # A third of the fills of three months: the volume of one month.
    assert 50_000_000 < third < 500_000_000
    shares = sorted((sum(fill.usd for fill in rows) for rows in fills.values()), reverse=True)
    assert sum(shares[:30]) > third * Decimal("0.6"), "a tenth of the wallets trades most of it"
    assert shares[0] < third / 2


def test_every_wallet_of_a_desk_has_a_name_of_its_own(desk: Population) -> None:
    names = [wallet.name for wallet in desk.wallets()]
    assert len({*names}) == len(names) == 300
    assert "Market making 01" in names


def test_fees_are_those_of_the_tiers(desk: Population, fills) -> None:
    ranks = {wallet.address: rank for rank, wallet in enumerate(desk.wallets())}
    compared = 0
    for wallet, rows in fills.items():
        _, taker, maker = next(tier for tier in DESK_TIERS if ranks[wallet] < tier[0])
        if ranks[wallet] % 12 == 9:
            maker = REBATE_BPS
        for fill in rows:
            if fill.coin in CORE and not fill.dir.startswith(("Auto-", "Liquidated")):
                rate = (taker if fill.crossed else maker) * BASIS_POINT
                assert abs(fill.fee - fill.builder_fee - fill.usd * rate) <= Decimal("0.000001")
                compared += 1
    assert compared > 8_000


def test_a_world_goes_on_as_it_began(tmp_path: Path) -> None:
    state = tmp_path / "exchange.json"
    assert world_of_state(state) is None
    build_exchange(wallets=5, fills=50, days=2, state=state, scale="desk")
    assert world_of_state(state) == "tiny"
