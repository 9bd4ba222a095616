"""The population keeps the exchange's own rules, row for row."""

from collections import Counter, defaultdict
from decimal import Decimal
from itertools import pairwise
from random import Random

import pytest

from hypertally.sandbox.oracles.activity import EVENT_DIRECTIONS, VOLUME_DIRECTIONS
from hypertally.sandbox.oracles.fill_gaps import fill_gaps
from hypertally.sandbox.oracles.inputs import Fill, population_fills
from hypertally.sandbox.oracles.usd_prices import market_kind
from hypertally.sandbox.population.population import Population

UNTIL_MS = 1_795_000_000_000
PERP_KINDS = ("core", "hip3")


@pytest.fixture(scope="module")
def world() -> list[tuple[str, Fill]]:
    population = Population(seed=11, wallets=60, days=60, until_ms=UNTIL_MS, fills=30_000)
    return list(population_fills(population, tracked_only=False))


def number(fill: Fill, name: str) -> Decimal:
    return Decimal(str(fill[name]))


def signed_size(fill: Fill) -> Decimal:
    return number(fill, "sz") if fill["side"] == "B" else -number(fill, "sz")


def test_every_perp_position_chain_is_unbroken(world: list[tuple[str, Fill]]) -> None:
    assert fill_gaps(world) == []


def test_every_trade_has_two_opposite_legs_of_two_wallets(world: list[tuple[str, Fill]]) -> None:
    trades: defaultdict[tuple[object, ...], list[tuple[str, Fill]]] = defaultdict(list)
    for wallet, fill in world:
        if fill["tid"]:
            trades[fill["coin"], fill["time"], fill["tid"]].append((wallet, fill))
    for legs in trades.values():
        (one, first), (other, second) = legs
        assert one != other
        assert {first["side"], second["side"]} == {"B", "A"}
        assert {first["crossed"], second["crossed"]} == {True, False}
        assert (first["px"], first["sz"], first["hash"]) == (
            second["px"],
            second["sz"],
            second["hash"],
        )
        assert first.get("liquidation") == second.get("liquidation")


def test_rows_without_a_tid_are_events_and_one_sided(world: list[tuple[str, Fill]]) -> None:
    assert {fill["dir"] for _, fill in world if not fill["tid"]} == {
        "Spot Dust Conversion",
        "Settlement",
    }


def test_a_dust_sweep_takes_the_whole_balance(world: list[tuple[str, Fill]]) -> None:
    dust = [fill for _, fill in world if fill["dir"] == "Spot Dust Conversion"]
    assert dust
    assert all(fill["startPosition"] == fill["sz"] for fill in dust)
    assert all(number(fill, "sz") * number(fill, "px") < 2 for fill in dust)


def expected_direction(start: Decimal, end: Decimal) -> str:
    if start == 0 or (start > 0) == (end > start):
        return "Open Long" if end > start else "Open Short"
    if start > 0:
        return "Close Long" if end >= 0 else "Long > Short"
    return "Close Short" if end <= 0 else "Short > Long"


def test_direction_tells_what_the_fill_did_to_the_position(world: list[tuple[str, Fill]]) -> None:
    usual = {"Open Long", "Open Short", "Close Long", "Close Short", "Long > Short", "Short > Long"}
    for _, fill in world:
        if market_kind(str(fill["coin"])) in PERP_KINDS and fill["dir"] in usual:
            start = number(fill, "startPosition")
            assert fill["dir"] == expected_direction(start, start + signed_size(fill))


def test_closed_pnl_adds_up_to_cash_from_flat_to_flat(world: list[tuple[str, Fill]]) -> None:
    cash: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    shown: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    trips = 0
    for wallet, fill in world:
        key, price = (wallet, str(fill["coin"])), number(fill, "px")
        if market_kind(key[1]) not in PERP_KINDS:
            continue
        start = number(fill, "startPosition")
        end = start + signed_size(fill)
        closes = -start if start * end <= 0 else signed_size(fill)
        cash[key] -= closes * price
        shown[key] += number(fill, "closedPnl")
        if start * end <= 0 and start != 0:
            assert shown[key] == cash[key]
            trips += 1
        if start * end <= 0:
            cash[key], shown[key] = -end * price, Decimal(0)
    assert trips > 1_000


def test_the_steps_of_advance_do_not_change_what_happens() -> None:
    def population() -> Population:
        return Population(seed=5, wallets=12, days=5, until_ms=UNTIL_MS, fills=600)

    leap, steps = population(), population()
    leap.advance(UNTIL_MS + 600_000)
    random, now_ms = Random(1), UNTIL_MS
    while now_ms < UNTIL_MS + 600_000:
        now_ms = min(now_ms + random.randint(0, 9_000), UNTIL_MS + 600_000)
        steps.advance(now_ms)
    assert list(leap.fills()) == list(steps.fills())
    assert sum(count.legs for count in leap.wallets()) > 600 + 1_000


def test_live_spans_known_early_or_late_tell_the_same_story() -> None:
    def population() -> Population:
        made = Population(seed=5, wallets=12, days=5, until_ms=UNTIL_MS, fills=600)
        made.go_live(UNTIL_MS, UNTIL_MS + 60_000)
        return made

    early, late = population(), population()
    early.go_live(UNTIL_MS, UNTIL_MS + 200_000)
    late.advance(UNTIL_MS + 31_000)
    late.go_live(UNTIL_MS + 31_000, UNTIL_MS + 200_000)
    for made in (early, late):
        made.advance(UNTIL_MS + 3_600_000)
    assert list(early.fills()) == list(late.fills())


def test_a_seed_makes_one_population_and_another_seed_another() -> None:
    def times(seed: int) -> list[object]:
        population = Population(seed=seed, wallets=8, days=3, until_ms=UNTIL_MS, fills=200)
        return [fill["time"] for _, fill in population_fills(population)]

    def rows(seed: int) -> list[tuple[str, bytes]]:
        population = Population(seed=seed, wallets=8, days=3, until_ms=UNTIL_MS, fills=200)
        return list(population.fills())

    assert rows(3) == rows(3)
    assert not {wallet for wallet, _ in rows(3)} & {wallet for wallet, _ in rows(4)}
    assert len(set(times(3)) & set(times(4))) < 10


def test_the_default_size_has_a_wallet_with_more_than_one_page() -> None:
    counts = [count.legs for count in Population(until_ms=UNTIL_MS).wallets()]
    assert len(counts) == 40
    assert 7_000 < sum(counts) < 9_500
    assert 2_000 < counts[0] < 4_000
    assert min(counts) > 0


def test_a_whale_outgrows_the_horizon_and_a_burst_fills_one_millisecond() -> None:
    population = Population(
        wallets=5, days=10, until_ms=UNTIL_MS, fills=100, whale_fills=10_500, burst_fills=2_200
    )
    whale, burst = population.wallets()[-2:]
    assert (whale.legs, burst.legs) == (10_500, 2_200)
    tape = population.by_address[burst.address].fills
    assert len({row.time_ms for row in tape.rows()}) == 1
    assert fill_gaps(population_fills(population, tracked_only=False)) == []


def test_every_odd_shape_of_a_row_appears(world: list[tuple[str, Fill]]) -> None:
    rows = [fill for _, fill in world]
    directions = {str(fill["dir"]) for fill in rows}
    assert directions >= {"Auto-Deleveraging", "Liquidated Cross Long", "Buy", "Sell", "Settlement"}
    assert directions - VOLUME_DIRECTIONS - EVENT_DIRECTIONS == {"Portfolio Rebalance"}
    assert {str(fill["feeToken"]) for fill in rows} >= {"USDC", "USDH", "HYPE", "UBTC", "PURR"}
    for name in ("cloid", "builderFee", "deployerFee", "liquidation", "settlementRoute"):
        assert any(name in fill for fill in rows), name
    assert any(number(fill, "fee") < 0 for fill in rows)
    assert all(
        set(str(fill["hash"])[2:]) == {"0"} for fill in rows if fill["twapId"] or not fill["tid"]
    )
    assert any(fill["twapId"] for fill in rows)


def test_one_cloid_may_sit_on_two_orders(world: list[tuple[str, Fill]]) -> None:
    orders: defaultdict[object, set[object]] = defaultdict(set)
    for _, fill in world:
        if "cloid" in fill:
            orders[fill["cloid"]].add(fill["oid"])
    assert max(map(len, orders.values())) > 1


def test_deleveraging_is_free_and_names_the_other_party(world: list[tuple[str, Fill]]) -> None:
    rows = [(wallet, fill) for wallet, fill in world if fill["dir"] == "Auto-Deleveraging"]
    for wallet, fill in rows:
        liquidation = fill["liquidation"]
        assert isinstance(liquidation, dict)
        assert liquidation["method"] == "backstop"
        assert liquidation["liquidatedUser"] != wallet
        assert fill["fee"] == "0.0"


def test_spot_buyers_pay_in_the_token_bought_and_sellers_in_the_quote(
    world: list[tuple[str, Fill]],
) -> None:
    seen = {
        (str(fill["coin"]), str(fill["side"]), str(fill["feeToken"]))
        for _, fill in world
        if fill["dir"] in ("Buy", "Sell") and market_kind(str(fill["coin"])) == "spot"
    }
    assert seen == {
        *(("PURR/USDC", "B", "PURR"), ("PURR/USDC", "A", "USDC")),
        *(("@107", "B", "HYPE"), ("@107", "A", "USDC")),
        *(("@142", "B", "UBTC"), ("@142", "A", "USDC")),
        *(("@230", "B", "USDH"), ("@230", "A", "USDC")),
        *(("@232", "B", "HYPE"), ("@232", "A", "USDH")),
    }


def test_the_builders_part_is_inside_the_fee(world: list[tuple[str, Fill]]) -> None:
    rows = [fill for _, fill in world if "builderFee" in fill]
    core = [fill for fill in rows if market_kind(str(fill["coin"])) == "core"]
    assert core
    for fill in core:
        exchanges_part = number(fill, "fee") - number(fill, "builderFee")
        notional = number(fill, "px") * number(fill, "sz")
        assert abs(exchanges_part - notional * Decimal("0.00045")) < Decimal("0.000001")


def test_trade_ids_are_random_and_below_two_to_the_fifty(world: list[tuple[str, Fill]]) -> None:
    tids = [int(str(fill["tid"])) for _, fill in world if fill["tid"]]
    assert max(tids) < 2**50
    rises = sum(later > earlier for earlier, later in pairwise(tids))
    assert 0.3 < rises / len(tids) < 0.7


def test_prices_have_at_most_five_figures_or_are_whole(world: list[tuple[str, Fill]]) -> None:
    for _, fill in world:
        price = number(fill, "px").normalize()
        assert len(price.as_tuple().digits) <= 5 or price == price.to_integral_value()


def test_many_legs_share_a_millisecond(world: list[tuple[str, Fill]]) -> None:
    counts = Counter((wallet, fill["time"]) for wallet, fill in world)
    assert max(counts.values()) >= 8
